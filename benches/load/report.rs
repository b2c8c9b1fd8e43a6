//! What a run says: tables of figures beside their reference and target, percentiles, and the faults that make it fail.

use std::time::Duration;

/// Broken promises seen during a run: lost, doubled, disordered or refused messages, ended connections.
#[derive(Default)]
pub struct Faults {
    count: u64,
    examples: Vec<String>,
}

impl Faults {
    /// One broken promise tends to break thousands of times; a few examples tell enough.
    const EXAMPLES: usize = 5;

    pub fn add(&mut self, describe: impl FnOnce() -> String) {
        self.count += 1;
        if self.examples.len() < Self::EXAMPLES {
            self.examples.push(describe());
        }
    }

    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.examples.extend(other.examples);
        self.examples.truncate(Self::EXAMPLES);
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn print(&self) {
        println!("  {} faults, among them:", thousands(self.count as f64));
        for example in &self.examples {
            println!("    {example}");
        }
    }
}

/// Measured durations, to the microsecond.
#[derive(Default)]
pub struct Latencies(Vec<u32>);

impl Latencies {
    pub fn add(&mut self, latency: Duration) {
        self.0.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Milliseconds below which `percent` of the durations lie; not a number when there are none.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).map_or(f64::NAN, |&latency| f64::from(latency) / 1000.0)
    }
}

/// What senders got who each wait for an answer before they ask again.
pub struct Answers {
    pub wall: Duration,
    pub latencies: Latencies,
}

impl Answers {
    pub fn per_second(&self) -> f64 {
        self.latencies.0.len() as f64 / self.wall.as_secs_f64()
    }
}

/// The figure a release should reach.
#[derive(Clone, Copy)]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Target {
    fn describe(self, measured: f64) -> String {
        let (sign, limit, met) = match self {
            Self::AtLeast(limit) => (">=", limit, measured >= limit),
            Self::AtMost(limit) => ("<=", limit, measured <= limit),
        };
        format!("{sign} {} {}", thousands(limit), if met { "met" } else { "MISSED" })
    }
}

/// A table of the server's figures, each beside that of its reference.
pub struct Comparison {
    rows: Vec<[String; 5]>,
}

impl Comparison {
    pub fn new(title: &str, reference: &str) -> Self {
        println!("\n{title}");
        let heads = ["", "chatbot", reference, "ratio", "target"];
        Self { rows: vec![heads.map(str::to_owned)] }
    }

    pub fn row(&mut self, name: &str, measured: f64, reference: f64) {
        self.push(name, measured, Some(reference), None);
    }

    pub fn targeted_row(&mut self, name: &str, measured: f64, reference: f64, target: Target) {
        self.push(name, measured, Some(reference), Some(target));
    }

    pub fn maybe_targeted_row(&mut self, name: &str, measured: f64, reference: f64, target: Option<Target>) {
        self.push(name, measured, Some(reference), target);
    }

    /// A figure for which there is nothing to compare with.
    pub fn lone_row(&mut self, name: &str, measured: f64, target: Option<Target>) {
        self.push(name, measured, None, target);
    }

    fn push(&mut self, name: &str, measured: f64, reference: Option<f64>, target: Option<Target>) {
        let ratio = reference.map(|reference| format!("{:.2}", measured / reference));
        self.rows.push([
            name.to_owned(),
            thousands(measured),
            reference.map(thousands).unwrap_or_default(),
            ratio.unwrap_or_default(),
            target.map(|target| target.describe(measured)).unwrap_or_default(),
        ]);
    }

    pub fn print(&self) {
        let width = |column: usize| self.rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let [name, measured, reference, ratio] = [0, 1, 2, 3].map(width);
        for row in &self.rows {
            let line = format!(
                "  {:name$}  {:>measured$}  {:>reference$}  {:>ratio$}  {}",
                row[0], row[1], row[2], row[3], row[4]
            );
            println!("{}", line.trim_end());
        }
    }
}

/// A figure with its thousands set apart, with decimals only where they say something.
pub fn thousands(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    if value.abs() < 100.0 && value.fract() != 0.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    if value < 0.0 {
        text.push('-');
    }
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
