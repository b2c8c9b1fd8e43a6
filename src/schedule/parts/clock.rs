//! Times of day: `9:00`, `5.30pm`, `17h30`, `half past five`, `noon`, `早上9点半`, `差一刻九点`.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use super::Weight;
use super::numerals::{Numeral, english, numeral};
use super::part_of_day::Part;
use super::reader::Reader;
use super::span::unit;

/// A time of day. Hours from 24 on are those of the next day: twelve at night belongs to the evening before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schedule) struct Clock {
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    half: Half,
    pub weight: Weight,
}

/// What says which half of the day an hour is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    /// The hour itself, or a word behind it.
    Said,
    /// Nothing, and the hour is written as on a digital clock: `9:00`.
    Digital,
    /// Nothing, and it is written as people speak: `at 9`, `half past nine`, `九点`.
    Spoken,
}

/// What may follow a number of hours.
const SUFFIXES: [(&str, Part); 8] = [
    ("am", Part::Early),
    ("a.m.", Part::Early),
    ("a.m", Part::Early),
    ("pm", Part::Afternoon),
    ("p.m.", Part::Afternoon),
    ("p.m", Part::Afternoon),
    ("noon", Part::Noon),
    ("in the morning", Part::Early),
];

/// Times with a name; the end of the day is that of work.
const NAMED: [(&str, i64); 14] = [
    ("noon", 12),
    ("midday", 12),
    ("正午", 12),
    ("eod", 17),
    ("cob", 17),
    ("end of day", 17),
    ("end of the day", 17),
    ("the end of the day", 17),
    ("close of business", 17),
    ("midnight", 24),
    ("午夜", 24),
    ("午夜12点", 24),
    ("午夜十二点", 24),
    ("子夜", 24),
];

impl Clock {
    /// When a day is named and no time.
    pub const NINE: Self = Self::hour(9);

    const fn hour(hour: i64) -> Self {
        Self { hour, minute: 0, second: 0, half: Half::Said, weight: Weight::Strong }
    }

    /// When a part of the day is named and no hour.
    pub fn of_part(part: Part) -> Self {
        Self::hour(match part {
            Part::Early => 5,
            Part::Morning => 9,
            Part::Noon => 12,
            Part::Afternoon => 15,
            Part::Dusk => 18,
            Part::Evening => 20,
            Part::Night => 24,
        })
    }

    /// A time as written, such as that of an ISO 8601 date.
    pub fn exact(time: jiff::civil::Time) -> Self {
        let (hour, minute, second) = (time.hour().into(), time.minute().into(), time.second().into());
        Self { minute, second, ..Self::hour(hour) }
    }

    /// This time in a part of the day that was named beside it.
    pub fn within(self, part: Option<Part>) -> Self {
        match part.filter(|_| self.half != Half::Said) {
            Some(part) => Self { hour: part.hour(self.hour), half: Half::Said, ..self },
            None => self,
        }
    }

    /// The times of the day that this may mean, where nothing says which half of it; `is_twelve` is whether people there count
    /// up to twelve on digital clocks, too.
    pub fn readings(self, is_twelve: bool) -> Vec<Self> {
        let is_open = self.half == Half::Spoken || (self.half == Half::Digital && is_twelve);
        let later = Self { hour: self.hour + 12, ..self };
        if is_open && (1..=11).contains(&self.hour) { vec![self, later] } else { vec![self] }
    }

    /// This time on a day. If it is skipped by a DST change, it is shifted by the gap; if it occurs twice, it is the first.
    pub fn on(self, day: Date, zone: &TimeZone) -> Option<Zoned> {
        let midnight = day.at(0, 0, 0, 0);
        let span = (self.hour.hours()).minutes(self.minute).seconds(self.second);
        // By wall-clock time, not by hours elapsed since midnight.
        midnight.checked_add(span).ok()?.to_zoned(zone.clone()).ok()
    }
}

/// Reads a time of day. A lone number is one only after "at".
pub(in crate::schedule) fn clock(reader: &mut Reader<'_>) -> Option<Clock> {
    /// With whether a lone number behind it is an hour.
    const AT: [(&str, bool); 9] = [
        ("at", true),
        ("by", true),
        ("@", true),
        ("around", true),
        ("at around", true),
        ("at about", true),
        ("大约", false),
        ("大概", false),
        ("在", false),
    ];
    reader.attempt(|reader| {
        let is_at = reader.one_of(&AT).unwrap_or(false);
        let found = reader.attempt(named);
        let found = found.or_else(|| reader.attempt(beside_an_hour)).or_else(|| reader.attempt(before_an_hour));
        found.or_else(|| reader.attempt(|reader| numbers(reader, is_at)))
    })
}

