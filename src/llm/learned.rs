//! What requests have shown of a model: lost with the process, and then learned again.

use std::time::Duration;

use parking_lot::Mutex;

use super::dialect::Dialect;

/// The least that a slow model is given, in characters: the task, a question and a passage.
const LEAST: usize = 2_500;

/// What is known of a model, for all that ask it.
#[derive(Debug, Default)]
pub struct Learned(Mutex<Facts>);

#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    dialect: Dialect,
    thinks_unmarked: bool,
    chars: Option<usize>,
}

impl Learned {
    /// How its server is spoken to.
    pub fn dialect(&self) -> Dialect {
        self.0.lock().dialect
    }

    /// The server took a request in this dialect.
    pub fn note_dialect(&self, dialect: Dialect) {
        self.0.lock().dialect = dialect;
    }

    /// Whether its thoughts begin without a mark, because its template already has the mark.
    pub fn thinks_unmarked(&self) -> bool {
        self.0.lock().thinks_unmarked
    }

    pub fn note_unmarked_thoughts(&self) {
        self.0.lock().thinks_unmarked = true;
    }

    /// Characters that it reads in half of the time in which it has to begin, of at most `most`.
    pub fn chars(&self, most: usize) -> usize {
        self.0.lock().chars.map_or(most, |chars| chars.clamp(LEAST.min(most), most))
    }

    /// So many characters took it so long to read, of the time in which it has to begin.
    pub fn note_reading(&self, chars: usize, took: Duration, limit: Duration) {
        let affordable = limit.as_secs_f64() / 2.0 / took.as_secs_f64().max(0.001);
        self.0.lock().chars = Some((chars as f64 * affordable) as usize);
    }

    /// So many characters were too many: it did not begin in time.
    pub fn note_too_many(&self, chars: usize) {
        self.0.lock().chars = Some(chars / 3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_model_is_given_what_it_reads_in_time() {
        let (learned, limit, most) = (Learned::default(), Duration::from_secs(60), 12_000);
        assert_eq!(learned.chars(most), most, "nothing is known yet");
        learned.note_too_many(12_000);
        assert_eq!(learned.chars(most), 4_000);
        learned.note_reading(4_000, Duration::from_secs(40), limit);
        assert_eq!(learned.chars(most), 3_000);
        learned.note_reading(3_000, Duration::from_secs(60), limit);
        assert_eq!(learned.chars(most), LEAST, "a passage fits whatever it takes");
        assert_eq!(learned.chars(1_000), 1_000, "but never more than the settings allow");
        learned.note_reading(2_500, Duration::from_millis(200), limit);
        assert_eq!(learned.chars(most), most, "its machine has become faster");
    }
}
