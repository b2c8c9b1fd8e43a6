//! Messages: numbered without gaps in their room, each stored once however often it is sent.

use super::engine::number_from;
use super::job_index::{StoredJob, if_in_place, insert_with_message};
use super::rooms::RoomNumber;
use super::writer::WriteKind;
use super::{Batch, Direction, Outcome, Posted, Store, StoreError, Table, decode, encode, prefix_range};
use crate::model::{Answer, Change, Job, JobError, Message, MessageText, Person, RoomName, SendId, Timestamp};

/// Milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// How often a message is deleted that changes at the same time.
const TRIES: usize = 20;

/// What one step of pruning came to.
pub struct PruneStep {
    pub pruned: usize,
    /// Where the next step goes on, if there is one.
    pub more_after: Option<Vec<u8>>,
}

/// A message on its way into a room.
pub struct NewMessage<'a> {
    pub room: RoomNumber,
    pub author: &'a Person,
    pub message: &'a Message,
    /// Whether the client chose the id, so that a repetition must be recognised.
    pub is_repeatable: bool,
    /// The room's name if it is a temporary one, which may be removed at the same moment.
    pub temporary: Option<&'a RoomName>,
    /// Jobs that are stored together with the message, or not at all.
    pub jobs: &'a [Job],
}

impl Store {
    /// Stores a message, and its jobs with it. `on_commit` is called on the writer's thread once that is durable, in the order
    /// of the numbers: it must be quick and must neither block nor read the store.
    pub async fn post(&self, new: NewMessage<'_>, on_commit: impl FnOnce(Result<Posted, StoreError>) + Send + 'static) {
        let mut batch = Batch::new();
        if new.is_repeatable {
            let sent = sent_key(new.room, new.author, &new.message.id);
            let value = [day_of(new.message.at).to_be_bytes().as_slice(), &[0; 8]].concat();
            batch = batch.if_absent(Table::SentIds, sent.clone());
            batch = batch.put_numbered(Table::SentIds, sent, value, size_of::<u32>());
        }
        if let Some(name) = new.temporary {
            batch = batch.if_equal(Table::RoomNames, name.as_str(), new.room.prefix());
        }
        batch = new.jobs.iter().fold(batch, insert_with_message);
        batch = batch.append(Table::Messages, new.room.prefix(), encode(new.message));
        let (news, room) = (self.news.clone(), new.room);
        let posted = move |outcome| match outcome {
            Outcome::Written { number } => {
                let seq = number.unwrap_or_default();
                news.note(room, seq);
                Posted::New { seq }
            }
            Outcome::Refused { table: Table::SentIds, found } => {
                Posted::Repeated { seq: found.as_deref().map_or(0, number_from) }
            }
            Outcome::Refused { table: Table::RoomNames, .. } => Posted::Gone,
            Outcome::Refused { .. } => Posted::NotUnique,
        };
        let on_commit = Box::new(move |outcome: Result<Outcome, StoreError>| on_commit(outcome.map(posted)));
        self.writer.submit(batch, WriteKind::Growth, on_commit).await;
    }

    /// The number of this author's message of that id, once it is durable.
    pub async fn find_sent(&self, room: RoomNumber, author: &Person, id: &SendId) -> Result<Option<u64>, StoreError> {
        // Asked by way of the writer, behind whatever is being made durable.
        let question = Batch::new().if_absent(Table::SentIds, sent_key(room, author, id));
        Ok(match self.commit(question, WriteKind::Maintenance).await? {
            Outcome::Written { .. } => None,
            Outcome::Refused { found, .. } => found.as_deref().map(number_from),
        })
    }

