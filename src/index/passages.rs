//! The full-text index of passages, with the passages' positions in their documents.

mod coverage;
mod identifiers;
mod unmentioned;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use parking_lot::Mutex;
use tantivy::collector::TopDocs;
use tantivy::columnar::ColumnValues;
use tantivy::query::{BooleanQuery, BoostQuery, ConstScoreQuery, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema};
use tantivy::{DocAddress, DocSet, IndexReader, Searcher, SegmentReader, TERMINATED, TantivyDocument, Term};

use super::folder::{self, Plan, facts_field, terms_field};
use super::writer::Writer;
use super::{IndexError, prefix_bounds};
use crate::analysis::{TermKind, query_terms};
use crate::documents::Passage;
use crate::model::{DocumentNumber, UsedIn};

/// Schema version.
const LAYOUT: u32 = 2;

/// Maximum number of terms of a question.
const MAX_TERMS: usize = 64;

/// Boost of a term in a title or heading, relative to the text.
const NAME_BOOST: f32 = 0.5;

/// English stop words of questions.
const QUESTION_WORDS: [&str; 44] = [
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "could", "did", "do", "doe", "for", "from", "had", "has",
    "have", "how", "i", "if", "in", "is", "it", "of", "on", "or", "should", "that", "the", "there", "this", "to",
    "was", "were", "what", "when", "where", "which", "who", "whi", "will", "with", "would",
];

/// A document to be indexed.
#[derive(Clone, Copy, Debug)]
pub struct IndexedDocument<'a> {
    pub number: DocumentNumber,
    pub version: u64,
    pub title: &'a str,
    pub used_in: &'a UsedIn,
    pub text: &'a str,
    pub passages: &'a [Passage],
}

/// Restricts which documents are searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Every document.
    Everything,
    /// Documents that are used there.
    Of(BTreeSet<UsedIn>),
}

impl Audience {
    /// Documents that are used in all rooms.
    pub fn all_rooms() -> Self {
        Self::Of(BTreeSet::from([UsedIn::AllRooms]))
    }

    /// Whether it may find what is used there: the one place that decides, beside the query that says the same to the index.
    pub fn includes(&self, used_in: &UsedIn) -> bool {
        match self {
            Self::Everything => true,
            Self::Of(uses) => uses.contains(used_in),
        }
    }
}

/// A passage that has terms of the question.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub document: DocumentNumber,
    pub version: u64,
    pub passage: Passage,
    /// BM25; comparable within one search only.
    pub score: f32,
}

#[derive(Clone, Copy)]
struct Fields {
    text: Field,
    names: Field,
    used_in: Field,
    document: Field,
    version: Field,
    passage: Field,
    start: Field,
    end: Field,
    page: Field,
    heading_start: Field,
    heading_end: Field,
}

/// The keyword index of documents.
pub struct PassageIndex {
    fields: Fields,
    is_outdated: bool,
    reader: Mutex<IndexReader>,
    // Last field: dropped after the reader, and joined then.
    writer: Writer,
}

impl PassageIndex {
    /// Opens the index in `dir`, creating it if it is missing or empty.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] if it has to be rebuilt, in an empty directory.
    pub fn open(dir: &Path) -> Result<Self, IndexError> {
        let (schema, fields) = schema();
        let opened = folder::open(dir, Plan { schema, layout: LAYOUT, forms: false, durable: true })?;
        let reader = Mutex::new(folder::reader(&opened.index)?);
        Ok(Self { fields, is_outdated: opened.is_outdated, reader, writer: Writer::new(opened.index, true) })
    }

    /// Whether it was built by another version of the analysis: it remains usable, and has to be rebuilt.
    pub fn is_outdated(&self) -> bool {
        self.is_outdated
    }

    /// The indexed documents, with their versions.
    pub fn contents(&self) -> Result<HashMap<DocumentNumber, u64>, IndexError> {
        let mut contents = HashMap::new();
        for segment in self.searcher().segment_readers() {
            let columns = Columns::of(segment)?;
            for doc in segment.doc_ids_alive() {
                contents.insert(DocumentNumber(columns.document.get_val(doc)), columns.version.get_val(doc));
            }
        }
        Ok(contents)
    }

