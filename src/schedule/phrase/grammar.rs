//! Reads phrases: parts in any order, with nothing but commas and the like between them.

use jiff::civil::DateTime;

use super::{Away, Phrase};
use crate::schedule::parts::Weight;
use crate::schedule::parts::clock::{Clock, clock};
use crate::schedule::parts::day::{Day, day};
use crate::schedule::parts::part_of_day::{part, weighed_part};
use crate::schedule::parts::place::place;
use crate::schedule::parts::reader::Reader;
use crate::schedule::parts::span::{Unit, is_in_days, terms};

/// What may stand between two parts.
const GLUE: [(&str, ()); 11] = [
    (",", ()),
    (":", ()),
    ("(", ()),
    ("of", ()),
    ("the", ()),
    ("in", ()),
    ("的", ()),
    ("那天", ()),
    ("那天的", ()),
    ("'s", ()),
    ("、", ()),
];

/// Reads a point in time in any form.
pub(in crate::schedule) fn phrase(reader: &mut Reader<'_>) -> Option<Phrase> {
    let mut found = reader.attempt(|reader| longer(reader, &Phrase::default()))?;
    while let Some(more) = reader.attempt(|reader| longer(reader, &found)).or_else(|| {
        reader.attempt(|reader| {
            reader.one_of(&GLUE)?;
            longer(reader, &found)
        })
    }) {
        found = more;
    }
    if !found.is_whole() {
        return None;
    }
    if found.len() > 1 {
        found.weight = Some(Weight::Strong);
    }
    if found.away.is_none() {
        reader.attempt(by_then);
    }
    Some(found)
}

/// A phrase with one more part.
fn longer(reader: &mut Reader<'_>, phrase: &Phrase) -> Option<Phrase> {
    let mut longer = phrase.clone();
    longer.read_part(reader)?;
    reader.is_at_boundary().then_some(longer)
}

impl Phrase {
    /// Whether it says a moment, and not only a zone, or how far from one.
    fn is_whole(&self) -> bool {
        let has_anchor = self.day.is_some() || self.clock.is_some() || self.part.is_some();
        let is_away = self.away.as_ref().is_some_and(|away| !away.is_from_rest);
        self.exact.is_some() || is_away || has_anchor
    }

    /// Reads one more part, if it is one that was not said yet.
    fn read_part(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        if self.len() == 0 {
            if let Some(found) = reader.attempt(iso) {
                *self = found;
                return Some(());
            }
            let mut behind = *reader;
            if let Some((away, weight)) = away(&mut behind) {
                let alone = Self { away: Some(away), weight: Some(weight), ..Self::default() };
                // "17h30" and "3日" are no durations.
                let is_other = weight == Weight::Lone && self.read_on_calendar(reader).is_some();
                if !is_other {
                    (*self, *reader) = (alone, behind);
                }
                return Some(());
            }
        }
        self.read_on_calendar(reader).or_else(|| self.read_place(reader))
    }

    fn read_place(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let is_free = self.place.is_none() && (self.len() == 0 || self.clock.is_some());
        self.place = Some(is_free.then(|| place(reader)).flatten()?);
        Some(())
    }

    /// Reads a day, a weekday besides it, a time of day or a part of the day.
    fn read_on_calendar(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let takes_day = self.exact.is_none() && self.away.as_ref().is_none_or(|away| away.is_from_rest);
        let is_to_a_day = self.away.as_ref().is_some_and(|away| is_in_days(&away.terms));
        let takes_time = takes_day || (self.exact.is_none() && is_to_a_day);
        if takes_day && let Some(()) = reader.attempt(|reader| self.read_day(reader)) {
            return Some(());
        }
        if self.len() == 0
            && let Some(found) = reader.attempt(part_first)
        {
            *self = found;
            return Some(());
        }
        if takes_time
            && self.clock.is_none()
            && let Some(clock) = clock(reader)
        {
            (self.clock, self.weight) = (Some(clock), self.weight.max(Some(clock.weight)));
            return Some(());
        }
        let is_beside = self.day.is_some() || self.clock.is_some();
        let is_free = takes_time && self.part.is_none();
        let (part, weight) = is_free.then(|| weighed_part(reader, is_beside)).flatten()?;
        (self.part, self.weight) = (Some(part), self.weight.max(Some(weight)));
        Some(())
    }

