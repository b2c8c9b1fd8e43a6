//! Recurrences: cron patterns, alone or several, thinned out, and fixed intervals.

use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::ToSpan;
use jiff::civil::Date;

use super::Asker;
use super::find::beside;
use super::zone::Zone;
use crate::model::Timestamp;
use crate::text::Text;

mod days;
mod weekdays;
mod words;

/// A recurrence, at most once a minute: cron patterns of five fields, separated by `;`, of whose occurrences all count or only those
/// of every n-th day, week or month (`0 9 * * *, every 2 days from 2026-11-23`), or a fixed interval
/// (`every 90 minutes from 2026-11-23T09:00:00Z`).
#[derive(Clone, Debug)]
pub struct Recurrence {
    rule: Rule,
    pattern: String,
}

#[derive(Clone, Debug)]
enum Rule {
    Patterns(Vec<Cron>, Option<Thinning>),
    Interval { minutes: i64, from: Timestamp },
}

/// Which of the occurrences count: those in every n-th of these, the first of which has this date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Thinning {
    every: i64,
    of: Period,
    from: Date,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Period {
    Day,
    Week,
    Month,
}

/// The most days, weeks or months from one occurrence to the next.
const MOST_PERIODS: i64 = 1000;

/// The most minutes of an interval: a year.
const MOST_MINUTES: i64 = 366 * 24 * 60;

impl Period {
    const ALL: [(&str, Self); 3] = [("days", Self::Day), ("weeks", Self::Week), ("months", Self::Month)];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, period)| *period == self).map_or("", |(name, _)| name)
    }

    /// The period that a date is in, counted from an arbitrary one; weeks begin on Monday.
    fn index(self, date: Date) -> i64 {
        let days = || i64::from((date - Date::constant(2000, 1, 3)).get_days());
        match self {
            Self::Day => days(),
            Self::Week => days().div_euclid(7),
            Self::Month => i64::from(date.year()) * 12 + i64::from(date.month()),
        }
    }

    /// The first day of the period so many after that of a date.
    fn start(self, date: Date, ahead: i64) -> Option<Date> {
        match self {
            Self::Day => date.checked_add(ahead.days()),
            Self::Week => {
                let back = i64::from(date.weekday().to_monday_zero_offset());
                date.checked_add((ahead * 7 - back).days())
            }
            Self::Month => date.first_of_month().checked_add(ahead.months()),
        }
        .ok()
    }
}

impl Thinning {
    /// How many periods after a date the next one is that counts.
    fn ahead(&self, date: Date) -> i64 {
        (self.of.index(self.from) - self.of.index(date)).rem_euclid(self.every)
    }
}

impl Recurrence {
    /// Reads a recurrence as [`pattern`](Self::pattern) has it: a cron pattern of five fields, or a nickname such as `@daily`, and
    /// the forms that the type's documentation names.
    ///
    /// # Errors
    /// If it is invalid.
    pub fn new(pattern: &str) -> Result<Self, Text> {
        let pattern = pattern.split_whitespace().collect::<Vec<_>>().join(" ");
        let rule = rule(&pattern).ok_or_else(|| Text::new("recurrence-bad").with("pattern", &pattern))?;
        Ok(Self { rule, pattern })
    }

    /// Reads what people write as a pattern: one, for several would be searched for what they never come to.
    fn of_one_pattern(pattern: &str) -> Result<Self, Text> {
        let is_one = !pattern.contains(';') && !pattern.contains("every ");
        if is_one { Self::new(pattern) } else { Err(Text::new("recurrence-bad").with("pattern", pattern)) }
    }

