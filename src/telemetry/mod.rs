//! What the process tells of its own work to whoever watches it. Every layer records here; how it is shown stands above.

mod metrics;
mod origin;
mod process;
mod slow;
mod spans;

pub use metrics::{Metrics, Shown, metrics};
pub use origin::Origin;
pub use process::{ProcessNumbers, process_numbers};
pub use slow::{Operation, took, warn_of_slower_than};
pub use spans::{
    EndedSpan, SpanContext, SpanKind, SpanValue, TraceSpan, collect as collect_spans, current_span, within,
};
