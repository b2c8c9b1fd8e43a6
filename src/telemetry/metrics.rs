//! Metrics: counters and times that all layers record, and what is shown of them in Prometheus' text format.
//!
//! Home of `prometheus`. Counting is one relaxed addition and observing a few; neither waits nor allocates. Where a label is looked
//! up a read lock is taken, too, so what happens with every delivery or commit has none. All is counted of the process since it
//! started.

use std::fmt::Display;
use std::sync::LazyLock;

use prometheus::core::Collector;
use prometheus::{
    Counter, CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

/// Limits of the buckets of times, in seconds: from what is in memory to what waits for a disk or a network.
const TIMES: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// The same for what takes longer: jobs, answers.
const LONG_TIMES: [f64; 10] = [0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0];

/// Limits of the buckets of batches in a commit; the writer takes up to 512.
const BATCHES: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// What is recorded.
pub struct Metrics {
    registry: Registry,

    /// By method and status.
    pub http_requests: IntCounterVec,
    pub http_request_time: Histogram,
    /// By why.
    pub connections_refused: IntCounterVec,
    /// By what came of them.
    pub tls_handshakes: IntCounterVec,
    pub websockets_opened: IntCounter,
    /// By why.
    pub websockets_closed: IntCounterVec,
    pub frames_received: IntCounter,
    pub websocket_bytes_sent: IntCounter,

    /// Of people, of the bot, and of the system itself.
    pub messages_posted: [IntCounter; 3],
    pub deliveries: IntCounter,

    pub commit_batches: Histogram,
    pub commit_time: Histogram,
    pub sync_time: Histogram,
    pub writes_refused: IntCounter,

    /// By command and state.
    pub job_ends: IntCounterVec,
    /// By command.
    pub job_run_time: HistogramVec,
    pub job_wait_time: Histogram,
    pub job_retries: IntCounter,

    /// By what is searched.
    pub search_time: HistogramVec,
    /// By what they are made of.
    pub answers: IntCounterVec,
    pub answer_time: Histogram,
    /// By outcome.
    pub model_requests: IntCounterVec,
    pub model_request_time: Histogram,
    pub model_first_word_time: Histogram,
    /// By role.
    pub embedded_texts: IntCounterVec,
    /// By role.
    pub embedding_failures: IntCounterVec,
    /// By role.
    pub embedding_waiting: IntGaugeVec,
    /// By role.
    pub embedding_time: HistogramVec,

    /// By cost.
    pub budget_refusals: IntCounterVec,

    /// Errors, warnings, and all others.
    pub log_lines: [IntCounter; 3],
    pub log_lines_lost: IntCounter,
    /// By operation.
    pub slow_operations: IntCounterVec,
    pub spans_exported: IntCounter,
    pub spans_dropped: IntCounter,
}

/// What this process records.
pub fn metrics() -> &'static Metrics {
    static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);
    &METRICS
}

