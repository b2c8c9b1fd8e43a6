//! The days on which something comes: `every other week`, `last friday of the month`, `每隔一天`, `每年1月1日`.

use jiff::civil::Weekday;

use super::weekdays::{Weekdays, weekdays};
use super::{MOST_PERIODS, Period};
use crate::schedule::parts::date::{month_and_day, number_of_day};
use crate::schedule::parts::day::weekday;
use crate::schedule::parts::numerals::whole;
use crate::schedule::parts::part_of_day::part;
use crate::schedule::parts::reader::Reader;

/// Words that say that something comes again.
pub(super) const EVERY: [(&str, Lead); 10] = [
    ("every", Lead::Every),
    ("each", Lead::Every),
    ("on", Lead::None),
    ("on the", Lead::None),
    ("the", Lead::None),
    ("每", Lead::Every),
    ("每个", Lead::Every),
    ("每一", Lead::Every),
    ("每隔", Lead::Skipping),
    ("隔", Lead::Skipping),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    None,
    Every,
    /// So many are left out between two: 每隔一天 is every other day.
    Skipping,
}

/// The days on which something comes, as fields of cron patterns; several patterns if one cannot say it.
#[derive(Clone, Debug, Default)]
pub(super) struct Days {
    /// Day of the month, month, day of the week.
    pub fields: Vec<[String; 3]>,
    pub every: Option<(i64, Period)>,
    pub is_shortened: bool,
    /// The weekdays, if it is on these, for times after midnight.
    pub weekdays: Option<Weekdays>,
}

impl Days {
    fn of(day: &str, month: &str, weekday: &str) -> Self {
        Self { fields: vec![[day, month, weekday].map(str::to_owned)], ..Self::default() }
    }

    fn every_day() -> Self {
        Self::of("*", "*", "*")
    }

    fn of_week(weekdays: Weekdays) -> Self {
        Self { weekdays: Some(weekdays), ..Self::of("*", "*", &weekdays.field()) }
    }

    /// On a day of each month, or of one; where there is none of that number, on the last.
    fn of_month(numbers: &[i8], month: &str) -> Self {
        let mut days = Self::default();
        for number in numbers {
            let on = |day: &str, month: &str| [day, month, "*"].map(str::to_owned);
            match number {
                31 if month == "*" => days.fields.push(on("L", month)),
                29 | 30 if month == "*" => days.fields.extend([on(&number.to_string(), month), on("L", "2")]),
                29 if month == "2" => days.fields.push(on("L", month)),
                _ => days.fields.push(on(&number.to_string(), month)),
            }
            days.is_shortened |= *number > 28 && (month == "*" || month == "2");
        }
        days
    }
}

/// Reads the days on which something comes.
pub(super) fn days(reader: &mut Reader<'_>) -> Option<Days> {
    if let Some(days) = reader.attempt(in_one_word) {
        return Some(days);
    }
    reader
        .attempt(of_the_month)
        .or_else(|| reader.attempt(every_nth))
        .or_else(|| reader.attempt(every_part))
        .or_else(|| reader.attempt(on_weekdays))
        .or_else(|| reader.attempt(on_a_date))
        .or_else(|| reader.attempt(every_period))
}

/// Reads `daily`, `weekdays`, `every night`, 每晚.
fn in_one_word(reader: &mut Reader<'_>) -> Option<Days> {
    let days = match () {
        () if reader.word("daily") => Days::every_day(),
        () if reader.word("weekly") => Days::of_week(Weekdays::of(Weekday::Monday)),
        () if reader.word("monthly") => Days::of("1", "*", "*"),
        () if reader.word("yearly") || reader.word("annually") => Days::of("1", "1", "*"),
        () => return None,
    };
    Some(days)
}

/// Reads the "every" of `every morning`, 每晚.
fn every_part(reader: &mut Reader<'_>) -> Option<Days> {
    reader.one_of(&EVERY).filter(|lead| *lead == Lead::Every)?;
    part(&mut reader.clone(), true).map(|_| Days::every_day())
}