    /// Reads a day; if there is one already, one of both has to be the weekday of the other.
    fn read_day(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let (day, part, weight) = day(reader)?;
        match (self.day, day) {
            (None, _) => self.day = Some(day),
            (Some(Day::Weekday(weekday)), _) if self.weekday.is_none() => {
                (self.day, self.weekday) = (Some(day), Some(weekday));
            }
            (Some(_), Day::Weekday(weekday)) if self.weekday.is_none() => self.weekday = Some(weekday),
            _ => return None,
        }
        reader.word(")");
        (self.part, self.weight) = (self.part.or(part), self.weight.max(Some(weight)));
        Some(())
    }
}

/// Reads a part of the day before an hour or a day: `evening 9:00`, 早8点.
fn part_first(reader: &mut Reader<'_>) -> Option<Phrase> {
    // "Good morning" is a greeting.
    if reader.is_behind("good") {
        return None;
    }
    let found = Phrase { part: Some(part(reader, true)?), weight: Some(Weight::Strong), ..Phrase::default() };
    match clock(reader) {
        Some(clock) => Some(Phrase { clock: Some(clock), ..found }),
        None => day(reader).map(|(day, _, _)| Phrase { day: Some(day), ..found }),
    }
}

/// Reads what may follow a time: that it is the latest, as in 3点前, 左右, 的时候; not what begins a word, as in 前台 and 时间.
fn by_then(reader: &mut Reader<'_>) -> Option<()> {
    const NOUNS: &str = "台面往进天方端后年线排景锋妻夫任女男途厅间尚";
    const WHOLE: [(&str, ()); 6] =
        [("之前", ()), ("以前", ()), ("左右", ()), ("的时候", ()), ("时候", ()), ("sharp", ())];
    reader.one_of(&WHOLE).or_else(|| {
        reader.one_of(&[("前", ()), ("时", ())])?;
        (!reader.is_before(NOUNS)).then_some(())
    })
}

/// Reads `2026-12-24T18:00`, with an offset, a zone in brackets, or without.
fn iso(reader: &mut Reader<'_>) -> Option<Phrase> {
    reader.skip_spaces();
    let token = reader.token();
    if !token.starts_with(|c: char| c.is_ascii_digit()) || !token.contains(['T', 't']) {
        return None;
    }
    let weight = Some(Weight::Strong);
    let exact = token.parse::<jiff::Zoned>().map(|moment| moment.timestamp()).or_else(|_| token.parse());
    if let Ok(moment) = exact {
        return Some(Phrase { exact: Some(moment), weight, ..Phrase::default() });
    }
    let moment = token.parse::<DateTime>().ok()?;
    let (day, clock) = (Some(Day::Exact(moment.date())), Some(Clock::exact(moment.time())));
    Some(Phrase { day, clock, weight, ..Phrase::default() })
}

/// Reads a duration with what says where it leads: `in 10m`, `10分钟后`, `two weeks from`; without that, a short one alone.
fn away(reader: &mut Reader<'_>) -> Option<(Away, Weight)> {
    const AFTERWARDS: [(&str, i64); 13] = [
        ("后", 1),
        ("之后", 1),
        ("以后", 1),
        ("过后", 1),
        ("内", 1),
        ("之内", 1),
        ("以内", 1),
        ("from now", 1),
        ("later", 1),
        ("ago", -1),
        ("之前", -1),
        ("以前", -1),
        ("前", -1),
    ];
    const AHEAD: [(&str, ()); 9] = [
        ("in", ()),
        ("in about", ()),
        ("in around", ()),
        ("in the next", ()),
        ("within", ()),
        ("within the next", ()),
        ("再过", ()),
        ("过", ()),
        ("大约", ()),
    ];
    let is_ahead = reader.one_of(&AHEAD).is_some();
    let terms = terms(reader)?;
    // As in "in two weeks' time".
    if is_ahead {
        reader.one_of(&[("' time", ()), ("'s time", ())]);
    }
    let now = |sign| Away { terms: terms.clone(), sign, is_from_rest: false };
    if let Some(sign) = reader.one_of(&AFTERWARDS) {
        return Some((now(sign), Weight::Strong));
    }
    if is_ahead {
        return Some((now(1), Weight::Strong));
    }
    if let Some(sign) = reader.one_of(&[("from", 1), ("after", 1), ("before", -1)]) {
        let is_from_rest = true;
        return Some((Away { is_from_rest, ..now(sign) }, Weight::Strong));
    }
    // Months and years may be meant for a date.
    let is_short = terms.iter().all(|term| term.unit.seconds() <= Unit::Week.seconds());
    is_short.then(|| (now(1), Weight::Lone))
}
