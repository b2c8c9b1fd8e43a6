//! The bounded way to the workers: the only home of `flume` beside the store's writer.

use crate::model::JobId;

/// Jobs that may be begun now. It never holds more than there are workers, so what is in it is begun at once; who is put into it,
/// and when, is decided in front of it.
pub struct JobQueue {
    sender: flume::Sender<JobId>,
    receiver: flume::Receiver<JobId>,
}

impl JobQueue {
    /// `capacity` is the number of workers.
    pub fn new(capacity: usize) -> Self {
        let (sender, receiver) = flume::bounded(capacity);
        Self { sender, receiver }
    }

    /// Hands a job to the next free worker; `false` when every place is taken.
    pub fn push(&self, id: JobId) -> bool {
        self.sender.try_send(id).is_ok()
    }

    /// The next job for a worker.
    pub async fn next(&self) -> Option<JobId> {
        self.receiver.recv_async().await.ok()
    }
}
