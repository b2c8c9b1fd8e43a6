use tempfile::TempDir;

use super::*;
use crate::embedding::{EmbeddingSource, passage_text};
use crate::index::IndexedDocument;
use crate::model::{DocumentKind, UsedIn};

const DELIVERY: &str =
    "# Delivery\n\nParcels leave the warehouse on the day of the order and arrive after two working days.";
const HOLIDAYS: &str = "# Leave\n\nEverybody has thirty days of holiday a year. Enter them in the calendar.";
const VACUUM: &str = "# 保养\n\n滚刷每周剪掉缠绕的头发，每六到十二个月更换。滤网可以用清水冲洗，晾干以后再装回。";

/// Index and vectors of some texts, whose numbers count from 1.
struct IndexSet {
    index: Arc<PassageIndex>,
    retriever: Retriever,
    _dir: TempDir,
}

impl IndexSet {
    async fn new(texts: &[&str], source: EmbeddingSource) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let index = Arc::new(PassageIndex::open(&dir.path().join("passages")).expect("an index"));
        let embedder = Arc::new(Embedder::new(source).expect("an embedder"));
        let vectors =
            embedder.id().map(|id| Arc::new(Vectors::open(&dir.path().join("vectors"), id).expect("vectors")));
        for (text, number) in texts.iter().zip(1..) {
            let (number, version) = (DocumentNumber(number), 1);
            let passages = crate::documents::passages(text, DocumentKind::Text);
            let used_in = &UsedIn::AllRooms;
            let document = IndexedDocument { number, version, title: "A text", used_in, text, passages: &passages };
            index.replace(&[document]).expect("indexed");
            if let Some(vectors) = &vectors {
                let read = |range: &std::ops::Range<usize>| &text[range.clone()];
                let texts = passages.iter();
                let texts = texts.map(|it| passage_text("A text", it.heading.as_ref().map(read), read(&it.range)));
                let embedded = embedder.passages(texts.collect()).await.expect("embedded");
                let mut new = vectors.begin(number, version).expect("begun");
                new.append(embedded).expect("appended");
                vectors.put(&new).expect("kept");
            }
        }
        Self { index, retriever: Retriever::new(vectors, embedder), _dir: dir }
    }

    /// The documents found among the allowed ones, best first, and whether they answer.
    async fn find(&self, question: &str, allowed: &'static [u64]) -> (Vec<u64>, bool) {
        let allowed = |number: DocumentNumber, version| allowed.contains(&number.0) && version == 1;
        let found = self.retriever.find(self.index.clone(), question, &Audience::Everything, allowed, 5).await;
        let found = found.expect("looked up");
        (found.hits.iter().map(|hit| hit.document.0).collect(), found.confident)
    }
}

#[tokio::test]
async fn words_alone_find_and_say_when_nothing_fits() {
    let index_set = IndexSet::new(&[DELIVERY, HOLIDAYS, VACUUM], EmbeddingSource::Off).await;
    assert_eq!(index_set.find("When do parcels arrive?", &[1, 2, 3]).await, (vec![1], true));
    assert_eq!(index_set.find("每週剪掉纏繞的頭髮", &[1, 2, 3]).await, (vec![3], true), "traditional over simplified");
    assert_eq!(index_set.find("When do parcels arrive?", &[2, 3]).await, (vec![], false), "not allowed");
    assert_eq!(index_set.find("quantum chromodynamics", &[1, 2, 3]).await, (vec![], false));
    let (_, confident) = index_set.find("Which calendar did the ancient Maya carve into stone?", &[1, 2, 3]).await;
    assert!(!confident, "one word in common is no answer");
}

#[cfg(feature = "embedding-model")]
#[tokio::test]
async fn meaning_finds_what_has_no_word_in_common() {
    let index_set = IndexSet::new(&[DELIVERY, HOLIDAYS, VACUUM], EmbeddingSource::BuiltIn).await;
    let (documents, _) = index_set.find("How much vacation time am I entitled to?", &[1, 2, 3]).await;
    assert_eq!(documents.first(), Some(&2), "{documents:?}");
    let (documents, _) = index_set.find("How much vacation time am I entitled to?", &[1, 3]).await;
    assert!(!documents.contains(&2), "{documents:?}");
}

#[tokio::test]
async fn a_passage_covers_a_question_by_its_rare_words() {
    let index_set = IndexSet::new(&[DELIVERY, HOLIDAYS, VACUUM], EmbeddingSource::Off).await;
    let of = |question: &str, number| {
        index_set.index.coverage(question, &[(DocumentNumber(number), 1, 0)]).expect("looked up")[0]
    };
    assert_eq!(of("holiday calendar", 2), 1.0);
    assert_eq!(of("holiday calendar", 1), 0.0);
    let half = of("holiday chromodynamics", 2);
    assert!((0.1..0.5).contains(&half), "a word nobody has weighs more: {half}");
    assert_eq!(of("holiday", 9), 0.0, "no such document");
}

#[test]
fn the_same_question_in_other_words_is_answered_directly() {
    assert!(answers_directly("how much is delivery", "How much does delivery cost?"));
    assert!(answers_directly("怎麼開發票", "怎么开发票？"));
    assert!(!answers_directly("Do you deliver on Sundays?", "How much does delivery cost?"));
    assert!(!answers_directly("发票丢了怎么办", "怎么开发票？"));
}
