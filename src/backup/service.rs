//! Backups of a server that runs: one at a time, on a thread of its own that gets what others leave of the processor. Some are
//! asked for, others are made by a plan.

use std::future::Future;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::format::KeepBlobs;
use super::make::blob_place;
use super::targets::Target;
use super::{BackupError, Made, Recipient, Watched, file_name, make};
use crate::model::{BackupNote, Timestamp};
use crate::store::{Files, Store, StoreError};
use crate::text::Text;
use crate::threads;

/// Bytes that are sent at a time.
const CHUNK: usize = 64 * 1024;

/// Chunks on their way; more are not written.
const UNDER_WAY: usize = 8;

/// How long a reader may take for a chunk.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long is waited for another one that is being made.
const TURN: Duration = Duration::from_secs(5);

/// How long after the start the first backup of a plan is made at the earliest: there is enough to do before.
const FIRST: Duration = Duration::from_secs(30);

/// How long after a failure it is tried again, at most.
const RETRY: Duration = Duration::from_secs(15 * 60);

/// The longest wait at a time: the wall clock may be set, and a machine may sleep.
const LOOK: Duration = Duration::from_secs(60 * 60);

/// Backups that are made by themselves.
#[derive(Debug)]
pub struct Plan {
    pub every: Duration,
    /// How many stay at the target; 0 for all.
    pub keep: usize,
    pub target: Target,
    pub recipient: Option<Recipient>,
    /// Whether what has not changed is kept once for all backups.
    pub incremental: bool,
}

/// How it stands with the backups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    pub last: Option<BackupNote>,
    /// When the next one of the plan is made, if there is a plan.
    pub next_at: Option<Timestamp>,
    /// When the last one of the plan failed, if none was made since.
    pub failed_at: Option<Timestamp>,
    /// How many were made since the start, and how many failed.
    pub made: u64,
    pub failed: u64,
}

/// Makes backups.
pub struct Backups {
    store: Arc<Store>,
    files: Arc<Files>,
    plan: Option<Arc<Plan>>,
    /// For the one that is being made.
    place: Arc<Semaphore>,
    status: Arc<Mutex<Status>>,
    stopping: CancellationToken,
}

/// What is to be read of a backup that is being made.
pub type Chunks = mpsc::Receiver<io::Result<Bytes>>;

impl Backups {
    /// Backups end early once `stopping` is cancelled.
    ///
    /// # Errors
    /// As of reading the store.
    pub async fn open(
        store: Arc<Store>,
        files: Arc<Files>,
        plan: Option<Plan>,
        stopping: CancellationToken,
    ) -> Result<Self, StoreError> {
        let last = store.last_backup().await?;
        let status = Arc::new(Mutex::new(Status { last, ..Status::default() }));
        Ok(Self { store, files, plan: plan.map(Arc::new), place: Arc::new(Semaphore::new(1)), status, stopping })
    }

    /// How it stands.
    pub fn status(&self) -> Status {
        *self.status.lock()
    }

    /// Begins a backup that is read while it is made. The future ends with it, and must be polled.
    ///
    /// # Errors
    /// When another one is being made, and for longer.
    pub async fn begin(
        &self,
        recipient: Option<Recipient>,
    ) -> Result<(impl Future<Output = ()> + use<>, Chunks), Text> {
        // One whose reader has gone ends soon.
        let place = tokio::time::timeout(TURN, self.place.clone().acquire_owned()).await;
        let place = place.ok().and_then(Result::ok).ok_or_else(|| Text::new("error-busy-backup"))?;
        let (sender, chunks) = mpsc::channel(UNDER_WAY);
        let mut to = Sending { buffer: Vec::with_capacity(CHUNK), chunks: sender, runtime: Handle::current() };
        let working = self.work(place, move |store, files, stopping| {
            let made = made(store, files, recipient.as_ref(), stopping, &mut to, None);
            let made = made.and_then(|made| to.flush().map(|()| made).map_err(BackupError::from));
            made.inspect_err(|error| to.fail(error))
        });
        let noted = self.noted(working);
        Ok((async move { drop(noted.await) }, chunks))
    }

    /// Makes backups by the plan, until the server stops.
    pub async fn keep_up(&self) {
        let Some(plan) = &self.plan else { return };
        let mut next_at = self.first_at(plan);
        loop {
            self.status.lock().next_at = Some(next_at);
            let left = Duration::from_millis(next_at.since(Timestamp::now()));
            if !left.is_zero() {
                match self.stopping.run_until_cancelled(tokio::time::sleep(left.min(LOOK))).await {
                    Some(()) => continue,
                    None => return,
                }
            }
            // To its end, which comes early when the server stops.
            let is_made = self.make_planned(plan).await.is_ok();
            if self.stopping.is_cancelled() {
                return;
            }
            let pause = if is_made { plan.every } else { plan.every.min(RETRY) };
            next_at = later(Timestamp::now(), pause);
            if !is_made {
                self.status.lock().failed_at = Some(Timestamp::now());
            }
        }
    }

    fn first_at(&self, plan: &Plan) -> Timestamp {
        let earliest = later(Timestamp::now(), FIRST.min(plan.every));
        let last = self.status.lock().last;
        // Not of a clock that was ahead.
        let due = last.filter(|last| last.at <= Timestamp::now()).map(|last| later(last.at, plan.every));
        due.map_or(earliest, |due| due.max(earliest))
    }