impl Metrics {
    fn new() -> Self {
        let all = Registering(Registry::new());
        let [spans_exported, spans_dropped] = all.counter_of_each(
            "spans_total",
            "Spans of traces that were to be exported.",
            "outcome",
            ["exported", "dropped"],
        );
        Self {
            http_requests: all.counters("http_requests_total", "HTTP requests answered.", ["method", "code"], &[]),
            http_request_time: all.times(
                "http_request_duration_seconds",
                "Time from a request's head to the head of its answer.",
                &TIMES,
            ),
            connections_refused: all.counters(
                "connections_refused_total",
                "Connections that were closed unserved.",
                ["reason"],
                &[["too_many"], ["too_often"]],
            ),
            tls_handshakes: all.counters(
                "tls_handshakes_total",
                "TLS handshakes.",
                ["outcome"],
                &[["completed"], ["failed"]],
            ),
            websockets_opened: all.counter("websockets_opened_total", "WebSockets opened."),
            websockets_closed: all.counters(
                "websockets_closed_total",
                "WebSockets closed; too_slow are clients that did not read.",
                ["reason"],
                &[["client"], ["lost"], ["going_away"], ["too_slow"], ["too_many"], ["signed_out"], ["bad_frame"]],
            ),
            frames_received: all.counter("frames_received_total", "Messages received over WebSockets."),
            websocket_bytes_sent: all.counter("websocket_sent_bytes_total", "Bytes written to WebSockets."),

            messages_posted: all.counter_of_each(
                "messages_posted_total",
                "Messages stored and published.",
                "author",
                ["user", "bot", "system"],
            ),
            deliveries: all.counter("deliveries_total", "Publications handed to the queues of their readers."),

            commit_batches: all.times("commit_batches", "Changes that were made durable together.", &BATCHES),
            commit_time: all.times("commit_duration_seconds", "Time of a commit, its sync included.", &TIMES),
            sync_time: all.times("sync_duration_seconds", "Time of a sync of the commit log to the disk.", &TIMES),
            writes_refused: all
                .counter("writes_refused_total", "Changes refused because the disk is full or a quota is reached."),

            job_ends: all.counters(
                "command_jobs_total",
                "Jobs that ended, by command and how they ended.",
                ["command", "outcome"],
                &[],
            ),
            job_run_time: all.times_by(
                "job_run_duration_seconds",
                "Time of one run of a job.",
                "command",
                &[],
                &LONG_TIMES,
            ),
            job_wait_time: all.times(
                "job_wait_duration_seconds",
                "Time from when a job could run until a worker began it.",
                &LONG_TIMES,
            ),
            job_retries: all.counter("job_retries_total", "Runs of jobs that failed and are tried again."),

            search_time: all.times_by(
                "search_duration_seconds",
                "Time of a search.",
                "kind",
                &["messages", "documents"],
                &TIMES,
            ),
            answers: all.counters(
                "answers_total",
                "Answers to questions, by what they were made of; failed: the documents could not be searched.",
                ["by"],
                &[["faq"], ["model"], ["passages"], ["nothing"], ["failed"]],
            ),
            answer_time: all.times("answer_duration_seconds", "Time of an answer to a question.", &LONG_TIMES),
            model_requests: all.counters(
                "model_requests_total",
                "Requests to the language model.",
                ["outcome"],
                &[
                    ["answered"],
                    ["given_up"],
                    ["unreachable"],
                    ["bad_key"],
                    ["no_credit"],
                    ["no_such_model"],
                    ["loading"],
                    ["busy"],
                    ["no_memory"],
                    ["too_long"],
                    ["refused"],
                    ["too_slow"],
                    ["garbled"],
                    ["broke_off"],
                    ["faulty"],
                    ["filtered"],
                    ["no_room"],
                    ["silent"],
                ],
            ),
            model_request_time: all.times(
                "model_request_duration_seconds",
                "Time of a request to the language model, to the last word.",
                &LONG_TIMES,
            ),
            model_first_word_time: all.times(
                "model_first_word_duration_seconds",
                "Time of a request to the language model, to the first word.",
                &LONG_TIMES,
            ),
            embedded_texts: all.counters(
                "embedded_texts_total",
                "Texts of which vectors were made.",
                ["role"],
                &[["question"], ["passage"]],
            ),
            embedding_failures: all.counters(
                "embedding_failures_total",
                "Requests for vectors that failed.",
                ["role"],
                &[["question"], ["passage"]],
            ),
            embedding_waiting: all.gauges(
                "embedding_queue_length",
                "Texts that wait for their vectors, or whose vectors are being made.",
                "role",
                &["question", "passage"],
            ),
            embedding_time: all.times_by(
                "embedding_duration_seconds",
                "Time of a request for vectors.",
                "role",
                &["question", "passage"],
                &LONG_TIMES,
            ),

            budget_refusals: all.counters(
                "budget_refusals_total",
                "What was refused because a budget was used up.",
                ["cost"],
                &[
                    ["requests"],
                    ["messages"],
                    ["text"],
                    ["rooms"],
                    ["jobs"],
                    ["questions"],
                    ["reading"],
                    ["connections"],
                ],
            ),
            log_lines: all.counter_of_each("log_lines_total", "Lines of the log.", "level", ["error", "warn", "other"]),
            log_lines_lost: all.counter("log_lines_lost_total", "Lines of the log that nobody took in time."),
            slow_operations: all.counters(
                "slow_operations_total",
                "What took longer than log.slow_ms.",
                ["operation"],
                &[["request"], ["frame"], ["commit"], ["search"], ["job_start"]],
            ),
            spans_exported,
            spans_dropped,
            registry: all.0,
        }
    }
}

/// Puts every metric into the registry. Label values that are known get their zero at once: a rate needs a beginning.
struct Registering(Registry);

