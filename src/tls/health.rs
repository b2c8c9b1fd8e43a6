//! What is wrong with the certificate, for whoever looks after the server.

use parking_lot::Mutex;

use crate::model::Timestamp;

/// By how many seconds clocks may differ before somebody is told.
const TOLERANCE: i64 = 120;

/// What was found.
#[derive(Debug, Default)]
pub struct Health(Mutex<Findings>);

/// What there is to know beside the certificate itself.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Why there is no new one.
    pub problem: Option<Problem>,
    /// When the next one is asked for.
    pub renews_at: Option<Timestamp>,
    /// How many seconds the certificate authority's clock was ahead of this machine's, if that is much.
    pub clock_ahead: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct Problem {
    pub since: Timestamp,
    /// In English, as in the log.
    pub words: String,
}

impl Health {
    pub fn findings(&self) -> Findings {
        self.0.lock().clone()
    }

    pub fn is_well(&self) {
        self.0.lock().problem = None;
    }

    /// Takes note of a problem. Returns since when there is one.
    pub fn has(&self, words: String) -> Timestamp {
        let mut findings = self.0.lock();
        let since = findings.problem.as_ref().map_or_else(Timestamp::now, |problem| problem.since);
        findings.problem = Some(Problem { since, words });
        since
    }

    /// Remembers a problem that there was before this server started.
    pub fn had(&self, problem: Problem) {
        self.0.lock().problem = Some(problem);
    }

    pub fn renews_at(&self, at: Timestamp) {
        self.0.lock().renews_at = Some(at);
    }

    /// Takes note of another clock. A wrong one makes valid certificates invalid, and renewals late.
    pub fn clock_ahead(&self, seconds: i64) {
        let much = Some(seconds).filter(|seconds| seconds.abs() > TOLERANCE);
        let before = std::mem::replace(&mut self.0.lock().clock_ahead, much);
        if let Some(seconds) = much.filter(|_| before.is_none()) {
            tracing::error!(
                seconds,
                "this machine's clock is wrong: that of the certificate authority is ahead by so much"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_lasts_from_its_beginning_and_only_a_wrong_clock_is_one() {
        let health = Health::default();
        health.has("away".to_owned());
        let since = health.findings().problem.expect("a problem").since;
        health.has("still away".to_owned());
        let problem = health.findings().problem.expect("a problem");
        assert_eq!((problem.since, problem.words.as_str()), (since, "still away"));
        health.is_well();
        assert!(health.findings().problem.is_none());
        for (seconds, expected) in [(3, None), (-86_400, Some(-86_400)), (0, None)] {
            health.clock_ahead(seconds);
            assert_eq!(health.findings().clock_ahead, expected);
        }
    }
}