    async fn make_planned(&self, plan: &Arc<Plan>) -> Result<(), BackupError> {
        // Never closed.
        let Ok(place) = self.place.clone().acquire_owned().await else { return Err(BackupError::Stopping) };
        let (plan, runtime) = (plan.clone(), Handle::current());
        let working = self.work(place, move |store, files, stopping| {
            let name = file_name(Timestamp::now(), plan.recipient.is_some());
            let recipient = plan.recipient.as_ref();
            let mut upload = plan.target.begin(&name, &runtime, stopping)?;
            let place = blob_place(store, recipient);
            let folder = place.folder().unwrap_or_default();
            let share = || plan.target.share(folder, recipient, &runtime, stopping);
            let mut shared = plan.incremental.then(share).transpose()?;
            let blobs = shared.as_mut().map(|shared| shared as &mut dyn KeepBlobs);
            let (made, mut bytes) = made(store, files, recipient, stopping, &mut upload, blobs)?;
            if let Some(shared) = &shared {
                shared.finish(&name)?;
                bytes += shared.bytes;
            }
            if let Err(error) = upload.finish() {
                shared.iter().for_each(|shared| shared.give_up(&name));
                return Err(error);
            }
            if plan.keep > 0
                && let Err(error) = plan.target.prune(plan.keep, folder, &runtime, stopping)
            {
                tracing::warn!(%error, "old backups could not be removed");
            }
            Ok((made, bytes))
        });
        self.noted(working).await
    }

    /// Notes what became of a backup.
    fn noted<F: Future<Output = Result<(Made, u64), BackupError>>>(
        &self,
        working: F,
    ) -> impl Future<Output = Result<(), BackupError>> + use<F> {
        let (store, status) = (Arc::downgrade(&self.store), self.status.clone());
        async move {
            match working.await {
                Ok((Made { header, contents }, bytes)) => {
                    let (commit, rows, files) = (header.commit, contents.rows, contents.files);
                    let missing_files = contents.missing_files;
                    tracing::info!(commit, rows, files, missing_files, bytes, "a backup was made");
                    let note = BackupNote { at: Timestamp::now(), bytes };
                    {
                        let mut status = status.lock();
                        (status.last, status.failed_at, status.made) = (Some(note), None, status.made + 1);
                    }
                    if let Some(store) = store.upgrade()
                        && let Err(error) = store.note_backup(&note).await
                    {
                        tracing::warn!(%error, "it is not noted that a backup was made");
                    }
                    Ok(())
                }
                Err(BackupError::Stopping) => {
                    tracing::info!("a backup ended early, because the server stops");
                    Err(BackupError::Stopping)
                }
                Err(error) => {
                    tracing::error!(%error, "a backup could not be made");
                    status.lock().failed += 1;
                    Err(error)
                }
            }
        }
    }

    /// Works on a thread. The future ends only once the thread holds neither the store nor the place any more.
    fn work<T, W>(
        &self,
        place: OwnedSemaphorePermit,
        work: W,
    ) -> impl Future<Output = Result<T, BackupError>> + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce(&Store, &Files, &CancellationToken) -> Result<T, BackupError> + Send + 'static,
    {
        let (store, files, stopping) = (self.store.clone(), self.files.clone(), self.stopping.clone());
        let (answer, ended) = oneshot::channel();
        let started = threads::start("backup", move || {
            threads::lower_priority();
            let done = work(&store, &files, &stopping);
            drop((store, files, place));
            let _ = answer.send(if stopping.is_cancelled() { done.map_err(|_| BackupError::Stopping) } else { done });
        });
        async move {
            // It ends by itself, and says so before.
            drop(started?);
            ended.await.map_err(|_| BackupError::Io(io::ErrorKind::BrokenPipe.into()))?
        }
    }
}

/// The backup that was made, and its bytes without those of `blobs`.
fn made(
    store: &Store,
    files: &Files,
    recipient: Option<&Recipient>,
    stopping: &CancellationToken,
    to: &mut (impl Write + ?Sized),
    blobs: Option<&mut dyn KeepBlobs>,
) -> Result<(Made, u64), BackupError> {
    let mut bytes = 0;
    let watch = |written| {
        bytes += written;
        if stopping.is_cancelled() { Err(BackupError::Stopping) } else { Ok(()) }
    };
    let made = make(store, files, recipient, Watched { to, watch }, blobs)?;
    Ok((made, bytes))
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}

/// Sends what is written.
struct Sending {
    buffer: Vec<u8>,
    chunks: mpsc::Sender<io::Result<Bytes>>,
    runtime: Handle,
}

impl Sending {
    fn send(&self, chunk: io::Result<Bytes>) -> io::Result<()> {
        let sent = async { tokio::time::timeout(PATIENCE, self.chunks.send(chunk)).await };
        match self.runtime.block_on(sent) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Lets the reader know that it breaks off.
    fn fail(&self, error: &BackupError) {
        // Nobody may be reading any more.
        let _ = self.send(Err(io::Error::other(error.to_string())));
    }
}

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == CHUNK {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        self.send(Ok(chunk.into()))
    }
}
