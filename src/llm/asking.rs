//! What is counted of a request to a model.

use std::time::Instant;

use crate::telemetry::{SpanContext, SpanKind, TraceSpan, metrics};

/// A request that is under way; counted when it is dropped.
pub(super) struct Asking {
    began: Instant,
    has_words: bool,
    span: TraceSpan,
    /// What came of it, one word.
    pub outcome: &'static str,
}

impl Asking {
    /// Of that model on that host.
    pub fn begin(model: &str, host: &str) -> Self {
        // By OpenTelemetry's conventions for generative models.
        let mut span = TraceSpan::begin(SpanKind::Client, "chat");
        span.rename(|| format!("chat {model}"));
        span.set("gen_ai.operation.name", || "chat");
        span.set("gen_ai.request.model", || model);
        span.set("server.address", || host);
        // Whoever asked went away, unless something else is said.
        Self { began: Instant::now(), has_words: false, span, outcome: "given_up" }
    }

    /// For the request itself.
    pub fn context(&self) -> Option<SpanContext> {
        self.span.context()
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
        if self.outcome != "answered" {
            self.span.fail(self.outcome);
        }
    }
}
