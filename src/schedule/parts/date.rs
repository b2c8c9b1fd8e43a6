//! Dates: `2026-12-24`, `24.12.2026`, `Dec 24th`, `12/24`, `12月24日`.

use jiff::civil::Date;

use super::Weight;
use super::day::{Day, Number, which_of};
use super::numerals::{Numeral, numeral};
use super::reader::Reader;
use crate::schedule::Asker;
use crate::schedule::region::{Order, order};
use crate::text::Text;

/// Two numbers, one of which is the day and one the month, with a year or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schedule) struct Numbers {
    first: i8,
    second: i8,
    year: Option<i16>,
}

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

impl Numbers {
    /// The day in one order of the two; without a year, in a leap year, as long as it is not resolved.
    fn in_order(self, order: Order) -> Option<Day> {
        let (day, month) = match order {
            Order::DayFirst => (self.first, self.second),
            Order::MonthFirst => (self.second, self.first),
        };
        match self.year {
            Some(year) => Date::new(year, month, day).ok().map(Day::Exact),
            None => of_year(month.into(), day.into()),
        }
    }

    fn readings(self) -> [Option<Day>; 2] {
        [self.in_order(Order::DayFirst), self.in_order(Order::MonthFirst)]
    }

    /// The days it may mean, in the asker's order.
    ///
    /// # Errors
    /// When that is not known, and both are possible; with both.
    pub fn days(self, asker: &Asker) -> Result<Vec<Date>, Text> {
        let today = asker.zone.at(asker.now).date();
        let resolved = |day: Day| day.candidates(today, asker);
        match (self.readings(), order(&asker.zone)) {
            ([Some(first), Some(second)], None) if first != second => {
                let (first, second) = (resolved(first)?, resolved(second)?);
                // The next ones, if no year is said.
                let next = |days: &[Date]| days.iter().copied().find(|day| *day >= today).or(days.first().copied());
                match (next(&first), next(&second)) {
                    (Some(first), Some(second)) => Err(which_of(&self.words(), [first, second], asker)),
                    _ => Err(Text::new("time-no-day")),
                }
            }
            ([Some(first), Some(_)], Some(Order::DayFirst)) => resolved(first),
            ([Some(_), Some(second)], Some(Order::MonthFirst)) => resolved(second),
            ([Some(only), _] | [None, Some(only)], _) => resolved(only),
            ([None, None], _) => Err(Text::new("time-no-day")),
        }
    }

    fn words(self) -> String {
        let year = self.year.map(|year| format!("/{year}")).unwrap_or_default();
        format!("{:02}/{:02}{year}", self.first, self.second)
    }
}

/// Reads a date in any form.
pub(super) fn date(reader: &mut Reader<'_>) -> Option<(Day, Weight)> {
    reader
        .attempt(year_first)
        .or_else(|| reader.attempt(year_last))
        .or_else(|| reader.attempt(chinese_date))
        .or_else(|| reader.attempt(month_name_first).map(|day| (day, Weight::Strong)))
        .or_else(|| reader.attempt(day_then_month_name).map(|day| (day, Weight::Strong)))
        .or_else(|| reader.attempt(without_year))
        .or_else(|| reader.attempt(only_a_number))
}

/// Reads `2026-12-24`, `2026/12/24` or `2026.12.24`.
fn year_first(reader: &mut Reader<'_>) -> Option<(Day, Weight)> {
    let year = numeral(reader).filter(|year| year.chars == 4)?;
    let (sign, month) = behind_sign(reader, "-/.")?;
    let (_, day) = behind_sign(reader, sign)?;
    Some((exact(year.value, month.value, day.value)?, Weight::Strong))
}

