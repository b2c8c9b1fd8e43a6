//! The bounded queue to the workers. Outside the store, only this module uses `flume`.

use crate::model::JobId;

/// Jobs that may be started now. It never holds more than there are workers, so its jobs are started at once; their order
/// is decided before they are queued.
pub struct Ready {
    sender: flume::Sender<JobId>,
    receiver: flume::Receiver<JobId>,
}

impl Ready {
    /// `capacity` is the number of workers.
    pub fn new(capacity: usize) -> Self {
        let (sender, receiver) = flume::bounded(capacity);
        Self { sender, receiver }
    }

    /// Hands a job to the next free worker; `false` if the queue is full.
    pub fn push(&self, id: JobId) -> bool {
        self.sender.try_send(id).is_ok()
    }

    /// The next job for a worker.
    pub async fn next(&self) -> Option<JobId> {
        self.receiver.recv_async().await.ok()
    }
}
