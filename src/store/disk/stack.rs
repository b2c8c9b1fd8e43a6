//! The layers as they change: the head that is written to, and the threads that turn a full head into a run and runs into fewer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use super::database;
use super::head::Head;
use super::layers::Layers;
use super::list::{List, head_dir, read_list, remove_unlisted, run_path, write_list};
use super::merge::Merge;
use super::run::{BlockCache, Run, RunWriter};
use super::tiers::{are_removed, to_merge};
use super::{damaged, free_space, io_error, sync_dir};
use crate::memory;
use crate::store::engine::{Direction, EngineError};

/// How long the threads wait after a failure.
const RETRY: Duration = Duration::from_secs(10);

/// After so long without a commit a head that is a quarter full, or more, is turned into a run: most of it is in memory.
const IDLE: Duration = Duration::from_secs(10);

/// How long a writer that is ahead waits for a run to be written, at a time.
const WAIT: Duration = Duration::from_millis(100);

/// The layers and who changes them.
pub(super) struct Stack {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    dir: PathBuf,
    /// Bytes of rows after which a head is full.
    head_bytes: u64,
    cache: Arc<BlockCache>,
    layers: RwLock<Arc<Layers>>,
    /// Held by who writes rows, and by who replaces a head that nobody writes to. Taken before `work`.
    writing: Mutex<()>,
    work: Mutex<Work>,
    changed: Condvar,
}

/// What the threads are told, and tell.
#[derive(Default)]
struct Work {
    next: u64,
    is_ending: bool,
    /// The last attempt to turn a head into a run failed; whoever waits for that must not.
    has_failed: bool,
    compactions: Compactions,
}

/// How often all runs were to become one, and did or could not.
#[derive(Default)]
struct Compactions {
    wanted: u64,
    ended: u64,
    /// Why the last one could not be done.
    problem: Option<String>,
}

impl Stack {
    /// Opens the layers in `dir`, or begins them in an empty one; `is_created`: it is known not to be one.
    ///
    /// # Errors
    /// When another process uses them, or one is damaged or missing as far as opening can tell.
    pub fn open(dir: &Path, head_bytes: u64, is_created: bool) -> Result<Self, EngineError> {
        let list = match read_list(dir)? {
            Some(list) => Some(list),
            None if is_created => return Err(damaged(dir, "its list of layers is missing")),
            None => None,
        };
        let cache = BlockCache::new(usize::try_from(head_bytes / 16).unwrap_or(usize::MAX).clamp(64 * 1024, 4 << 20));
        let mut list = list.unwrap_or(List { next: 1, ..List::default() });
        let mut heads = Vec::new();
        for &id in &list.heads {
            heads.push(Arc::new(Head::open(head_dir(dir, id), id)?));
        }
        let open_run = |&id: &u64| {
            let removed = list.removed.get(&id).copied().unwrap_or_default();
            Run::open(run_path(dir, id), id, removed, cache.clone()).map(Arc::new)
        };
        let runs = list.runs.iter().map(open_run).collect::<Result<_, _>>()?;
        if let [newer, older] = &heads[..]
            && older.commits() < newer.commits_before()
        {
            return Err(damaged(dir, "entries in the midst of it are missing"));
        }
        remove_unlisted(dir, &list)?;
        if heads.is_empty() {
            heads.push(begin_head(dir, &mut list)?);
        }
        let shared = Arc::new(Shared {
            dir: dir.to_owned(),
            head_bytes,
            cache,
            layers: RwLock::new(Arc::new(Layers { heads, runs })),
            writing: Mutex::default(),
            work: Mutex::new(Work { next: list.next, ..Work::default() }),
            changed: Condvar::new(),
        });
        let stack = Self { shared, threads: Mutex::default() };
        stack.start("store-sealer", Shared::seal_heads)?;
        stack.start("store-merger", Shared::merge_runs)?;
        Ok(stack)
    }