    /// Forgets clients' ids of messages that were sent before; a repetition of one of those would be stored again. Looks at
    /// `limit` ids behind `after`.
    pub async fn prune_sent_ids(
        &self,
        before: Timestamp,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<PruneStep, StoreError> {
        let mut range = prefix_range(&[]);
        range.start = after.map_or(vec![], |after| [after, vec![0]].concat());
        let page = self.engine.scan(Table::SentIds, range, Direction::Forward, limit)?;
        let more_after = page.last().filter(|_| page.len() == limit).map(|(key, _)| key.clone());
        let is_old = |value: &[u8]| value.first_chunk().is_some_and(|day| u32::from_be_bytes(*day) < day_of(before));
        let old: Vec<_> = page.into_iter().filter(|(_, value)| is_old(value)).collect();
        let step = PruneStep { pruned: old.len(), more_after };
        let batch = old.into_iter().fold(Batch::new(), |batch, (key, _)| batch.delete(Table::SentIds, key));
        if step.pruned > 0 {
            self.commit(batch, WriteKind::Maintenance).await?;
        }
        Ok(step)
    }

    /// The newest number given in a room, 0 when nothing was said. While something is being posted it may be ahead
    /// of what is durable.
    pub fn last_seq(&self, room: RoomNumber) -> Result<u64, StoreError> {
        let range = super::prefix_range(&room.prefix());
        let last = self.engine.scan(Table::Messages, range, Direction::Backward, 1)?;
        Ok(last.first().map_or(0, |(key, _)| number_from(key)))
    }

    /// The oldest messages with numbers in `first..=last`, at most `limit`, in order; fewer where they are very long.
    pub fn oldest_messages(
        &self,
        room: RoomNumber,
        first: u64,
        last: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Message)>, StoreError> {
        self.scan_messages(room, first, last, Direction::Forward, limit)
    }

    /// The newest messages with numbers in `first..=last`, at most `limit`, in order; fewer where they are very long.
    pub fn newest_messages(
        &self,
        room: RoomNumber,
        first: u64,
        last: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Message)>, StoreError> {
        let mut messages = self.scan_messages(room, first, last, Direction::Backward, limit)?;
        messages.reverse();
        Ok(messages)
    }

    fn scan_messages(
        &self,
        room: RoomNumber,
        first: u64,
        last: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(u64, Message)>, StoreError> {
        /// Messages read at a time.
        const PAGE: usize = 64;
        /// Bytes after which no further page is read: a reply must not be larger than what may wait for one client.
        const ENOUGH: usize = 512 * 1024;
        let mut range = room.key(first)..room.key(last.saturating_add(1));
        let (mut messages, mut bytes) = (Vec::new(), 0);
        while messages.len() < limit && bytes < ENOUGH {
            let page = PAGE.min(limit - messages.len());
            let found = self.engine.scan(Table::Messages, range.clone(), direction, page)?;
            for (key, value) in &found {
                bytes += value.len();
                messages.push((number_from(key), decode(value)?));
            }
            let Some(&(seq, _)) = messages.last().filter(|_| found.len() == page) else { break };
            match direction {
                Direction::Forward => range.start = room.key(seq + 1),
                Direction::Backward => range.end = room.key(seq),
            }
        }
        Ok(messages)
    }

    /// One message.
    pub fn message(&self, room: RoomNumber, seq: u64) -> Result<Option<Message>, StoreError> {
        self.engine.get(Table::Messages, &room.key(seq))?.map(|value| decode(&value)).transpose()
    }

    /// Takes the text out of a message, and out of the job it asked for or answers; its number stays. `last` is the room's
    /// newest number, by which clients that come back learn of the deletion. `effect` is what it causes in memory; `false` when
    /// there is no such message.
    pub async fn delete_message(
        &self,
        room: RoomNumber,
        seq: u64,
        last: u64,
        effect: impl Fn() + Clone + Send + 'static,
    ) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let Some(old) = self.message(room, seq)? else { return Ok(false) };
            let batch = self.deletion(room, seq, last, &old).await?;
            let (news, effect) = (self.news.clone(), effect.clone());
            let effect = move || {
                news.note_deleted(room, seq);
                effect();
            };
            if self.commit_if(batch, WriteKind::Maintenance, effect).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Busy)
    }

    /// The batch that deletes a message as it is now; refused when anything of it changes meanwhile.
    async fn deletion(&self, room: RoomNumber, seq: u64, last: u64, old: &Message) -> Result<Batch, StoreError> {
        let mut message = Message { text: MessageText::deleted(), deleted: true, ..old.clone() };
        if let Some(answer) = &mut message.answer {
            answer.query.clear();
            answer.grounds = None;
        }
        let deletion = [room.key(last).as_slice(), &seq.to_be_bytes()].concat();
        let batch = Batch::new()
            .if_equal(Table::Messages, room.key(seq), encode(old))
            .put(Table::Messages, room.key(seq), encode(&message))
            .put(Table::Deletions, deletion, []);
        let job = match &old.job {
            Some(id) => self.job(id).await?,
            None => None,
        };
        let Some(job) = job else { return Ok(batch) };
        if old.answer.is_some() {
            return Ok(if job.job.state.has_ended() { erase_ended(batch, &job) } else { batch });
        }
        let answer = if job.answer > 0 { self.message(room, job.answer)? } else { None };
        let batch = match answer {
            Some(answer) => without_question(batch, room.key(job.answer), &answer),
            None => batch,
        };
        Ok(if job.job.state.has_ended() { erase_ended(batch, &job) } else { erase_later(batch, &job) })
    }

    /// Numbers of messages deleted since the room's newest number was `after`, at most `limit`.
    pub fn deletions(&self, room: RoomNumber, after: u64, limit: usize) -> Result<Vec<u64>, StoreError> {
        let range = room.key(after)..room.key(u64::MAX);
        let found = self.engine.scan(Table::Deletions, range, Direction::Forward, limit)?;
        Ok(found.iter().map(|(key, _)| number_from(key)).collect())
    }
}

/// Takes the question out of the message that answers it.
fn without_question(batch: Batch, key: Vec<u8>, answer: &Message) -> Batch {
    let emptied = Message { answer: answer.answer.clone().map(Answer::without_question), ..answer.clone() };
    batch.if_equal(Table::Messages, key.clone(), encode(answer)).put(Table::Messages, key, encode(&emptied))
}

/// Takes out of a job that has ended what was said and answered.
fn erase_ended(batch: Batch, stored: &StoredJob) -> Batch {
    let (id, job) = (stored.job.id.as_str(), stored.job.clone());
    let error = job.error.map(|error| JobError { message: String::new(), ..error });
    let changes = job.changes.into_iter().map(|change| Change { reason: None, ..change }).collect();
    let job = Job { arguments: String::new(), result: None, grounds: None, error, changes, ..job };
    let erased = StoredJob { job, ..*stored };
    let batch = batch.if_equal(Table::Jobs, id, stored.encode());
    batch.put(Table::Jobs, id, erased.encode()).delete(Table::JobLogs, id)
}

/// Notes that a job must not repeat what was asked when it ends.
fn erase_later(batch: Batch, stored: &StoredJob) -> Batch {
    if_in_place(batch, &stored.job).put(Table::ErasedJobs, stored.job.id.as_str(), [])
}

/// Days since 1970.
fn day_of(at: Timestamp) -> u32 {
    u32::try_from(at.since(Timestamp(0)) / DAY).unwrap_or(u32::MAX)
}

fn sent_key(room: RoomNumber, author: &Person, id: &SendId) -> Vec<u8> {
    // Neither a person nor an id holds a zero byte, so no two pairs share a key.
    [&room.prefix(), author.to_string().as_bytes(), &[0], id.as_str().as_bytes()].concat()
}
