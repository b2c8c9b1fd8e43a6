//! Figures as they are measured and printed.

use std::io;
use std::time::{Duration, Instant};

use crate::shared::Process;

/// Bytes as the megabytes that are printed.
pub fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// MB of this process's memory: its own, and pages of files.
pub fn memory() -> io::Result<(f64, f64)> {
    let megabytes = |line| Process::own().memory(line).map(megabytes);
    Ok((megabytes("RssAnon")?, megabytes("RssFile")?))
}

/// Prints a figure, and whether it is as it should be.
pub fn print(what: &str, figure: f64, unit: &str, most: Option<f64>) {
    let target = most
        .map_or(String::new(), |most| format!("   {} {most} {unit}", if figure <= most { "within" } else { "MISSED" }));
    println!("  {what:<44} {figure:>10.2} {unit:<3}{target}");
}

/// Times of one kind of call.
#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn measure<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = call();
        self.0.push(began.elapsed());
        result
    }

    /// Prints the median and what 95 of 100 stay below, of which `most` is the target, in milliseconds.
    pub fn print(mut self, what: &str, most: Option<f64>) {
        self.0.sort_unstable();
        let at = |percent: usize| {
            let found = self.0.get((self.0.len() * percent).div_ceil(100).saturating_sub(1));
            found.map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
        };
        print(&format!("{what}, p50"), at(50), "ms", None);
        print(&format!("{what}, p95"), at(95), "ms", most);
    }
}