    fn start(&self, name: &str, run: fn(&Shared)) -> Result<(), EngineError> {
        let shared = self.shared.clone();
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || run(&shared));
        self.threads().push(thread.map_err(|error| io_error(&error))?);
        Ok(())
    }

    /// The layers as they are now.
    pub fn layers(&self) -> Arc<Layers> {
        self.shared.layers()
    }

    /// Lets one write at a time.
    pub fn writing(&self) -> MutexGuard<'_, ()> {
        self.shared.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The layers to write to, for who holds [`Stack::writing`]: if the head is full another one is begun. Waits while two are
    /// full and a run is being written.
    pub fn layers_with_room(&self) -> Result<Arc<Layers>, EngineError> {
        let layers = self.layers();
        if layers.head().bytes() < self.shared.head_bytes {
            return Ok(layers);
        }
        let mut work = self.shared.work();
        loop {
            let layers = self.layers();
            let bytes = layers.head().bytes();
            if bytes < self.shared.head_bytes {
                return Ok(layers);
            }
            if layers.heads.len() == 1 {
                return self.shared.begin_head(&mut work);
            }
            if bytes < 2 * self.shared.head_bytes || work.has_failed || work.is_ending {
                return Ok(layers);
            }
            work = self.shared.changed.wait_timeout(work, WAIT).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The layers with all that is committed by now, and the number of the last commit in them. Nobody writes to them any more:
    /// what is written later goes to a newer head. Blocks while a run is being written.
    ///
    /// # Errors
    /// When no head can be begun, or the store is being closed.
    pub fn freeze(&self) -> Result<(Layers, u64), EngineError> {
        let newest = self.layers().head().commits();
        loop {
            // No commit is half written while this is held.
            let writing = self.writing();
            let mut work = self.shared.work();
            let mut layers = self.layers();
            if layers.head().commits_before() < newest && layers.heads.len() == 1 {
                layers = self.shared.begin_head(&mut work)?;
            }
            let before = layers.head().commits_before();
            if before >= newest {
                return Ok((Layers { heads: layers.heads[1..].to_vec(), runs: layers.runs.clone() }, before));
            }
            drop(writing);
            if work.is_ending || work.has_failed {
                return Err(EngineError::Io("the store cannot be put in order for now".into()));
            }
            drop(self.shared.changed.wait_timeout(work, WAIT).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Puts all that is committed by now into one run, without what was removed or written again. Blocks until that is done;
    /// others read and write meanwhile.
    ///
    /// # Errors
    /// When there is no space for the new run beside the old ones, or the store is being closed. Nothing is changed then.
    pub fn compact(&self) -> Result<(), EngineError> {
        let newest = self.freeze()?.1;
        let has_frozen = |layers: &Layers| layers.heads.last().is_some_and(|head| head.commits_before() < newest);
        self.wait_while(|work, layers| !work.has_failed && has_frozen(layers))?;
        if has_frozen(&self.layers()) {
            return Err(EngineError::Io("the store cannot be put in order for now".into()));
        }
        let bytes = self.layers().runs.iter().map(|run| run.bytes()).sum();
        self.shared.require_space(bytes)?;
        let mut work = self.shared.work();
        work.compactions.wanted += 1;
        let number = work.compactions.wanted;
        self.shared.changed.notify_all();
        drop(work);
        self.wait_while(|work, _| work.compactions.ended < number)?;
        match &self.shared.work().compactions.problem {
            Some(problem) => Err(EngineError::Io(problem.clone())),
            None => Ok(()),
        }
    }

    /// # Errors
    /// When the store is being closed.
    fn wait_while(&self, lasts: impl Fn(&Work, &Layers) -> bool) -> Result<(), EngineError> {
        let mut work = self.shared.work();
        while lasts(&work, &self.layers()) {
            if work.is_ending {
                return Err(EngineError::Io("the store is being closed".into()));
            }
            work = self.shared.changed.wait_timeout(work, WAIT).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// Ends the threads; what they were about is done again after the next start.
    pub fn stop(&self) {
        self.shared.work().is_ending = true;
        self.shared.changed.notify_all();
        for thread in std::mem::take(&mut *self.threads()) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }
}

impl Stack {
    /// As if nobody had written for a while.
    #[cfg(test)]
    pub fn be_idle(&self) -> Result<(), EngineError> {
        self.shared.replace_idle(self.layers().head().bytes())
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn layers(&self) -> Arc<Layers> {
        self.layers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_ending(&self) -> bool {
        self.work().is_ending
    }

    /// Writes the list, then changes the layers. `work` keeps others from doing so at the same time.
    fn replace(&self, work: &MutexGuard<'_, Work>, layers: Layers) -> Result<Arc<Layers>, EngineError> {
        let list = List {
            next: work.next,
            heads: layers.heads.iter().map(|head| head.id).collect(),
            runs: layers.runs.iter().map(|run| run.id).collect(),
            removed: layers.runs.iter().map(|run| (run.id, run.removed)).collect(),
        };
        write_list(&self.dir, &list)?;
        let layers = Arc::new(layers);
        *self.layers.write().unwrap_or_else(PoisonError::into_inner) = layers.clone();
        self.changed.notify_all();
        Ok(layers)
    }

    fn begin_head(&self, work: &mut MutexGuard<'_, Work>) -> Result<Arc<Layers>, EngineError> {
        let mut layers = Layers::clone(&self.layers());
        let id = work.next;
        work.next += 1;
        let commits = layers.head().commits();
        let head = Head::create(head_dir(&self.dir, id), id, commits)?;
        layers.heads.insert(0, Arc::new(head));
        let layers = self.replace(work, layers);
        // By the thread that wrote them.
        database::free_replaced_pages();
        layers
    }

    /// Begins another head if the one that is written to is still as it was when it had so many bytes, and they are many.
    fn replace_idle(&self, bytes: u64) -> Result<(), EngineError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut work = self.work();
        let layers = self.layers();
        let is_idle = layers.heads.len() == 1 && layers.head().bytes() == bytes && bytes >= self.head_bytes / 4;
        if is_idle && !work.is_ending { self.begin_head(&mut work).map(drop) } else { Ok(()) }
    }

    /// Turns heads that are full into runs, until the end.
    fn seal_heads(&self) {
        loop {
            let mut work = self.work();
            while !work.is_ending && self.layers().heads.len() < 2 {
                let bytes = self.layers().head().bytes();
                let waited = self.changed.wait_timeout(work, IDLE).unwrap_or_else(PoisonError::into_inner);
                work = waited.0;
                if waited.1.timed_out() {
                    drop(work);
                    if let Err(error) = self.replace_idle(bytes) {
                        tracing::error!(%error, "the store cannot be put in order for now");
                    }
                    work = self.work();
                }
            }
            if work.is_ending {
                return;
            }
            let id = work.next;
            work.next += 1;
            drop(work);
            if let Err(error) = self.seal(id) {
                tracing::error!(%error, "the store cannot be put in order for now");
                self.pause();
            }
        }
    }

    fn seal(&self, id: u64) -> Result<(), EngineError> {
        let layers = self.layers();
        let Some(full) = layers.heads.get(1).cloned() else { return Ok(()) };
        let has_older = !layers.runs.is_empty();
        drop(layers);
        let sealed = self.write_run(id, std::slice::from_ref(&full), &[], has_older, full.count())?;
        let mut work = self.work();
        if work.is_ending {
            return Ok(());
        }
        let mut layers = Layers::clone(&self.layers());
        layers.heads.truncate(1);
        layers.runs.splice(0..0, sealed);
        self.replace(&work, layers)?;
        work.has_failed = false;
        drop(work);
        full.doom();
        drop(full);
        database::free_replaced_pages();
        memory::free_heap();
        Ok(())
    }

    /// Puts runs of about one size together, and all of them where that is wanted, until the end.
    fn merge_runs(&self) {
        loop {
            let mut work = self.work();
            let together = loop {
                if work.is_ending {
                    return;
                }
                let is_wanted = work.compactions.ended < work.compactions.wanted;
                let together = self.together(&self.layers().runs, is_wanted);
                if is_wanted || !together.is_empty() {
                    break together;
                }
                work = self.changed.wait(work).unwrap_or_else(PoisonError::into_inner);
            };
            let wanted = work.compactions.wanted;
            let id = work.next;
            work.next += 1;
            drop(work);
            let merged = self.merge(id, &together);
            let mut work = self.work();
            // It was broken off: whoever waits for it is told that the store is being closed.
            if work.is_ending {
                return;
            }
            work.compactions.ended = wanted;
            work.compactions.problem = merged.as_ref().err().map(ToString::to_string);
            self.changed.notify_all();
            if let Err(error) = merged {
                tracing::error!(%error, "the store cannot be put in order for now");
                drop(self.changed.wait_timeout_while(work, RETRY, |work| !work.is_ending));
            }
        }
    }

    /// The runs that are to become one, newest first: all of them if that is wanted, or much of them says that something was removed
    /// and there is space for it.
    fn together(&self, runs: &[Arc<Run>], all: bool) -> Vec<Arc<Run>> {
        let sum = |of: fn(&Run) -> u64| runs.iter().map(|run| of(run)).sum::<u64>();
        let is_worth_it = || runs.len() > 1 && are_removed(sum(|run| run.removed), sum(|run| run.rows));
        let number = if all || (is_worth_it() && self.require_space(sum(Run::bytes)).is_ok()) {
            runs.len()
        } else {
            to_merge(&runs.iter().map(|run| run.bytes()).collect::<Vec<_>>(), self.head_bytes)
        };
        runs[..number].to_vec()
    }

    fn merge(&self, id: u64, together: &[Arc<Run>]) -> Result<(), EngineError> {
        if together.len() < 2 {
            return Ok(());
        }
        self.require_space(together.iter().map(|run| run.bytes()).sum())?;
        let last = together.last().map(|run| run.id);
        let has_older = self.layers().runs.last().map(|run| run.id) != last;
        let most = together.iter().map(|run| run.rows).sum();
        let merged = self.write_run(id, &[], together, has_older, most)?;
        let work = self.work();
        if work.is_ending {
            return Ok(());
        }
        // Newer ones may have come meanwhile.
        let mut layers = Layers::clone(&self.layers());
        let Some(first) = layers.runs.iter().position(|run| run.id == together[0].id) else { return Ok(()) };
        layers.runs.splice(first..first + together.len(), merged);
        self.replace(&work, layers)?;
        together.iter().for_each(|run| run.doom());
        Ok(())
    }

    /// Writes what these layers have into one run; `None` if that is nothing, or the end has come. What was removed is only
    /// noted if an older layer may have it.
    fn write_run(
        &self,
        id: u64,
        heads: &[Arc<Head>],
        runs: &[Arc<Run>],
        has_older: bool,
        most_rows: u64,
    ) -> Result<Option<Arc<Run>>, EngineError> {
        let everything = vec![1]..vec![u8::MAX];
        let mut rows = Merge::new(heads, runs, &everything, Direction::Forward)?;
        let path = run_path(&self.dir, id);
        let mut writer = RunWriter::create(path.clone(), most_rows)?;
        while let Some((key, value)) = rows.next()? {
            if value.is_some() || has_older {
                writer.add(key, value)?;
            }
            if writer.rows().is_multiple_of(4096) && self.is_ending() {
                break;
            }
        }
        if writer.rows() == 0 || self.is_ending() {
            return Ok(None);
        }
        let removed = writer.finish()?;
        sync_dir(&self.dir)?;
        Run::open(path, id, removed, self.cache.clone()).map(Arc::new).map(Some)
    }

    /// There is to be space for a new run of so many bytes, and the commits that come meanwhile.
    fn require_space(&self, bytes: u64) -> Result<(), EngineError> {
        let needed = bytes.saturating_add(2 * self.head_bytes);
        if free_space(&self.dir).is_some_and(|free| free < needed) { Err(EngineError::DiskFull) } else { Ok(()) }
    }

    fn pause(&self) {
        let mut work = self.work();
        work.has_failed = true;
        drop(self.changed.wait_timeout_while(work, RETRY, |work| !work.is_ending));
    }
}

fn begin_head(dir: &Path, list: &mut List) -> Result<Arc<Head>, EngineError> {
    let id = list.next;
    list.next += 1;
    let head = Head::create(head_dir(dir, id), id, 0)?;
    list.heads.insert(0, id);
    write_list(dir, list)?;
    Ok(Arc::new(head))
}