#[expect(clippy::expect_used, reason = "names and labels are constants, and a test makes all of them")]
impl Registering {
    fn add<C: Collector + Clone + 'static>(&self, collector: C) -> C {
        self.0.register(Box::new(collector.clone())).expect("every name is there once");
        collector
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.add(IntCounter::with_opts(opts(name, help)).expect("a name"))
    }

    fn counters<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
        values: &[[&str; N]],
    ) -> IntCounterVec {
        let counters = self.add(IntCounterVec::new(opts(name, help), &labels).expect("a name"));
        for values in values {
            counters.with_label_values(values);
        }
        counters
    }

    /// A counter of each value, to be counted without looking it up.
    fn counter_of_each<const N: usize>(
        &self,
        name: &str,
        help: &str,
        label: &str,
        values: [&str; N],
    ) -> [IntCounter; N] {
        let counters = self.counters(name, help, [label], &[]);
        values.map(|value| counters.with_label_values(&[value]))
    }

    fn gauges(&self, name: &str, help: &str, label: &str, values: &[&str]) -> IntGaugeVec {
        let gauges = self.add(IntGaugeVec::new(opts(name, help), &[label]).expect("a name"));
        for value in values {
            gauges.with_label_values(&[value]);
        }
        gauges
    }

    fn times(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        self.add(Histogram::with_opts(histogram_opts(name, help, buckets)).expect("a name"))
    }

    fn times_by(&self, name: &str, help: &str, label: &str, values: &[&str], buckets: &[f64]) -> HistogramVec {
        let times = self.add(HistogramVec::new(histogram_opts(name, help, buckets), &[label]).expect("a name"));
        for value in values {
            times.with_label_values(&[value]);
        }
        times
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(full_name(name), help)
}

fn histogram_opts(name: &str, help: &str, buckets: &[f64]) -> HistogramOpts {
    HistogramOpts::new(full_name(name), help).buckets(buckets.to_vec())
}

/// What is not this program's alone has the name that every program gives it.
fn full_name(name: &str) -> String {
    if name.starts_with("process_") { name.to_owned() } else { format!("chatbot_{name}") }
}

/// Metrics as they are shown once: what is known only when somebody asks, and what was recorded.
pub struct Shown(Registry);

impl Default for Shown {
    fn default() -> Self {
        Self(Registry::new())
    }
}

impl Shown {
    /// What may go up and down.
    pub fn gauge(&self, name: &str, help: &str, value: f64) {
        self.add(name, Gauge::with_opts(opts(name, help)).inspect(|gauge| gauge.set(value)));
    }

    /// The same for each value of a label.
    pub fn gauges<'a>(&self, name: &str, help: &str, label: &str, values: impl IntoIterator<Item = (&'a str, f64)>) {
        let set = |gauges: &GaugeVec| {
            values.into_iter().for_each(|(value, number)| gauges.with_label_values(&[value]).set(number));
        };
        self.add(name, GaugeVec::new(opts(name, help), &[label]).inspect(set));
    }

    /// What was counted since the start.
    pub fn counter(&self, name: &str, help: &str, value: f64) {
        self.add(name, Counter::with_opts(opts(name, help)).inspect(|counter| counter.inc_by(value)));
    }

    /// The same for each value of a label.
    pub fn counters<'a>(&self, name: &str, help: &str, label: &str, values: impl IntoIterator<Item = (&'a str, f64)>) {
        let count = |counters: &CounterVec| {
            values.into_iter().for_each(|(value, number)| counters.with_label_values(&[value]).inc_by(number));
        };
        self.add(name, CounterVec::new(opts(name, help), &[label]).inspect(count));
    }

    fn add<C: Collector + 'static>(&self, name: &str, made: prometheus::Result<C>) {
        let added = made.and_then(|collector| self.0.register(Box::new(collector)));
        added.unwrap_or_else(|error| report(name, &error));
    }

    /// In Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats), sorted by name.
    pub fn with_recorded(&self) -> String {
        let mut families = self.0.gather();
        families.extend(metrics().registry.gather());
        families.sort_by(|one, other| one.name().cmp(other.name()));
        let mut text = String::new();
        TextEncoder.encode_utf8(&families, &mut text).unwrap_or_else(|error| report("all", &error));
        text
    }
}

fn report(name: &str, error: &impl Display) {
    tracing::error!(name, %error, "a metric cannot be shown");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_and_what_is_known_now_are_shown_together() {
        let recorded = metrics().deliveries.get();
        metrics().deliveries.inc_by(3);
        metrics().budget_refusals.with_label_values(&["messages"]).inc();
        let shown = Shown::default();
        shown.gauge("rooms", "Rooms there are.", 2.0);
        shown.counters("backups_total", "Backups.", "outcome", [("made", 1.0), ("failed", 0.0)]);
        let text = shown.with_recorded();
        for line in ["chatbot_rooms 2", "chatbot_backups_total{outcome=\"made\"} 1", "# TYPE chatbot_rooms gauge"] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        let deliveries = text.lines().find_map(|line| line.strip_prefix("chatbot_deliveries_total ")).expect("a line");
        assert!(deliveries.parse::<u64>().expect("a number") >= recorded + 3, "{deliveries}");
        let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        assert!(names.is_sorted(), "{names:?}");
    }
}
