//! Recurrences: cron patterns, and natural language: `every day 9:00`, `每个工作日9点`, `every 15 minutes`.

use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::Weekday;

use super::parts::clock::{Clock, clock};
use super::parts::date::number_of_day;
use super::parts::day::{chinese_weekday, weekday};
use super::parts::part_of_day::part;
use super::parts::reader::Reader;
use super::parts::span::{Unit, term};
use super::zone::Zone;
use crate::model::Timestamp;
use crate::text::Text;

/// A recurrence: a cron pattern of five fields, so at most once a minute.
#[derive(Clone, Debug)]
pub struct Recurrence {
    cron: Cron,
    pattern: String,
}

impl Recurrence {
    /// Reads a cron pattern of five fields, or a nickname such as `@daily`.
    ///
    /// # Errors
    /// If it is invalid.
    pub fn new(pattern: &str) -> Result<Self, Text> {
        let pattern = pattern.split_whitespace().collect::<Vec<_>>().join(" ");
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(&pattern).map_err(|_| Text::new("recurrence-bad").with("pattern", &pattern))?;
        Ok(Self { cron, pattern })
    }

    /// The cron pattern.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The first occurrence after a moment, in a time zone; `None` if there is none.
    pub fn next_after(&self, moment: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let next = self.cron.find_next_occurrence(&zone.at(moment), false).ok()?;
        Some(Timestamp(next.timestamp().as_millisecond()))
    }

    /// The shortest time between two of the next occurrences after a moment; `None` if there are no two.
    pub fn shortest_interval(&self, moment: Timestamp, zone: &Zone) -> Option<Duration> {
        /// As many as a pattern has before it repeats itself, but for rare ones: those of a day at every minute of two hours.
        const LOOK_AT: usize = 128;
        let occurrences = std::iter::successors(self.next_after(moment, zone), |last| self.next_after(*last, zone));
        let occurrences: Vec<_> = occurrences.take(LOOK_AT).collect();
        let intervals = occurrences.windows(2).map(|pair| Duration::from_millis(pair[1].since(pair[0])));
        intervals.min()
    }
}

/// Parses the recurrence at the beginning of a text: a cron pattern, quoted or not, or words. Also returns the rest.
///
/// # Errors
/// If there is none, or one that cannot be expressed as a cron pattern.
pub fn read(text: &str) -> Result<(Recurrence, &str), Text> {
    let text = text.trim();
    if let Some((pattern, rest)) = quoted(text) {
        // People put words into quotation marks, too.
        return match in_words(pattern) {
            Some(Ok((recurrence, ""))) => Ok((recurrence, rest)),
            _ => Ok((Recurrence::new(pattern)?, rest)),
        };
    }
    in_words(text).or_else(|| bare_pattern(text)).unwrap_or_else(|| Err(Text::new("recurrence-none")))
}

/// The text between the quotation marks it begins with, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    const MARKS: [(char, char); 7] =
        [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('「', '」'), ('＂', '＂')];
    let (open, close) = MARKS.into_iter().find(|(open, _)| text.starts_with(*open))?;
    let (inside, rest) = text[open.len_utf8()..].split_once(close)?;
    Some((inside, rest.trim_start()))
}

