//! Times of day: `9:00`, `9pm`, `noon`, `早上9点半`, `下午三点一刻`.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use super::numerals::{Numeral, numeral};
use super::reader::Reader;

/// A time of day. Hours from 24 on are those of the next day: twelve at night belongs to the evening before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
}

/// A part of the day, which says which of its two hours a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// From midnight on.
    Early,
    Morning,
    Noon,
    Afternoon,
    Evening,
}

const PARTS: [(&str, Part); 21] = [
    ("morning", Part::Morning),
    ("afternoon", Part::Afternoon),
    ("evening", Part::Evening),
    ("night", Part::Evening),
    ("凌晨", Part::Early),
    ("清晨", Part::Morning),
    ("早", Part::Morning),
    ("早上", Part::Morning),
    ("早晨", Part::Morning),
    ("上午", Part::Morning),
    ("中午", Part::Noon),
    ("下午", Part::Afternoon),
    ("午后", Part::Afternoon),
    ("傍晚", Part::Evening),
    ("晚", Part::Evening),
    ("晚上", Part::Evening),
    ("晚间", Part::Evening),
    ("夜里", Part::Evening),
    ("夜晚", Part::Evening),
    ("深夜", Part::Evening),
    ("半夜", Part::Evening),
];

/// What may follow a number of hours.
const SUFFIXES: [(&str, Part); 9] = [
    ("am", Part::Early),
    ("a.m.", Part::Early),
    ("pm", Part::Afternoon),
    ("p.m.", Part::Afternoon),
    ("in the morning", Part::Early),
    ("in the afternoon", Part::Afternoon),
    ("in the evening", Part::Evening),
    ("at night", Part::Evening),
    ("tonight", Part::Evening),
];

const NAMED: [(&str, i64); 6] =
    [("noon", 12), ("正午", 12), ("midnight", 24), ("午夜", 24), ("午夜12点", 24), ("午夜十二点", 24)];

impl Clock {
    /// When a day is named and no time.
    pub const NINE: Self = Self::hour(9);

    const fn hour(hour: i64) -> Self {
        Self { hour, minute: 0, second: 0 }
    }

    /// When a part of the day is named and no hour.
    pub fn of_part(part: Part) -> Self {
        Self::hour(match part {
            Part::Early => 5,
            Part::Morning => 9,
            Part::Noon => 12,
            Part::Afternoon => 15,
            Part::Evening => 20,
        })
    }

    /// This time on a day. If it is skipped by a DST change, it is shifted by the gap; if it occurs twice, it is the first.
    pub fn on(self, day: Date, zone: &TimeZone) -> Option<Zoned> {
        let midnight = day.at(0, 0, 0, 0);
        let span = (self.hour.hours()).minutes(self.minute).seconds(self.second);
        // By wall-clock time, not by hours elapsed since midnight.
        midnight.checked_add(span).ok()?.to_zoned(zone.clone()).ok()
    }
}

impl Part {
    /// The hour that a number up to 12 means in this part of the day.
    fn hour(self, hour: i64) -> i64 {
        match (self, hour) {
            (Self::Early, 12) => 0,
            (Self::Noon, 1..=3) | (Self::Afternoon, 1..=11) | (Self::Evening, 5..=11) => hour + 12,
            (Self::Evening, 1..=4) => hour + 24,
            (Self::Evening, 0 | 12) => 24,
            _ => hour,
        }
    }
}

/// Reads a time of day; `part` is what was said of it before.
pub(super) fn clock(reader: &mut Reader<'_>, part: Option<Part>) -> Option<Clock> {
    reader.attempt(|reader| {
        let is_at = reader.word("at");
        let part = part_of_day(reader).or(part);
        let is_at = reader.word("at") || is_at;
        reader.one_of(&NAMED).map(Clock::hour).or_else(|| numbers(reader, part, is_at))
    })
}

/// Reads what may stand behind a day: a time, or only a part of the day.
pub(super) fn clock_or_part(reader: &mut Reader<'_>, part: Option<Part>) -> Option<Clock> {
    reader.attempt(|reader| {
        reader.word(",");
        clock(reader, part).or_else(|| part_of_day(reader).or(part).map(Clock::of_part))
    })
}

fn part_of_day(reader: &mut Reader<'_>) -> Option<Part> {
    reader.attempt(|reader| {
        reader.word("in the");
        reader.one_of(&PARTS)
    })
}

/// Reads `9:00`, `9pm`, `9点半`; a lone number only where `is_bare_fine`, as after "at".
fn numbers(reader: &mut Reader<'_>, part: Option<Part>, is_bare_fine: bool) -> Option<Clock> {
    let Numeral { value: hour, chars } = numeral(reader)?;
    let written = with_colons(reader).or_else(|| chinese(reader));
    let suffix = reader.one_of(&SUFFIXES);
    let is_whole_hour = suffix.is_some() || reader.word("o'clock") || is_bare_fine;
    let (minute, second) = written.or(is_whole_hour.then_some((0, 0)))?;
    // The longest hour is 二十三.
    let is_time = chars <= 3 && minute < 60 && second < 60 && (hour, minute, second) <= (24, 0, 0);
    let hour = suffix.or(part).map_or(hour, |part| part.hour(hour));
    is_time.then_some(Clock { hour, minute, second })
}

/// Reads `:30` or `:30:15`.
fn with_colons(reader: &mut Reader<'_>) -> Option<(i64, i64)> {
    let part = |reader: &mut Reader<'_>| {
        reader.attempt(|reader| {
            reader.symbol(|c| (c == ':').then_some(()))?;
            numeral(reader).filter(|numeral| numeral.chars == 2)
        })
    };
    let minute = part(reader)?.value;
    let second = part(reader).map_or(0, |second| second.value);
    Some((minute, second))
}

/// Reads what follows the hours in Chinese: 点, 点半, 点一刻, 点钟, 点20分.
fn chinese(reader: &mut Reader<'_>) -> Option<(i64, i64)> {
    const QUARTERS: [(&str, i64); 7] =
        [("点钟", 0), ("点整", 0), ("点半", 30), ("点一刻", 15), ("点三刻", 45), ("点1刻", 15), ("点3刻", 45)];
    if let Some(minute) = reader.one_of(&QUARTERS) {
        return Some((minute, 0));
    }
    reader.one_of(&[("点", ()), ("时", ())])?;
    let minute = reader.attempt(|reader| {
        let Numeral { value, chars } = numeral(reader)?;
        // "9点3个人" is no three minutes past nine.
        (reader.word("分") || chars == 2).then_some(value)
    });
    Some((minute.unwrap_or(0), 0))
}