fn named(reader: &mut Reader<'_>) -> Option<Clock> {
    let hour = reader.one_of(&NAMED)?;
    Some(Clock::hour(hour))
}

/// Reads `half past five`, `quarter to six`, `ten past 5`.
fn beside_an_hour(reader: &mut Reader<'_>) -> Option<Clock> {
    const QUARTERS: [(&str, i64); 3] = [("half", 30), ("a quarter", 15), ("quarter", 15)];
    let minutes = reader.one_of(&QUARTERS).or_else(|| {
        let minutes = english(reader)?;
        reader.one_of(&[("minutes", ()), ("minute", ())]);
        Some(minutes)
    })?;
    let is_before =
        reader.one_of(&[("past", false), ("after", false), ("to", true), ("before", true), ("till", true)])?;
    let found = reader.attempt(named).or_else(|| {
        let hour = english(reader).or_else(|| numeral(reader).map(|numeral| numeral.value))?;
        finished(reader, Clock { half: Half::Spoken, ..Clock::hour(hour) })
    });
    // "nine to five" is no time.
    let is_said = minutes % 5 == 0 && (1..=30).contains(&minutes);
    let found = found.filter(|clock| clock.minute == 0 && is_said)?;
    Some(if is_before { found.minutes_before(minutes) } else { Clock { minute: minutes, ..found } })
}

/// Reads 差一刻九点, 差五分九点.
fn before_an_hour(reader: &mut Reader<'_>) -> Option<Clock> {
    if !reader.word("差") {
        return None;
    }
    let minutes = minutes_in_chinese(reader)?;
    reader.word("到");
    let hour = numeral(reader)?.value;
    reader.one_of(&[("点", ()), ("点钟", ())])?;
    finished(reader, Clock { half: Half::Spoken, ..Clock::hour(hour) }.minutes_before(minutes))
}

/// Reads 一刻, 五分, 5分钟.
fn minutes_in_chinese(reader: &mut Reader<'_>) -> Option<i64> {
    let value = numeral(reader)?.value;
    let unit = reader.one_of(&[("刻", 15), ("刻钟", 15), ("分", 1), ("分钟", 1)])?;
    Some(value * unit).filter(|minutes| (1..60).contains(minutes))
}

/// Reads which half of the day it is.
fn suffix(reader: &mut Reader<'_>) -> Option<Part> {
    // As in 5p.
    let letter = reader.attempt(|reader| {
        let part = reader.symbol(|c| match c {
            'a' => Some(Part::Early),
            'p' => Some(Part::Afternoon),
            _ => None,
        });
        part.filter(|_| reader.is_at_boundary() && !reader.is_before("."))
    });
    letter.or_else(|| reader.one_of(&SUFFIXES))
}

/// Reads what may stand behind the hour, and checks the numbers.
fn finished(reader: &mut Reader<'_>, clock: Clock) -> Option<Clock> {
    let part = suffix(reader);
    reader.word("o'clock");
    let part = part.or_else(|| suffix(reader));
    let Clock { hour, minute, second, .. } = clock;
    let is_time = minute < 60 && second < 60 && (hour, minute, second) <= (24, 0, 0);
    let is_in_part = part.is_none_or(|part| hour > 0 && (hour <= 12 || part == Part::Afternoon));
    (is_time && is_in_part)
        .then(|| Clock { half: if part.is_some() { Half::Spoken } else { clock.half }, ..clock }.within(part))
}

impl Clock {
    fn minutes_before(self, minutes: i64) -> Self {
        Self { hour: if self.hour == 0 { 23 } else { self.hour - 1 }, minute: 60 - minutes, ..self }
    }
}

/// Reads `9:00`, `5.30pm`, `17h30`, `5 o'clock`, `九点半`; a lone number only if `is_at`.
fn numbers(reader: &mut Reader<'_>, is_at: bool) -> Option<Clock> {
    let mut words = *reader;
    if let Some(hour) = english(&mut words) {
        *reader = words;
        return hour_in_words(reader, is_at, hour);
    }
    let Numeral { value: hour, chars } = numeral(reader)?;
    // The longest hour is 二十三.
    let is_digits = reader.last().is_some_and(|c| c.is_ascii_digit());
    if chars > if is_digits { 2 } else { 3 } {
        return None;
    }
    let is_open = !(is_digits && chars == 2 && hour < 10);
    let half = |half| if is_open { half } else { Half::Said };
    let bare = Clock::hour(hour);
    let written = with_signs(reader, is_at)
        .map(|(minute, second)| Clock { minute, second, half: half(Half::Digital), ..bare })
        .or_else(|| reader.attempt(with_letter).map(|minute| Clock { minute, ..bare }))
        .or_else(|| {
            let (hour, minute) = in_chinese(reader, hour)?;
            // 一点 is "a bit" as often as one o'clock, and 一点也不 is "not a bit".
            let is_a_bit = hour == 1 && reader.last() == Some('点') && !is_digits;
            let weight = if is_a_bit { Weight::Weak } else { Weight::Strong };
            (!is_a_bit || !reader.is_before("也都儿")).then_some(Clock {
                hour,
                minute,
                half: half(Half::Spoken),
                weight,
                ..bare
            })
        });
    match written {
        Some(clock) => finished(reader, clock),
        None => without_minutes(reader, is_at, Clock { half: half(Half::Spoken), ..bare }),
    }
}

