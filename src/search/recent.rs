//! The newest messages, which are searched in memory until there are enough of them for the index on disk: a commit of one
//! message writes 60 KB in forty files' worth of writes, and one of many hardly more.

use std::ops::Range;
use std::time::{Duration, Instant};

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::analysis::Terms;
use crate::index::{IndexedMessage, MessageQuery, Place};

/// From so many messages, or bytes of their texts, on they go into the index. A search looks through all of them.
const MOST_MESSAGES: usize = 2048;
const MOST_BYTES: usize = 512 * 1024;

/// After so long they do in any case.
const LONGEST: Duration = Duration::from_secs(60);

/// Messages that the index does not have yet.
#[derive(Debug, Default)]
pub(super) struct Recent {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    messages: Vec<IndexedMessage>,
    bytes: usize,
    /// Since when something waits for the index: a message, or that one was deleted.
    since: Option<Instant>,
}

impl Recent {
    pub fn add(&self, messages: Vec<IndexedMessage>) {
        if messages.is_empty() {
            return;
        }
        let mut state = self.write();
        state.bytes += messages.iter().map(|message| message.text.len()).sum::<usize>();
        state.messages.extend(messages);
        state.since.get_or_insert_with(Instant::now);
    }

    /// Takes out messages, by room and numbers, and notes that the index must do so, too.
    pub fn remove(&self, removed: &[(u64, Range<u64>)]) {
        if removed.is_empty() {
            return;
        }
        let is_removed =
            |place: &Place| removed.iter().any(|(room, numbers)| *room == place.room && numbers.contains(&place.seq));
        let mut state = self.write();
        state.messages.retain(|message| !is_removed(&message.place));
        state.bytes = state.messages.iter().map(|message| message.text.len()).sum();
        state.since.get_or_insert_with(Instant::now);
    }

    /// All of them, for the index. They are searched here until [`Recent::clear`].
    pub fn messages(&self) -> Vec<IndexedMessage> {
        self.read().messages.clone()
    }

    /// The index has them now.
    pub fn clear(&self) {
        *self.write() = State::default();
    }

    /// Whether they are enough for the index.
    pub fn is_full(&self) -> bool {
        let state = self.read();
        state.messages.len() >= MOST_MESSAGES || state.bytes >= MOST_BYTES
    }

    /// How long until they have waited long enough; `None` if nothing waits.
    pub fn due_in(&self) -> Option<Duration> {
        self.read().since.map(|since| LONGEST.saturating_sub(since.elapsed()))
    }

    /// The newest messages that match, before `cursor` if it is given, at most `limit`, newest first.
    pub fn search(&self, query: &MessageQuery, cursor: Option<Place>, limit: usize) -> Vec<Place> {
        let mut terms = Terms::default();
        let state = self.read();
        let may_be_shown = |message: &&IndexedMessage| cursor.is_none_or(|cursor| message.place < cursor);
        let found = state.messages.iter().filter(may_be_shown).filter(|message| query.matches(message, &mut terms));
        let mut places: Vec<Place> = found.map(|message| message.place).collect();
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.truncate(limit);
        places
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fold;
    use crate::index::{MessageIndex, WantedTerm};
    use crate::model::Timestamp;

    fn message(seq: u64, room: u64, text: &str) -> IndexedMessage {
        IndexedMessage {
            place: Place { at: Timestamp(1000 + seq as i64), room, seq },
            is_public: room < 8,
            handle: fold(["Ann", "Bob"][seq as usize % 2]),
            has_job: seq.is_multiple_of(3),
            text: text.into(),
        }
    }

    #[test]
    fn what_is_recent_is_found_as_in_the_index() {
        let texts =
            ["一隻貓", "貓科動物和数据库", "An implementation", "implementing cats", "c++ and Rust 1.94", "资料库"];
        let messages: Vec<_> =
            (0..36).map(|seq| message(seq, 6 + seq % 4, texts[seq as usize % texts.len()])).collect();
        let dir = tempfile::tempdir().expect("a folder");
        let index = MessageIndex::open(dir.path()).expect("an index");
        index.change(vec![], messages.clone(), vec![]).expect("a change");
        let recent = Recent::default();
        recent.add(messages);
        let terms = [
            vec![],
            vec![WantedTerm::Beginning(fold("猫"))],
            vec![WantedTerm::Exact(fold("数据"))],
            vec![WantedTerm::Exact("implement".into()), WantedTerm::Exact("cat".into())],
            vec![WantedTerm::ExactOrBeginning("implementa".into(), "implementa".into())],
            vec![WantedTerm::Exact("nothing".into())],
        ];
        let mut found = 0;
        for terms in terms {
            let all = MessageQuery { terms, ..MessageQuery::default() };
            let queries = [
                all.clone(),
                MessageQuery { room: Some(8), ..all.clone() },
                MessageQuery { own: vec![9], ..all.clone() },
                MessageQuery { handle: Some("ann".into()), has_job: true, ..all.clone() },
                MessageQuery { from: Some(Timestamp(1005)), until: Some(Timestamp(1020)), ..all.clone() },
            ];
            for query in queries {
                let cursor = Place { at: Timestamp(1018), room: 7, seq: 18 };
                for (cursor, limit) in [(None, 100), (Some(cursor), 100), (None, 3)] {
                    let expected = index.search(&query, cursor, limit).expect("a search");
                    assert_eq!(recent.search(&query, cursor, limit), expected, "{query:?} before {cursor:?}");
                    found += expected.len();
                }
            }
        }
        assert!(found > 100, "{found}");
    }

    #[test]
    fn what_is_deleted_is_not_found_and_does_not_reach_the_index() {
        let recent = Recent::default();
        recent.add(vec![message(1, 1, "one"), message(2, 1, "two"), message(2, 2, "three")]);
        recent.remove(&[(1, 2..3)]);
        let places = recent.search(&MessageQuery::default(), None, 9);
        assert_eq!(places.iter().map(|place| (place.room, place.seq)).collect::<Vec<_>>(), [(2, 2), (1, 1)]);
        assert_eq!(recent.messages().len(), 2);
    }
}
