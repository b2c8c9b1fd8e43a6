//! The full-text index of messages, ordered newest first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::ops::{Bound, Range, RangeInclusive};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tantivy::query::{BooleanQuery, EnableScoring, Query, RangeQuery, TermQuery};
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema};
use tantivy::{DocId, Index, IndexReader, Searcher, SegmentReader, TantivyDocument, Term};

use super::folder::{self, Plan, facts_field, terms_field};
use super::writer::Writer;
use super::{IndexError, prefix_bounds};
use crate::analysis::Terms;
use crate::model::Timestamp;

/// Schema version.
pub const LAYOUT: u32 = 1;

/// Sort key of a message: time, then room and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub at: Timestamp,
    /// The number under which the store keeps the room.
    pub room: u64,
    pub seq: u64,
}

/// A message to be indexed.
#[derive(Clone, Debug)]
pub struct IndexedMessage {
    pub place: Place,
    /// Whether everybody may read it.
    pub is_public: bool,
    /// The sender's handle, folded.
    pub handle: String,
    pub has_job: bool,
    pub text: String,
}

/// A query; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct MessageQuery {
    pub terms: Vec<WantedTerm>,
    /// Only in this room; otherwise in all public rooms and in those of `own`.
    pub room: Option<u64>,
    /// The other rooms that the asker may read.
    pub own: Vec<u64>,
    /// Only from this handle, folded.
    pub handle: Option<String>,
    pub has_job: bool,
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// A term that a message must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedTerm {
    Exact(String),
    /// Any term that begins with this.
    Beginning(String),
    /// This term, or any with that prefix: an English word that may be incomplete.
    ExactOrBeginning(String, String),
}

impl MessageQuery {
    /// Whether a message that is in no index matches, by the same rules. `terms` is memory that is used again.
    pub fn matches(&self, message: &IndexedMessage, terms: &mut Terms) -> bool {
        let Place { at, room, .. } = message.place;
        let may_be_read = match self.room {
            Some(wanted) => room == wanted,
            None => message.is_public || self.own.contains(&room),
        };
        let is_wanted = may_be_read
            && self.handle.as_ref().is_none_or(|handle| *handle == message.handle)
            && (message.has_job || !self.has_job)
            && self.from.is_none_or(|from| at >= from)
            && self.until.is_none_or(|until| at < until);
        if !is_wanted || self.terms.is_empty() {
            return is_wanted;
        }
        terms.read(&message.text);
        let has = |wanted: &WantedTerm| (0..).map_while(|number| terms.get(number)).any(|(term, _)| wanted.is(term));
        self.terms.iter().all(has)
    }
}

impl WantedTerm {
    fn is(&self, term: &str) -> bool {
        match self {
            Self::Exact(text) => term == text,
            Self::Beginning(text) => term.starts_with(text.as_str()),
            Self::ExactOrBeginning(text, begun) => term == text || term.starts_with(begun.as_str()),
        }
    }
}

#[derive(Clone, Copy)]
struct Fields {
    terms: Field,
    facts: Field,
    seq: Field,
    room: Field,
    at: Field,
}

/// The index of messages. Commits survive a crash of the process, but not a power failure.
pub struct MessageIndex {
    fields: Fields,
    index: Index,
    /// The current searcher, and the commit it belongs to.
    reader: Mutex<Option<(u64, IndexReader)>>,
    commits: AtomicU64,
    // Last field: dropped after the reader, and joined then.
    writer: Writer,
}

impl MessageIndex {
    /// Opens the index in `dir`, creating it if it is missing or empty.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] if it has to be rebuilt, in an empty directory.
    pub fn open(dir: &Path) -> Result<Self, IndexError> {
        let (schema, fields) = schema();
        let opened = folder::open(dir, Plan { schema, layout: LAYOUT, forms: true, durable: false })?;
        let writer = Writer::new(opened.index.clone(), false);
        Ok(Self { fields, index: opened.index, reader: Mutex::default(), commits: AtomicU64::new(0), writer })
    }

    /// From the oldest to the newest message of every room that has any, deleted ones aside. Reads every entry.
    pub fn rooms(&self) -> Result<HashMap<u64, RangeInclusive<u64>>, IndexError> {
        let mut found: HashMap<u64, RangeInclusive<u64>> = HashMap::new();
        // Not by the reader that is kept: its files stay mapped.
        for segment in folder::reader(&self.index)?.searcher().segment_readers() {
            let fast = segment.fast_fields();
            let (rooms, numbers) =
                (fast.u64("room")?.first_or_default_col(0), fast.u64("seq")?.first_or_default_col(0));
            for doc in segment.doc_ids_alive() {
                let seq = numbers.get_val(doc);
                let known = found.entry(rooms.get_val(doc)).or_insert(seq..=seq);
                *known = seq.min(*known.start())..=seq.max(*known.end());
            }
        }
        Ok(found)
    }

