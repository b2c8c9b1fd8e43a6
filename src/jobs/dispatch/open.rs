//! The jobs that wait or run, with everything that is counted about them.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_util::sync::CancellationToken;

use super::super::policy::{Lane, Policies, Policy};
use super::QueuedJob;
use super::permit::Counted;
use super::running::{Concurrency, Running};
use super::waiting::{LimitKey, Waiting};
use crate::model::{Handle, JobId, LogLine, Payer, RoomName, Timestamp};
use crate::protocol::{JobView, Partial};
use crate::store::StoredJob;
use crate::telemetry::SpanContext;

/// Overhead of a log line, in bytes.
const LOG_LINE: usize = 64;

/// Maximum size of a job's log in bytes; the last lines are kept, because records must stay small.
const MAX_LOG: usize = 16 * 1024;

/// Maximum length of a log line, in characters.
const MAX_LOG_LINE: usize = 500;

/// Maximum size, in bytes, of the beginning of an unfinished answer that is kept for clients that join late.
const MAX_PARTIAL: usize = 24 * 1024;

/// A job that waits or runs.
pub struct OpenJob {
    pub stored: StoredJob,
    pub policy: Policy,
    pub progress: Option<u8>,
    pub text: Option<String>,
    /// Since when it waits for a worker.
    pub waits_since: Instant,
    pub trace: Option<SpanContext>,
    pub cancel: CancellationToken,
    pub cancelled_by: Option<Handle>,
    pub log: VecDeque<LogLine>,
    log_bytes: usize,
    partial: String,
    /// How many parts of the answer there are; closed once the job is here no more.
    pieces: watch::Sender<u64>,
    place: Place,
    /// Counts for its person as long as it is here.
    _counted: Counted,
}

/// Scheduling stage of a job.
enum Place {
    /// Waiting for its turn, with its permit.
    Waiting { _lane: Option<OwnedSemaphorePermit> },
    /// In the queue, or with a worker.
    HandedOver,
    /// Cancelled before its turn, or finished and being stored.
    Out,
}

impl OpenJob {
    pub fn new(queued: QueuedJob, policy: Policy) -> Self {
        let QueuedJob { stored, log, permit, trace } = queued;
        let log_bytes = log.iter().map(line_bytes).sum();
        Self {
            stored,
            policy,
            progress: None,
            text: None,
            waits_since: Instant::now(),
            trace,
            cancel: CancellationToken::new(),
            cancelled_by: None,
            log: log.into(),
            log_bytes,
            partial: String::new(),
            pieces: watch::Sender::new(0),
            place: Place::Waiting { _lane: permit.lane },
            _counted: permit.counted,
        }
    }

    pub fn view(&self) -> JobView {
        JobView::new(&self.stored.job, self.stored.seq, self.progress, self.text.clone())
    }

    pub fn partial(&self) -> Option<Partial> {
        let n = *self.pieces.borrow();
        (n > 0).then(|| Partial { text: self.partial.clone(), n })
    }

    pub fn add_piece(&mut self, text: &str) -> u64 {
        if self.partial.len() + text.len() <= MAX_PARTIAL {
            self.partial.push_str(text);
        }
        self.pieces.send_modify(|n| *n += 1);
        *self.pieces.borrow()
    }

    pub fn follow(&self) -> watch::Receiver<u64> {
        self.pieces.subscribe()
    }

    pub fn add_log(&mut self, text: &str) {
        let text = text.chars().filter(|c| !c.is_control() || *c == '\t').take(MAX_LOG_LINE).collect();
        let line = LogLine { at: Timestamp::now(), attempt: self.stored.job.attempt, text };
        self.log_bytes += line_bytes(&line);
        self.log.push_back(line);
        while self.log_bytes > MAX_LOG
            && let Some(oldest) = self.log.pop_front()
        {
            self.log_bytes -= line_bytes(&oldest);
        }
    }

    fn limit_key(&self) -> LimitKey {
        LimitKey {
            lane: self.policy.lane,
            payer: self.stored.job.payer(),
            principal: self.stored.job.principal.clone(),
            name: self.stored.job.name.clone(),
            room: self.stored.job.room.clone(),
        }
    }
}

/// What a line of a log takes in a record.
fn line_bytes(line: &LogLine) -> usize {
    LOG_LINE + line.text.len()
}

/// All of them.
pub struct OpenJobs {
    open: HashMap<JobId, OpenJob>,
    waiting: Waiting,
    pub running: Running,
    /// Jobs by where they were asked for. Ids sort by the time they were made.
    rooms: HashMap<RoomName, BTreeSet<JobId>>,
}

