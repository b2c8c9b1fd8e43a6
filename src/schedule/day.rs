//! Days: `tomorrow`, `on monday`, `next friday`, `2026-12-24`, `Dec 24`, `明天`, `下周一`, `12月24日`.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::clock::Part;
use super::numerals::numeral;
use super::reader::Reader;

/// A day as it was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    /// So many days from today.
    Ahead(i64),
    /// The next one.
    Weekday(Weekday),
    /// In the week so many weeks from this one; weeks begin on Monday.
    InWeek(i64, Weekday),
    /// In every month.
    OfMonth(i8),
    /// In every year.
    OfYear(i8, i8),
    Exact(Date),
}

/// Days counted from today, some with a part of the day in the same word.
const AHEAD: [(&str, (i64, Option<Part>)); 17] = [
    ("today", (0, None)),
    ("this morning", (0, Some(Part::Morning))),
    ("this afternoon", (0, Some(Part::Afternoon))),
    ("this evening", (0, Some(Part::Evening))),
    ("tonight", (0, Some(Part::Evening))),
    ("tomorrow", (1, None)),
    ("the day after tomorrow", (2, None)),
    ("day after tomorrow", (2, None)),
    ("今天", (0, None)),
    ("今日", (0, None)),
    ("今早", (0, Some(Part::Morning))),
    ("今晚", (0, Some(Part::Evening))),
    ("明天", (1, None)),
    ("明早", (1, Some(Part::Morning))),
    ("明晚", (1, Some(Part::Evening))),
    ("后天", (2, None)),
    ("大后天", (3, None)),
];

