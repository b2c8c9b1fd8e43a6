//! Catch-up and history. These reads never return messages that are not durable yet.

use super::{Chat, Membership, Room};
use crate::groups::Progress;
use crate::model::Message;
use crate::protocol::{DEFAULT_HISTORY, MAX_HISTORY};
use crate::store::{RecordChange, StoreError};
use crate::text::Text;

/// Longest gap that is filled on rejoin; beyond it, the newest messages are returned instead.
const MAX_GAP: u64 = 1000;

/// Changes of messages told at most; who missed more starts anew.
const MAX_CHANGES: usize = 200;

/// Where in a room a client was when it left.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen<'a> {
    /// The last number it has seen.
    pub after: Option<u64>,
    /// The last version it was told.
    pub version: Option<u64>,
    /// The epoch of both.
    pub epoch: Option<&'a str>,
}

/// The initial state for a member of a room.
#[derive(Debug)]
pub struct CatchUp {
    pub messages: Vec<(u64, Message)>,
    /// Newest number; later messages are delivered to the outbox.
    pub last: u64,
    /// The room's version; changes after it arrive by themselves.
    pub version: u64,
    /// False if the client must discard what it has, because the messages do not continue it.
    pub complete: bool,
    /// What the client has and is another now, in the order of the changes.
    pub changed: Vec<(u64, Message)>,
}

/// Which part of a room's history is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Page {
    /// Only numbers below this.
    pub before: Option<u64>,
    /// Only numbers above this; oldest first then.
    pub after: Option<u64>,
    pub limit: Option<usize>,
}

/// A part of a room's history, oldest first.
#[derive(Debug)]
pub struct History {
    pub messages: Vec<(u64, Message)>,
    /// Whether there is more in the direction that was asked for.
    pub more: bool,
}

impl Chat {
    /// The epoch of all numbers.
    pub fn epoch(&self) -> &str {
        self.store.epoch()
    }

    /// What a member has not seen: everything since it left if that continues what it has, else the newest messages.
    pub async fn catch_up(&self, member: &Membership, seen: Seen<'_>) -> Result<CatchUp, Text> {
        if let Some(after) = seen.after
            && seen.epoch.is_none_or(|epoch| epoch == self.epoch())
            && let Some(missed) = self.missed(member, after, seen.version).await.map_err(Text::from)?
        {
            return Ok(missed);
        }
        let Progress { number: last, version } = member.since();
        let room = member.room();
        let messages = self.store.newest_messages(room.number(), room.oldest(), last, DEFAULT_HISTORY).await?;
        Ok(CatchUp { messages, last, version, complete: seen.after.is_none(), changed: Vec::new() })
    }

    /// What was said and changed since number `after` and, if the client knows it, a version. `None` when that is too much or not
    /// kept any more, or the client has seen what never was.
    async fn missed(&self, member: &Membership, after: u64, seen: Option<u64>) -> Result<Option<CatchUp>, StoreError> {
        let Progress { number: last, version } = member.since();
        let is_purged = after.saturating_add(1) < member.room().oldest();
        if is_purged || after > last || last - after > MAX_GAP || seen.is_some_and(|seen| seen > version) {
            return Ok(None);
        }
        let number = member.room().number();
        let messages = self.store.oldest_messages(number, after + 1, last, MAX_GAP as usize).await?;
        // Without a version, what was changed while `after` was the newest number may be known already: told twice it does no
        // harm. The version was no less than that number.
        let (later_than, newest) = seen.map_or((after, after), |seen| (seen, 0));
        let changes = self.store.changed_messages(number, later_than, newest, MAX_CHANGES).await?;
        // Fewer than asked for where they are very long.
        let Some(changes) = changes.filter(|_| messages.len() as u64 == last - after) else { return Ok(None) };
        // What is being stored just now arrives by itself; as it may hide an earlier change of the same message, the client
        // is to ask from the same version again until then.
        let is_told = |change: &RecordChange| change.version <= version;
        let is_settled = changes.iter().all(|(change, _)| is_told(change));
        let told = changes.into_iter().filter(|(change, _)| is_told(change) && change.number <= after);
        let changed = told.map(|(change, message)| (change.number, message)).collect();
        let version = if is_settled { version } else { seen.unwrap_or(version) };
        Ok(Some(CatchUp { messages, last, version, complete: true, changed }))
    }

    /// A part of a room's history, which begins with the oldest message that is kept.
    pub async fn history(&self, room: &Room, page: Page) -> Result<History, Text> {
        let limit = page.limit.unwrap_or(DEFAULT_HISTORY).clamp(1, MAX_HISTORY);
        let oldest = room.oldest();
        let first = page.after.map_or(oldest, |after| after.saturating_add(1).max(oldest));
        let last = page.before.map_or(u64::MAX, |before| before.saturating_sub(1)).min(room.last());
        if first > last {
            return Ok(History { messages: Vec::new(), more: false });
        }
        let number = room.number();
        let messages = match page.after {
            Some(_) => self.store.oldest_messages(number, first, last, limit).await?,
            None => self.store.newest_messages(number, first, last, limit).await?,
        };
        // Not by how many there are: some may have been purged just now.
        let more = match page.after {
            Some(_) => messages.last().is_some_and(|(seq, _)| *seq < last),
            None => messages.first().is_some_and(|(seq, _)| *seq > first),
        };
        Ok(History { messages, more })
    }
}
