//! When a model that did not answer is asked again.

use std::time::Duration;

use reqwest::StatusCode;

use super::LlmError;
use crate::fetch::FetchError;

/// Delay before a retry if the server sends no `Retry-After`.
const PAUSE: Duration = Duration::from_secs(1);

/// Longest `Retry-After` that is obeyed; beyond it, the error is reported.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Longest delay before a server that loads the model is asked again.
const LONGEST_LOADING: Duration = Duration::from_secs(5);

/// Why there is no answer.
pub struct Refusal {
    pub error: LlmError,
    /// Of the server's response, if there was one.
    pub status: Option<StatusCode>,
    /// The server's words.
    pub message: String,
    pub retry_after: Option<Duration>,
}

impl Refusal {
    pub fn without_answer(error: FetchError) -> Self {
        Self { error: error.into(), status: None, message: String::new(), retry_after: None }
    }

    /// Whether the answer did not begin in time.
    pub fn is_late(&self) -> bool {
        self.status.is_none() && self.error == LlmError::TooSlow
    }
}

/// How often one question is asked.
pub struct Patience {
    /// How long it may still be waited for that the model is loaded.
    left: Duration,
    loading: Duration,
    has_retried: bool,
}

impl Patience {
    /// For a model that has to begin within that time.
    pub fn new(limit: Duration) -> Self {
        Self { left: limit, loading: PAUSE / 2, has_retried: false }
    }

    /// Waits until the model is worth asking again.
    ///
    /// # Errors
    /// That of the refusal, if it is not.
    pub async fn pause_after(&mut self, refusal: &Refusal) -> Result<(), LlmError> {
        let pause = self.pause(refusal).ok_or(refusal.error)?;
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn pause(&mut self, refusal: &Refusal) -> Option<Duration> {
        if refusal.error == LlmError::Loading {
            let pause = refusal.retry_after.unwrap_or(self.loading).clamp(PAUSE / 2, LONGEST_PAUSE);
            self.loading = (2 * self.loading).min(LONGEST_LOADING);
            self.left = self.left.checked_sub(pause)?;
            return Some(pause);
        }
        let pause = refusal.retry_after.unwrap_or(PAUSE);
        let may_help = refusal.error.may_pass() && !self.has_retried && pause <= LONGEST_PAUSE;
        self.has_retried = true;
        may_help.then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(error: LlmError, retry_after: Option<u64>) -> Refusal {
        Refusal { error, status: None, message: String::new(), retry_after: retry_after.map(Duration::from_secs) }
    }

    #[test]
    fn a_model_is_waited_for_while_it_is_loaded_but_not_for_ever() {
        let mut patience = Patience::new(Duration::from_secs(20));
        let pauses = std::iter::from_fn(|| patience.pause(&refusal(LlmError::Loading, None)));
        let seconds: Vec<_> = pauses.map(|pause| pause.as_secs_f64()).collect();
        assert_eq!(seconds, [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]);
    }

    #[test]
    fn a_busy_model_is_asked_once_more_unless_it_wants_to_be_left_for_long() {
        let pause = |patience: &mut Patience, error, after| patience.pause(&refusal(error, after));
        let mut patience = Patience::new(Duration::from_secs(20));
        assert_eq!(pause(&mut patience, LlmError::Busy, Some(0)), Some(Duration::ZERO));
        assert_eq!(pause(&mut patience, LlmError::Busy, Some(0)), None);
        for (error, after) in [(LlmError::Busy, Some(60)), (LlmError::BadKey, None), (LlmError::Refused(400), None)] {
            assert_eq!(pause(&mut Patience::new(Duration::from_secs(20)), error, after), None, "{error}");
        }
    }
}
