//! Messages: numbered without gaps in their room, each stored once however often it is sent.

use super::apply::{Counter, RecordChange, number_from};
use super::held::{Held, remove};
use super::job_index::{StoredJob, if_in_place, insert_with_message, withdraw};
use super::rooms::RoomNumber;
use super::sent_ids::sent_key;
use super::writer::WriteKind;
use super::{Batch, Direction, Outcome, Posted, Store, StoreError, Table, decode, encode, scopes};
use crate::model::{
    Answer, Change, Erasure, Job, JobError, JobState, Message, MessageText, Principal, Reactions, RoomName, SendId,
    Timestamp,
};

/// Milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// How often a message is deleted that changes at the same time.
const TRIES: usize = 20;

/// Bytes after which no further messages are read: a reply must not be larger than what may wait for one client.
const ENOUGH: usize = 1024 * 1024;

/// A message to be stored.
pub struct NewMessage<'a> {
    pub room: RoomNumber,
    pub message: &'a Message,
    /// Whether the client chose the id, so that duplicates must be detected.
    pub is_repeatable: bool,
    /// The room's name if it is a temporary one, which may be removed at the same moment.
    pub temporary: Option<&'a RoomName>,
    /// Jobs that are stored together with the message, or not at all.
    pub jobs: &'a [Job],
    /// Bytes that the room's messages and documents may take together.
    pub quota: Option<u64>,
    /// What it was while it waited for approval, which ends with it.
    pub held: Option<&'a Held>,
}

impl Store {
    /// Stores a message, and its jobs with it. `on_commit` is called on the writer's thread once that is durable, in the order
    /// of the numbers: it must be quick and must neither block nor read the store.
    pub async fn post(&self, new: NewMessage<'_>, on_commit: impl FnOnce(Result<Posted, StoreError>) + Send + 'static) {
        let mut batch = Batch::new(scopes::POST);
        if new.is_repeatable {
            let sent = sent_key(new.room, &new.message.author, &new.message.id);
            let value = [day_of(new.message.at).to_be_bytes().as_slice(), &[0; 8]].concat();
            batch = batch.if_absent(Table::SentIds, sent.clone());
            batch = batch.put_numbered(Table::SentIds, sent, value, size_of::<u32>());
        }
        if let Some(name) = new.temporary {
            batch = batch.if_equal(Table::RoomNames, name.as_str(), new.room.prefix());
        }
        if let Some(held) = new.held {
            batch = remove(batch, held);
        }
        batch = new.jobs.iter().fold(batch, insert_with_message);
        batch = batch.append(Table::Messages, new.room.prefix(), encode(new.message));
        if let Some(quota) = new.quota {
            batch = batch.within(quota);
        }
        let (change_feed, room) = (self.change_feed.clone(), new.room);
        let posted = move |outcome| match outcome {
            Outcome::Written { number, version } => {
                let counter = Counter { number: number.unwrap_or_default(), version: version.unwrap_or_default() };
                change_feed.note(room, counter.number);
                Posted::New(counter)
            }
            Outcome::Refused { table: Table::SentIds, found } => {
                Posted::Repeated { seq: found.as_deref().map_or(0, number_from) }
            }
            Outcome::Refused { table: Table::RoomNames | Table::HeldMessages, .. } => Posted::Gone,
            Outcome::Refused { table: Table::Counters, .. } => Posted::Full,
            Outcome::Refused { .. } => Posted::NotUnique,
        };
        let on_commit = Box::new(move |outcome: Result<Outcome, StoreError>| on_commit(outcome.map(posted)));
        self.writer.submit(batch, WriteKind::Growth, on_commit).await;
    }

    /// The number of this author's message of that id, once it is durable.
    pub async fn find_sent(
        &self,
        room: RoomNumber,
        author: &Principal,
        id: &SendId,
    ) -> Result<Option<u64>, StoreError> {
        // Goes through the writer, after all pending writes.
        let question = Batch::new(scopes::FIND_SENT).if_absent(Table::SentIds, sent_key(room, author, id));
        Ok(match self.commit(question, WriteKind::Maintenance).await? {
            Outcome::Written { .. } => None,
            Outcome::Refused { found, .. } => found.as_deref().map(number_from),
        })
    }

    /// Forgets clients' ids of messages that were sent before; a repetition of one of those would be stored again. Returns how
    /// many. Looks at all ids.
    pub async fn prune_sent_ids(&self, before: Timestamp) -> Result<usize, StoreError> {
        let is_old = |value: &[u8]| value.first_chunk().is_some_and(|day| u32::from_be_bytes(*day) < day_of(before));
        let mut ids = self.pages_of(Table::SentIds);
        let mut pruned = 0;
        loop {
            let page = ids.next_page().await?;
            if page.is_empty() {
                return Ok(pruned);
            }
            let old: Vec<_> = page.into_iter().filter(|(_, value)| is_old(value)).collect();
            if !old.is_empty() {
                pruned += old.len();
                let batch = old
                    .into_iter()
                    .fold(Batch::new(scopes::PRUNE_SENT_IDS), |batch, (key, _)| batch.delete(Table::SentIds, key));
                self.commit(batch, WriteKind::Maintenance).await?;
            }
        }
    }

