//! Time zones, and formatting of timestamps in them.

use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use crate::model::Timestamp;
use crate::text::{Locale, Text};

/// A time zone of the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone of that name, such as `Asia/Taipei`; `None` when there is none.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// The system's time zone; UTC if it has no name.
    pub fn system() -> Self {
        let zone = TimeZone::try_system().ok().filter(|zone| zone.iana_name().is_some());
        zone.map_or(Self::UTC, Self)
    }

    /// Whether the system says what its time zone is.
    pub fn is_system_known() -> bool {
        TimeZone::try_system().is_ok_and(|zone| zone.iana_name().is_some())
    }

    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// When a day such as `2026-01-31` begins here; `None` if there is no such day.
    pub fn start_of_day(&self, day: &str) -> Option<Timestamp> {
        let day = day.parse::<jiff::civil::Date>().ok()?;
        let start = day.to_zoned(self.0.clone()).ok()?;
        Some(Timestamp(start.timestamp().as_millisecond()))
    }

    /// A moment on this zone's clocks.
    pub(super) fn at(&self, moment: Timestamp) -> Zoned {
        let moment = jiff::Timestamp::from_millisecond(moment.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        moment.to_zoned(self.0.clone())
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
                let weekday = Text::new(format!("weekday-{}", moment.weekday().to_monday_one_offset()));
                Text::new("time-on").with("weekday", weekday.in_locale(locale)).with("date", moment.date())
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
        for name in ["", "Mars/Olympus", "../etc/passwd", "Asia"] {
            assert_eq!(Zone::named(name), None, "{name:?}");
        }
        assert!(Zone::named(Zone::system().name()).is_some());
    }
}
