//! Durations: `10m`, `1h30m`, `two days`, `half an hour`, `一个半小时`.

use jiff::{SignedDuration, Span, Zoned};

use super::numerals::quantity;
use super::reader::Reader;

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    /// Fifteen minutes.
    Quarter,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

const UNITS: [(&str, Unit); 43] = [
    ("s", Unit::Second),
    ("sec", Unit::Second),
    ("secs", Unit::Second),
    ("second", Unit::Second),
    ("seconds", Unit::Second),
    ("秒", Unit::Second),
    ("秒钟", Unit::Second),
    ("m", Unit::Minute),
    ("min", Unit::Minute),
    ("mins", Unit::Minute),
    ("minute", Unit::Minute),
    ("minutes", Unit::Minute),
    ("分", Unit::Minute),
    ("分钟", Unit::Minute),
    ("刻", Unit::Quarter),
    ("刻钟", Unit::Quarter),
    ("h", Unit::Hour),
    ("hr", Unit::Hour),
    ("hrs", Unit::Hour),
    ("hour", Unit::Hour),
    ("hours", Unit::Hour),
    ("小时", Unit::Hour),
    ("钟头", Unit::Hour),
    ("d", Unit::Day),
    ("day", Unit::Day),
    ("days", Unit::Day),
    ("天", Unit::Day),
    ("日", Unit::Day),
    ("w", Unit::Week),
    ("wk", Unit::Week),
    ("week", Unit::Week),
    ("weeks", Unit::Week),
    ("周", Unit::Week),
    ("星期", Unit::Week),
    ("礼拜", Unit::Week),
    ("mo", Unit::Month),
    ("month", Unit::Month),
    ("months", Unit::Month),
    ("月", Unit::Month),
    ("y", Unit::Year),
    ("year", Unit::Year),
    ("years", Unit::Year),
    ("年", Unit::Year),
];

impl Unit {
    /// How long it is, at least about.
    pub fn seconds(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Quarter => 15 * 60,
            Self::Hour => 60 * 60,
            Self::Day => 24 * 60 * 60,
            Self::Week => 7 * 24 * 60 * 60,
            Self::Month => 30 * 24 * 60 * 60,
            Self::Year => 365 * 24 * 60 * 60,
        }
    }

    /// A calendar span of this unit; `None` if it is out of range.
    fn times(self, count: i64) -> Option<Span> {
        let span = Span::new();
        match self {
            Self::Second | Self::Minute | Self::Quarter | Self::Hour => {
                span.try_seconds(count.checked_mul(self.seconds())?)
            }
            Self::Day => span.try_days(count),
            Self::Week => span.try_weeks(count),
            Self::Month => span.try_months(count),
            Self::Year => span.try_years(count),
        }
        .ok()
    }
}

/// One part of a duration, such as `1.5 hours`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Term {
    pub count: f64,
    pub unit: Unit,
}

impl Term {
    /// A moment that much later: whole days, months and years on the calendar, what is left in seconds.
    fn after(self, moment: &Zoned) -> Option<Zoned> {
        let left = SignedDuration::from_secs((self.count.fract() * self.unit.seconds() as f64).round() as i64);
        moment.checked_add(self.unit.times(self.count.trunc() as i64)?).ok()?.checked_add(left).ok()
    }
}

/// Reads one part of a duration.
pub(super) fn term(reader: &mut Reader<'_>) -> Option<Term> {
    reader.attempt(|reader| {
        let mut count = match reader.one_of(&[("half an", ()), ("half a", ()), ("半", ())]) {
            Some(()) => 0.5,
            None => quantity(reader)?,
        };
        // As in 两个小时, 一个半小时.
        if reader.word("个") && reader.word("半") {
            count += 0.5;
        }
        let unit = reader.one_of(&UNITS)?;
        if reader.word("and a half") {
            count += 0.5;
        }
        Some(Term { count, unit })
    })
}

/// Reads a duration: one part or several.
pub(super) fn terms(reader: &mut Reader<'_>) -> Option<Vec<Term>> {
    /// No duration that people write has more.
    const MOST: usize = 8;
    let mut terms = vec![term(reader)?];
    let next = |reader: &mut Reader<'_>| {
        reader.attempt(|reader| {
            reader.one_of(&[("and", ()), (",", ()), ("又", ()), ("零", ())]);
            term(reader)
        })
    };
    while terms.len() < MOST
        && let Some(term) = next(reader)
    {
        terms.push(term);
    }
    Some(terms)
}

/// A moment that much later; `None` when there is no such date.
pub(super) fn after(terms: &[Term], moment: &Zoned) -> Option<Zoned> {
    terms.iter().try_fold(moment.clone(), |moment, term| term.after(&moment))
}