    /// How far a room has come. While something is being written it may be ahead of what is durable.
    pub async fn counter(&self, room: RoomNumber) -> Result<Counter, StoreError> {
        Ok(Counter::read(self.engine.as_ref(), Table::Messages, &room.prefix()).await?)
    }

    /// The newest number given in a room, 0 when nothing was said; as [`Store::counter`].
    pub async fn last_seq(&self, room: RoomNumber) -> Result<u64, StoreError> {
        Ok(self.counter(room).await?.number)
    }

    /// The oldest messages with numbers in `first..=last`, at most `limit`, in order; fewer where they are very long.
    pub async fn oldest_messages(
        &self,
        room: RoomNumber,
        first: u64,
        last: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Message)>, StoreError> {
        self.scan_messages(room, first, last, Direction::Forward, limit).await
    }

    /// The newest messages with numbers in `first..=last`, at most `limit`, in order; fewer where they are very long.
    pub async fn newest_messages(
        &self,
        room: RoomNumber,
        first: u64,
        last: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Message)>, StoreError> {
        let mut messages = self.scan_messages(room, first, last, Direction::Backward, limit).await?;
        messages.reverse();
        Ok(messages)
    }

    async fn scan_messages(
        &self,
        room: RoomNumber,
        first: u64,
        last: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(u64, Message)>, StoreError> {
        let range = room.key(first)..room.key(last.saturating_add(1));
        let mut pages = self.pages(Table::Messages, range).from(direction).at_most(limit);
        let (mut messages, mut bytes) = (Vec::new(), 0);
        while bytes < ENOUGH
            && let Some((key, value)) = pages.next().await?
        {
            bytes += value.len();
            messages.push((number_from(&key), decode(&value)?));
        }
        Ok(messages)
    }

    /// One message.
    pub async fn message(&self, room: RoomNumber, seq: u64) -> Result<Option<Message>, StoreError> {
        self.engine.get(Table::Messages, &room.key(seq)).await?.map(|value| decode(&value)).transpose()
    }

    /// Takes the text out of a message, and out of the job it asked for or answers; its number stays. `effect` is called as
    /// `on_commit` in [`Store::post`], with the messages that this changed; not if it was deleted before. `false` when there
    /// is no such message.
    pub async fn delete_message(
        &self,
        room: RoomNumber,
        seq: u64,
        effect: impl FnOnce(Vec<ChangedMessage>) + Clone + Send + 'static,
    ) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let Some(old) = self.message(room, seq).await? else { return Ok(false) };
            if old.deleted {
                return Ok(true);
            }
            let (batch, changed) = self.deletion(room, seq, &old).await?;
            let (change_feed, effect) = (self.change_feed.clone(), effect.clone());
            let on_commit = move |outcome: Result<Outcome, StoreError>| match outcome? {
                Outcome::Written { version, .. } => {
                    change_feed.note_deleted(room, seq);
                    effect(with_versions(changed, version.unwrap_or_default()));
                    Ok(true)
                }
                Outcome::Refused { .. } => Ok(false),
            };
            if self.commit_with(batch, WriteKind::Maintenance, on_commit).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Busy)
    }

    /// The batch that deletes a message as it is now, refused when anything of it changes meanwhile; and the messages that it
    /// changes, in the order of their versions.
    async fn deletion(
        &self,
        room: RoomNumber,
        seq: u64,
        old: &Message,
    ) -> Result<(Batch, Vec<(u64, Message)>), StoreError> {
        let (text, reactions) = (MessageText::deleted(), Reactions::default());
        let mut message = Message { text, reactions, deleted: true, ..old.clone() };
        if let Some(answer) = &mut message.answer {
            answer.query.clear();
            answer.citations = None;
        }
        let mut batch = rewrite(Batch::new(scopes::DELETE_MESSAGE), room, seq, old, &message);
        if let Some(question) = old.question() {
            batch = self.without_gap(batch, question).await?;
        }
        let mut changed = vec![(seq, message)];
        let job = match &old.job {
            Some(id) => self.job(id).await?,
            None => None,
        };
        let Some(job) = job else { return Ok((batch, changed)) };
        if old.answer.is_some() {
            return Ok((if job.job.state.has_ended() { erase_ended(batch, &job) } else { batch }, changed));
        }
        if job.job.state == JobState::Scheduled && job.job.schedule.is_none() {
            // It would say then what is deleted now.
            return Ok((withdraw(batch, &job.job), changed));
        }
        let answer = if job.answer > 0 { self.message(room, job.answer).await? } else { None };
        if let Some(question) = answer.as_ref().and_then(Message::question) {
            batch = self.without_gap(batch, question).await?;
        }
        let batch = match answer.filter(|answer| !answer.deleted) {
            Some(answer) => {
                let emptied = Message { answer: answer.answer.clone().map(Answer::without_question), ..answer.clone() };
                let batch = rewrite(batch, room, job.answer, &answer, &emptied);
                changed.push((job.answer, emptied));
                batch
            }
            None => batch,
        };
        Ok((if job.job.state.has_ended() { erase_ended(batch, &job) } else { erase_later(batch, &job) }, changed))
    }

    /// Takes somebody who is removed out of messages. `effect` is called as in [`Store::delete_message`]. `false`, and nothing is stored, when
    /// one of them is not what it was any more.
    pub async fn disown_messages(
        &self,
        room: RoomNumber,
        messages: Vec<(u64, Message)>,
        erasure: &Erasure,
        effect: impl FnOnce(Vec<ChangedMessage>) + Send + 'static,
    ) -> Result<bool, StoreError> {
        let (mut batch, mut changed) = (Batch::new(scopes::DISOWN_MESSAGES), Vec::new());
        for (seq, old) in messages {
            let disowned = old.clone().without(erasure);
            batch = rewrite(batch, room, seq, &old, &disowned);
            changed.push((seq, disowned));
        }
        let change_feed = self.change_feed.clone();
        let on_commit = move |outcome: Result<Outcome, StoreError>| match outcome? {
            Outcome::Written { version, .. } => {
                changed.iter().for_each(|(seq, _)| change_feed.note_changed(room, *seq));
                effect(with_versions(changed, version.unwrap_or_default()));
                Ok(true)
            }
            Outcome::Refused { .. } => Ok(false),
        };
        self.commit_with(batch, WriteKind::Maintenance, on_commit).await
    }

    /// Messages that were changed later than version `after` and when the room's newest number was `newest` or more, as they
    /// are now, in the order of their changes. `None` if there are more than `limit`, or they are very long.
    pub async fn changed_messages(
        &self,
        room: RoomNumber,
        after: u64,
        newest: u64,
        limit: usize,
    ) -> Result<Option<Vec<(RecordChange, Message)>>, StoreError> {
        let later = RecordChange::later_than(after, Table::Messages, &room.prefix());
        let mut changes = self.pages(Table::Changes, later).from(Direction::Backward).at_most(limit + 1);
        let (mut messages, mut bytes) = (Vec::new(), 0);
        while let Some((key, value)) = changes.next().await? {
            let change = RecordChange::decode(&key, &value);
            if change.newest < newest {
                break;
            }
            let Some(record) = self.engine.get(Table::Messages, &room.key(change.number)).await? else { continue };
            bytes += record.len();
            messages.push((change, decode(&record)?));
            if messages.len() > limit || bytes > ENOUGH {
                return Ok(None);
            }
        }
        messages.reverse();
        Ok(Some(messages))
    }
}