/// A pattern without quotation marks: five words of what patterns consist of, or a nickname.
fn bare_pattern(text: &str) -> Option<Result<(Recurrence, &str), Text>> {
    let fields = if text.starts_with('@') { 1 } else { 5 };
    let mut rest = text;
    for _ in 0..fields {
        let (field, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let is_field = field.chars().all(|c| c.is_ascii_alphanumeric() || "*/,-#?@".contains(c)) && !field.is_empty();
        if !is_field {
            return None;
        }
        rest = behind.trim_start();
    }
    let pattern = text[..text.len() - rest.len()].trim_end();
    let is_pattern = pattern.starts_with(|c: char| c.is_ascii_digit() || "*@".contains(c));
    is_pattern.then(|| Recurrence::new(pattern).map(|recurrence| (recurrence, rest)))
}

fn in_words(text: &str) -> Option<Result<(Recurrence, &str), Text>> {
    let mut reader = Reader::new(text);
    reader.one_of(&[("every", ()), ("each", ()), ("每", ()), ("每个", ()), ("每隔", ())]);
    let pattern = reader.attempt(interval).or_else(|| reader.attempt(on_days).map(Ok))?;
    if !reader.is_at_boundary() {
        return None;
    }
    let rest = reader.rest().trim_start_matches(|c: char| c.is_whitespace() || ",:，：、".contains(c));
    Some(pattern.and_then(|pattern| Recurrence::new(&pattern)).map(|recurrence| (recurrence, rest)))
}

/// Reads `15 minutes`, `hour`, `2小时`: what divides an hour or a day evenly, as a pattern can say nothing else.
fn interval(reader: &mut Reader<'_>) -> Option<Result<String, Text>> {
    const UNITS: [(&str, i64); 6] =
        [("minute", 1), ("分钟", 1), ("hour", 60), ("小时", 60), ("个小时", 60), ("钟头", 60)];
    let minutes = match reader.one_of(&UNITS) {
        Some(minutes) => minutes as f64,
        None => {
            let term = term(reader).filter(|term| term.unit.seconds() <= Unit::Hour.seconds())?;
            term.count * term.unit.seconds() as f64 / 60.0
        }
    };
    let whole = minutes as i64;
    let divides = |whole: i64, part: i64| part > 0 && whole % part == 0;
    Some(match whole {
        _ if minutes.fract() != 0.0 => Err(Text::new("recurrence-uneven")),
        1..60 if divides(60, whole) => Ok(format!("*/{whole} * * * *")),
        60..1440 if divides(whole, 60) && divides(24, whole / 60) => Ok(format!("0 */{} * * *", whole / 60)),
        _ => Err(Text::new("recurrence-uneven")),
    })
}

/// Reads `day at 9:00`, `weekday 8:30`, `monday and friday 9pm`, `月1号9点`: days and a time on them.
fn on_days(reader: &mut Reader<'_>) -> Option<String> {
    let days = reader
        .one_of(&[("day", Days::Every), ("天", Days::Every), ("日", Days::Every)])
        .or_else(|| weekdays(reader).map(Days::OfWeek))
        .or_else(|| reader.attempt(day_of_month).map(Days::OfMonth))?;
    let Clock { hour, minute, second, .. } = clock_or_part(reader).unwrap_or(Clock::NINE);
    if second != 0 {
        return None;
    }
    // Twelve at night is the next day's first hour.
    let later = (hour / 24) as usize;
    let (of_month, of_week) = match days {
        Days::Every => ("*".to_owned(), "*".to_owned()),
        Days::OfMonth(_) if later > 0 => return None,
        Days::OfMonth(day) => (day.to_string(), "*".to_owned()),
        Days::OfWeek(set) => ("*".to_owned(), set.shifted(later).field()),
    };
    Some(format!("{minute} {} {of_month} * {of_week}", hour % 24))
}

/// Reads what may stand behind a day: a time, or only a part of the day.
fn clock_or_part(reader: &mut Reader<'_>) -> Option<Clock> {
    reader.attempt(|reader| {
        reader.word(",");
        let before = part(reader, true);
        let clock = clock(reader);
        let part = before.or_else(|| part(reader, true));
        clock.map(|clock| clock.within(part)).or(part.map(Clock::of_part))
    })
}

#[derive(Clone, Copy)]
enum Days {
    Every,
    OfMonth(i8),
    OfWeek(Weekdays),
}

/// A set of weekdays, Sunday first as in patterns.
#[derive(Clone, Copy, Default)]
struct Weekdays([bool; 7]);

impl Weekdays {
    const WORKING: Self = Self([false, true, true, true, true, true, false]);
    const WEEKEND: Self = Self([true, false, false, false, false, false, true]);

    fn insert(&mut self, weekday: Weekday) {
        self.0[weekday.to_sunday_zero_offset() as usize] = true;
    }

    /// The days so many days later.
    fn shifted(mut self, days: usize) -> Self {
        self.0.rotate_right(days % 7);
        self
    }

    /// As a pattern's field.
    fn field(self) -> String {
        let numbers = (0..7).filter(|day| self.0[*day]).map(|day| day.to_string());
        numbers.collect::<Vec<_>>().join(",")
    }
}

/// Reads weekdays: `weekday`, `monday, wednesday and friday`, `工作日`, `周一三五`.
fn weekdays(reader: &mut Reader<'_>) -> Option<Weekdays> {
    const SETS: [(&str, Weekdays); 8] = [
        ("weekday", Weekdays::WORKING),
        ("weekdays", Weekdays::WORKING),
        ("workday", Weekdays::WORKING),
        ("working day", Weekdays::WORKING),
        ("工作日", Weekdays::WORKING),
        ("weekend", Weekdays::WEEKEND),
        ("周末", Weekdays::WEEKEND),
        ("个周末", Weekdays::WEEKEND),
    ];
    if let Some(set) = reader.one_of(&SETS) {
        return Some(set);
    }
    reader.attempt(|reader| {
        // As in 每个星期一.
        reader.word("个");
        let mut set = Weekdays::default();
        set.insert(weekday(reader)?);
        while let Some(next) = another_weekday(reader) {
            set.insert(next);
        }
        Some(set)
    })
}

fn another_weekday(reader: &mut Reader<'_>) -> Option<Weekday> {
    const BETWEEN: [(&str, ()); 6] = [(",", ()), ("and", ()), (", and", ()), ("、", ()), ("和", ()), ("跟", ())];
    reader.attempt(|reader| {
        reader.one_of(&BETWEEN);
        let next = weekday(reader).or_else(|| chinese_weekday(reader))?;
        // The second number in 周一二点 is an hour.
        let is_hour = (*reader).symbol(|c| "点时十".contains(c).then_some(())).is_some();
        (!is_hour).then_some(next)
    })
}

/// Reads `month on the 15th`, `月15号`.
fn day_of_month(reader: &mut Reader<'_>) -> Option<i8> {
    reader.word("个");
    reader.one_of(&[("month", ()), ("月", ())])?;
    reader.one_of(&[("on", ()), ("on the", ())]);
    number_of_day(reader)
}

#[cfg(test)]
mod tests;