    /// Adds messages, some in the place of what they were, and removes others, by room and numbers, atomically.
    pub fn change(
        &self,
        replaced: Vec<(u64, Range<u64>)>,
        added: Vec<IndexedMessage>,
        removed: Vec<(u64, Range<u64>)>,
    ) -> Result<(), IndexError> {
        let fields = self.fields;
        self.writer.run(move |writer| {
            for place in replaced {
                writer.delete_query(Box::new(at(fields, place)))?;
            }
            for message in added {
                writer.add_document(entry(&fields, message))?;
            }
            for place in removed {
                writer.delete_query(Box::new(at(fields, place)))?;
            }
            writer.commit()
        })?;
        let before = self.commits.fetch_add(1, Ordering::Release);
        let mut reader = self.reader.lock();
        // Nobody searched since the commit before: files that are not needed any more must not stay mapped.
        if reader.as_ref().is_some_and(|&(read, _)| read < before) {
            *reader = None;
        }
        Ok(())
    }

    /// The newest messages that match, before `cursor` if it is given, at most `limit`, newest first.
    pub fn search(&self, query: &MessageQuery, cursor: Option<Place>, limit: usize) -> Result<Vec<Place>, IndexError> {
        let searcher = self.searcher()?;
        let weight = self.query(query).weight(EnableScoring::disabled_from_searcher(&searcher))?;
        let mut newest = Newest { query, cursor, limit, found: BinaryHeap::new() };
        let mut segments = Vec::new();
        for segment in searcher.segment_readers() {
            segments.push((segment.fast_fields().i64("at")?.max_value(), segment));
        }
        segments.sort_by_key(|&(last, _)| Reverse(last));
        for (last, segment) in segments {
            if newest.is_too_old(last) {
                break;
            }
            let columns = Columns::of(segment)?;
            weight.for_each_no_score(segment, &mut |docs| {
                for &doc in docs.iter().filter(|&&doc| !segment.is_deleted(doc)) {
                    newest.consider(&columns, doc);
                }
            })?;
        }
        Ok(newest.found.into_sorted_vec().into_iter().map(|Reverse(place)| place).collect())
    }

    /// Messages in the index.
    pub fn message_count(&self) -> Result<u64, IndexError> {
        Ok(self.searcher()?.num_docs())
    }

    /// The current searcher. Opened on first use and reloaded only after a commit.
    fn searcher(&self) -> Result<Searcher, IndexError> {
        let mut reader = self.reader.lock();
        let commits = self.commits.load(Ordering::Acquire);
        match &mut *reader {
            Some((read, reader)) if *read == commits => Ok(reader.searcher()),
            Some((read, reader)) => {
                reader.reload()?;
                *read = commits;
                Ok(reader.searcher())
            }
            none => Ok(none.insert((commits, folder::reader(&self.index)?)).1.searcher()),
        }
    }

    fn query(&self, query: &MessageQuery) -> BooleanQuery {
        let of = |wanted: &Fact<'_>| fact(self.fields, wanted);
        let mut all: Vec<Box<dyn Query>> = query.terms.iter().map(|term| self.term_query(term)).collect();
        all.push(match query.room {
            Some(room) => of(&Fact::Room(room)),
            None if query.own.is_empty() => of(&Fact::Public),
            None => {
                let own = query.own.iter().map(|room| of(&Fact::Room(*room)));
                Box::new(BooleanQuery::union(own.chain([of(&Fact::Public)]).collect()))
            }
        });
        all.extend(query.handle.as_deref().map(|handle| of(&Fact::From(handle))));
        all.extend(query.has_job.then(|| of(&Fact::Job)));
        BooleanQuery::intersection(all)
    }

    fn term_query(&self, term: &WantedTerm) -> Box<dyn Query> {
        let field = self.fields.terms;
        let exact = |text: &str| -> Box<dyn Query> {
            Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic))
        };
        let beginning = |text: &str| -> Box<dyn Query> {
            let (from, to) = prefix_bounds(field, text);
            Box::new(RangeQuery::new(from, to))
        };
        match term {
            WantedTerm::Exact(text) => exact(text),
            WantedTerm::Beginning(text) => beginning(text),
            WantedTerm::ExactOrBeginning(text, begun) => {
                Box::new(BooleanQuery::union(vec![exact(text), beginning(begun)]))
            }
        }
    }
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let fields = Fields {
        // Newest first: neither frequencies nor lengths are needed.
        terms: schema.add_text_field("terms", terms_field()),
        facts: schema.add_text_field("facts", facts_field()),
        seq: schema.add_u64_field("seq", FAST),
        room: schema.add_u64_field("room", FAST),
        at: schema.add_i64_field("at", FAST),
    };
    (schema.build(), fields)
}