/// A message that is not what it was.
#[derive(Clone, Debug)]
pub struct ChangedMessage {
    pub seq: u64,
    /// The room's, with this change.
    pub version: u64,
    pub message: Message,
}

/// What was changed by one batch, whose last version this is.
fn with_versions(changed: Vec<(u64, Message)>, last: u64) -> Vec<ChangedMessage> {
    let versions = last + 1 - changed.len() as u64..;
    let numbered = changed.into_iter().zip(versions);
    numbered.map(|((seq, message), version)| ChangedMessage { seq, version, message }).collect()
}

/// Puts a message in the place of what it was, if it still is that.
pub(super) fn rewrite(batch: Batch, room: RoomNumber, seq: u64, from: &Message, to: &Message) -> Batch {
    let (from, to) = (encode(from), encode(to));
    let grown = (to.len() as u64).cast_signed() - (from.len() as u64).cast_signed();
    let batch = batch.if_equal(Table::Messages, room.key(seq), from).put(Table::Messages, room.key(seq), to);
    batch.grow(Table::Messages, room.prefix(), grown).touch(Table::Messages, room.prefix(), seq)
}

/// Takes out of a job that has ended what was said and answered.
fn erase_ended(batch: Batch, stored: &StoredJob) -> Batch {
    let (id, job) = (stored.job.id.as_str(), stored.job.clone());
    let error = job.error.map(|error| JobError { message: String::new(), ..error });
    let changes = job.changes.into_iter().map(|change| Change { reason: None, ..change }).collect();
    let job = Job { arguments: String::new(), result: None, citations: None, error, changes, ..job };
    let erased = StoredJob { job, ..*stored };
    let batch = batch.if_equal(Table::Jobs, id, stored.encode());
    batch.put(Table::Jobs, id, erased.encode()).delete(Table::JobLogs, id)
}

/// Notes that a job must not repeat what was asked when it ends.
fn erase_later(batch: Batch, stored: &StoredJob) -> Batch {
    if_in_place(batch, &stored.job).put(Table::ErasedJobs, stored.job.id.as_str(), [])
}

/// Days since 1970.
pub(super) fn day_of(at: Timestamp) -> u32 {
    u32::try_from(at.since(Timestamp(0)) / DAY).unwrap_or(u32::MAX)
}
