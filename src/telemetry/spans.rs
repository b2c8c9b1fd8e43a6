//! Spans: what was done for what, and how long it took, for a collector of traces. Off unless there is one: then a span is one load.
//!
//! Names and attributes have no texts of people, and no secrets.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime};

use tokio::sync::mpsc;
use tokio::task::futures::TaskLocalFuture;

use super::metrics;

/// Most spans that wait for their export; further ones are dropped.
const WAITING: usize = 4096;

/// Most characters of a name or an attribute.
const MOST_CHARS: usize = 200;

/// A place in a trace, after which other spans and other programs can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanContext {
    pub trace: u128,
    pub span: u64,
    /// Whether the trace is exported.
    pub is_sampled: bool,
}

/// The part that a span has in what happens between programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    Internal,
    /// Answers a request.
    Server,
    /// Waits for the answer to one.
    Client,
    /// Does what was asked for earlier.
    Consumer,
}

/// What an attribute says.
#[derive(Clone, Debug, PartialEq)]
pub enum SpanValue {
    Text(String),
    Number(i64),
}

impl From<&str> for SpanValue {
    fn from(text: &str) -> Self {
        Self::Text(text.chars().take(MOST_CHARS).collect())
    }
}

impl From<String> for SpanValue {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<u64> for SpanValue {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// A span that has ended.
#[derive(Clone, Debug)]
pub struct EndedSpan {
    pub context: SpanContext,
    /// The span that it is part of.
    pub parent: Option<u64>,
    pub name: Cow<'static, str>,
    pub kind: SpanKind,
    pub began_at: SystemTime,
    pub ended_at: SystemTime,
    pub attributes: Vec<(&'static str, SpanValue)>,
    /// One word; `None` if it went well.
    pub error: Option<String>,
}

/// A span that has not ended; it does when it is dropped.
pub struct TraceSpan {
    /// `None` where nobody collects.
    context: Option<SpanContext>,
    /// `None` also if its trace is not exported.
    recording: Option<Box<Recording>>,
}

struct Recording {
    span: EndedSpan,
    since: Instant,
}

/// Who takes the spans of this process.
struct Collector {
    spans: mpsc::Sender<EndedSpan>,
    /// A new trace is exported if the lower half of its id is less.
    below: u64,
}

static COLLECTOR: OnceLock<Collector> = OnceLock::new();

tokio::task_local! {
    static CURRENT: Option<SpanContext>;
}

/// Begins to collect: a share of all traces, 0 to 1. `None` if somebody does already.
pub fn collect(share: f64) -> Option<mpsc::Receiver<EndedSpan>> {
    let (spans, ended) = mpsc::channel(WAITING);
    // Saturates.
    let below = (share * u64::MAX as f64) as u64;
    COLLECTOR.set(Collector { spans, below }).ok().map(|()| ended)
}

/// Where the task is that asks; `None` where nobody collects.
pub fn current_span() -> Option<SpanContext> {
    CURRENT.try_with(|context| *context).ok().flatten()
}

/// Does work as part of a span.
pub fn within<F: Future>(span: Option<SpanContext>, work: F) -> TaskLocalFuture<Option<SpanContext>, F> {
    CURRENT.scope(span, work)
}

impl SpanContext {
    /// Reads the header `traceparent` (W3C Trace Context, 3.2).
    pub fn from_header(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let &["00", trace, span, flags] = &parts[..] else { return None };
        let is_hex = |text: &str, length| {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        if !(is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2)) {
            return None;
        }
        let (trace, span) = (u128::from_str_radix(trace, 16).ok()?, u64::from_str_radix(span, 16).ok()?);
        let is_sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        (trace != 0 && span != 0).then_some(Self { trace, span, is_sampled })
    }

    /// The same header for others.
    pub fn header(&self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.is_sampled))
    }

    /// The place of a new span below this one.
    fn child(self) -> Self {
        Self { span: random(), ..self }
    }

