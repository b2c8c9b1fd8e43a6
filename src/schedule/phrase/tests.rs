use super::*;

/// A Saturday afternoon.
const NOW: &str = "2026-11-21T14:22:17+08:00";

fn timestamp(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond())
}

fn read_at<'a>(now: &str, zone: &str, text: &'a str) -> Result<(String, &'a str), String> {
    let zone = Zone::named(zone).expect("a zone");
    let found = read(text, timestamp(now), &zone).map_err(|error| error.code().to_owned())?;
    Ok((zone.at(found.0).strftime("%Y-%m-%d %H:%M:%S").to_string(), found.1))
}

/// `expected` leaves out seconds that are 0.
fn check(text: &str, expected: &str) {
    let expected = if expected.len() == 16 { format!("{expected}:00") } else { expected.to_owned() };
    assert_eq!(read_at(NOW, "Asia/Taipei", text), Ok((expected, "")), "{text}");
}

fn check_error(text: &str, code: &str) {
    assert_eq!(read_at(NOW, "Asia/Taipei", text), Err(code.to_owned()), "{text}");
}

#[test]
fn durations_lead_ahead() {
    check("in 1s", "2026-11-21 14:22:18");
    check("in 10m", "2026-11-21 14:32:17");
    check("in 10 minutes", "2026-11-21 14:32:17");
    check("In 1h30m", "2026-11-21 15:52:17");
    check("in 1 hour and 30 minutes", "2026-11-21 15:52:17");
    check("in 1.5 hours", "2026-11-21 15:52:17");
    check("in an hour and a half", "2026-11-21 15:52:17");
    check("in half an hour", "2026-11-21 14:52:17");
    check("in two days", "2026-11-23 14:22:17");
    check("in a week", "2026-11-28 14:22:17");
    check("in 3 months", "2027-02-21 14:22:17");
    check("in one year", "2027-11-21 14:22:17");
    check("2 hours from now", "2026-11-21 16:22:17");
    check("90 min", "2026-11-21 15:52:17");
    check("in 2 days at 9:00", "2026-11-23 09:00");
}

#[test]
fn chinese_durations_lead_ahead() {
    check("10分钟后", "2026-11-21 14:32:17");
    check("10分鐘後", "2026-11-21 14:32:17");
    check("１０ 分鐘之後", "2026-11-21 14:32:17");
    check("十五分钟以后", "2026-11-21 14:37:17");
    check("30秒后", "2026-11-21 14:22:47");
    check("半小时后", "2026-11-21 14:52:17");
    check("半個小時後", "2026-11-21 14:52:17");
    check("一个半小时后", "2026-11-21 15:52:17");
    check("两小时后", "2026-11-21 16:22:17");
    check("兩個鐘頭後", "2026-11-21 16:22:17");
    check("1小时30分钟后", "2026-11-21 15:52:17");
    check("一刻钟后", "2026-11-21 14:37:17");
    check("再过十分钟", "2026-11-21 14:32:17");
    check("三天后", "2026-11-24 14:22:17");
    check("两周后", "2026-12-05 14:22:17");
    check("兩個星期後", "2026-12-05 14:22:17");
    check("一个月后", "2026-12-21 14:22:17");
    check("三天后下午3点", "2026-11-24 15:00");
}

#[test]
fn a_time_without_a_day_is_the_next_such() {
    check("at 9", "2026-11-22 09:00");
    check("at 9:00", "2026-11-22 09:00");
    check("at 15", "2026-11-21 15:00");
    check("9:00pm", "2026-11-21 21:00");
    check("9 pm", "2026-11-21 21:00");
    check("14:22:30", "2026-11-21 14:22:30");
    check("14:22", "2026-11-22 14:22");
    check("at 8 in the evening", "2026-11-21 20:00");
    check("at 8 tonight", "2026-11-21 20:00");
    check("12am", "2026-11-22 00:00");
    check("12pm", "2026-11-22 12:00");
    check("at noon", "2026-11-22 12:00");
    check("at midnight", "2026-11-22 00:00");
    check("9 o'clock", "2026-11-22 09:00");
    check("２１：３０", "2026-11-21 21:30");
    check("晚上8点", "2026-11-21 20:00");
    check("下午三点一刻", "2026-11-21 15:15");
    check("早上9點半", "2026-11-22 09:30");
    check("九点二十分", "2026-11-22 09:20");
    check("二十三點零五分", "2026-11-21 23:05");
    check("中午12点", "2026-11-22 12:00");
    check("凌晨12点半", "2026-11-22 00:30");
    check("18時30分", "2026-11-21 18:30");
}

