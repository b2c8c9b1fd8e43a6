//! What looks like a part of a time, but is none that is understood here: `25:00`, `13pm`, `Feb 30`, `in march`, `every day`.

use super::Weight;
use super::date::month;
use super::day::{day, weekday};
use super::numerals::{numeral, whole};
use super::part_of_day::part;
use super::place::{city, place};
use super::reader::Reader;
use super::span::{term, unit};

/// What it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schedule) enum Unclear {
    Clock,
    /// A lone number, which is an hour only where one is missing.
    Number,
    Day,
    Zone,
    /// A place, which may be the zone of an hour before it.
    Place,
    /// A duration without a number.
    Span,
    /// A recurrence.
    Repeated,
}

impl Unclear {
    /// The key of the text that says how to write such a thing.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Clock | Self::Number => "time-write-clock",
            Self::Day => "time-write-day",
            Self::Zone | Self::Place => "time-write-zone",
            Self::Span => "time-write-span",
            Self::Repeated => "time-write-repeated",
        }
    }
}

/// Reads what looks like a part of a time.
pub(in crate::schedule) fn unclear(reader: &mut Reader<'_>) -> Option<(Unclear, Weight)> {
    reader
        .attempt(repeated)
        .or_else(|| reader.attempt(vague_span))
        .or_else(|| reader.attempt(going_on))
        .or_else(|| reader.attempt(up_to_a_part))
        .or_else(|| reader.attempt(like_a_date).map(|weight| (Unclear::Day, weight)))
        .or_else(|| reader.attempt(like_a_clock))
        .or_else(|| reader.attempt(like_a_zone).map(|weight| (Unclear::Zone, weight)))
        .or_else(|| reader.attempt(a_place).map(|()| (Unclear::Place, Weight::Hint)))
        .or_else(|| reader.attempt(a_month).map(|weight| (Unclear::Day, weight)))
        .or_else(|| reader.attempt(a_number).map(|()| (Unclear::Number, Weight::Hint)))
}

/// Reads `every day`, `daily`, 每天.
fn repeated(reader: &mut Reader<'_>) -> Option<(Unclear, Weight)> {
    const ADVERBS: [(&str, ()); 5] = [("daily", ()), ("hourly", ()), ("weekly", ()), ("monthly", ()), ("yearly", ())];
    const PERIODS: [(&str, ()); 10] = [
        ("morning", ()),
        ("afternoon", ()),
        ("evening", ()),
        ("night", ()),
        ("weekday", ()),
        ("weekend", ()),
        ("other day", ()),
        ("other week", ()),
        ("other month", ()),
        ("工作日", ()),
    ];
    if reader.one_of(&ADVERBS).is_some() {
        return Some((Unclear::Repeated, Weight::Hint));
    }
    reader.one_of(&[("every", ()), ("each", ()), ("每", ()), ("每个", ()), ("每隔", ())])?;
    let is_period = reader.one_of(&PERIODS).is_some() || unit(reader).is_some() || term(reader).is_some();
    let is_period = is_period || weekday(reader).is_some() || reader.attempt(day).is_some();
    is_period.then_some((Unclear::Repeated, Weight::Weak))
}

/// Reads `in a few minutes`, 几分钟后, 过一会儿.
fn vague_span(reader: &mut Reader<'_>) -> Option<(Unclear, Weight)> {
    const AMOUNTS: [(&str, ()); 7] =
        [("a few", ()), ("few", ()), ("some", ()), ("several", ()), ("几", ()), ("几个", ()), ("好几", ())];
    const SOON: [(&str, ()); 6] =
        [("过一会儿", ()), ("过一会", ()), ("一会儿后", ()), ("过会儿", ()), ("in a while", ()), ("in a bit", ())];
    if reader.one_of(&SOON).is_some() {
        return Some((Unclear::Span, Weight::Weak));
    }
    let is_ahead = reader.one_of(&[("in", ()), ("after", ()), ("过", ()), ("再过", ())]).is_some();
    reader.one_of(&AMOUNTS)?;
    unit(reader)?;
    let is_later = reader.one_of(&[("后", ()), ("之后", ()), ("以后", ()), ("later", ()), ("from now", ())]).is_some();
    (is_ahead || is_later).then_some((Unclear::Span, Weight::Strong))
}