    /// Adds or replaces documents in one commit; durable on return. Batches cost much less than
    /// one after the other.
    pub fn replace(&self, documents: &[IndexedDocument<'_>]) -> Result<(), IndexError> {
        let numbers: Vec<DocumentNumber> = documents.iter().map(|document| document.number).collect();
        let entries: Vec<TantivyDocument> =
            documents.iter().flat_map(|document| entries(&self.fields, document)).collect();
        self.change(numbers, entries)
    }

    /// Removes documents; durable on return.
    pub fn remove(&self, documents: &[DocumentNumber]) -> Result<(), IndexError> {
        self.change(documents.to_vec(), Vec::new())
    }

    fn change(&self, removed: Vec<DocumentNumber>, added: Vec<TantivyDocument>) -> Result<(), IndexError> {
        let field = self.fields.document;
        self.writer.run(move |writer| {
            for number in removed {
                writer.delete_term(Term::from_field_u64(field, number.0));
            }
            for entry in added {
                writer.add_document(entry)?;
            }
            writer.commit()
        })?;
        let reader = self.reader.lock();
        Ok(reader.reload()?)
    }

    /// Stops all writing, including background merges, until the next change; returns once it has stopped.
    pub fn rest(&self) {
        self.writer.rest();
    }

    /// Passages that share terms with the question, best first, at most `limit`.
    pub fn search(&self, question: &str, audience: &Audience, limit: usize) -> Result<Vec<Hit>, IndexError> {
        let Some(query) = self.query(question, audience) else { return Ok(Vec::new()) };
        let searcher = self.searcher();
        let found = searcher.search(&*query, &TopDocs::with_limit(limit.max(1)).order_by_score())?;
        let mut columns = HashMap::new();
        found.into_iter().map(|(score, at)| hit(&searcher, &mut columns, at, score)).collect()
    }

    /// The positions of passages; `None` for those that are not indexed in that version.
    pub fn places(&self, wanted: &[(DocumentNumber, u64, u32)]) -> Result<Vec<Option<Passage>>, IndexError> {
        let searcher = self.searcher();
        let mut places = HashMap::new();
        let numbers: HashSet<DocumentNumber> = wanted.iter().map(|&(number, ..)| number).collect();
        let keys: HashSet<&(DocumentNumber, u64, u32)> = wanted.iter().collect();
        for segment in searcher.segment_readers() {
            let columns = Columns::of(segment)?;
            let inverted = segment.inverted_index(self.fields.document)?;
            for &number in &numbers {
                let term = Term::from_field_u64(self.fields.document, number.0);
                let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? else { continue };
                while postings.doc() != TERMINATED {
                    let doc = postings.doc();
                    let key = (number, columns.version.get_val(doc), columns.passage.get_val(doc) as u32);
                    if keys.contains(&key) && !segment.is_deleted(doc) {
                        places.insert(key, columns.passage(doc));
                    }
                    postings.advance();
                }
            }
        }
        Ok(wanted.iter().map(|key| places.get(key).cloned()).collect())
    }

    /// Passages in the index.
    pub fn passage_count(&self) -> u64 {
        self.searcher().num_docs()
    }

    fn searcher(&self) -> Searcher {
        self.reader.lock().searcher()
    }

    /// Any of the question's terms, in the text or in what it is called.
    fn query(&self, question: &str, audience: &Audience) -> Option<Box<dyn Query>> {
        let terms = question_terms(question);
        let looked_up = terms.iter().flat_map(|(text, kind)| self.term_queries(text, *kind));
        let any: Vec<(Occur, Box<dyn Query>)> = looked_up.map(|query| (Occur::Should, query)).collect();
        if any.is_empty() {
            return None;
        }
        let any = Box::new(BooleanQuery::new(any));
        Some(match self.found_in(audience) {
            None => any,
            Some(found_here) => Box::new(BooleanQuery::intersection(vec![any, found_here])),
        })
    }

    /// What the audience may find; `None` for everything.
    fn found_in(&self, audience: &Audience) -> Option<Box<dyn Query>> {
        let of = |used_in: &UsedIn| -> Box<dyn Query> {
            let term = Term::from_field_text(self.fields.used_in, &used_in.key());
            Box::new(TermQuery::new(term, IndexRecordOption::Basic))
        };
        let Audience::Of(uses) = audience else { return None };
        let uses = uses.iter().map(of).collect();
        Some(Box::new(ConstScoreQuery::new(Box::new(BooleanQuery::union(uses)), 0.0)))
    }

    fn term_queries(&self, text: &str, kind: TermKind) -> [Box<dyn Query>; 2] {
        [(self.fields.text, 1.0), (self.fields.names, NAME_BOOST)].map(|(field, boost)| -> Box<dyn Query> {
            let query: Box<dyn Query> = match kind {
                TermKind::Single => {
                    let (from, to) = prefix_bounds(field, text);
                    Box::new(RangeQuery::new(from, to))
                }
                _ => Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic)),
            };
            Box::new(BoostQuery::new(query, boost))
        })
    }
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let fields = Fields {
        text: schema.add_text_field("text", terms_field()),
        names: schema.add_text_field("names", terms_field()),
        // Called so since there were rooms alone.
        used_in: schema.add_text_field("room", facts_field()),
        document: schema.add_u64_field("document", FAST | INDEXED),
        version: schema.add_u64_field("version", FAST),
        passage: schema.add_u64_field("passage", FAST),
        start: schema.add_u64_field("start", FAST),
        end: schema.add_u64_field("end", FAST),
        page: schema.add_u64_field("page", FAST),
        heading_start: schema.add_u64_field("heading_start", FAST),
        heading_end: schema.add_u64_field("heading_end", FAST),
    };
    (schema.build(), fields)
}