/// Reads `24.12.2026`, `24-12-26`, and what may be in two orders: `03/04/2026`.
fn year_last(reader: &mut Reader<'_>) -> Option<(Day, Weight)> {
    let first = numeral(reader).filter(is_short)?;
    let (sign, second) = behind_sign(reader, "-/.")?;
    let (_, year) = behind_sign(reader, sign)?;
    let year = i16::try_from(full_year(&year)?).ok()?;
    let (first, second) = (i8::try_from(first.value).ok()?, i8::try_from(second.value).ok()?);
    let numbers = Numbers { first, second, year: Some(year) };
    // Nobody writes the month first with dots.
    let day = if sign == "." { numbers.in_order(Order::DayFirst)? } else { Day::Numbers(numbers) };
    (is_short_value(first) && numbers.readings().iter().any(Option::is_some)).then_some((day, Weight::Strong))
}

/// Reads `12/24`; `24.12.`, which the last dot makes a date.
fn without_year(reader: &mut Reader<'_>) -> Option<(Day, Weight)> {
    let first = numeral(reader).filter(is_short)?;
    let (sign, second) = behind_sign(reader, "/.")?;
    let is_date = sign == "/" || reader.symbol(|c| (c == '.').then_some(())).is_some();
    let (first, second) = (i8::try_from(first.value).ok()?, i8::try_from(second.value).ok()?);
    let numbers = Numbers { first, second, year: None };
    let is_day = is_date && is_short_value(second) && numbers.readings().iter().any(Option::is_some);
    let day = if sign == "." { numbers.in_order(Order::DayFirst)? } else { Day::Numbers(numbers) };
    is_day.then_some((day, Weight::Weak))
}

fn is_short(numeral: &Numeral) -> bool {
    numeral.chars <= 2
}

fn is_short_value(value: i8) -> bool {
    (1..=31).contains(&value)
}

/// Reads one of these signs and the number behind it, without spaces; the sign as text.
fn behind_sign<'a>(reader: &mut Reader<'_>, signs: &'a str) -> Option<(&'a str, Numeral)> {
    let position = reader.symbol(|c| signs.find(c))?;
    let number = reader.is_before("0123456789").then(|| numeral(reader)).flatten()?;
    Some((&signs[position..position + 1], number))
}

/// A year in four digits, or in two.
fn full_year(year: &Numeral) -> Option<i64> {
    match year.chars {
        4 => Some(year.value),
        2 => Some(2000 + year.value),
        _ => None,
    }
}

/// Reads `2026年12月24日`, `26年2月14日`, `12月24号`, `24日`.
fn chinese_date(reader: &mut Reader<'_>) -> Option<(Day, Weight)> {
    let year = reader.attempt(|reader| {
        let year = numeral(reader)?;
        reader.word("年").then(|| full_year(&year)).flatten()
    });
    match (year, reader.attempt(chinese_month_and_day)) {
        (Some(year), Some((month, day))) => Some((exact(year, month.into(), day.into())?, Weight::Strong)),
        (None, Some((month, day))) => Some((of_year(month.into(), day.into())?, Weight::Strong)),
        (Some(_), None) => None,
        (None, None) => {
            let day = numeral(reader).filter(|day| (1..=31).contains(&day.value))?.value;
            reader.one_of(&[("日", ()), ("号", ())])?;
            Some((Day::OfMonth(None, Number::Nth(i8::try_from(day).ok()?)), Weight::Weak))
        }
    }
}

/// Reads `12月24日`, `Dec 24`, `24th of December`: the month and the day.
pub(in crate::schedule) fn month_and_day(reader: &mut Reader<'_>) -> Option<(i8, i8)> {
    let month_first = |reader: &mut Reader<'_>| {
        let month = month(reader)?;
        reader.word("the");
        in_leap_year(month.into(), day_number(reader)?)
    };
    let day_first = |reader: &mut Reader<'_>| {
        reader.word("the");
        let day = day_number(reader)?;
        reader.word("of");
        in_leap_year(month(reader)?.into(), day)
    };
    reader.attempt(chinese_month_and_day).or_else(|| reader.attempt(month_first)).or_else(|| reader.attempt(day_first))
}