    /// Its text, from which it can be made again.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The first occurrence after a moment, in a time zone; `None` if there is none.
    pub fn next_after(&self, moment: Timestamp, zone: &Zone) -> Option<Timestamp> {
        match &self.rule {
            Rule::Interval { minutes, from } => {
                let step = minutes * 60_000;
                let passed = (moment.0 - from.0).div_euclid(step);
                // Not before its beginning, which is no occurrence itself.
                Some(Timestamp(from.0 + step * (passed.max(0) + 1)))
            }
            Rule::Patterns(patterns, None) => next_of(patterns, moment, zone),
            Rule::Patterns(patterns, Some(thinning)) => next_thinned(patterns, thinning, moment, zone),
        }
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

fn rule(pattern: &str) -> Option<Rule> {
    /// More than anybody writes.
    const MOST_PATTERNS: usize = 24;
    if let Some(interval) = pattern.strip_prefix("every ") {
        let (minutes, from) = interval.split_once(" minutes from ")?;
        let minutes = minutes.parse().ok().filter(|minutes| (1..=MOST_MINUTES).contains(minutes))?;
        return Some(Rule::Interval { minutes, from: Timestamp::parse(from)? });
    }
    let (patterns, thinning) = match pattern.split_once(", every ") {
        Some((patterns, thinning)) => (patterns, Some(read_thinning(thinning)?)),
        None => (pattern, None),
    };
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let patterns: Vec<_> =
        patterns.split(';').map(|pattern| parser.parse(pattern.trim()).ok()).collect::<Option<_>>()?;
    (patterns.len() <= MOST_PATTERNS).then_some(Rule::Patterns(patterns, thinning))
}

/// Reads `2 days from 2026-11-23`.
fn read_thinning(text: &str) -> Option<Thinning> {
    let (count, from) = text.split_once(" from ")?;
    let (count, period) = count.split_once(' ')?;
    let every = count.parse().ok().filter(|every| (1..=MOST_PERIODS).contains(every))?;
    let (_, of) = Period::ALL.into_iter().find(|(name, _)| *name == period)?;
    Some(Thinning { every, of, from: from.parse().ok()? })
}

/// The first occurrence of any of some patterns.
fn next_of(patterns: &[Cron], moment: Timestamp, zone: &Zone) -> Option<Timestamp> {
    let moment = zone.at(moment);
    let next = patterns.iter().filter_map(|pattern| pattern.find_next_occurrence(&moment, false).ok()).min()?;
    Some(Timestamp(next.timestamp().as_millisecond()))
}

/// The first occurrence in a period that counts.
fn next_thinned(patterns: &[Cron], thinning: &Thinning, moment: Timestamp, zone: &Zone) -> Option<Timestamp> {
    /// Occurrences in a row that do not count; more have only combinations that nobody means.
    const MOST_OTHERS: usize = 100;
    let before_start = thinning.from.to_zoned(zone.time_zone().clone()).ok()?.timestamp().as_millisecond() - 1;
    let mut after = moment.max(Timestamp(before_start));
    for _ in 0..MOST_OTHERS {
        let next = next_of(patterns, after, zone)?;
        let date = zone.at(next).date();
        let ahead = thinning.ahead(date);
        if ahead == 0 {
            return Some(next);
        }
        let start = thinning.of.start(date, ahead)?.to_zoned(zone.time_zone().clone()).ok()?;
        after = Timestamp(start.timestamp().as_millisecond() - 1);
    }
    None
}

/// A recurrence as somebody asked for it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub recurrence: Recurrence,
    /// The zone that was named with it.
    pub zone: Option<Zone>,
    /// Whether it is on a day that not every month has, and so on the last one there.
    pub is_shortened: bool,
}

impl Asked {
    fn of(recurrence: Recurrence) -> Self {
        Self { recurrence, zone: None, is_shortened: false }
    }
}

/// Parses the recurrence at the beginning of a text: a cron pattern, quoted or not, or words. Also returns the rest.
///
/// # Errors
/// If there is none, if it comes more often than once a minute, or if something like a time follows it.
pub fn read<'a>(text: &'a str, asker: &Asker) -> Result<(Asked, &'a str), Text> {
    let text = text.trim();
    if let Some((pattern, rest)) = quoted(text) {
        // People put words into quotation marks, too.
        return match words::read(pattern, asker) {
            Some(Ok((asked, ""))) => Ok((asked, rest)),
            _ => Ok((Asked::of(Recurrence::of_one_pattern(pattern)?), rest)),
        };
    }
    if let Some(found) = words::read(text, asker) {
        let (asked, rest) = found?;
        return match beside(rest) {
            Some((left, hint)) => {
                let read = text[..text.len() - rest.len()].trim();
                let hint = Text::new(hint).in_locale(asker.locale);
                Err(Text::new("recurrence-partly").with("read", read).with("left", left).with("hint", hint))
            }
            None => Ok((asked, rest)),
        };
    }
    match bare_pattern(text) {
        Some(found) => found.map(|(recurrence, rest)| (Asked::of(recurrence), rest)),
        None => Err(Text::new("recurrence-none")),
    }
}

/// Whether a text begins with words for a recurrence, such as "every day".
pub fn is_recurrence(text: &str, asker: &Asker) -> bool {
    words::begins(text) && words::read(text, asker).is_some()
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

#[cfg(test)]
mod tests;