/// Reads what makes another time of the one before it: "in an hour or two", "tuesday week", "in 10m pm".
fn going_on(reader: &mut Reader<'_>) -> Option<(Unclear, Weight)> {
    const WORDS: [(&str, Unclear); 9] = [
        ("am", Unclear::Clock),
        ("a.m.", Unclear::Clock),
        ("pm", Unclear::Clock),
        ("p.m.", Unclear::Clock),
        ("or two", Unclear::Span),
        ("or three", Unclear::Span),
        ("or so", Unclear::Span),
        ("week", Unclear::Day),
        ("after next", Unclear::Day),
    ];
    let found = reader.one_of(&WORDS)?;
    reader.is_at_boundary().then_some((found, Weight::Hint))
}

/// Reads `by morning`, `or evening`.
fn up_to_a_part(reader: &mut Reader<'_>) -> Option<(Unclear, Weight)> {
    const BEFORE: [(&str, ()); 7] =
        [("by", ()), ("before", ()), ("until", ()), ("from", ()), ("or", ()), ("and", ()), ("at", ())];
    reader.one_of(&BEFORE)?;
    part(reader, true).map(|_| (Unclear::Clock, Weight::Hint))
}

/// Reads what is written as a time of day: `25:00`, `9:5`, `13pm`, `9-10am`, `at 1730`, 25点.
fn like_a_clock(reader: &mut Reader<'_>) -> Option<(Unclear, Weight)> {
    const SUFFIXES: [(&str, ()); 8] =
        [("am", ()), ("a.m.", ()), ("pm", ()), ("p.m.", ()), ("uhr", ()), ("点", ()), ("时", ()), ("分", ())];
    let is_at = reader.one_of(&[("at", ()), ("by", ()), ("@", ()), ("around", ())]).is_some();
    // "Half five" is an hour later for some than for others.
    if reader.word("half") {
        return whole(reader).map(|_| (Unclear::Clock, Weight::Hint));
    }
    let hour = numeral(reader)?;
    let sign = reader.attempt(|reader| {
        let sign = reader.symbol(|c| ":.-–~h".contains(c).then_some(c))?;
        numeral(reader).map(|minute| (sign, minute.chars))
    });
    let has_suffix = reader.one_of(&SUFFIXES).is_some();
    if !reader.is_at_boundary() {
        return None;
    }
    let clock = |weight| Some((Unclear::Clock, weight));
    match sign {
        _ if has_suffix => clock(Weight::Strong),
        Some((':', 2)) => clock(Weight::Strong),
        // "1:1" is a meeting.
        Some((':', 1)) => Some((Unclear::Number, Weight::Hint)),
        Some(('h', _)) => clock(Weight::Hint),
        Some(('.', 2)) => clock(if is_at { Weight::Strong } else { Weight::Hint }),
        None if is_at && hour.chars == 4 => clock(Weight::Weak),
        _ if is_at => clock(Weight::Hint),
        _ => None,
    }
}