    /// The place of the first span of a new trace.
    fn root(below: u64) -> Self {
        let (high, low) = (random(), random());
        Self {
            trace: (u128::from(high) << 64) | u128::from(low),
            span: random(),
            is_sampled: low <= below && below > 0,
        }
    }
}

/// Not 0, which stands for no id. Without randomness the time has to do.
fn random() -> u64 {
    let now = || SystemTime::UNIX_EPOCH.elapsed().map_or(1, |time| time.as_nanos() as u64);
    getrandom::u64().unwrap_or_else(|_| now()).max(1)
}

impl TraceSpan {
    /// Begins a span that is part of the task's, or of a new trace.
    pub fn begin(kind: SpanKind, name: impl Into<Cow<'static, str>>) -> Self {
        Self::after(current_span(), kind, name)
    }

    /// Begins a span that is part of what was done elsewhere, if that is known.
    pub fn after(parent: Option<SpanContext>, kind: SpanKind, name: impl Into<Cow<'static, str>>) -> Self {
        let Some(collector) = COLLECTOR.get() else { return Self { context: None, recording: None } };
        let context = parent.map_or_else(|| SpanContext::root(collector.below), SpanContext::child);
        let recording = context.is_sampled.then(|| {
            let (now, parent) = (SystemTime::now(), parent.map(|parent| parent.span));
            let attributes = Vec::new();
            let span = EndedSpan {
                context,
                parent,
                name: name.into(),
                kind,
                began_at: now,
                ended_at: now,
                attributes,
                error: None,
            };
            Box::new(Recording { span, since: Instant::now() })
        });
        Self { context: Some(context), recording }
    }

    /// Its place, for what is part of it.
    pub fn context(&self) -> Option<SpanContext> {
        self.context
    }

    /// Says something more of it. `value` is only made if it is exported.
    pub fn set<V: Into<SpanValue>>(&mut self, key: &'static str, value: impl FnOnce() -> V) {
        if let Some(recording) = &mut self.recording {
            recording.span.attributes.push((key, value().into()));
        }
    }

    /// Gives it another name; `name` is only made if it is exported.
    pub fn rename(&mut self, name: impl FnOnce() -> String) {
        if let Some(recording) = &mut self.recording {
            recording.span.name = name().chars().take(MOST_CHARS).collect::<String>().into();
        }
    }

    /// It did not go well; why, in one word.
    pub fn fail(&mut self, why: &str) {
        if let Some(recording) = &mut self.recording {
            recording.span.error = Some(why.to_owned());
        }
    }
}

impl Drop for TraceSpan {
    fn drop(&mut self) {
        let Some(recording) = self.recording.take() else { return };
        let Recording { mut span, since } = *recording;
        // By the monotonic clock: a span never ends before it began.
        span.ended_at = span.began_at + since.elapsed();
        let is_taken = COLLECTOR.get().is_some_and(|collector| collector.spans.try_send(span).is_ok());
        if !is_taken {
            metrics().spans_dropped.inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_as_it_is_written_and_nothing_else_is_read() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context = SpanContext::from_header(text).expect("a place");
        assert_eq!((context.header().as_str(), context.is_sampled), (text, true));
        assert!(!SpanContext::from_header(&text.replace("-01", "-00")).expect("a place").is_sampled);
        for odd in [
            "",
            "00",
            &text.to_uppercase(),
            &text.replace("00-4", "01-4"),
            &text.replace('f', "+"),
            &format!("{text}-1"),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        ] {
            assert_eq!(SpanContext::from_header(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_share_of_the_traces_is_exported() {
        let sampled = |below| (0..1000).filter(|_| SpanContext::root(below).is_sampled).count();
        assert_eq!((sampled(0), sampled(u64::MAX)), (0, 1000));
        assert!((100..400).contains(&sampled(u64::MAX / 4)));
        let root = SpanContext::root(u64::MAX);
        let child = root.child();
        assert!(child.trace == root.trace && child.span != root.span && child.is_sampled);
    }

    #[test]
    fn without_a_collector_there_are_no_spans() {
        let mut span = TraceSpan::begin(SpanKind::Internal, "work");
        span.set("key", || -> &str { panic!("nobody wants to know") });
        assert_eq!(span.context(), None);
    }
}