#[test]
fn days_are_named() {
    check("tomorrow", "2026-11-22 09:00");
    check("tomorrow 9:00", "2026-11-22 09:00");
    check("tomorrow at 9am", "2026-11-22 09:00");
    check("tomorrow, at 17", "2026-11-22 17:00");
    check("tomorrow morning", "2026-11-22 09:00");
    check("tomorrow evening at 8", "2026-11-22 20:00");
    check("9pm tomorrow", "2026-11-22 21:00");
    check("day after tomorrow 7:30", "2026-11-23 07:30");
    check("today 18:00", "2026-11-21 18:00");
    check("tonight", "2026-11-21 20:00");
    check("tonight at 10", "2026-11-21 22:00");
    check("this evening", "2026-11-21 20:00");
    check("on monday 9:00", "2026-11-23 09:00");
    check("monday", "2026-11-23 09:00");
    check("at 9:00 on monday", "2026-11-23 09:00");
    check("saturday 15:00", "2026-11-21 15:00");
    check("saturday 9:00", "2026-11-28 09:00");
    check("this sunday at noon", "2026-11-22 12:00");
    check("next friday", "2026-11-27 09:00");
    check("next saturday 9:00", "2026-11-28 09:00");
    check("on Dec 24 at 18:00", "2026-12-24 18:00");
    check("December 24th, 2027 18:00", "2027-12-24 18:00");
    check("the 1st of march", "2027-03-01 09:00");
    check("Feb 29", "2028-02-29 09:00");
    check("tomorrow midnight", "2026-11-23 00:00");
}

#[test]
fn chinese_days_are_named() {
    check("明天9点", "2026-11-22 09:00");
    check("明天早上9点半", "2026-11-22 09:30");
    check("明天", "2026-11-22 09:00");
    check("明早八点", "2026-11-22 08:00");
    check("后天下午3点", "2026-11-23 15:00");
    check("後天下午3點", "2026-11-23 15:00");
    check("大后天", "2026-11-24 09:00");
    check("今晚8点", "2026-11-21 20:00");
    check("今晚十二点", "2026-11-22 00:00");
    check("今晚1点", "2026-11-22 01:00");
    check("明天下午", "2026-11-22 15:00");
    check("下周一9:00", "2026-11-23 09:00");
    check("下週一上午九點", "2026-11-23 09:00");
    check("下下周一", "2026-11-30 09:00");
    check("下个星期五晚上七点", "2026-11-27 19:00");
    check("星期五 18:00", "2026-11-27 18:00");
    check("這週日中午", "2026-11-22 12:00");
    check("禮拜天十點", "2026-11-22 10:00");
    check("12月24日18点", "2026-12-24 18:00");
    check("十二月二十四號下午六點", "2026-12-24 18:00");
    check("2026年12月24日", "2026-12-24 09:00");
    check("二〇二七年一月一日", "2027-01-01 09:00");
    check("3号", "2026-12-03 09:00");
    check("21日下午4点", "2026-11-21 16:00");
}

#[test]
fn dates_are_written_in_numbers() {
    check("2026-12-24 18:00", "2026-12-24 18:00");
    check("2026-12-24", "2026-12-24 09:00");
    check("2026/12/24 下午6点", "2026-12-24 18:00");
    check("2026-12-24T18:00", "2026-12-24 18:00");
    check("2026-12-24T18:00:05Z", "2026-12-25 02:00:05");
    check("2026-12-24T18:00+01:00", "2026-12-25 01:00");
}

#[test]
fn the_rest_is_given_back_as_it_was() {
    for (text, expected) in [
        ("in 10m take the bread out", "take the bread out"),
        ("in 10m, Take  the BREAD out", "Take  the BREAD out"),
        ("tomorrow 9:00: call Ann", "call Ann"),
        ("10分鐘後，關火", "關火"),
        ("明天9点开会", "开会"),
        ("10分钟后call Bob", "call Bob"),
        ("at 9 3 eggs", "3 eggs"),
        ("9点3个人开会", "3个人开会"),
        ("  in 10m  ", ""),
    ] {
        assert_eq!(read_at(NOW, "Asia/Taipei", text).map(|found| found.1), Ok(expected), "{text}");
    }
}