/// Reads what is written as a date: `2026-13-01`, `13/13`, 32号, `Feb 30`.
fn like_a_date(reader: &mut Reader<'_>) -> Option<Weight> {
    let month_first = |reader: &mut Reader<'_>| {
        month(reader)?;
        numeral(reader).filter(|day| day.chars <= 2)
    };
    let day_first = |reader: &mut Reader<'_>| {
        let day = numeral(reader).filter(|day| day.chars <= 2);
        month(reader).and(day)
    };
    if reader.attempt(month_first).or_else(|| reader.attempt(day_first)).is_some() {
        return reader.is_at_boundary().then_some(Weight::Strong);
    }
    let is_on = reader.one_of(&[("on", ()), ("on the", ())]).is_some();
    let mut lengths = vec![numeral(reader)?.chars];
    let next = |reader: &mut Reader<'_>| {
        let sign = reader.symbol(|c| "-/.".contains(c).then_some(c))?;
        reader.is_before("0123456789").then(|| numeral(reader)).flatten().map(|number| (sign, number.chars))
    };
    let mut sign = None;
    while lengths.len() <= 3
        && let Some((found, length)) = reader.attempt(next)
    {
        sign = Some(found);
        lengths.push(length);
    }
    let has_unit = sign.is_none() && reader.one_of(&[("号", ()), ("日", ()), ("月", ()), ("年", ())]).is_some();
    if !reader.is_at_boundary() {
        return None;
    }
    match (lengths.as_slice(), sign) {
        ([_], _) => has_unit.then_some(Weight::Weak),
        ([1..=2, 1..=2], Some('/')) => Some(Weight::Hint),
        ([1..=2, 1..=2], Some('.')) if is_on => Some(Weight::Weak),
        ([4, 1..=2, 1..=2] | [1..=2, 1..=2, 4], _) => Some(Weight::Strong),
        ([1..=2, 1..=2, 2], Some('/')) => Some(Weight::Strong),
        _ => None,
    }
}

/// Reads what is written as a zone: `UTC+99`, `EST` without a time, `XST`, `in London`.
fn like_a_zone(reader: &mut Reader<'_>) -> Option<Weight> {
    if reader.attempt(place).is_some() {
        return Some(Weight::Weak);
    }
    reader.skip_spaces();
    let token = reader.token();
    let is_capital = |c: char| c.is_ascii_uppercase();
    let is_short = (3..=5).contains(&token.len()) && token.chars().all(is_capital);
    let is_zone = is_short && (token.ends_with("ST") || token.ends_with("DT"));
    let is_offset = ["UTC", "GMT"].iter().any(|name| {
        token.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(name)) && token[3..].starts_with(['+', '-'])
    });
    let has_area = token.split_once('/').is_some_and(|(area, place)| {
        let is_name = |name: &str| name.len() > 2 && name.starts_with(is_capital);
        is_name(area) && is_name(place)
    });
    match is_offset || has_area {
        true => Some(Weight::Weak),
        // "LIST" and "TEST" look like it, too.
        false => is_zone.then_some(Weight::Hint),
    }
}

/// Reads `in London`.
fn a_place(reader: &mut Reader<'_>) -> Option<()> {
    reader.one_of(&[("in", ()), ("在", ())]);
    city(reader).map(|_| ())
}

/// Reads a month without a day: `in march`.
fn a_month(reader: &mut Reader<'_>) -> Option<Weight> {
    reader.one_of(&[("in", ()), ("from", ()), ("by", ()), ("this", ()), ("next", ())])?;
    month(reader).map(|_| Weight::Hint)
}

/// Reads a number that could be an hour, and counts nothing: not that of "5 km" or "3 eggs".
fn a_number(reader: &mut Reader<'_>) -> Option<()> {
    const UNITS: [&str; 10] = ["km", "m", "cm", "mm", "kg", "g", "l", "ml", "x", "k"];
    if reader.last() == Some('-') {
        return None;
    }
    numeral(reader).filter(|number| number.value <= 24)?;
    let is_digit = reader.last().is_some_and(|c| c.is_ascii_digit());
    let is_apart = reader.rest().is_empty() || reader.is_before(" ,.;，。；");
    let next = reader.rest().trim_start();
    let next = &next[..next.find(|c: char| !c.is_ascii_alphabetic() && c != '-').unwrap_or(next.len())];
    let is_count = next.ends_with('s') || UNITS.iter().any(|unit| next.eq_ignore_ascii_case(unit));
    (is_digit && is_apart && !is_count && reader.is_at_boundary()).then_some(())
}
