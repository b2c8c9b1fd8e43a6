//! Progress bars on standard error, on terminals only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often a bar is drawn while nothing happens.
const TICK: Duration = Duration::from_millis(200);

/// A bar whose length is to be set.
pub fn bar(template: &str, message: String) -> ProgressBar {
    ProgressBar::new(0).with_style(style(template)).with_message(message)
}

/// For bytes of which nobody knows how many there will be.
pub fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_style(style("{spinner} {bytes}  {bytes_per_sec}  {elapsed}  {msg}"));
    bar.enable_steady_tick(TICK);
    bar
}

pub fn style(template: &str) -> ProgressStyle {
    // A template that cannot be read is a fault here; the usual bar does as well.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