#[test]
fn the_time_may_stand_at_the_end() {
    for (text, expected_time, expected_rest) in [
        ("take the bread out in 10m", "2026-11-21 14:32:17", "take the bread out"),
        ("call Ann tomorrow at 9", "2026-11-22 09:00:00", "call Ann"),
        ("关火，10分钟后", "2026-11-21 14:32:17", "关火"),
        ("开会 明天9点", "2026-11-22 09:00:00", "开会"),
        ("meeting on monday 9:00", "2026-11-23 09:00:00", "meeting"),
    ] {
        assert_eq!(read_at(NOW, "Asia/Taipei", text), Ok((expected_time.to_owned(), expected_rest)), "{text}");
    }
}

#[test]
fn what_is_no_time_is_none() {
    for text in [
        "",
        "bread",
        "10",
        "9 eggs",
        "in 10 monkeys",
        "in",
        "at",
        "at home",
        "9:5",
        "9:75",
        "25:00",
        "24:30",
        "at 99",
        "next",
        "2026-13-01",
        "2026-02-30",
        "May I?",
        "12/24 18:00",
        "dinner 12/24 18:00",
        "9:00abc",
        "in 1234567m",
        "明",
        "下周",
        "早上好",
        "每天",
        "32号",
        "\u{0}",
    ] {
        check_error(text, "time");
        let words = read(text, timestamp(NOW), &Zone::UTC).expect_err("none");
        assert_eq!(words, Text::new("time-none"), "{text}");
    }
}

#[test]
fn past_and_far_times_are_named_as_such() {
    let error = |text| read(text, timestamp(NOW), &Zone::UTC).expect_err("refused").in_locale(Default::default());
    for text in ["today 3:00", "2020-01-01", "2026-11-21T06:00Z", "in 0s", "今天三点"] {
        assert_eq!(error(text), "That time has passed already.", "{text}");
    }
    for text in ["in 6 years", "2040-01-01 9:00", "in 999999 years", "in 999999 days", "一百年后", "in 999999 months"]
    {
        assert!(error(text).contains("too far"), "{text}");
    }
}

#[test]
fn the_clocks_changes_are_followed() {
    let check = |now: &str, text: &str, expected: &str| {
        assert_eq!(read_at(now, "Europe/Vienna", text), Ok((expected.to_owned(), "")), "{now} {text}");
    };
    // At 2:00 on 2027-03-28 it becomes 3:00.
    check("2027-03-27T12:00:00+01:00", "tomorrow 2:30", "2027-03-28 03:30:00");
    check("2027-03-27T12:00:00+01:00", "tomorrow 9:00", "2027-03-28 09:00:00");
    check("2027-03-28T01:30:00+01:00", "in 1 hour", "2027-03-28 03:30:00");
    check("2027-03-27T12:00:00+01:00", "in 1 day", "2027-03-28 12:00:00");
    // At 3:00 on 2026-10-25 it becomes 2:00 again.
    check("2026-10-24T12:00:00+02:00", "tomorrow 2:30", "2026-10-25 02:30:00");
    check("2026-10-25T02:30:00+02:00", "in 1 hour", "2026-10-25 02:30:00");
    let first =
        read("tomorrow 2:30", timestamp("2026-10-24T12:00:00+02:00"), &Zone::named("Europe/Vienna").expect("a zone"));
    assert_eq!(first, Ok((timestamp("2026-10-25T02:30:00+02:00"), "")));
}

#[test]
fn any_text_is_read_in_little_time() {
    let start = std::time::Instant::now();
    for part in ["一", "9", "in ", "1h", "下", "明天", "at ", "星期", "two and ", " ", "🏔"] {
        let text = part.repeat(8000 / part.chars().count());
        let _ = read(&text, timestamp(NOW), &Zone::UTC);
    }
    assert!(start.elapsed() < std::time::Duration::from_secs(1));
}
