//! How the server was in the last day: a sample every minute, in memory.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;

use super::App;
use crate::jobs::Span;
use crate::memory;
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::threads;

/// How often.
const EVERY: Duration = Duration::from_secs(60);

/// Samples of a day, and one before the first step.
const REMEMBERED: usize = 24 * 60 + 1;

/// How the server was at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub at: Timestamp,
    pub connections: usize,
    pub rooms: u64,
    /// Ever stored.
    pub messages: u64,
    /// Of these, how many were purged.
    pub purged: u64,
    /// Ended since the start.
    pub jobs: u64,
    /// Bytes of memory that are resident.
    pub memory: Option<u64>,
    /// Bytes of the store.
    pub disk: Option<u64>,
}

/// The samples of the last day.
pub struct Vitals {
    pub started_at: Timestamp,
    samples: Mutex<VecDeque<Sample>>,
}

impl Default for Vitals {
    fn default() -> Self {
        Self { started_at: Timestamp::now(), samples: Mutex::default() }
    }
}

impl Vitals {
    /// Takes samples until it is dropped.
    pub async fn keep(&self, app: &App) {
        loop {
            match Self::sample(app).await {
                Ok(sample) => self.add(sample),
                Err(error) => tracing::debug!(%error, "cannot take a sample"),
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// How the server is now.
    pub async fn sample(app: &App) -> Result<Sample, StoreError> {
        let (sizes, totals) = (app.store.sizes().await?, app.jobs.stats().totals());
        Ok(Sample {
            at: Timestamp::now(),
            connections: app.connections.open(),
            rooms: sizes.rooms,
            messages: sizes.messages,
            purged: sizes.purged,
            jobs: totals.completed + totals.failed,
            memory: threads::blocking(memory::resident).await.ok().flatten(),
            disk: sizes.bytes,
        })
    }

    fn add(&self, sample: Sample) {
        let mut samples = self.samples.lock();
        if samples.len() == REMEMBERED {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    /// The last sample of each step there are samples of, oldest first, with messages and jobs as what they grew by in it.
    pub fn points(&self, span: Span) -> Vec<Sample> {
        let samples = self.samples.lock();
        let step = i64::try_from(span.step_seconds() * 1000).unwrap_or(i64::MAX);
        let mut steps: Vec<Sample> = Vec::new();
        for sample in samples.iter() {
            match steps.last_mut() {
                Some(last) if last.at.0 / step == sample.at.0 / step => *last = *sample,
                _ => steps.push(*sample),
            }
        }
        let grown = steps.windows(2).map(|pair| Sample {
            // Rooms that were deleted took their messages along.
            messages: pair[1].messages.saturating_sub(pair[0].messages),
            jobs: pair[1].jobs.saturating_sub(pair[0].jobs),
            ..pair[1]
        });
        let grown: Vec<_> = grown.collect();
        let most = usize::try_from(span.points()).unwrap_or(REMEMBERED);
        grown[grown.len().saturating_sub(most)..].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_say_how_much_was_added_in_each() {
        let vitals = Vitals::default();
        for minute in 0..40_i64 {
            let grown = minute as u64;
            let at = Timestamp(minute * 60_000);
            vitals.add(Sample {
                at,
                connections: 1,
                rooms: 1,
                messages: grown * 10,
                purged: 0,
                jobs: grown,
                memory: None,
                disk: None,
            });
        }
        let hour = vitals.points(Span::Hour);
        assert_eq!((hour.len(), hour[0].messages, hour[0].jobs), (39, 10, 1));
        let day = vitals.points(Span::Day);
        assert_eq!(day.iter().map(|point| point.messages).collect::<Vec<_>>(), [150, 100]);
    }
}
