//! Durations: `10m`, `1h30m`, `two days`, `half an hour`, `一个半小时`.

use jiff::{SignedDuration, Span, Zoned};

use super::numerals::{numeral, quantity};
use super::reader::Reader;

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schedule) enum Unit {
    Second,
    Minute,
    /// Fifteen minutes.
    Quarter,
    Hour,
    Day,
    Week,
    Fortnight,
    Month,
    Year,
}

const UNITS: [(&str, Unit); 48] = [
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
    ("fortnight", Unit::Fortnight),
    ("fortnights", Unit::Fortnight),
    ("w", Unit::Week),
    ("wk", Unit::Week),
    ("wks", Unit::Week),
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
    ("yr", Unit::Year),
    ("yrs", Unit::Year),
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
            Self::Fortnight => 14 * 24 * 60 * 60,
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
            Self::Fortnight => span.try_weeks(count.checked_mul(2)?),
            Self::Month => span.try_months(count),
            Self::Year => span.try_years(count),
        }
        .ok()
    }
}

/// One part of a duration, such as `1.5 hours`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::schedule) struct Term {
    pub count: f64,
    pub unit: Unit,
}

impl Term {
    /// A moment that much later: whole days, months and years on the calendar, what is left in seconds.
    fn after(self, sign: i64, moment: &Zoned) -> Option<Zoned> {
        if self.unit == Unit::Year && self.count.fract() != 0.0 {
            let months = Self { count: self.count * 12.0, unit: Unit::Month };
            return months.after(sign, moment);
        }
        let left = SignedDuration::from_secs(sign * (self.count.fract() * self.unit.seconds() as f64).round() as i64);
        moment.checked_add(self.unit.times(sign * self.count.trunc() as i64)?).ok()?.checked_add(left).ok()
    }
}

/// Reads one part of a duration.
pub(in crate::schedule) fn term(reader: &mut Reader<'_>) -> Option<Term> {
    reader.attempt(|reader| {
        let mut count = quantity(reader)?;
        // As in 两个小时, 一个半小时.
        if reader.word("个") && reader.word("半") {
            count += 0.5;
        }
        let unit = reader.one_of(&UNITS)?;
        if reader.one_of(&[("and a half", ()), ("半", ())]).is_some() {
            count += 0.5;
        }
        if unit == Unit::Hour && reader.is_before("0123456789") {
            count += reader.attempt(minutes_behind).unwrap_or(0.0);
        }
        Some(Term { count, unit })
    })
}

/// Reads a unit, as in `every day`.
pub(in crate::schedule) fn unit(reader: &mut Reader<'_>) -> Option<Unit> {
    reader.word("个");
    reader.one_of(&UNITS)
}

/// Reads the minutes in `1h30`, in hours.
fn minutes_behind(reader: &mut Reader<'_>) -> Option<f64> {
    let minutes = numeral(reader).filter(|minutes| minutes.chars == 2)?;
    let has_unit = reader.clone().one_of(&UNITS).is_some();
    (!has_unit && reader.is_at_boundary()).then_some(minutes.value as f64 / 60.0)
}

/// Reads a duration: one part or several.
pub(in crate::schedule) fn terms(reader: &mut Reader<'_>) -> Option<Vec<Term>> {
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

/// A moment that much later, or earlier if `sign` is -1; `None` when there is no such date.
pub(in crate::schedule) fn after(terms: &[Term], sign: i64, moment: &Zoned) -> Option<Zoned> {
    terms.iter().try_fold(moment.clone(), |moment, term| term.after(sign, &moment))
}

/// Whether a duration consists of whole days, so that it leads to a day.
pub(in crate::schedule) fn is_in_days(terms: &[Term]) -> bool {
    terms.iter().all(|term| term.unit.seconds() >= Unit::Day.seconds() && term.count.fract() == 0.0)
}