fn entries<'a>(
    fields: &'a Fields,
    document: &'a IndexedDocument<'_>,
) -> impl Iterator<Item = TantivyDocument> + use<'a> {
    let used_in = document.used_in.key();
    document.passages.iter().map(move |passage| {
        let mut entry = TantivyDocument::new();
        entry.add_text(fields.text, document.text.get(passage.range.clone()).unwrap_or_default());
        entry.add_text(fields.names, document.title);
        let heading = passage.heading.clone().unwrap_or(0..0);
        if let Some(words) = document.text.get(heading.clone()).filter(|words| !words.is_empty()) {
            entry.add_text(fields.names, words);
        }
        entry.add_text(fields.used_in, &used_in);
        let numbers = [
            (fields.document, document.number.0),
            (fields.version, document.version),
            (fields.passage, u64::from(passage.number)),
            (fields.start, passage.range.start as u64),
            (fields.end, passage.range.end as u64),
            (fields.page, passage.page.map_or(0, u64::from)),
            (fields.heading_start, heading.start as u64),
            (fields.heading_end, heading.end as u64),
        ];
        for (field, number) in numbers {
            entry.add_u64(field, number);
        }
        entry
    })
}

/// The distinct terms of a question, without stop words unless there are no others.
fn question_terms(question: &str) -> Vec<(String, TermKind)> {
    let mut seen = HashSet::new();
    let mut terms: Vec<(String, TermKind)> =
        query_terms(question).into_iter().map(|term| (term.text, term.kind)).collect();
    terms.retain(|(text, _)| seen.insert(text.clone()));
    let says_something = |(text, _): &(String, TermKind)| !QUESTION_WORDS.contains(&text.as_str());
    if terms.iter().any(says_something) {
        terms.retain(says_something);
    }
    // Single characters occur in too many passages to be useful besides words.
    if terms.iter().any(|(_, kind)| *kind != TermKind::Single) {
        terms.retain(|(_, kind)| *kind != TermKind::Single);
    }
    terms.truncate(MAX_TERMS);
    terms
}

/// The numbers of one segment.
struct Columns {
    document: Column,
    version: Column,
    passage: Column,
    start: Column,
    end: Column,
    page: Column,
    heading_start: Column,
    heading_end: Column,
}

