//! Time zones, and formatting of timestamps in them.

use std::borrow::Cow;

use jiff::civil::{Date, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{ToSpan, Zoned};

use crate::model::Timestamp;
use crate::text::{Locale, Text};

/// A time zone of the IANA database, or a fixed offset from UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    zone: TimeZone,
    name: Cow<'static, str>,
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self { zone: TimeZone::UTC, name: Cow::Borrowed("UTC") };

    /// The zone of that name, such as `Asia/Taipei` or `UTC+05:30`; `None` when there is none.
    pub fn named(name: &str) -> Option<Self> {
        if let Some(offset) = name.strip_prefix("UTC").filter(|offset| offset.starts_with(['+', '-'])) {
            let (hours, minutes) = offset.split_once(':')?;
            return Self::offset(hours.parse().ok()?, minutes.parse().ok()?);
        }
        TimeZone::get(name).ok().and_then(Self::of_database)
    }

    /// The zone that is always so many hours, with the sign of the whole, and minutes from UTC; `None` if there can be none.
    pub(super) fn offset(hours: i32, minutes: i32) -> Option<Self> {
        if !(-12..=14).contains(&hours) || !(0..60).contains(&minutes) {
            return None;
        }
        let seconds = hours * 3600 + minutes * 60 * if hours < 0 { -1 } else { 1 };
        let offset = Offset::from_seconds(seconds).ok()?;
        let name = if seconds == 0 { Cow::Borrowed("UTC") } else { format!("UTC{hours:+03}:{minutes:02}").into() };
        Some(Self { zone: offset.to_time_zone(), name })
    }

    fn of_database(zone: TimeZone) -> Option<Self> {
        let name = zone.iana_name()?.to_owned().into();
        Some(Self { zone, name })
    }

    /// The system's time zone; UTC if it has no name.
    pub fn system() -> Self {
        TimeZone::try_system().ok().and_then(Self::of_database).unwrap_or(Self::UTC)
    }

    /// Whether the system says what its time zone is.
    pub fn is_system_known() -> bool {
        TimeZone::try_system().is_ok_and(|zone| zone.iana_name().is_some())
    }

    /// The name by which it is found again.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The offset that people there call by this abbreviation at some time of the year around a moment.
    pub(super) fn own(&self, abbreviation: &str, around: Timestamp) -> Option<Self> {
        /// Summer and winter are in any two of these.
        const MONTHS: [i64; 4] = [0, 3, 6, 9];
        let around = self.at(around);
        MONTHS.into_iter().find_map(|months| {
            let moment = around.checked_add(months.months()).ok()?.timestamp();
            let info = self.zone.to_offset_info(moment);
            let seconds = info.offset().seconds();
            let is_it = info.abbreviation().eq_ignore_ascii_case(abbreviation);
            is_it.then(|| Self::offset(seconds / 3600, seconds.abs() / 60 % 60)).flatten()
        })
    }

    pub(super) fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// When a day such as `2026-01-31` begins here; `None` if there is no such day.
    pub fn start_of_day(&self, day: &str) -> Option<Timestamp> {
        let day = day.parse::<jiff::civil::Date>().ok()?;
        let start = day.to_zoned(self.zone.clone()).ok()?;
        Some(Timestamp(start.timestamp().as_millisecond()))
    }

    /// A moment on this zone's clocks.
    pub(super) fn at(&self, moment: Timestamp) -> Zoned {
        let moment = jiff::Timestamp::from_millisecond(moment.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        moment.to_zoned(self.zone.clone())
    }

    /// A day of the calendar, with its weekday.
    pub(super) fn day_words(day: Date, locale: Locale) -> String {
        Text::new("time-day")
            .with("weekday", Self::weekday_words(day.weekday(), locale))
            .with("date", day)
            .in_locale(locale)
    }

    pub(super) fn weekday_words(weekday: Weekday, locale: Locale) -> String {
        Text::new(format!("weekday-{}", weekday.to_monday_one_offset())).in_locale(locale)
    }

    /// Formats a timestamp in this zone: day, time and the zone's name.
    pub fn words(&self, moment: Timestamp, now: Timestamp, locale: Locale) -> String {
        let (moment, now) = (self.at(moment), self.at(now));
        let is_on = |days: i64| now.date().checked_add(days.days()).is_ok_and(|date| date == moment.date());
        let time = moment.strftime(if moment.second() == 0 { "%H:%M" } else { "%H:%M:%S" });
        let text = match () {
            () if is_on(0) => Text::new("time-today"),
            () if is_on(1) => Text::new("time-tomorrow"),
            () => {
                let weekday = Self::weekday_words(moment.weekday(), locale);
                Text::new("time-on").with("weekday", weekday).with("date", moment.date())
            }
        };
        text.with("time", time).with("zone", self.name()).in_locale(locale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(locale: Locale, moment: &str, expected: &str) {
        let zone = Zone::named("Asia/Taipei").expect("a zone");
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond());
        assert_eq!(zone.words(at(moment), at("2026-11-21T04:00:00Z"), locale), expected);
    }

    #[test]
    fn moments_are_said_as_people_there_say_them() {
        check(Locale::English, "2026-11-21T05:00:30Z", "today at 13:00:30 (Asia/Taipei)");
        check(Locale::English, "2026-11-21T16:00:00Z", "tomorrow at 00:00 (Asia/Taipei)");
        check(Locale::English, "2026-12-24T10:00:00Z", "on Thursday, 2026-12-24 at 18:00 (Asia/Taipei)");
        check(Locale::SimplifiedChinese, "2026-11-22T01:00:00Z", "明天 09:00（Asia/Taipei）");
        check(Locale::TraditionalChinese, "2026-12-24T10:00:00Z", "2026-12-24（星期四）18:00（Asia/Taipei）");
    }

    #[test]
    fn every_machine_knows_the_zones() {
        for (name, expected) in [("Europe/Vienna", "Europe/Vienna"), ("asia/taipei", "Asia/Taipei"), ("UTC", "UTC")] {
            assert_eq!(Zone::named(name).as_ref().map(Zone::name), Some(expected));
        }
        for (name, expected) in
            [("UTC+05:30", Some("UTC+05:30")), ("UTC-03:00", Some("UTC-03:00")), ("UTC+99:00", None)]
        {
            assert_eq!(Zone::named(name).as_ref().map(Zone::name), expected);
        }
        for name in ["", "Mars/Olympus", "../etc/passwd", "Asia"] {
            assert_eq!(Zone::named(name), None, "{name:?}");
        }
        assert!(Zone::named(Zone::system().name()).is_some());
    }
}