/// Reads `every 2 days`, `every other week on monday`, 每隔一天, 每两周的周五.
fn every_nth(reader: &mut Reader<'_>) -> Option<Days> {
    const UNITS: [(&str, (i64, Period)); 20] = [
        ("day", (1, Period::Day)),
        ("days", (1, Period::Day)),
        ("天", (1, Period::Day)),
        ("日", (1, Period::Day)),
        ("week", (1, Period::Week)),
        ("weeks", (1, Period::Week)),
        ("周", (1, Period::Week)),
        ("个星期", (1, Period::Week)),
        ("星期", (1, Period::Week)),
        ("个礼拜", (1, Period::Week)),
        ("fortnight", (2, Period::Week)),
        ("month", (1, Period::Month)),
        ("months", (1, Period::Month)),
        ("个月", (1, Period::Month)),
        ("月", (1, Period::Month)),
        ("quarter", (3, Period::Month)),
        ("季度", (3, Period::Month)),
        ("个季度", (3, Period::Month)),
        ("year", (12, Period::Month)),
        ("years", (12, Period::Month)),
    ];
    const SINGLE: [&str; 4] = ["quarter", "fortnight", "季度", "个季度"];
    let lead = reader.one_of(&EVERY)?;
    let is_whole = SINGLE.iter().any(|word| reader.clone().word(word));
    let count = reader.one_of(&[("other", 2), ("second", 2), ("third", 3), ("fourth", 4)]).or_else(|| whole(reader));
    let skipped = i64::from(lead == Lead::Skipping);
    let count = count.or_else(|| (is_whole || lead == Lead::Skipping).then_some(1))? + skipped;
    if let Some(days) = reader.attempt(weekdays).map(Days::of_week) {
        return Some(Days { every: Some((count, Period::Week)), ..days });
    }
    let (times, period) = reader.one_of(&UNITS)?;
    let every = count * times;
    let days = match period {
        Period::Day => Days::every_day(),
        Period::Week => reader.attempt(behind_week).unwrap_or_else(|| Days::of_week(Weekdays::of(Weekday::Monday))),
        Period::Month => reader.attempt(behind_month).unwrap_or_else(|| Days::of("1", "*", "*")),
    };
    (1..=MOST_PERIODS).contains(&every).then_some(Days { every: Some((every, period)), ..days })
}

/// Reads `every day`, `every week on friday`, `every month on the 15th`, 每月1号.
fn every_period(reader: &mut Reader<'_>) -> Option<Days> {
    reader.one_of(&EVERY);
    reader.word("个");
    if reader.one_of(&[("day", ()), ("days", ()), ("天", ()), ("日", ())]).is_some() {
        return Some(Days::every_day());
    }
    if reader.one_of(&[("week", ()), ("周", ()), ("星期", ()), ("礼拜", ())]).is_some() {
        return Some(reader.attempt(behind_week).unwrap_or_else(|| Days::of_week(Weekdays::of(Weekday::Monday))));
    }
    if reader.one_of(&[("month", ()), ("月", ())]).is_some() {
        return Some(reader.attempt(behind_month).unwrap_or_else(|| Days::of("1", "*", "*")));
    }
    reader.one_of(&[("year", ()), ("年", ())])?;
    Some(reader.attempt(on_a_date_bare).unwrap_or_else(|| Days::of("1", "1", "*")))
}

/// Reads `on monday and friday`, 的周一, behind a week.
fn behind_week(reader: &mut Reader<'_>) -> Option<Days> {
    reader.one_of(&[("on", ()), ("的", ()), (",", ())]);
    weekdays(reader).map(Days::of_week)
}

/// The first and the last day of a month.
const ENDS: [(&str, &str); 12] = [
    ("first day", "1"),
    ("first", "1"),
    ("初", "1"),
    ("月初", "1"),
    ("last day", "L"),
    ("end", "L"),
    ("底", "L"),
    ("末", "L"),
    ("月底", "L"),
    ("月末", "L"),
    ("最后一天", "L"),
    ("最后一日", "L"),
];

