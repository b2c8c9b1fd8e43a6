//! When the authority itself wants a certificate to be renewed (RFC 9773): early if it revokes it.

use std::time::Duration;

use instant_acme::RenewalInfo;

use crate::model::Timestamp;

/// How often it is asked at most, whatever it says.
const MOST_OFTEN: Duration = Duration::from_secs(60);

/// How often it is asked where it does not say. A revocation is announced a day before, at the best-known authority.
const USUALLY: Duration = Duration::from_secs(6 * 60 * 60);

/// How often it is asked at least.
const LEAST_OFTEN: Duration = Duration::from_secs(24 * 60 * 60);

/// What it said last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// When the certificate should be renewed; `None` if it does not mind.
    pub renew_at: Option<Timestamp>,
    /// When to ask again.
    pub ask_at: Timestamp,
}

impl Advice {
    /// What follows from an answer. Of the suggested time each server takes another moment; `random` is from 0 to 1.
    pub fn new(info: &RenewalInfo, ask_in: Duration, now: Timestamp, random: f64) -> Self {
        let milliseconds = |seconds: i64| seconds.saturating_mul(1000);
        let window = &info.suggested_window;
        let start = milliseconds(window.start.unix_timestamp());
        let length =
            Duration::from_millis(Timestamp(milliseconds(window.end.unix_timestamp())).since(Timestamp(start)));
        let renew_at = later(Timestamp(start), length.mul_f64(random.clamp(0.0, 1.0)));
        Self { renew_at: Some(renew_at), ask_at: later(now, ask_in.clamp(MOST_OFTEN, LEAST_OFTEN)) }
    }

    /// Whether it is time to ask. A clock that was ahead, and is not any more, may have put that off.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.ask_at <= now || self.ask_at > later(now, LEAST_OFTEN)
    }

    /// After no answer: what was said before still counts.
    pub fn kept(self, now: Timestamp) -> Self {
        Self { ask_at: later(now, USUALLY), ..self }
    }
}

/// So much after a moment.
pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(start: &str, end: &str) -> RenewalInfo {
        let json = serde_json::json!({"suggestedWindow": {"start": start, "end": end}});
        serde_json::from_value(json).expect("an answer")
    }

    #[test]
    fn a_moment_of_the_suggested_time_is_taken_and_it_is_asked_neither_too_often_nor_too_seldom() {
        let info = said("2026-01-02T04:00:00Z", "2026-01-03T04:00:00Z");
        let (start, now) = (Timestamp::parse("2026-01-02T04:00:00Z").expect("a time"), Timestamp(1_000));
        for (random, hours) in [(0.0, 0), (0.5, 12), (1.0, 24)] {
            let advice = Advice::new(&info, USUALLY, now, random);
            assert_eq!(advice.renew_at, Some(later(start, Duration::from_secs(hours * 60 * 60))));
        }
        for (ask_in, expected) in [(0, MOST_OFTEN), (7_200, Duration::from_secs(7_200)), (9_000_000, LEAST_OFTEN)] {
            let advice = Advice::new(&info, Duration::from_secs(ask_in), now, 0.5);
            assert_eq!(advice.ask_at, later(now, expected));
            assert_eq!(advice.kept(now), Advice { ask_at: later(now, USUALLY), ..advice });
        }
        // What makes no sense.
        let backwards = said("2026-01-03T04:00:00Z", "2026-01-02T04:00:00Z");
        let start = Timestamp::parse("2026-01-03T04:00:00Z");
        assert_eq!(Advice::new(&backwards, USUALLY, now, 1.0).renew_at, start);
    }
}
