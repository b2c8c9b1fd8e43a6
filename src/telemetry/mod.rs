//! What the process tells of its own work to whoever watches it. Every layer records here; how it is shown stands above.

mod metrics;
mod process;

pub use metrics::{Metrics, Shown, metrics};
pub use process::{ProcessNumbers, process_numbers};
