//! Callback URLs, at which an HTTP endpoint can answer later.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use subtle::ConstantTimeEq;
use tokio::sync::mpsc;

use super::Said;
use crate::accounts::random_token;
use crate::model::JobId;

/// Capacity of a job's queue of posted responses.
const MOST_WAITING: usize = 16;

/// The jobs that wait for an answer.
#[derive(Default)]
pub struct Callbacks {
    open: Mutex<HashMap<JobId, Expected>>,
}

struct Expected {
    token: String,
    sender: mpsc::Sender<Said>,
}

impl Callbacks {
    /// Locked only briefly; never held across an await.
    fn open(&self) -> MutexGuard<'_, HashMap<JobId, Expected>> {
        self.open.lock()
    }

    /// Accepts answers for a job until the callback is dropped.
    pub(super) fn expect(self: &Arc<Self>, job: &JobId) -> Callback {
        let (sender, receiver) = mpsc::channel(MOST_WAITING);
        let token = random_token();
        self.open().insert(job.clone(), Expected { token: token.clone(), sender });
        Callback { callbacks: self.clone(), job: job.clone(), token, receiver }
    }

    /// Accepts a posted response; `false` if no callback is open for the job or the token is wrong. A final response is
    /// accepted once.
    pub fn answer(&self, job: &JobId, token: &str, said: Said) -> bool {
        let mut open = self.open();
        let is_token = |expected: &&Expected| bool::from(expected.token.as_bytes().ct_eq(token.as_bytes()));
        let Some(sender) = open.get(job).filter(is_token).map(|expected| expected.sender.clone()) else { return false };
        if said.is_final() {
            open.remove(job);
        } else if sender.capacity() == 1 {
            // The last slot is reserved for the answer. Progress that comes faster than it can be shown is dropped.
            return true;
        }
        sender.try_send(said).is_ok()
    }
}

/// An open callback of a job.
pub(super) struct Callback {
    callbacks: Arc<Callbacks>,
    job: JobId,
    token: String,
    receiver: mpsc::Receiver<Said>,
}

impl Callback {
    /// Path to post to, on this server.
    pub fn path(&self) -> String {
        format!("/api/jobs/{}/callback/{}", self.job, self.token)
    }

    /// The next posted response.
    pub async fn next(&mut self) -> Option<Said> {
        self.receiver.recv().await
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        self.callbacks.open().remove(&self.job);
    }
}
