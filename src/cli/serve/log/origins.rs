//! Adds to each line in whose name it is: the id of a request or a connection.
//!
//! The id is the task's, rather than in a span: a span takes memory as long as a connection lives.

use std::fmt::{self, Write};

use chatbot::telemetry::{Origin, metrics};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// A format that writes one line for each event.
pub struct WithOrigin<F> {
    format: F,
    /// Whether a line is an object of JSON.
    is_json: bool,
}

impl<F> WithOrigin<F> {
    /// The line goes on behind its text.
    pub fn after_text(format: F) -> Self {
        Self { format, is_json: false }
    }

    /// The line gets a field more.
    pub fn in_json(format: F) -> Self {
        Self { format, is_json: true }
    }

    fn add(&self, origin: &Origin, line: &mut String) {
        let end = if self.is_json { "}\n" } else { "\n" };
        line.truncate(line.strip_suffix(end).unwrap_or(line).len());
        // Ids have no characters that would have to be escaped. Writing into a String cannot fail.
        let _ = match self.is_json {
            true => write!(line, ",\"{}\":\"{origin}\"", origin.kind()),
            false => write!(line, " {}={origin}", origin.kind()),
        };
        line.push_str(end);
    }
}

impl<S, N, F> FormatEvent<S, N> for WithOrigin<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        note(*event.metadata().level());
        let Some(origin) = Origin::current() else { return self.format.format_event(context, writer, event) };
        let mut line = String::new();
        self.format.format_event(context, Writer::new(&mut line), event)?;
        self.add(&origin, &mut line);
        writer.write_str(&line)
    }
}

/// Counts a line.
fn note(level: Level) {
    let [errors, warnings, others] = &metrics().log_lines;
    match level {
        Level::ERROR => errors.inc(),
        Level::WARN => warnings.inc(),
        _ => others.inc(),
    }
}
