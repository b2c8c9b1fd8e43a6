use super::*;

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
    for pattern in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 2 +1", "0 9 1 1 *, every 1000 days from 2026-02-02"] {
        assert_eq!(next(pattern, "Europe/Vienna", "2026-11-20T09:00:00Z"), None, "{pattern}");
    }
    assert!(start.elapsed() < std::time::Duration::from_secs(2), "{:?}", start.elapsed());
}

fn asker() -> Asker {
    let now = Timestamp::parse("2026-11-21T14:22:17+08:00").expect("a time");
    Asker { now, zone: Zone::named("Asia/Taipei").expect("a zone"), locale: Default::default() }
}

const DAYS: [&str; 24] = [
    "every day",
    "every other day",
    "every 3 days",
    "every weekday",
    "mondays and fridays",
    "monday to friday",
    "every other friday",
    "every 2 weeks on monday",
    "every month",
    "every month on the 1st and 15th",
    "every month on the 31st",
    "first monday of the month",
    "last day of the month",
    "every 3 months",
    "every year on feb 29",
    "每天",
    "每隔一天",
    "每周一三五",
    "工作日",
    "每月最后一天",
    "每月31号",
    "每月第一个周一",
    "每年1月1日",
    "每兩週的週五",
];

const TIMES: [&str; 11] = [
    "",
    "9:00",
    "at 5.30pm",
    "9:00 and 17:30",
    "at noon",
    "at 8am, 12pm and 6pm",
    "九点半",
    "早上九点和晚上八点",
    "中午",
    "eod",
    "17h30",
];

#[test]
fn what_is_made_of_known_parts_is_understood_whole() {
    for days in DAYS {
        for times in TIMES {
            for zone in ["", "UTC+05:30", "Europe/London", "EST"].iter().take(if times.is_empty() { 1 } else { 4 }) {
                let text = format!("{days} {times} {zone} echo  hi 5pm");
                let found = read(&text, &asker()).map(|(asked, rest)| (asked.zone.is_some(), rest));
                assert_eq!(found, Ok((!zone.is_empty(), "echo  hi 5pm")), "{text}");
            }
        }
    }
}

#[test]
fn people_write_one_pattern_and_not_what_many_are_stored_as() {
    for quoted in
        ["0 9 * * *;0 17 * * *", "0 9 * * *, every 2 days from 2026-11-23", "every 5 minutes from 2026-11-23T09:00:00Z"]
    {
        let refused = read(&format!("\"{quoted}\" echo x"), &asker()).expect_err(quoted);
        assert_eq!(refused, Text::new("recurrence-bad").with("pattern", quoted));
    }
    assert!(read("\"0 9 * * 1-5\" echo x", &asker()).is_ok());
}

#[test]
fn what_is_not_understood_is_named() {
    for days in DAYS {
        for times in TIMES.iter().filter(|times| !times.is_empty()) {
            for unclear in
                ["25:00", "13am", "from 9:00", "to 17:00", "until friday", "XST", "in London", "25点", "到10点"]
            {
                let text = format!("{days} {times} {unclear} echo hi");
                let left = read(&text, &asker()).expect_err(&text).argument("left").map(str::to_owned);
                assert_eq!(left.as_deref(), Some(unclear), "{text}");
            }
        }
    }
}

#[test]
fn a_recurrence_is_made_again_from_its_pattern() {
    for days in DAYS {
        let asked = read(days, &asker()).expect("a recurrence").0.recurrence;
        let again = Recurrence::new(asked.pattern()).expect("the same");
        assert_eq!(again.next_after(asker().now, &Zone::UTC), asked.next_after(asker().now, &Zone::UTC), "{days}");
    }
    for pattern in [
        "0 9 * * *, every 0 days from 2026-11-23",
        "0 9 * * *, every 2 hours from 2026-11-23",
        "0 9 * * *, every 2 days from 2026-13-23",
        "every 0 minutes from 2026-11-23T09:00:00Z",
        "every 90 minutes",
        "0 9 * * *;",
    ] {
        assert!(Recurrence::new(pattern).is_err(), "{pattern}");
    }
}