/// Reads `on the 1st and 15th`, `on the last day`, `on the first monday`, 底, 第一个周一, behind a month.
fn behind_month(reader: &mut Reader<'_>) -> Option<Days> {
    reader.one_of(&[("on", ()), ("on the", ()), ("the", ()), ("的", ()), ("at the", ())]);
    if let Some(days) = reader.attempt(nth_weekday) {
        return Some(days);
    }
    if let Some(day) = reader.one_of(&ENDS) {
        return Some(Days::of(day, "*", "*"));
    }
    Some(Days::of_month(&numbers(reader)?, "*"))
}

/// Reads `1st and 15th`, 1号和15号.
fn numbers(reader: &mut Reader<'_>) -> Option<Vec<i8>> {
    let one = |reader: &mut Reader<'_>| {
        let number = number_of_day(reader)?;
        // "每月9点" is no ninth, nor is 9:00.
        (!reader.is_before(":点时") && reader.is_at_boundary()).then_some(number)
    };
    let mut found = vec![reader.attempt(one)?];
    while let Some(next) = reader.attempt(|reader| {
        reader.one_of(&[(",", ()), ("and", ()), ("and the", ()), ("、", ()), ("和", ())])?;
        let next = one(reader)?;
        // "and 17:00" is a time; so is what "am" follows.
        reader.last().filter(|c| !c.is_ascii_digit())?;
        Some(next)
    }) {
        found.push(next);
    }
    Some(found)
}

/// Reads `first monday of the month`, `last day of every month`, `1st of each month`.
fn of_the_month(reader: &mut Reader<'_>) -> Option<Days> {
    const MONTH: [(&str, ()); 5] =
        [("of the month", ()), ("of every month", ()), ("of each month", ()), ("of month", ()), ("in the month", ())];
    reader.one_of(&EVERY);
    reader.word("the");
    let days = reader.attempt(nth_weekday).or_else(|| {
        reader.attempt(|reader| {
            let day = reader.one_of(&ENDS)?;
            Some(Days::of(day, "*", "*"))
        })
    });
    let days = days.or_else(|| Some(Days::of_month(&numbers(reader)?, "*")))?;
    reader.one_of(&MONTH)?;
    Some(days)
}

/// Reads `first monday`, 第一个周一, 最后一个周五.
fn nth_weekday(reader: &mut Reader<'_>) -> Option<Days> {
    const NTH: [(&str, &str); 23] = [
        ("first", "1"),
        ("1st", "1"),
        ("second", "2"),
        ("2nd", "2"),
        ("third", "3"),
        ("3rd", "3"),
        ("fourth", "4"),
        ("4th", "4"),
        ("last", "L"),
        ("第一个", "1"),
        ("第1个", "1"),
        ("首个", "1"),
        ("第二个", "2"),
        ("第2个", "2"),
        ("第三个", "3"),
        ("第3个", "3"),
        ("第四个", "4"),
        ("第4个", "4"),
        ("最后一个", "L"),
        ("第一", "1"),
        ("第二", "2"),
        ("第三", "3"),
        ("第四", "4"),
    ];
    let nth = reader.one_of(&NTH)?;
    let weekday = weekday(reader)?;
    Some(Days::of("*", "*", &format!("{}#{nth}", weekday.to_sunday_zero_offset())))
}

/// Reads `every dec 24`, `every year on jan 1`, 每年1月1日.
fn on_a_date(reader: &mut Reader<'_>) -> Option<Days> {
    reader.one_of(&EVERY).filter(|lead| *lead == Lead::Every)?;
    on_a_date_bare(reader)
}

fn on_a_date_bare(reader: &mut Reader<'_>) -> Option<Days> {
    reader.one_of(&[("on", ()), ("on the", ()), ("的", ())]);
    let (month, day) = month_and_day(reader)?;
    Some(Days::of_month(&[day], &month.to_string()))
}

/// Reads `every weekday`, `mondays`, `monday to friday`, 每个工作日, 每周一三五.
fn on_weekdays(reader: &mut Reader<'_>) -> Option<Days> {
    reader.one_of(&EVERY);
    weekdays(reader).map(Days::of_week)
}
