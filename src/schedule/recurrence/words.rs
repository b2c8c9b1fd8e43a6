//! Recurrences in words: days and the times on them, and intervals.

use super::days::{Days, EVERY, Lead, days};
use super::{Asked, MOST_MINUTES, Recurrence};
use crate::model::Timestamp;
use crate::schedule::Asker;
use crate::schedule::parts::clock::{Clock, clock};
use crate::schedule::parts::part_of_day::part;
use crate::schedule::parts::place::{Place, place};
use crate::schedule::parts::reader::Reader;
use crate::schedule::parts::span::{Unit, term};
use crate::text::Text;

/// Whether a text begins with a word that says that something comes again.
pub(super) fn begins(text: &str) -> bool {
    let mut reader = Reader::new(text);
    matches!(reader.one_of(&EVERY), Some(Lead::Every | Lead::Skipping))
}

/// Reads a recurrence in words; what follows it.
pub(super) fn read<'a>(text: &'a str, asker: &Asker) -> Option<Result<(Asked, &'a str), Text>> {
    let mut reader = Reader::new(text);
    let asked = match reader.attempt(interval) {
        Some(minutes) => Some(every_minutes(minutes, asker)),
        None => reader.attempt(|reader| on_days(reader, asker)),
    }?;
    if !reader.is_at_boundary() {
        return None;
    }
    let rest = reader.rest().trim_start_matches(|c: char| c.is_whitespace() || ",:，：、".contains(c));
    Some(asked.map(|asked| (asked, rest)))
}

/// Reads `15 minutes`, `every hour`, `2小时`; in minutes.
fn interval(reader: &mut Reader<'_>) -> Option<f64> {
    const UNITS: [(&str, f64); 6] =
        [("minute", 1.0), ("分钟", 1.0), ("hour", 60.0), ("小时", 60.0), ("个小时", 60.0), ("钟头", 60.0)];
    if reader.word("hourly") {
        return Some(60.0);
    }
    reader.one_of(&EVERY);
    if let Some(minutes) = reader.one_of(&UNITS) {
        let has_half = minutes == 60.0 && reader.word("and a half");
        return Some(if has_half { 90.0 } else { minutes });
    }
    const OTHERS: [(&str, f64); 4] =
        [("other hour", 120.0), ("second hour", 120.0), ("quarter hour", 15.0), ("quarter of an hour", 15.0)];
    if let Some(minutes) = reader.one_of(&OTHERS) {
        return Some(minutes);
    }
    let mut minutes = 0.0;
    while let Some(term) = reader.attempt(|reader| {
        reader.one_of(&[("and", ()), (",", ())]);
        term(reader).filter(|term| term.unit.seconds() <= Unit::Hour.seconds())
    }) {
        minutes += term.count * term.unit.seconds() as f64 / 60.0;
    }
    (minutes > 0.0).then_some(minutes)
}

/// Every so many minutes: at round times if they divide an hour or a day, otherwise counted from now.
fn every_minutes(minutes: f64, asker: &Asker) -> Result<Asked, Text> {
    let whole = minutes as i64;
    if minutes.fract() != 0.0 || whole < 1 {
        return Err(Text::new("recurrence-seconds"));
    }
    if whole > MOST_MINUTES {
        return Err(Text::new("recurrence-none"));
    }
    let divides = |whole: i64, part: i64| part > 0 && whole % part == 0;
    let pattern = match whole {
        1..60 if divides(60, whole) => format!("*/{whole} * * * *"),
        60..1440 if divides(whole, 60) && divides(24, whole / 60) => format!("0 */{} * * *", whole / 60),
        _ => {
            let from = Timestamp(asker.now.0 - asker.now.0.rem_euclid(60_000));
            format!("every {whole} minutes from {from}")
        }
    };
    Recurrence::new(&pattern).map(Asked::of)
}

/// Reads days and times on them, in any order.
fn on_days(reader: &mut Reader<'_>, asker: &Asker) -> Option<Result<Asked, Text>> {
    let mut zone = reader.attempt(place);
    let mut clocks = times(reader);
    let days = days(reader)?;
    zone = zone.or_else(|| reader.attempt(place));
    if clocks.is_empty() {
        clocks = times(reader);
    }
    zone = zone.or_else(|| reader.attempt(place));
    if clocks.is_empty() {
        clocks.push(Clock::NINE);
    }
    Some(asked(&days, &clocks, zone.as_ref(), asker))
}

