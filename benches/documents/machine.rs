//! What a measure reads of the machine, and how it is printed.

use std::path::Path;
use std::time::{Duration, Instant};

/// CPU time of this process so far, of all its threads.
pub fn cpu_time() -> Duration {
    let usage = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may have spaces: user and system time are the 12th and 13th field from there.
    let fields = usage.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// A line of `/proc/self/status`, in MB: `RssAnon` is memory of its own, `VmHWM` the most there was.
pub fn memory(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) * 1024.0 / 1e6
}

/// MB of the files below a folder.
pub fn size(dir: &Path) -> f64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0.0 };
    let of = |path: &Path| std::fs::metadata(path).map_or(0.0, |found| found.len() as f64 / 1e6);
    entries.flatten().map(|entry| if entry.path().is_dir() { size(&entry.path()) } else { of(&entry.path()) }).sum()
}

/// MB of the files of one kind in a folder.
pub fn size_of(dir: &Path, kind: &str) -> f64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0.0 };
    let files = entries.flatten().filter(|entry| entry.path().extension().is_some_and(|found| found == kind));
    files.filter_map(|entry| Some(entry.metadata().ok()?.len() as f64 / 1e6)).sum()
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
