//! One point in time at the beginning or the end of a text: `in 10m`, `tomorrow 9:00`, `10分钟后`, `下周一上午九点`.

use jiff::civil::DateTime;
use jiff::{ToSpan, Zoned};

use super::clock::{Clock, clock, clock_or_part};
use super::day::{Day, day};
use super::reader::Reader;
use super::span::{self, Unit, terms};
use super::zone::Zone;
use crate::model::Timestamp;
use crate::text::Text;

/// Maximum distance of a schedule, in years.
const MOST_YEARS: i64 = 5;

/// Number of characters at the end of a text that are searched for a time.
const MOST_AT_END: usize = 40;

/// Separators between a time and the rest.
const SEPARATORS: &str = ",;:.-–—，；：、。";

/// Reads the point in time that a text begins with, or else ends with; the moment, and the rest of the text.
///
/// A time without a day is its next occurrence; a day without a time is nine o'clock. At DST changes, a time
/// that is skipped is shifted by the gap, and of one that occurs twice the first is used.
///
/// # Errors
/// When there is no time in it, or one that is past or more than five years ahead.
pub fn read<'a>(text: &'a str, now: Timestamp, zone: &Zone) -> Result<(Timestamp, &'a str), Text> {
    let now = zone.at(now);
    let text = text.trim();
    let (moment, rest) =
        at_beginning(text, &now).or_else(|| at_end(text, &now)).ok_or_else(|| Text::new("time-none"))?;
    let moment = moment?;
    Ok((Timestamp(moment.timestamp().as_millisecond()), rest))
}

/// Checks that a moment can be scheduled; returns it with the rest of the text.
type Found<'a> = (Result<Zoned, Text>, &'a str);

fn at_beginning<'a>(text: &'a str, now: &Zoned) -> Option<Found<'a>> {
    let mut reader = Reader::new(text);
    let found = moment(&mut reader, now)?;
    let rest = reader.rest().trim_start_matches(|c: char| c.is_whitespace() || SEPARATORS.contains(c));
    reader.is_at_boundary().then_some((found, rest))
}

fn at_end<'a>(text: &'a str, now: &Zoned) -> Option<Found<'a>> {
    let first = text.char_indices().rev().nth(MOST_AT_END).map_or(0, |(start, _)| start);
    let starts = text[first..].char_indices().map(|(start, _)| first + start);
    let is_part = |c: char| c.is_ascii_alphanumeric();
    for start in starts.filter(|start| *start > 0) {
        let (before, after) = text.split_at(start);
        let rest = before.trim_end_matches(|c: char| c.is_whitespace() || SEPARATORS.contains(c));
        // A number before it may belong to it, in a way not understood here.
        if (before.ends_with(is_part) && after.starts_with(is_part)) || rest.ends_with(char::is_numeric) {
            continue;
        }
        if let Some((found, "")) = at_beginning(after, now) {
            return Some((found, rest));
        }
    }
    None
}

/// Reads a point in time in any form.
fn moment(reader: &mut Reader<'_>, now: &Zoned) -> Option<Result<Zoned, Text>> {
    let found = reader
        .attempt(|reader| iso(reader, now))
        .or_else(|| reader.attempt(|reader| span_ahead(reader, now)))
        .or_else(|| reader.attempt(|reader| day_and_clock(reader, now)))
        .or_else(|| reader.attempt(|reader| bare_span(reader, now)))?;
    Some(found.and_then(|moment| check(moment, now)))
}

fn check(moment: Zoned, now: &Zoned) -> Result<Zoned, Text> {
    if moment <= *now {
        return Err(Text::new("time-past"));
    }
    let is_near = now.checked_add(MOST_YEARS.years()).is_ok_and(|latest| moment <= latest);
    if is_near { Ok(moment) } else { Err(too_far()) }
}

fn too_far() -> Text {
    Text::new("time-far").with("years", MOST_YEARS)
}

/// Reads `2026-12-24T18:00`, with a zone of its own or without.
fn iso(reader: &mut Reader<'_>, now: &Zoned) -> Option<Result<Zoned, Text>> {
    let token = reader.token();
    let zone = now.time_zone().clone();
    match token.parse::<jiff::Timestamp>() {
        Ok(moment) => Some(Ok(moment.to_zoned(zone))),
        Err(_) if token.contains('T') => token.parse::<DateTime>().ok()?.to_zoned(zone).ok().map(Ok),
        Err(_) => None,
    }
}

/// Reads a duration with a word that says it lies ahead: `in 10m`, `10分钟后`; after whole days also a time of day.
fn span_ahead(reader: &mut Reader<'_>, now: &Zoned) -> Option<Result<Zoned, Text>> {
    const AFTERWARDS: [(&str, ()); 6] =
        [("后", ()), ("之后", ()), ("以后", ()), ("过后", ()), ("from now", ()), ("later", ())];
    let is_ahead = reader.one_of(&[("in", ()), ("再过", ()), ("过", ())]).is_some();
    let terms = terms(reader)?;
    if reader.one_of(&AFTERWARDS).is_none() && !is_ahead {
        return None;
    }
    let Some(moment) = span::after(&terms, now) else { return Some(Err(too_far())) };
    let is_in_days = terms.iter().all(|term| term.unit.seconds() >= Unit::Day.seconds() && term.count.fract() == 0.0);
    match is_in_days.then(|| clock_or_part(reader, None)).flatten() {
        Some(clock) => clock.on(moment.date(), now.time_zone()).map(Ok),
        None => Some(Ok(moment)),
    }
}

/// Reads a duration alone; not in months and years, which may be meant for a date.
fn bare_span(reader: &mut Reader<'_>, now: &Zoned) -> Option<Result<Zoned, Text>> {
    let terms = terms(reader)?;
    let is_short = terms.iter().all(|term| term.unit.seconds() <= Unit::Week.seconds());
    is_short.then(|| span::after(&terms, now).ok_or_else(too_far))
}

/// Reads `tomorrow at 9`, `at 9`, `9pm on friday`, `明天下午3点`.
fn day_and_clock(reader: &mut Reader<'_>, now: &Zoned) -> Option<Result<Zoned, Text>> {
    reader.word("on");
    let (day, clock) = match day(reader) {
        Some((day, part)) => (Some(day), clock_or_part(reader, part).unwrap_or(Clock::NINE)),
        None => {
            let clock = clock(reader, None)?;
            (reader.attempt(day_after_clock), clock)
        }
    };
    let dates = match day {
        Some(day) => day.candidates(now.date()),
        None => [0, 1].into_iter().flat_map(|days| Day::Ahead(days).candidates(now.date())).collect(),
    };
    let mut moments = dates.into_iter().filter_map(|date| clock.on(date, now.time_zone()));
    let first = moments.next()?;
    // If all of them are past, report that.
    Some(Ok(if first > *now { first } else { moments.find(|moment| moment > now).unwrap_or(first) }))
}

/// Reads a day behind a time of day.
fn day_after_clock(reader: &mut Reader<'_>) -> Option<Day> {
    reader.word("on");
    Some(day(reader)?.0)
}

#[cfg(test)]
mod tests;