const ENGLISH_WEEKDAYS: [(&str, Weekday); 18] = [
    ("monday", Weekday::Monday),
    ("mon", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("tue", Weekday::Tuesday),
    ("tues", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("wed", Weekday::Wednesday),
    ("weds", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("thu", Weekday::Thursday),
    ("thur", Weekday::Thursday),
    ("thurs", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("fri", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sat", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
    ("sun", Weekday::Sunday),
];

/// What stands before a weekday in Chinese.
const CHINESE_WEEKS: [&str; 3] = ["周", "星期", "礼拜"];

const MONTHS: [(&str, i8); 24] = [
    ("january", 1),
    ("jan", 1),
    ("february", 2),
    ("feb", 2),
    ("march", 3),
    ("mar", 3),
    ("april", 4),
    ("apr", 4),
    ("may", 5),
    ("june", 6),
    ("jun", 6),
    ("july", 7),
    ("jul", 7),
    ("august", 8),
    ("aug", 8),
    ("september", 9),
    ("sep", 9),
    ("sept", 9),
    ("october", 10),
    ("oct", 10),
    ("november", 11),
    ("nov", 11),
    ("december", 12),
    ("dec", 12),
];

impl Day {
    /// The days this may mean, the soonest first.
    pub fn candidates(self, today: Date) -> Vec<Date> {
        /// Far enough for every 29th of February.
        const YEARS: i16 = 8;
        let ahead = |days: i64| today.checked_add(days.days()).ok();
        match self {
            Self::Ahead(days) => ahead(days).into_iter().collect(),
            Self::Exact(date) => vec![date],
            Self::Weekday(weekday) => {
                let days = i64::from(today.weekday().until(weekday));
                [days, days + 7].into_iter().filter_map(ahead).collect()
            }
            Self::InWeek(weeks, weekday) => {
                let days = i64::from(weekday.to_monday_zero_offset() - today.weekday().to_monday_zero_offset());
                ahead(weeks * 7 + days).into_iter().collect()
            }
            Self::OfMonth(day) => {
                let months = (0..12).filter_map(|months: i64| today.first_of_month().checked_add(months.months()).ok());
                months.filter_map(|first| Date::new(first.year(), first.month(), day).ok()).collect()
            }
            Self::OfYear(month, day) => {
                let years = today.year()..=today.year().saturating_add(YEARS);
                years.filter_map(|year| Date::new(year, month, day).ok()).collect()
            }
        }
    }
}

/// Reads a day, and the part of the day if the same word names one.
pub(super) fn day(reader: &mut Reader<'_>) -> Option<(Day, Option<Part>)> {
    if let Some((days, part)) = reader.one_of(&AHEAD) {
        return Some((Day::Ahead(days), part));
    }
    let day = reader
        .attempt(week_and_weekday)
        .or_else(|| reader.attempt(with_signs))
        .or_else(|| reader.attempt(chinese_date))
        .or_else(|| reader.attempt(month_first))
        .or_else(|| reader.attempt(day_first))?;
    Some((day, None))
}

/// Reads a weekday without anything before it.
pub(super) fn weekday(reader: &mut Reader<'_>) -> Option<Weekday> {
    reader.one_of(&ENGLISH_WEEKDAYS).or_else(|| {
        reader.attempt(|reader| {
            CHINESE_WEEKS.iter().find(|week| reader.word(week))?;
            chinese_weekday(reader)
        })
    })
}

/// Reads the last character of 星期一 and the like.
pub(super) fn chinese_weekday(reader: &mut Reader<'_>) -> Option<Weekday> {
    let offset = reader.symbol(|c| match c {
        '日' | '天' => Some(7),
        _ => "一二三四五六".chars().position(|number| number == c).map(|position| position as i8 + 1),
    })?;
    Weekday::from_monday_one_offset(offset).ok()
}

/// Reads `next friday`, `下下周一`.
fn week_and_weekday(reader: &mut Reader<'_>) -> Option<Day> {
    const WEEKS: [(&str, i64); 6] = [("this", 0), ("next", 1), ("这", 0), ("本", 0), ("下", 1), ("下下", 2)];
    let weeks = reader.one_of(&WEEKS);
    // As in 下个星期一.
    if weeks.is_some() {
        reader.word("个");
    }
    let weekday = weekday(reader)?;
    Some(weeks.map_or(Day::Weekday(weekday), |weeks| Day::InWeek(weeks, weekday)))
}

/// Reads `2026-12-24` or `2026/12/24`.
fn with_signs(reader: &mut Reader<'_>) -> Option<Day> {
    let year = numeral(reader).filter(|year| year.chars == 4)?;
    let sign = reader.symbol(|c| "-/".contains(c).then_some(c))?;
    let month = numeral(reader)?;
    reader.symbol(|c| (c == sign).then_some(()))?;
    exact(year.value, month.value, numeral(reader)?.value)
}

/// Reads `2026年12月24日`, `12月24号`, `24日`.
fn chinese_date(reader: &mut Reader<'_>) -> Option<Day> {
    let before = |reader: &mut Reader<'_>, word| {
        reader.attempt(|reader| {
            let numeral = numeral(reader)?;
            reader.word(word).then_some(numeral.value)
        })
    };
    let year = before(reader, "年");
    let month = before(reader, "月");
    let day = before(reader, "日").or_else(|| before(reader, "号"))?;
    match (year, month) {
        (Some(year), Some(month)) => exact(year, month, day),
        (None, Some(month)) => of_year(month, day),
        (None, None) => Some(Day::OfMonth(i8::try_from(day).ok().filter(|day| (1..=31).contains(day))?)),
        (Some(_), None) => None,
    }
}

/// Reads `Dec 24`, `December 24th, 2026`.
fn month_first(reader: &mut Reader<'_>) -> Option<Day> {
    let month = reader.one_of(&MONTHS)?;
    let day = day_number(reader)?;
    with_year(reader, month, day)
}

/// Reads `24 Dec`, `the 24th of December 2026`.
fn day_first(reader: &mut Reader<'_>) -> Option<Day> {
    reader.word("the");
    let day = day_number(reader)?;
    reader.word("of");
    let month = reader.one_of(&MONTHS)?;
    with_year(reader, month, day)
}

/// Reads a day's number, with its ending if it has one.
pub(super) fn day_number(reader: &mut Reader<'_>) -> Option<i64> {
    let day = numeral(reader).filter(|day| day.chars <= 2)?.value;
    reader.one_of(&[("st", ()), ("nd", ()), ("rd", ()), ("th", ())]);
    reader.is_at_boundary().then_some(day)
}

fn with_year(reader: &mut Reader<'_>, month: i8, day: i64) -> Option<Day> {
    let year = reader.attempt(|reader| {
        reader.word(",");
        numeral(reader).filter(|year| year.chars == 4 && year.value >= 2000)
    });
    match year {
        Some(year) => exact(year.value, month.into(), day),
        None => of_year(month.into(), day),
    }
}

fn exact(year: i64, month: i64, day: i64) -> Option<Day> {
    let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    date.ok().map(Day::Exact)
}

fn of_year(month: i64, day: i64) -> Option<Day> {
    // In a leap year, so that every day there may be is one.
    let Day::Exact(date) = exact(2000, month, day)? else { return None };
    Some(Day::OfYear(date.month(), date.day()))
}
