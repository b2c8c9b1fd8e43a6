//! Answers without a model; answers with one are tested end to end.

use std::sync::Mutex;

use super::*;
use crate::model::{DocumentId, Timestamp};

/// A passage.
pub fn source(title: &str, content: &str) -> Source {
    Source {
        document: DocumentId::fresh(),
        chunk: 0,
        title: title.into(),
        page: None,
        heading: None,
        content: content.into(),
        before: String::new(),
        after: String::new(),
        score: 1.0,
        updated_at: Timestamp::now(),
        marks: vec![[0, 7]],
        mark: None,
        is_weak: false,
    }
}

/// A question of Ann's in English.
pub fn question(text: &str) -> Question<'_> {
    static ROOM: std::sync::LazyLock<RoomName> =
        std::sync::LazyLock::new(|| RoomName::public("lobby").expect("a name"));
    let locale = Locale::English;
    Question { text, handle: "Ann", room: Some(&ROOM), locale, limit: None, history: &[], instructions: "" }
}

/// Always finds the same.
struct Found(Option<RetrievedContext>);

#[async_trait]
impl Finder for Found {
    fn has_documents(&self) -> bool {
        self.0.is_some()
    }

    async fn find(&self, _: &str, _: Option<&RoomName>, limit: usize) -> Result<RetrievedContext, Text> {
        let mut findings = self.0.clone().unwrap_or_default();
        findings.sources.truncate(limit);
        Ok(findings)
    }
}

#[derive(Default)]
struct Heard(Mutex<String>);

#[async_trait]
impl Reader for Heard {
    async fn read(&self, piece: &str) {
        self.0.lock().expect("a text").push_str(piece);
    }
}

async fn answer(findings: Option<RetrievedContext>, question: Question<'_>) -> (String, Citations) {
    let heard = Heard::default();
    let answers = Answers::new(Arc::new(Found(findings)), None, true);
    let answer = answers.answer(&question, &heard).await.expect("an answer");
    assert_eq!(*heard.0.lock().expect("a text"), "", "nothing is written piece by piece");
    answer
}

fn found(confident: bool) -> RetrievedContext {
    let sources = (1..=9).map(|n| source(&format!("T{n}"), &format!("passage {n}"))).collect();
    RetrievedContext {
        sources,
        confident,
        faq: None,
        nearest: vec!["T1".into(), "T2".into()],
        ..RetrievedContext::default()
    }
}

#[tokio::test]
async fn passages_that_have_little_to_do_with_the_question_are_not_quoted_unless_asked_for() {
    let mut findings = found(true);
    findings.sources[1].is_weak = true;
    let (_, citations) = answer(Some(findings.clone()), question("why?")).await;
    let titles: Vec<_> = citations.results.iter().map(|source| source.title.as_str()).collect();
    assert_eq!(titles, ["T1", "T3"]);
    let (_, citations) = answer(Some(findings), Question { limit: Some(2), ..question("why?") }).await;
    assert_eq!(citations.results.len(), 2);
}

#[tokio::test]
async fn words_that_no_document_has_are_named_above_the_passages() {
    let findings = RetrievedContext { unmentioned: vec!["parking".into(), "pool".into()], ..found(true) };
    let (text, citations) = answer(Some(findings.clone()), question("why?")).await;
    assert_eq!(citations.note.as_deref(), Some("No document mentions “parking”, “pool”."));
    assert!(text.starts_with("No document mentions") && text.contains("passage 1"), "{text}");
    let (text, citations) = answer(Some(RetrievedContext { confident: false, ..findings }), question("why?")).await;
    assert!(citations.note.is_none() && !text.contains("parking"), "{text}");
}

#[tokio::test]
async fn the_passage_in_the_other_language_comes_on_top_of_the_others() {
    let findings = RetrievedContext { other_language: Some(source("手册", "三年")), ..found(true) };
    let (text, citations) = answer(Some(findings), question("why?")).await;
    let titles: Vec<_> = citations.results.iter().map(|source| source.title.as_str()).collect();
    assert_eq!(titles, ["T1", "T2", "T3", "手册"]);
    assert!(text.ends_with("4. 手册\n> 三年"), "{text}");
}

#[tokio::test]
async fn the_best_three_passages_are_quoted_or_as_many_as_were_asked_for() {
    let (text, citations) = answer(Some(found(true)), question("why?")).await;
    assert!(text.contains("1. T1\n> passage 1\n\n2. T2") && text.ends_with("3. T3\n> passage 3"), "{text}");
    assert_eq!((citations.results.len(), citations.answered_by, citations.note), (3, AnsweredBy::Passages, None));
    for (limit, expected) in [(1, 1), (5, 5), (99, 9)] {
        let (_, citations) = answer(Some(found(true)), Question { limit: Some(limit), ..question("why?") }).await;
        assert_eq!(citations.results.len(), expected);
    }
}

#[tokio::test]
async fn what_the_documents_have_nothing_on_is_said_with_what_comes_nearest() {
    let (text, citations) = answer(Some(found(false)), question("why?")).await;
    assert!(text.contains("• T1\n• T2") && !text.contains("passage 1"), "{text}");
    assert_eq!((citations.results.len(), citations.answered_by), (0, AnsweredBy::Nothing));
    let (without_documents, citations) = answer(None, question("why?")).await;
    assert_eq!(citations.answered_by, AnsweredBy::Nothing);
    assert_ne!(without_documents, text);
}

#[tokio::test]
async fn an_entry_that_asks_the_same_answers_in_its_own_words() {
    let faq = FaqAnswer { question: "Why?".into(), answer: "Because.".into(), source: source("FAQ", "Because.") };
    let (text, citations) = answer(Some(RetrievedContext { faq: Some(faq), ..found(true) }), question("why?")).await;
    assert_eq!((text.as_str(), citations.answered_by, citations.results.len()), ("Because.", AnsweredBy::Faq, 1));
}

#[tokio::test]
async fn a_chinese_question_is_answered_in_chinese_whatever_the_client_speaks() {
    for (text, locale, expected) in [
        ("退款要多久？", Locale::English, Locale::SimplifiedChinese),
        ("退款需要幾天？請說明", Locale::English, Locale::TraditionalChinese),
        ("退款要多久？", Locale::TraditionalChinese, Locale::TraditionalChinese),
        ("How long is it?", Locale::SimplifiedChinese, Locale::SimplifiedChinese),
    ] {
        let (answer, _) = answer(Some(found(false)), Question { locale, ..question(text) }).await;
        assert_eq!(answer, wording::nothing(&found(false), expected), "{text}");
    }
}