fn chinese_month_and_day(reader: &mut Reader<'_>) -> Option<(i8, i8)> {
    let month = numeral(reader)?.value;
    reader.word("月").then_some(())?;
    let day = numeral(reader)?.value;
    reader.one_of(&[("日", ()), ("号", ())])?;
    in_leap_year(month, day)
}

/// Reads a month's name.
pub(super) fn month(reader: &mut Reader<'_>) -> Option<i8> {
    let month = reader.one_of(&MONTHS)?;
    reader.symbol(|c| (c == '.').then_some(()));
    reader.is_at_boundary().then_some(month)
}

/// Reads `Dec 24`, `December 24th, 2026`.
fn month_name_first(reader: &mut Reader<'_>) -> Option<Day> {
    let month = month(reader)?;
    reader.word("the");
    let day = day_number(reader)?;
    with_year(reader, month, day)
}

/// Reads `24 Dec`, `the 24th of December 2026`.
fn day_then_month_name(reader: &mut Reader<'_>) -> Option<Day> {
    reader.word("the");
    let day = day_number(reader)?;
    reader.symbol(|c| ".-".contains(c).then_some(()));
    reader.word("of");
    let month = month(reader)?;
    reader.symbol(|c| (c == '-').then_some(()));
    with_year(reader, month, day)
}

/// Reads `the 1st`.
fn only_a_number(reader: &mut Reader<'_>) -> Option<(Day, Weight)> {
    reader.word("the");
    let day = ordinal(reader)?;
    Some((Day::OfMonth(None, Number::Nth(day)), Weight::Hint))
}

/// Reads `1st`, `31st`: a number with the ending of one in a row.
fn ordinal(reader: &mut Reader<'_>) -> Option<i8> {
    let day = numeral(reader).filter(is_short)?;
    let day = i8::try_from(day.value).ok().filter(|day| is_short_value(*day))?;
    let ending = match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    // Not over a space.
    let is_one = !reader.is_before(" ") && reader.word(ending);
    (is_one && reader.is_at_boundary()).then_some(day)
}

/// Reads a day's number where only that is expected: `1st`, `15`, `1号`.
pub(in crate::schedule) fn number_of_day(reader: &mut Reader<'_>) -> Option<i8> {
    reader.attempt(|reader| {
        let day = day_number(reader)?;
        reader.one_of(&[("日", ()), ("号", ())]);
        i8::try_from(day).ok().filter(|day| is_short_value(*day))
    })
}

/// Reads a day's number, with its ending if it has one.
fn day_number(reader: &mut Reader<'_>) -> Option<i64> {
    let day = numeral(reader).filter(|day| day.chars <= 3)?.value;
    reader.one_of(&[("st", ()), ("nd", ()), ("rd", ()), ("th", ())]);
    reader.is_at_boundary().then_some(day)
}

fn with_year(reader: &mut Reader<'_>, month: i8, day: i64) -> Option<Day> {
    let year = reader.attempt(|reader| {
        reader.word(",");
        // As in '27.
        if reader.word("'") {
            return numeral(reader).filter(|year| year.chars == 2);
        }
        numeral(reader).filter(|year| year.chars == 4 && year.value >= 2000 && reader.is_at_boundary())
    });
    match year {
        Some(year) => exact(full_year(&year)?, month.into(), day),
        None => of_year(month.into(), day),
    }
}

fn exact(year: i64, month: i64, day: i64) -> Option<Day> {
    let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    date.ok().map(Day::Exact)
}

fn of_year(month: i64, day: i64) -> Option<Day> {
    let (month, day) = in_leap_year(month, day)?;
    Some(Day::OfYear(None, month, Number::Nth(day)))
}

/// Checks a month and a day, in a leap year, so that every day there may be is one.
fn in_leap_year(month: i64, day: i64) -> Option<(i8, i8)> {
    let date = Date::new(2000, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some((date.month(), date.day()))
}
