//! One point in time as people say it: `tomorrow at 5.30pm EST`, `a week from monday`, `三天之后的下午三点`.
//!
//! A phrase is its parts in any order, each at most once, without other words between them.

use jiff::civil::Weekday;
use jiff::{ToSpan, Zoned};

use super::Asker;
use super::parts::Weight;
use super::parts::clock::Clock;
use super::parts::day::Day;
use super::parts::part_of_day::Part;
use super::parts::place::Place;
use super::parts::span::{Term, after, is_in_days};
use super::region::is_twelve_hours;
use super::zone::Zone;
use crate::model::Timestamp;
use crate::text::{Locale, Text};

mod grammar;

pub(super) use grammar::phrase;

/// Maximum distance of a schedule, in years.
const MOST_YEARS: i64 = 5;

/// What is said of a point in time.
#[derive(Clone, Debug, Default)]
pub(super) struct Phrase {
    /// A moment that needs nothing else.
    exact: Option<jiff::Timestamp>,
    away: Option<Away>,
    day: Option<Day>,
    /// The weekday of the day, said besides it.
    weekday: Option<Weekday>,
    part: Option<Part>,
    clock: Option<Clock>,
    place: Option<Place>,
    weight: Option<Weight>,
}

/// A duration, and from where it leads.
#[derive(Clone, Debug)]
struct Away {
    terms: Vec<Term>,
    /// 1 for later, -1 for earlier.
    sign: i64,
    /// Whether it is counted from what the rest of the phrase says, and not from now.
    is_from_rest: bool,
}

impl Phrase {
    /// How certain it is that this is meant as a time.
    pub fn weight(&self) -> Weight {
        self.weight.unwrap_or(Weight::Hint)
    }

    /// The number of parts.
    fn len(&self) -> usize {
        let parts = [self.exact.is_some(), self.away.is_some(), self.day.is_some(), self.part.is_some()];
        let others = [self.clock.is_some(), self.place.is_some()];
        parts.iter().chain(&others).filter(|part| **part).count()
    }

    /// Whether it says the time of day.
    pub fn has_clock(&self) -> bool {
        let is_short = self.away.as_ref().is_some_and(|away| !is_in_days(&away.terms));
        self.exact.is_some() || is_short || self.clock.is_some()
    }

    /// Whether it says the day.
    pub fn has_day(&self) -> bool {
        self.exact.is_some() || self.away.is_some() || self.day.is_some()
    }

    /// Whether it is a number of days or weeks alone, and not a duration of something: "a week on monday", but "30 minutes run".
    pub fn is_days_alone(&self) -> bool {
        self.weight == Some(Weight::Lone) && self.away.as_ref().is_some_and(|away| is_in_days(&away.terms))
    }

    /// Whether it says where.
    pub fn has_place(&self) -> bool {
        self.exact.is_some()
            || self.place.is_some()
            || !self.has_clock()
            || (self.away.is_some() && self.clock.is_none())
    }

    /// Whether another phrase says only what this one does not.
    pub fn lacks(&self, other: &Self) -> bool {
        let is_new_day = !other.has_day() || !self.has_day();
        let is_new_clock = !other.has_clock() || !self.has_clock();
        let is_new_part = other.part.is_none() || (self.part.is_none() && !self.has_clock());
        let is_new_place = other.place.is_none() || self.place.is_none();
        self.exact.is_none() && other.away.is_none() && is_new_day && is_new_clock && is_new_part && is_new_place
    }

    /// Both as one; of what both say, what this one does.
    pub fn and(self, other: Self) -> Self {
        Self {
            exact: self.exact.or(other.exact),
            away: self.away.or(other.away),
            day: self.day.or(other.day),
            weekday: self.weekday.or(other.weekday),
            part: self.part.or(other.part),
            clock: self.clock.or(other.clock),
            place: self.place.or(other.place),
            weight: self.weight.max(other.weight),
        }
    }