type Column = std::sync::Arc<dyn ColumnValues<u64>>;

impl Columns {
    fn of(segment: &SegmentReader) -> Result<Self, IndexError> {
        let column =
            |name: &str| -> Result<Column, IndexError> { Ok(segment.fast_fields().u64(name)?.first_or_default_col(0)) };
        Ok(Self {
            document: column("document")?,
            version: column("version")?,
            passage: column("passage")?,
            start: column("start")?,
            end: column("end")?,
            page: column("page")?,
            heading_start: column("heading_start")?,
            heading_end: column("heading_end")?,
        })
    }

    fn passage(&self, doc: u32) -> Passage {
        let range = |start: &Column, end: &Column| start.get_val(doc) as usize..end.get_val(doc) as usize;
        Passage {
            number: self.passage.get_val(doc) as u32,
            range: range(&self.start, &self.end),
            page: Some(self.page.get_val(doc) as u32).filter(|&page| page > 0),
            heading: Some(range(&self.heading_start, &self.heading_end)).filter(|range| !range.is_empty()),
        }
    }
}

fn hit(
    searcher: &Searcher,
    columns: &mut HashMap<u32, Columns>,
    at: DocAddress,
    score: f32,
) -> Result<Hit, IndexError> {
    let columns = match columns.entry(at.segment_ord) {
        std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
        std::collections::hash_map::Entry::Vacant(new) => {
            new.insert(Columns::of(searcher.segment_reader(at.segment_ord))?)
        }
    };
    Ok(Hit {
        document: DocumentNumber(columns.document.get_val(at.doc_id)),
        version: columns.version.get_val(at.doc_id),
        passage: columns.passage(at.doc_id),
        score,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::passages;
    use crate::model::{CollectionId, DocumentKind, RoomName};

    struct Text {
        number: u64,
        title: &'static str,
        text: String,
        passages: Vec<Passage>,
        used_in: UsedIn,
    }

    impl Text {
        fn new(number: u64, title: &'static str, text: &str) -> Self {
            let passages = passages(text, DocumentKind::Text);
            Self { number, title, text: text.into(), passages, used_in: UsedIn::AllRooms }
        }

        fn version(&self, version: u64) -> IndexedDocument<'_> {
            IndexedDocument {
                number: DocumentNumber(self.number),
                version,
                title: self.title,
                used_in: &self.used_in,
                text: &self.text,
                passages: &self.passages,
            }
        }
    }

    fn found(index: &PassageIndex, question: &str) -> Vec<u64> {
        let hits = index.search(question, &Audience::Everything, 5).expect("a search");
        hits.iter().map(|hit| hit.document.0).collect()
    }

    #[test]
    fn passages_are_found_in_either_script_with_their_places() {
        let dir = tempfile::tempdir().expect("a folder");
        let index = PassageIndex::open(dir.path()).expect("an index");
        assert!(found(&index, "anything").is_empty());
        let long = "Nothing else happens in between. ".repeat(5);
        let guide = format!("# Backups\n\nThe server is backed up at night. {long}\u{c}# Restoring\n\nStop it. {long}");
        let texts = [
            Text::new(1, "Guide", &guide),
            Text::new(2, "手册", "如何重置密码：打开设置，选择账户。"),
            Text::new(3, "手冊", "伺服器的備份存放在資料庫旁邊。"),
        ];
        let documents: Vec<_> = texts.iter().map(|text| text.version(7)).collect();
        index.replace(&documents).expect("stored");
        assert_eq!(found(&index, "When are the backups made?")[0], 1);
        assert_eq!(found(&index, "怎麼重置密碼"), [2]);
        assert_eq!(found(&index, "数据库旁边的备份")[0], 3);
        assert_eq!(found(&index, "库"), [3]);
        assert_eq!(found(&index, "what is the"), [1], "words of questions count where there are no others");
        assert!(found(&index, "🦀").is_empty());
        let hit = &index.search("restoring", &Audience::Everything, 5).expect("a search")[0];
        assert_eq!((hit.version, hit.passage.page), (7, Some(2)));
        assert_eq!(hit.passage, texts[0].passages[hit.passage.number as usize]);
        let count: usize = texts.iter().map(|text| text.passages.len()).sum();
        assert_eq!(index.passage_count(), count as u64);
        let wanted = [(DocumentNumber(1), 7, hit.passage.number), (DocumentNumber(1), 6, 0), (DocumentNumber(9), 7, 0)];
        assert_eq!(index.places(&wanted), Ok(vec![Some(hit.passage.clone()), None, None]));
    }

    #[test]
    fn a_document_is_replaced_as_a_whole_and_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        let (old, new) = (Text::new(1, "A", "apples and pears"), Text::new(1, "A", "plums"));
        let other = Text::new(2, "B", "apples");
        {
            let index = PassageIndex::open(dir.path()).expect("an index");
            index.replace(&[old.version(1), other.version(1)]).expect("stored");
            assert_eq!(found(&index, "apple").len(), 2);
            index.replace(&[new.version(2)]).expect("stored");
            assert_eq!((found(&index, "apple"), found(&index, "plum")), (vec![2], vec![1]));
        }
        let index = PassageIndex::open(dir.path()).expect("the same index");
        assert!(!index.is_outdated());
        let expected = HashMap::from([(DocumentNumber(1), 2), (DocumentNumber(2), 1)]);
        assert_eq!(index.contents(), Ok(expected));
        index.remove(&[DocumentNumber(1), DocumentNumber(5)]).expect("removed");
        assert_eq!(index.contents(), Ok(HashMap::from([(DocumentNumber(2), 1)])));
    }

    #[test]
    fn a_rooms_documents_are_found_there_alone_and_a_collections_where_it_is_chosen() {
        let dir = tempfile::tempdir().expect("a folder");
        let index = PassageIndex::open(dir.path()).expect("an index");
        let room = |name| RoomName::public(name).expect("a name");
        let everywhere = Text::new(1, "A", "the opening hours");
        let mut shop = Text::new(2, "B", "the opening hours of the shop");
        shop.used_in = UsedIn::Room(room("shop"));
        let prices = CollectionId::fresh();
        let mut collected = Text::new(3, "C", "the opening hours and prices");
        collected.used_in = UsedIn::Collection(prices.clone());
        index.replace(&[everywhere.version(1), shop.version(1), collected.version(1)]).expect("stored");
        let found = |audience| {
            // Of as many as are wanted none is hidden.
            let hits = index.search("opening hours", &audience, 3).expect("a search");
            let mut numbers: Vec<u64> = hits.iter().map(|hit| hit.document.0).collect();
            numbers.sort_unstable();
            numbers
        };
        let of = |uses: &[UsedIn]| Audience::Of(uses.iter().cloned().chain([UsedIn::AllRooms]).collect());
        assert_eq!(found(Audience::Everything), [1, 2, 3]);
        assert_eq!(found(of(&[UsedIn::Room(room("shop"))])), [1, 2]);
        assert_eq!(found(of(&[UsedIn::Room(room("lobby"))])), [1]);
        assert_eq!(found(of(&[UsedIn::Room(room("shop")), UsedIn::Collection(prices)])), [1, 2, 3]);
        assert_eq!(found(of(&[UsedIn::Collection(CollectionId::fresh())])), [1]);
        assert_eq!(found(Audience::all_rooms()), [1]);
    }

    #[test]
    fn an_index_of_another_version_says_so() {
        let dir = tempfile::tempdir().expect("a folder");
        let text = Text::new(1, "A", "apples");
        PassageIndex::open(dir.path()).and_then(|index| index.replace(&[text.version(1)])).expect("stored");
        std::fs::write(dir.path().join("version"), format!("{LAYOUT}.0")).expect("written");
        let index = PassageIndex::open(dir.path()).expect("an old index");
        assert!(index.is_outdated());
        assert_eq!(found(&index, "apples"), [1]);
        drop(index);
        std::fs::write(dir.path().join("version"), "0.1").expect("written");
        assert!(matches!(PassageIndex::open(dir.path()), Err(IndexError::Damaged(_))));
    }
}