/// What is known of a message beside its text.
enum Fact<'a> {
    Public,
    Room(u64),
    From(&'a str),
    Job,
}

impl Fact<'_> {
    fn term(&self) -> String {
        match self {
            Self::Public => "public".into(),
            Self::Room(number) => format!("in:{number}"),
            Self::From(handle) => format!("from:{handle}"),
            Self::Job => "job".into(),
        }
    }
}

fn fact(fields: Fields, fact: &Fact<'_>) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(fields.facts, &fact.term()), IndexRecordOption::Basic))
}

/// The messages of that room and of those numbers.
fn at(fields: Fields, (room, numbers): (u64, Range<u64>)) -> BooleanQuery {
    let number = |seq| Term::from_field_u64(fields.seq, seq);
    let (start, end) = (Bound::Included(number(numbers.start)), Bound::Excluded(number(numbers.end)));
    let is_number = Box::new(RangeQuery::new(start, end)) as Box<dyn Query>;
    BooleanQuery::intersection(vec![fact(fields, &Fact::Room(room)), is_number])
}

fn entry(fields: &Fields, message: IndexedMessage) -> TantivyDocument {
    let IndexedMessage { place, is_public, handle, has_job, text } = message;
    let mut entry = TantivyDocument::new();
    entry.add_text(fields.terms, text);
    entry.add_text(fields.facts, Fact::Room(place.room).term());
    entry.add_text(fields.facts, Fact::From(&handle).term());
    if is_public {
        entry.add_text(fields.facts, Fact::Public.term());
    }
    if has_job {
        entry.add_text(fields.facts, Fact::Job.term());
    }
    entry.add_u64(fields.room, place.room);
    entry.add_u64(fields.seq, place.seq);
    entry.add_i64(fields.at, place.at.0);
    entry
}

/// The numbers of one segment.
struct Columns {
    at: std::sync::Arc<dyn tantivy::columnar::ColumnValues<i64>>,
    room: std::sync::Arc<dyn tantivy::columnar::ColumnValues<u64>>,
    seq: std::sync::Arc<dyn tantivy::columnar::ColumnValues<u64>>,
}

impl Columns {
    fn of(segment: &SegmentReader) -> Result<Self, IndexError> {
        let fast = segment.fast_fields();
        Ok(Self {
            at: fast.i64("at")?.first_or_default_col(0),
            room: fast.u64("room")?.first_or_default_col(0),
            seq: fast.u64("seq")?.first_or_default_col(0),
        })
    }
}

/// Keeps the newest of what is found.
struct Newest<'a> {
    query: &'a MessageQuery,
    cursor: Option<Place>,
    limit: usize,
    /// The heap's top is the oldest.
    found: BinaryHeap<Reverse<Place>>,
}