/// Reads what makes a number an hour: `pm`, `o'clock`, `h`, or that "at" stands before it.
fn without_minutes(reader: &mut Reader<'_>, is_at: bool, clock: Clock) -> Option<Clock> {
    let before = reader.position();
    if reader.word("uhr") || (is_at && reader.symbol(|c| (c == 'h').then_some(())).is_some()) {
        let is_time = clock.hour <= 24 && reader.is_at_boundary();
        return is_time.then_some(Clock { half: Half::Said, ..clock });
    }
    let found = finished(reader, clock)?;
    if reader.position() > before {
        return Some(found);
    }
    // "look at 3 offers" is no time.
    let is_followed = reader.rest().trim_start().starts_with(char::is_alphanumeric);
    let is_count = unit(&mut reader.clone()).is_some();
    (is_at && !is_count).then_some(Clock { weight: if is_followed { Weight::Weak } else { Weight::Strong }, ..found })
}

/// Reads what follows an hour in words: `thirty`, `pm`, `o'clock`.
fn hour_in_words(reader: &mut Reader<'_>, is_at: bool, hour: i64) -> Option<Clock> {
    let minute = reader.attempt(|reader| english(reader).filter(|minute| (10..60).contains(minute)));
    let clock = Clock { minute: minute.unwrap_or(0), half: Half::Spoken, ..Clock::hour(hour) };
    without_minutes(reader, is_at, clock)
}

/// Reads `:30` or `:30:15`; `.30` after "at", or before `pm`.
fn with_signs(reader: &mut Reader<'_>, is_at: bool) -> Option<(i64, i64)> {
    let part = |reader: &mut Reader<'_>, sign: char| {
        reader.attempt(|reader| {
            reader.symbol(|c| (c == sign).then_some(()))?;
            // Not over a space.
            reader.is_before("0123456789").then(|| numeral(reader)).flatten().filter(|numeral| numeral.chars == 2)
        })
    };
    if let Some(minute) = part(reader, ':') {
        return Some((minute.value, part(reader, ':').map_or(0, |second| second.value)));
    }
    reader.attempt(|reader| {
        let minute = part(reader, '.')?.value;
        let has_suffix = suffix(&mut reader.clone()).is_some();
        (is_at || has_suffix).then_some((minute, 0))
    })
}

/// Reads the minutes in `17h30`.
fn with_letter(reader: &mut Reader<'_>) -> Option<i64> {
    reader.symbol(|c| (c == 'h').then_some(()))?;
    let minute = reader.is_before("0123456789").then(|| numeral(reader)).flatten()?;
    (minute.chars == 2 && reader.is_at_boundary()).then_some(minute.value)
}

/// Reads what follows the hours in Chinese: 点, 点半, 点一刻, 点钟, 点20分, 点差五分; the hour and minute.
fn in_chinese(reader: &mut Reader<'_>, hour: i64) -> Option<(i64, i64)> {
    reader.one_of(&[("点", ()), ("时", ()), ("点钟", ()), ("点整", ())])?;
    if reader.word("半") {
        return Some((hour, 30));
    }
    if let Some(minutes) = reader.attempt(|reader| reader.word("差").then(|| minutes_in_chinese(reader)).flatten()) {
        return Some((hour - 1, 60 - minutes));
    }
    let minute = reader.attempt(|reader| {
        reader.word("过");
        if let Some(minutes) = reader.attempt(minutes_in_chinese) {
            return Some(minutes);
        }
        // As in 8点零5分.
        let digits = reader.attempt(|reader| {
            let is_digit = reader.word("零") && reader.is_before("123456789");
            is_digit.then(|| numeral(reader)).flatten().filter(|minute| minute.chars == 1)
        });
        if let Some(minute) = digits {
            reader.word("分");
            return Some(minute.value);
        }
        // "9点3个人" is no three minutes past nine.
        let is_attached = !reader.rest().starts_with(char::is_whitespace);
        let minute = numeral(reader).filter(|minute| minute.chars == 2 && is_attached)?;
        (!reader.is_before("月号日年个")).then_some(minute.value)
    });
    Some((hour, minute.unwrap_or(0)))
}
