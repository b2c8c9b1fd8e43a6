//! Questions of single kinds, asked as people ask them: with what was said before, up to the answer.

use std::fmt;
use std::sync::Arc;

use anyhow::{Context, bail};
use async_trait::async_trait;
use chatbot::answers::{Answers, Finder, Question, Reader, Said};
use chatbot::index::Audience;
use chatbot::model::{AnsweredBy, Citations, DocumentId, RetrievedContext, RoomName, Source, Timestamp};
use chatbot::retrieval::{FusedHit, Retriever};
use chatbot::text::{Locale, Text};

use crate::corpus::Corpus;

/// Passages of which one must be right.
const SHOWN: usize = 5;

/// What is special about a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It is answered by a row of a table.
    Table,
    /// Its document is in the other language.
    CrossLanguage,
    /// It names something that no document has, though it has similar ones.
    NearMiss,
    /// It goes on with the question before it.
    FollowUp,
    /// It does not, and nothing answers it.
    ChangedSubject,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Table, Self::CrossLanguage, Self::NearMiss, Self::FollowUp, Self::ChangedSubject];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Table => "table",
            Self::CrossLanguage => "cross-language",
            Self::NearMiss => "near-miss",
            Self::FollowUp => "follow-up",
            Self::ChangedSubject => "changed-subject",
        })
    }
}

/// A line of data/kinds.tsv.
struct Case {
    kind: Kind,
    /// Document and quote; `None` if nothing answers it.
    gold: Option<(String, String)>,
    before: Option<String>,
    text: String,
}

impl Case {
    fn parse(line: &str, corpus: &Corpus) -> anyhow::Result<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        let [kind, _language, document, quote, before, text] = fields[..] else {
            bail!("{} fields instead of six", fields.len())
        };
        let kind = Kind::ALL.into_iter().find(|known| known.to_string() == kind).context("no such kind")?;
        let given = |field: &str| (field != "-").then(|| field.to_owned());
        let gold = given(document).zip(given(quote));
        if let Some((name, quote)) = &gold {
            let document = corpus.documents.iter().find(|document| document.name == *name);
            anyhow::ensure!(
                document.is_some_and(|document| document.text.contains(quote)),
                "nothing contains {quote:?}"
            );
        }
        Ok(Self { kind, gold, before: given(before), text: text.to_owned() })
    }
}

/// The corpus, as answers find passages in it.
struct InCorpus {
    corpus: Arc<Corpus>,
    retriever: Retriever,
}

#[async_trait]
impl Finder for InCorpus {
    fn has_documents(&self) -> bool {
        true
    }

    async fn find(&self, question: &str, _: Option<&RoomName>, limit: usize) -> Result<RetrievedContext, Text> {
        let index = self.corpus.index.clone();
        let found = self.retriever.find(index, question, &Audience::Everything, self.corpus.all(), limit).await;
        let found = found.map_err(|error| Text::new("error-index_failed").with("reason", error))?;
        let source = |hit: &FusedHit| {
            let document = self.corpus.document(hit.document)?;
            Some(Source {
                document: DocumentId::fresh(),
                chunk: hit.passage.number,
                title: document.name.clone(),
                page: None,
                heading: None,
                content: document.content(&hit.context).to_owned(),
                before: String::new(),
                after: String::new(),
                score: hit.score,
                updated_at: Timestamp::now(),
                marks: Vec::new(),
                mark: None,
                is_weak: false,
            })
        };
        let sources = found.hits.iter().filter_map(source).collect();
        let other_language = found.other_language.as_ref().and_then(source);
        let (confident, unknown) = (found.confident, found.unknown);
        Ok(RetrievedContext { sources, other_language, confident, unknown, ..RetrievedContext::default() })
    }
}

/// Nobody reads along.
struct Nobody;

#[async_trait]
impl Reader for Nobody {
    async fn read(&self, _: &str) {}
}

/// What became of a question.
struct Outcome {
    is_found: bool,
    is_refused: bool,
}

impl Outcome {
    fn of(case: &Case, citations: &Citations) -> Self {
        let answers = |source: &Source| {
            case.gold.as_ref().is_some_and(|(name, quote)| source.title == *name && source.content.contains(quote))
        };
        Self {
            is_found: citations.results.iter().any(answers),
            is_refused: citations.answered_by == AnsweredBy::Nothing,
        }
    }
}

/// Asks all questions, and prints how many of each kind were answered and refused.
pub async fn run(corpus: &Arc<Corpus>) -> anyhow::Result<()> {
    let lines = include_str!("data/kinds.tsv").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let cases = lines.map(|line| Case::parse(line, corpus).with_context(|| format!("in {line:?}")));
    let cases: Vec<Case> = cases.collect::<anyhow::Result<_>>()?;
    let retriever = Retriever::new(Some(corpus.vectors.clone()), corpus.embedder.clone());
    let answers = Answers::new(Arc::new(InCorpus { corpus: corpus.clone(), retriever }), None, false);
    println!("\n{:24}{:>9}   {:>8}  {:>8}   without the question before", "Kinds", "questions", "found@5", "refused");
    for kind in Kind::ALL {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for case in cases.iter().filter(|case| case.kind == kind) {
            with.push(ask(&answers, case, case.before.as_deref()).await?);
            without.push(ask(&answers, case, None).await?);
            if std::env::var_os("QUALITY_MISSES").is_some() {
                print_miss(case, with.last());
            }
        }
        let count = |outcomes: &[Outcome], is: fn(&Outcome) -> bool| outcomes.iter().filter(|it| is(it)).count();
        let columns = |outcomes: &[Outcome]| {
            format!("{:>8}  {:>8}", count(outcomes, |it| it.is_found), count(outcomes, |it| it.is_refused))
        };
        let has_before = cases.iter().any(|case| case.kind == kind && case.before.is_some());
        let reference = if has_before { columns(&without) } else { String::new() };
        println!("{kind:24}{:>9}   {}   {reference}", with.len(), columns(&with));
    }
    Ok(())
}

/// With the variable `QUALITY_MISSES`, which questions were not answered, or not refused.
fn print_miss(case: &Case, outcome: Option<&Outcome>) {
    let Some(outcome) = outcome else { return };
    if outcome.is_refused != case.gold.is_none() || outcome.is_found != case.gold.is_some() {
        println!("  {}: {} (found {}, refused {})", case.kind, case.text, outcome.is_found, outcome.is_refused);
    }
}

async fn ask(answers: &Answers, case: &Case, before: Option<&str>) -> anyhow::Result<Outcome> {
    let said = before.map(|before| Said { by: None, text: String::new(), asked: Some(before.to_owned()) });
    let history: Vec<Said> = said.into_iter().collect();
    let question = Question {
        text: &case.text,
        handle: "Ann",
        room: None,
        locale: Locale::English,
        limit: Some(SHOWN),
        history: &history,
        instructions: "",
    };
    let (_, citations) = answers.answer(&question, &Nobody).await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    Ok(Outcome::of(case, &citations))
}
