//! Index writing, in a low-priority thread that exists only while there is something to write.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tantivy::directory::Directory;
use tantivy::index::SegmentComponent;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, MergeCandidate, MergePolicy, NoMergePolicy};
use tantivy::{Index, IndexWriter, SegmentMeta};

use super::IndexError;
use crate::{memory, threads};

/// Idle time after which buffers and threads are released.
const IDLE: Duration = Duration::from_secs(5);

/// Write buffer in bytes: tantivy's minimum.
const BUFFER: usize = 15_000_000;

/// Segments with fewer entries count as one size: they are merged whenever there are eight.
const SMALL_SEGMENT: u32 = 1000;

/// Segments of more bytes than this are not merged with others. A merge maps all that it reads: eight of these at most, if not many
/// entries were taken out, and holds where each term of the new segment is.
const LARGE_SEGMENT: u64 = 1_000_000;

/// What takes the space of a segment.
const PARTS: [SegmentComponent; 4] =
    [SegmentComponent::Terms, SegmentComponent::Postings, SegmentComponent::Positions, SegmentComponent::FastFields];

/// Part of a segment's entries that are taken out before it is written again without them.
const MOST_DELETED: f32 = 0.3;

type Task = Box<dyn FnOnce(&mut IndexWriter) -> Result<(), ()> + Send>;

/// Handle to the writer thread.
pub(super) struct Writer {
    index: Index,
    /// Whether to merge all segments into one when idle: smaller and faster, for indexes that fit into memory.
    in_one_piece: bool,
    thread: Arc<Mutex<Option<Running>>>,
}

struct Running {
    tasks: SyncSender<Task>,
    handle: JoinHandle<()>,
}

impl Writer {
    pub fn new(index: Index, in_one_piece: bool) -> Self {
        Self { index, in_one_piece, thread: Arc::default() }
    }

    /// Runs `work` with tantivy's writer and waits for it. If it fails, uncommitted changes are rolled back.
    pub fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut IndexWriter) -> tantivy::Result<T> + Send + 'static,
    ) -> Result<T, IndexError> {
        let (answer, done) = mpsc::sync_channel(1);
        let task: Task = Box::new(move |writer| {
            let result = work(writer);
            let outcome = result.as_ref().map(drop).map_err(drop);
            // The caller is waiting for it.
            drop(answer.send(result));
            outcome
        });
        let tasks = self.tasks()?;
        let gone = |_| IndexError::Failed("the writer could not be opened".into());
        tasks.send(task).map_err(|_| IndexError::Failed("the writer's thread ended".into()))?;
        done.recv().map_err(gone)?.map_err(IndexError::from)
    }

    /// Ends the thread and waits until it has finished merging. The next task starts another thread.
    pub fn rest(&self) {
        let running = locked(&self.thread).take();
        if let Some(Running { tasks, handle }) = running {
            drop(tasks);
            if handle.join().is_err() {
                tracing::error!("an index's writer panicked");
            }
        }
    }

    /// Where tasks go; the thread does not end as long as this is kept.
    fn tasks(&self) -> Result<SyncSender<Task>, IndexError> {
        let mut thread = locked(&self.thread);
        if let Some(running) = &*thread {
            return Ok(running.tasks.clone());
        }
        let (tasks, queue) = mpsc::sync_channel(1);
        let (index, in_one_piece, shared) = (self.index.clone(), self.in_one_piece, self.thread.clone());
        let handle = std::thread::Builder::new()
            .name("index-writer".into())
            .spawn(move || serve(&index, in_one_piece, &queue, &shared))?;
        *thread = Some(Running { tasks: tasks.clone(), handle });
        Ok(tasks)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.rest();
    }
}

fn locked(thread: &Mutex<Option<Running>>) -> MutexGuard<'_, Option<Running>> {
    thread.lock()
}

/// Runs tasks until the thread has been idle for a while.
fn serve(index: &Index, in_one_piece: bool, queue: &Receiver<Task>, thread: &Mutex<Option<Running>>) {
    threads::lower_priority();
    let mut writer = None;
    loop {
        match queue.recv_timeout(IDLE) {
            Ok(task) => work(index, &mut writer, task),
            Err(RecvTimeoutError::Timeout) => {
                close(writer.take());
                if in_one_piece && let Err(error) = put_together(index) {
                    tracing::warn!(%error, "an index was not put into one piece");
                }
                // Nobody can send while this is held; who got the way to this thread before has it in use.
                let mut thread = locked(thread);
                match queue.try_recv() {
                    Ok(task) => {
                        drop(thread);
                        work(index, &mut writer, task);
                    }
                    Err(_) => {
                        *thread = None;
                        break;
                    }
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                close(writer.take());
                break;
            }
        }
    }
    memory::give_back();
}

fn work(index: &Index, writer: &mut Option<IndexWriter>, task: Task) {
    if writer.is_none() {
        *writer = open(index).inspect_err(|error| tracing::error!(%error, "cannot write to an index")).ok();
    }
    if let Some(open) = writer
        && task(open).is_err()
    {
        // Dropping the writer discards incomplete work.
        *writer = None;
    }
}

fn open(index: &Index) -> tantivy::Result<IndexWriter> {
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .num_merge_threads(1)
        .memory_budget_per_thread(BUFFER)
        .build();
    let writer = index.writer_with_options(options)?;
    writer.set_merge_policy(Box::new(MergeSmall::new(index)));
    Ok(writer)
}

/// Merges segments of about one size, large ones aside.
#[derive(Debug)]
struct MergeSmall {
    index: Index,
    by_size: LogMergePolicy,
}

impl MergeSmall {
    fn new(index: &Index) -> Self {
        let mut by_size = LogMergePolicy::default();
        by_size.set_min_layer_size(SMALL_SEGMENT);
        by_size.set_del_docs_ratio_before_merge(MOST_DELETED);
        Self { index: index.clone(), by_size }
    }

    fn is_large(&self, segment: &SegmentMeta) -> bool {
        let length = |component: &SegmentComponent| {
            let file = self.index.directory().open_read(&segment.relative_path(component.clone()));
            file.map_or(0, |file| file.num_bytes().get_bytes())
        };
        let is_emptied = segment.num_deleted_docs() as f32 > MOST_DELETED * segment.max_doc() as f32;
        !is_emptied && PARTS.iter().map(length).sum::<u64>() > LARGE_SEGMENT
    }
}

impl MergePolicy for MergeSmall {
    fn compute_merge_candidates(&self, segments: &[SegmentMeta]) -> Vec<MergeCandidate> {
        let small: Vec<_> = segments.iter().filter(|segment| !self.is_large(segment)).cloned().collect();
        self.by_size.compute_merge_candidates(&small)
    }
}

/// Waits for running merges.
fn close(writer: Option<IndexWriter>) {
    if let Some(Err(error)) = writer.map(IndexWriter::wait_merging_threads) {
        tracing::warn!(%error, "an index was not put in order");
    }
}

/// Merges all segments, if enough data is outside the largest one to justify rewriting it.
fn put_together(index: &Index) -> tantivy::Result<()> {
    let segments = index.searchable_segment_metas()?;
    let largest = segments.iter().map(|segment| segment.max_doc()).max().unwrap_or(0);
    let all: u32 = segments.iter().map(|segment| segment.max_doc()).sum();
    if all - largest <= largest / 4 {
        return Ok(());
    }
    let mut writer = open(index)?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    let ids: Vec<_> = segments.iter().map(|segment| segment.id()).collect();
    drop(segments);
    writer.merge(&ids).wait()?;
    writer.garbage_collect_files().wait()?;
    writer.wait_merging_threads()
}