impl OpenJobs {
    pub fn new(concurrency: Concurrency) -> Self {
        Self {
            open: HashMap::new(),
            waiting: Waiting::default(),
            running: Running::new(concurrency),
            rooms: HashMap::new(),
        }
    }

    /// Jobs that were asked for in a room, oldest first.
    pub fn of_room(&self, room: &RoomName) -> impl Iterator<Item = &OpenJob> {
        self.rooms.get(room).into_iter().flatten().filter_map(|id| self.open.get(id))
    }

    /// How many have not ended.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Number of jobs waiting for their turn.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub fn get(&self, id: &JobId) -> Option<&OpenJob> {
        self.open.get(id)
    }

    pub fn get_mut(&mut self, id: &JobId) -> Option<&mut OpenJob> {
        self.open.get_mut(id)
    }

    pub fn insert(&mut self, entry: OpenJob) {
        let job = &entry.stored.job;
        let id = job.id.clone();
        debug_assert!(!self.open.contains_key(&id), "a job is in memory once");
        if let Some(room) = &job.room {
            self.rooms.entry(room.clone()).or_default().insert(id.clone());
        }
        self.waiting.push(entry.policy.priority, entry.limit_key(), id.clone());
        self.open.insert(id, entry);
    }

    /// Takes the next job that may run; it counts as running from now on.
    pub fn take_next(&mut self) -> Option<JobId> {
        if self.running.is_full() {
            return None;
        }
        let (open, running) = (&self.open, &mut self.running);
        let id = self
            .waiting
            .next(|limit_key, id| open.get(id).is_some_and(|entry| running.admits(limit_key, &entry.policy)))?;
        if let Some(entry) = self.open.get_mut(&id) {
            entry.place = Place::HandedOver;
            self.running.begin(&entry.limit_key());
        }
        Some(id)
    }

    /// Returns a job that found no worker to its turn.
    pub fn put_back(&mut self, id: &JobId) {
        if let Some(entry) = self.open.get_mut(id) {
            entry.place = Place::Waiting { _lane: None };
            self.running.end(&entry.limit_key());
            self.waiting.push(entry.policy.priority, entry.limit_key(), id.clone());
        }
    }

    /// Removes a job from its turn; the caller must end it.
    pub fn stop_waiting(&mut self, id: &JobId) {
        if let Some(entry) = self.open.get_mut(id)
            && matches!(entry.place, Place::Waiting { .. })
        {
            entry.place = Place::Out;
            self.waiting.remove(entry.policy.priority, &entry.limit_key(), id);
        }
    }

    /// The newest waiting job of whoever has most of them in a lane, if they are at least two more than `payer` has.
    pub fn newest_of_largest(&self, lane: Lane, payer: &Payer) -> Option<JobId> {
        let in_lane =
            |entry: &&OpenJob| entry.policy.lane == lane && matches!(entry.place, Place::Waiting { _lane: Some(_) });
        let mut waiting: HashMap<Payer, (usize, &JobId)> = HashMap::new();
        for entry in self.open.values().filter(in_lane) {
            let id = &entry.stored.job.id;
            let (count, newest) = waiting.entry(entry.stored.job.payer()).or_insert((0, id));
            *count += 1;
            *newest = id.max(*newest);
        }
        let own = waiting.get(payer).map_or(0, |(count, _)| *count);
        let (count, newest) = waiting.into_values().max_by_key(|(count, _)| *count)?;
        (count >= own + 2).then(|| newest.clone())
    }

    /// Marks a job as finished and being stored.
    pub fn free_worker(&mut self, id: &JobId) {
        if let Some(entry) = self.open.get_mut(id)
            && matches!(entry.place, Place::HandedOver)
        {
            entry.place = Place::Out;
            self.running.end(&entry.limit_key());
        }
    }

    /// Removes a job; returns who cancelled it, if anyone did.
    pub fn remove(&mut self, id: &JobId) -> Option<Handle> {
        self.stop_waiting(id);
        self.free_worker(id);
        let entry = self.open.remove(id)?;
        let job = &entry.stored.job;
        if let Some(room) = &job.room
            && let Some(of_room) = self.rooms.get_mut(room)
        {
            of_room.remove(id);
            if of_room.is_empty() {
                self.rooms.remove(room);
            }
        }
        entry.cancelled_by
    }

    /// Applies changed limits to waiting jobs. Their lane and priority do not change.
    pub fn take_limits_of(&mut self, policies: &Policies) {
        self.running.reset_rates();
        for entry in self.open.values_mut() {
            if let Some(Policy { at_once, per_minute, .. }) = policies.find(&entry.stored.job.name) {
                (entry.policy.at_once, entry.policy.per_minute) = (at_once, per_minute);
            }
        }
    }
}