impl Newest<'_> {
    /// Whether messages of that time or earlier cannot be among the results any more.
    fn is_too_old(&self, at: i64) -> bool {
        let is_full = self.found.len() >= self.limit;
        let oldest = self.found.peek().map_or(i64::MIN, |Reverse(place)| place.at.0);
        (is_full && at < oldest) || self.query.from.is_some_and(|from| at < from.0)
    }

    fn consider(&mut self, columns: &Columns, doc: DocId) {
        let at = columns.at.get_val(doc);
        let is_too_new =
            self.query.until.is_some_and(|until| at >= until.0) || self.cursor.is_some_and(|cursor| at > cursor.at.0);
        if is_too_new || self.is_too_old(at) {
            return;
        }
        let place = Place { at: Timestamp(at), room: columns.room.get_val(doc), seq: columns.seq.get_val(doc) };
        if self.cursor.is_some_and(|cursor| place >= cursor) {
            return;
        }
        self.found.push(Reverse(place));
        if self.found.len() > self.limit {
            self.found.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fold;

    fn message(seq: u64, text: &str) -> IndexedMessage {
        let place = Place { at: Timestamp(1000 + seq as i64), room: 1, seq };
        IndexedMessage { place, is_public: true, handle: fold("Ann"), has_job: false, text: text.into() }
    }

    fn exact(text: &str) -> MessageQuery {
        MessageQuery { terms: vec![WantedTerm::Exact(text.into())], ..MessageQuery::default() }
    }

    fn numbers(index: &MessageIndex, query: &MessageQuery) -> Vec<u64> {
        index.search(query, None, 10).expect("a search").into_iter().map(|place| place.seq).collect()
    }

    #[test]
    fn messages_are_found_newest_first_and_page_by_page() {
        let dir = tempfile::tempdir().expect("a folder");
        let index = MessageIndex::open(dir.path()).expect("an index");
        assert!(numbers(&index, &exact("cat")).is_empty());
        for group in [1..4, 4..7] {
            index.change(vec![], group.map(|seq| message(seq, "Cats")).collect(), vec![]).expect("a change");
        }
        assert_eq!(numbers(&index, &exact("cat")), [6, 5, 4, 3, 2, 1]);
        let first = index.search(&exact("cat"), None, 4).expect("a page");
        let rest = index.search(&exact("cat"), first.last().copied(), 4).expect("a page");
        assert_eq!(rest.iter().map(|place| place.seq).collect::<Vec<_>>(), [2, 1]);
        let between = MessageQuery { from: Some(Timestamp(1002)), until: Some(Timestamp(1004)), ..exact("cat") };
        assert_eq!(numbers(&index, &between), [3, 2]);
    }

    #[test]
    fn only_what_the_asker_may_read_is_found() {
        let dir = tempfile::tempdir().expect("a folder");
        let index = MessageIndex::open(dir.path()).expect("an index");
        let private = |seq, room| {
            let message = message(seq, "secret");
            IndexedMessage { is_public: false, place: Place { room, ..message.place }, ..message }
        };
        let own = IndexedMessage { has_job: true, handle: "bob".into(), ..private(2, 8) };
        index.change(vec![], vec![message(1, "secret"), own, private(3, 9)], vec![]).expect("a change");
        let secret = exact("secret");
        assert_eq!(numbers(&index, &secret), [1]);
        assert_eq!(numbers(&index, &MessageQuery { own: vec![8], ..secret.clone() }), [2, 1]);
        assert_eq!(numbers(&index, &MessageQuery { room: Some(8), ..secret.clone() }), [2]);
        assert_eq!(numbers(&index, &MessageQuery { own: vec![8], has_job: true, ..secret.clone() }), [2]);
        assert_eq!(numbers(&index, &MessageQuery { handle: Some("ann".into()), ..secret }), [1]);
    }

    #[test]
    fn a_single_character_and_an_unfinished_word_begin_terms() {
        let dir = tempfile::tempdir().expect("a folder");
        let index = MessageIndex::open(dir.path()).expect("an index");
        let texts = ["一隻貓", "貓科動物", "implementation", "implementing it"];
        let messages = texts.iter().zip(1..).map(|(text, seq)| message(seq, text)).collect();
        index.change(vec![], messages, vec![]).expect("a change");
        let of = |term| MessageQuery { terms: vec![term], ..MessageQuery::default() };
        assert_eq!(numbers(&index, &of(WantedTerm::Beginning(fold("貓")))), [2, 1]);
        assert_eq!(numbers(&index, &of(WantedTerm::Exact("implement".into()))), [4, 3]);
        let typed = WantedTerm::ExactOrBeginning("implementa".into(), "implementa".into());
        assert_eq!(numbers(&index, &of(typed)), [3]);
    }

    #[test]
    fn what_is_removed_is_gone() {
        let dir = tempfile::tempdir().expect("a folder");
        {
            let index = MessageIndex::open(dir.path()).expect("an index");
            index.change(vec![], (1..8).map(|seq| message(seq, "one")).collect(), vec![]).expect("a change");
            index.change(vec![], vec![], vec![(1, 7..8), (1, 0..4), (7, 0..u64::MAX)]).expect("a change");
            assert_eq!(numbers(&index, &exact("one")), [6, 5, 4]);
        }
        let index = MessageIndex::open(dir.path()).expect("the same index");
        assert_eq!(numbers(&index, &exact("one")), [6, 5, 4]);
        assert_eq!(index.rooms(), Ok(HashMap::from([(1, 4..=6)])));
    }

    #[test]
    fn damage_is_seen_when_it_is_opened() {
        let dir = tempfile::tempdir().expect("a folder");
        let files = || std::fs::read_dir(dir.path()).expect("a folder").map(|entry| entry.expect("an entry").path());
        {
            let index = MessageIndex::open(dir.path()).expect("an index");
            index.change(vec![], (1..100).map(|seq| message(seq, "some words")).collect(), vec![]).expect("a change");
        }
        let of_kind = |kind: &str| files().find(|path| path.extension().is_some_and(|found| found == kind));
        let postings = of_kind("idx").expect("postings");
        let good = std::fs::read(&postings).expect("bytes");
        let mut bad = good.clone();
        bad[good.len() / 3] ^= 0xff;
        let is_damaged = || matches!(MessageIndex::open(dir.path()), Err(IndexError::Damaged(_)));
        for content in [&bad[..], &good[..good.len() / 2], &[]] {
            std::fs::write(&postings, content).expect("written");
            assert!(is_damaged(), "{} bytes", content.len());
        }
        std::fs::remove_file(&postings).expect("removed");
        assert!(is_damaged());
        std::fs::write(&postings, &good).expect("written");
        assert!(MessageIndex::open(dir.path()).is_ok());
        std::fs::remove_file(dir.path().join("meta.json")).expect("removed");
        assert!(is_damaged());
    }
}
