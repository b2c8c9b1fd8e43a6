//! What is counted of a request to a model.

use std::time::Instant;

use crate::telemetry::metrics;

/// A request that is under way; counted when it is dropped.
pub(super) struct Asking {
    began: Instant,
    has_words: bool,
    /// What came of it, one word.
    pub outcome: &'static str,
}

impl Asking {
    pub fn begin() -> Self {
        // Whoever asked went away, unless something else is said.
        Self { began: Instant::now(), has_words: false, outcome: "given_up" }
    }

    /// There is a part of the answer.
    pub fn note_words(&mut self) {
        if !self.has_words {
            self.has_words = true;
            metrics().model_first_word_time.observe(self.began.elapsed().as_secs_f64());
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        metrics().model_request_time.observe(self.began.elapsed().as_secs_f64());
        metrics().model_requests.with_label_values(&[self.outcome]).inc();
    }
}
