use super::*;

fn pattern(text: &str) -> Result<(String, &str), String> {
    let read = read(text).map_err(|error| error.in_locale(Default::default()))?;
    Ok((read.0.pattern().to_owned(), read.1))
}

fn check(text: &str, expected: &str) {
    assert_eq!(pattern(text), Ok((expected.to_owned(), "")), "{text}");
    let behind = format!("{text} echo  hi");
    assert_eq!(pattern(&behind), Ok((expected.to_owned(), "echo  hi")), "{behind}");
}

#[test]
fn patterns_are_read_with_and_without_quotation_marks() {
    check("\"0 9 * * 1-5\"", "0 9 * * 1-5");
    check("“0 9 * * 1-5”", "0 9 * * 1-5");
    check("「0 9 * * MON-FRI」", "0 9 * * MON-FRI");
    check("'*/15  8-18 * * *'", "*/15 8-18 * * *");
    check("0 9 * * 1-5", "0 9 * * 1-5");
    check("0 0 L * *", "0 0 L * *");
    check("@daily", "@daily");
    check("\"every day 9:00\"", "0 9 * * *");
}

#[test]
fn words_become_patterns() {
    check("day 9:00", "0 9 * * *");
    check("every day 9:00", "0 9 * * *");
    check("day at 9pm", "0 21 * * *");
    check("day", "0 9 * * *");
    check("day at midnight", "0 0 * * *");
    check("weekday 8:30", "30 8 * * 1,2,3,4,5");
    check("monday 8:30", "30 8 * * 1");
    check("monday, wednesday and friday at 7", "0 7 * * 1,3,5");
    check("friday at midnight", "0 0 * * 6");
    check("weekend at noon", "0 12 * * 0,6");
    check("month on the 15th at 9:00", "0 9 15 * *");
    check("minute", "*/1 * * * *");
    check("15 minutes", "*/15 * * * *");
    check("every 15 minutes", "*/15 * * * *");
    check("hour", "0 */1 * * *");
    check("half an hour", "*/30 * * * *");
    check("6h", "0 */6 * * *");
}

#[test]
fn chinese_words_become_patterns() {
    check("每天9点", "0 9 * * *");
    check("每天早上九點半", "30 9 * * *");
    check("每日 21:00", "0 21 * * *");
    check("每个工作日9点", "0 9 * * 1,2,3,4,5");
    check("每個工作日9點", "0 9 * * 1,2,3,4,5");
    check("每周一8:30", "30 8 * * 1");
    check("每個星期五晚上八點", "0 20 * * 5");
    check("每週一三五9點", "0 9 * * 1,3,5");
    check("每周一、周四 9点", "0 9 * * 1,4");
    check("每周一二点", "0 2 * * 1");
    check("每周日二十点", "0 20 * * 0");
    check("每週末中午", "0 12 * * 0,6");
    check("每月1号9点", "0 9 1 * *");
    check("每個月十五號", "0 9 15 * *");
    check("每15分钟", "*/15 * * * *");
    check("每隔十分鐘", "*/10 * * * *");
    check("每分钟", "*/1 * * * *");
    check("每小时", "0 */1 * * *");
    check("每半小时", "*/30 * * * *");
    check("每兩個小時", "0 */2 * * *");
}

#[test]
fn what_cannot_be_a_pattern_is_said_to_be_none() {
    for (text, words) in [
        ("", "how often"),
        ("echo hi", "how often"),
        ("now and then", "how often"),
        ("\"0 9 * *\"", "is not a cron pattern"),
        ("\"* * * * * *\"", "is not a cron pattern"),
        ("\"61 9 * * *\"", "is not a cron pattern"),
        ("\"hello\"", "is not a cron pattern"),
        ("\"\"", "is not a cron pattern"),
        ("7 minutes", "evenly"),
        ("30 seconds", "evenly"),
        ("90 minutes", "evenly"),
        ("每5小时", "evenly"),
    ] {
        let refused = pattern(text).expect_err("refused");
        assert!(refused.contains(words), "{text}: {refused}");
    }
}

fn next(pattern: &str, zone: &str, moment: &str) -> Option<String> {
    let moment = Timestamp(moment.parse::<jiff::Timestamp>().expect("a time").as_millisecond());
    let zone = Zone::named(zone).expect("a zone");
    let next = Recurrence::new(pattern).expect("a pattern").next_after(moment, &zone)?;
    Some(zone.at(next).strftime("%Y-%m-%d %H:%M:%S %:z").to_string())
}

#[test]
fn the_next_time_is_by_the_zones_clocks() {
    let check = |pattern, zone, moment, expected: &str| {
        assert_eq!(next(pattern, zone, moment).as_deref(), Some(expected), "{pattern} {zone} {moment}");
    };
    check("0 9 * * 1-5", "Asia/Taipei", "2026-11-20T01:00:00Z", "2026-11-23 09:00:00 +08:00");
    check("0 9 * * 1-5", "Asia/Taipei", "2026-11-20T00:59:59.999Z", "2026-11-20 09:00:00 +08:00");
    check("0 9 * * *", "Europe/Vienna", "2026-11-20T09:00:00Z", "2026-11-21 09:00:00 +01:00");
    check("@daily", "UTC", "2026-11-20T09:00:00Z", "2026-11-21 00:00:00 +00:00");
    check("0 0 29 2 *", "UTC", "2026-11-20T09:00:00Z", "2028-02-29 00:00:00 +00:00");
}

#[test]
fn the_clocks_changes_lose_and_double_nothing() {
    let check = |pattern, moment, expected: &str| {
        assert_eq!(next(pattern, "Europe/Vienna", moment).as_deref(), Some(expected), "{pattern} {moment}");
    };
    // 2:00 becomes 3:00: a time left out comes at once.
    check("30 2 * * *", "2027-03-28T00:00:00Z", "2027-03-28 03:00:00 +02:00");
    check("30 2 * * *", "2027-03-28T01:00:00Z", "2027-03-29 02:30:00 +02:00");
    // 3:00 becomes 2:00: what comes once a day comes once, and what comes all the time goes on.
    check("30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25 02:30:00 +02:00");
    check("30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-26 02:30:00 +01:00");
    check("*/30 * * * *", "2026-10-25T00:30:00Z", "2026-10-25 02:00:00 +01:00");
}

#[test]
fn what_never_comes_is_found_out_soon() {
    let start = std::time::Instant::now();
    for pattern in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 2 +1"] {
        assert_eq!(next(pattern, "Europe/Vienna", "2026-11-20T09:00:00Z"), None, "{pattern}");
    }
    assert!(start.elapsed() < std::time::Duration::from_secs(2), "{:?}", start.elapsed());
}