    /// The moment that is meant.
    ///
    /// A time without a day is its next occurrence; a day without a time is nine o'clock. At DST changes, a time
    /// that is skipped is shifted by the gap, and of one that occurs twice the first is used.
    ///
    /// # Errors
    /// When it is past or more than five years ahead, when there is no such day, or when it is ambiguous.
    pub fn moment(&self, asker: &Asker) -> Result<Zoned, Text> {
        let zone = match &self.place {
            Some(place) => place.zone(&asker.zone, asker.now)?,
            None => asker.zone.clone(),
        };
        let now = zone.at(asker.now);
        let moment = match (&self.exact, &self.away) {
            (Some(exact), _) => exact.to_zoned(zone.time_zone().clone()),
            (None, None) => self.on_calendar(asker, &now)?,
            (None, Some(away)) => {
                let start = if away.is_from_rest { self.on_calendar(asker, &now)? } else { now.clone() };
                let moment = after(&away.terms, away.sign, &start).ok_or_else(too_far)?;
                self.at_time_of(moment, away)?
            }
        };
        if moment <= now {
            let time = asker.zone.words(timestamp(&moment), asker.now, asker.locale);
            return Err(Text::new("time-past").with("time", time));
        }
        let is_near = now.checked_add(MOST_YEARS.years()).is_ok_and(|latest| moment <= latest);
        if is_near { Ok(moment) } else { Err(too_far()) }
    }

    /// The time of day that is said besides a number of days from now.
    fn at_time_of(&self, moment: Zoned, away: &Away) -> Result<Zoned, Text> {
        match self.time() {
            Some(clock) if !away.is_from_rest => {
                clock.on(moment.date(), moment.time_zone()).ok_or_else(|| Text::new("time-no-day"))
            }
            _ => Ok(moment),
        }
    }

    /// Checks that it is on the weekday that was said besides the day.
    fn check_weekday(&self, moment: Zoned, locale: Locale) -> Result<Zoned, Text> {
        // Twelve at night belongs to the evening before it.
        let is_late = self.time().is_some_and(|clock| clock.hour >= 24);
        let weekday = if is_late { moment.weekday().previous() } else { moment.weekday() };
        match self.weekday.filter(|said| *said != weekday) {
            None => Ok(moment),
            Some(said) => {
                let day = Zone::day_words(moment.date(), locale);
                Err(Text::new("time-other-weekday").with("day", day).with("weekday", Zone::weekday_words(said, locale)))
            }
        }
    }

    /// The time of day, if one is said.
    fn time(&self) -> Option<Clock> {
        let clock = self.clock.map(|clock| clock.within(self.part));
        clock.or(self.part.map(Clock::of_part))
    }

    /// The first moment on that day, or on any, and at that time, or at nine, which is not past; otherwise the first.
    fn on_calendar(&self, asker: &Asker, now: &Zoned) -> Result<Zoned, Text> {
        let dates = match self.day {
            Some(day) => day.candidates(now.date(), asker)?,
            None => {
                let tomorrow = now.date().checked_add(1.day()).map_err(|_| too_far())?;
                vec![now.date(), tomorrow]
            }
        };
        let clocks = self.time().unwrap_or(Clock::NINE).readings(is_twelve_hours(&asker.zone));
        let on = |date| clocks.iter().filter_map(move |clock| clock.on(date, now.time_zone()));
        let mut moments = dates.into_iter().flat_map(on);
        let first = moments.next().ok_or_else(|| Text::new("time-no-day"))?;
        let moment = if first > *now { first } else { moments.find(|moment| moment > now).unwrap_or(first) };
        self.check_weekday(moment, asker.locale)
    }
}

/// The moment of a time in a zone.
pub(super) fn timestamp(moment: &Zoned) -> Timestamp {
    Timestamp(moment.timestamp().as_millisecond())
}

fn too_far() -> Text {
    Text::new("time-far").with("years", MOST_YEARS)
}