fn asked(days: &Days, clocks: &[Clock], zone: Option<&Place>, asker: &Asker) -> Result<Asked, Text> {
    let zone = zone.map(|place| place.zone(&asker.zone, asker.now)).transpose()?;
    let mut patterns: Vec<String> = Vec::new();
    for fields in &days.fields {
        for pattern in on(days, fields, clocks)? {
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
    }
    let patterns = patterns.join("; ");
    let all = Recurrence::new(&patterns)?;
    let recurrence = match days.every.filter(|(every, _)| *every > 1) {
        None => all,
        Some((every, of)) => {
            let zone = zone.as_ref().unwrap_or(&asker.zone);
            let first = all.next_after(asker.now, zone).ok_or_else(|| Text::new("recurrence-none"))?;
            let from = zone.at(first).date();
            Recurrence::new(&format!("{patterns}, every {every} {} from {from}", of.name()))?
        }
    };
    Ok(Asked { recurrence, zone, is_shortened: days.is_shortened })
}

/// The patterns for some times on days: one for all that share their minute.
fn on(days: &Days, [day, month, weekday]: &[String; 3], clocks: &[Clock]) -> Result<Vec<String>, Text> {
    let mut at: Vec<(i64, usize, Vec<i64>)> = Vec::new();
    for clock in clocks {
        if clock.second != 0 {
            return Err(Text::new("recurrence-seconds"));
        }
        // Twelve at night is the next day's first hour.
        let (hour, later) = (clock.hour % 24, (clock.hour / 24) as usize);
        match at.iter_mut().find(|(minute, other, _)| (*minute, *other) == (clock.minute, later)) {
            Some((_, _, hours)) => hours.push(hour),
            None => at.push((clock.minute, later, vec![hour])),
        }
    }
    let pattern = |(minute, later, mut hours): (i64, usize, Vec<i64>)| {
        hours.sort_unstable();
        hours.dedup();
        let hours = hours.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let (day, weekday) = match (later, days.weekdays) {
            (0, _) => (day.clone(), weekday.clone()),
            (_, Some(weekdays)) => ("*".to_owned(), weekdays.shifted(later).field()),
            // The day after the 1st is the 2nd; that after the last is in another month.
            _ => match day.parse::<i64>() {
                Ok(number) if number < 28 && weekday == "*" => ((number + later as i64).to_string(), "*".to_owned()),
                _ if day == "*" && weekday == "*" => (day.clone(), weekday.clone()),
                _ => return Err(Text::new("recurrence-midnight")),
            },
        };
        Ok(format!("{minute} {hours} {day} {month} {weekday}"))
    };
    at.into_iter().map(pattern).collect()
}

/// Reads `9:00`, `at 9 and 17:00`, 早上九点和晚上八点.
fn times(reader: &mut Reader<'_>) -> Vec<Clock> {
    /// More than anybody writes.
    const MOST: usize = 24;
    const BETWEEN: [(&str, ()); 8] =
        [(",", ()), ("and", ()), (", and", ()), ("&", ()), ("、", ()), ("和", ()), ("及", ()), ("与", ())];
    let (mut found, mut said) = (Vec::new(), None);
    while found.len() < MOST {
        let next = reader.attempt(|reader| {
            match found.is_empty() {
                true => _ = reader.one_of(&[(",", ()), ("的", ())]),
                false => reader.one_of(&BETWEEN)?,
            }
            let before = part(reader, true);
            let clock = clock(reader);
            let behind = before.or_else(|| part(reader, true).filter(|_| clock.is_some()));
            let is_time = reader.is_at_boundary() && (clock.is_some() || before.is_some());
            is_time.then_some((clock, behind))
        });
        let Some((clock, part)) = next else { break };
        said = part.or(said);
        found.push(clock.map_or_else(|| said.map_or(Clock::NINE, Clock::of_part), |clock| clock.within(said)));
    }
    found
}
