//! Asks the questions, and says how well they were answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chatbot::index::Audience;
use chatbot::retrieval::{Retriever, Signals, answers_directly};

use crate::corpus::Corpus;
use crate::questions::{Language, Part, Question};

/// Passages looked through for the right one.
const DEPTH: usize = 10;

/// Passages of which one must be right for recall@5.
const SHOWN: usize = 5;

/// By what passages are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Words,
    Fused,
}

/// What became of a question.
pub struct Answer {
    /// The place of the first passage that answers, from 0.
    pub rank: Option<usize>,
    pub confident: bool,
    pub signals: Signals,
    /// Whether words are named that no document has.
    pub is_hinted: bool,
    /// Whether an entry of a list of questions was taken to ask the same, and whether it was the right one.
    direct: Option<bool>,
    time: Duration,
}

/// Asks every question.
pub async fn answers(corpus: &Corpus, questions: &[Question], mode: Mode) -> anyhow::Result<Vec<Answer>> {
    let vectors = (mode == Mode::Fused).then(|| corpus.vectors.clone());
    let retriever = Retriever::new(vectors, corpus.embedder.clone());
    // The first question loads what the others then use.
    retriever.find(corpus.index.clone(), "?", &Audience::Everything, corpus.all(), 1).await?;
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        answers.push(ask(corpus, &retriever, question).await?);
    }
    Ok(answers)
}

async fn ask(corpus: &Corpus, retriever: &Retriever, question: &Question) -> anyhow::Result<Answer> {
    let start = Instant::now();
    let index = Arc::clone(&corpus.index);
    let found = retriever.find(index, &question.text, &Audience::Everything, corpus.all(), DEPTH).await?;
    let time = start.elapsed();
    let answers = |hit: &chatbot::retrieval::FusedHit| {
        let document = corpus.document(hit.document);
        question.gold.as_ref().zip(document).is_some_and(|(gold, document)| {
            document.name == gold.document && document.content(&hit.context).contains(&gold.quote)
        })
    };
    let direct = found.hits.iter().take(SHOWN).filter(|_| found.confident).find_map(|hit| {
        let document = corpus.document(hit.document).filter(|document| document.name.ends_with("-faq"))?;
        let entry = document.content(hit.passage.heading.as_ref()?);
        answers_directly(&question.text, entry).then(|| answers(hit))
    });
    let rank = found.hits.iter().position(answers);
    Ok(Answer {
        rank,
        confident: found.confident,
        signals: found.signals,
        is_hinted: !found.unmentioned.is_empty(),
        direct,
        time,
    })
}

/// Recall and mean reciprocal rank.
#[derive(Clone, Copy, Debug, Default)]
struct Quality {
    questions: usize,
    first: usize,
    shown: usize,
    reciprocal: f64,
}

impl Quality {
    fn of<'a>(answers: impl Iterator<Item = &'a Answer>) -> Self {
        answers.fold(Self::default(), |sum, answer| Self {
            questions: sum.questions + 1,
            first: sum.first + usize::from(answer.rank == Some(0)),
            shown: sum.shown + usize::from(answer.rank.is_some_and(|rank| rank < SHOWN)),
            reciprocal: sum.reciprocal + answer.rank.map_or(0.0, |rank| 1.0 / (rank + 1) as f64),
        })
    }

    fn columns(self) -> String {
        let of = |part: f64| part / self.questions.max(1) as f64;
        format!("{:>6.2} {:>6.2} {:>6.2}", of(self.first as f64), of(self.shown as f64), of(self.reciprocal))
    }
}

/// Prints what a part of the questions says, or all of them.
pub fn print(part: Option<Part>, questions: &[Question], words: &[Answer], fused: &[Answer]) {
    let name = match part {
        Some(Part::Development) => "Development part (limits were chosen by it)",
        Some(Part::HeldOut) => "Held-out part",
        Some(Part::Later) => "Later part (written when all was chosen)",
        None => "All questions",
    };
    let is_in_part = |question: &Question| part.is_none_or(|part| question.part == part);
    println!("\n{name}\n{:24}{:>9}   {:20}   {:20}", "", "", "words alone", "words and meaning");
    let heads = format!("{:>6} {:>6} {:>6}", "@1", "@5", "MRR");
    println!("{:24}{:>9}   {heads}   {heads}", "", "questions");
    let row = |name: &str, belongs: &dyn Fn(&Question) -> bool| {
        let these = |answers| chosen(questions, answers, |it| is_in_part(it) && it.gold.is_some() && belongs(it));
        let (words, fused) = (Quality::of(these(words)), Quality::of(these(fused)));
        println!("{name:24}{:>9}   {}   {}", words.questions, words.columns(), fused.columns());
    };
    for language in Language::ALL {
        row(language.name(), &|question| question.language == language);
    }
    let crosses = |question: &Question| question.gold.as_ref().is_some_and(|gold| gold.is_cross_script);
    row("one script over another", &crosses);
    row("in the document's words", &|question| question.has_its_words);
    row("in other words", &|question| !question.has_its_words);
    row("all", &|_| true);
    for (name, answers) in [("words alone", words), ("words and meaning", fused)] {
        print_refusals(name, &|has_answer| {
            chosen(questions, answers, |it| is_in_part(it) && it.gold.is_some() == has_answer).collect()
        });
    }
}

fn print_refusals<'a>(name: &str, answers: &dyn Fn(bool) -> Vec<&'a Answer>) {
    let refused = |answers: &[&Answer]| answers.iter().filter(|answer| !answer.confident).count();
    let (with, without) = (answers(true), answers(false));
    let direct = |is_right| with.iter().chain(&without).filter(|answer| answer.direct == Some(is_right)).count();
    println!(
        "{name}: {} of {} unanswerable questions refused, {} of {} answerable ones; {} answered directly by an FAQ entry, {} \
         of them by a wrong one",
        refused(&without),
        without.len(),
        refused(&with),
        with.len(),
        direct(true) + direct(false),
        direct(false)
    );
}

fn chosen<'a>(
    questions: &'a [Question],
    answers: &'a [Answer],
    belongs: impl Fn(&Question) -> bool,
) -> impl Iterator<Item = &'a Answer> {
    questions.iter().zip(answers).filter(move |(question, _)| belongs(question)).map(|(_, answer)| answer)
}

/// Prints how long questions took.
pub fn print_times(words: &[Answer], fused: &[Answer]) {
    println!();
    for (name, answers) in [("words alone", words), ("words and meaning", fused)] {
        let mut times: Vec<Duration> = answers.iter().map(|answer| answer.time).collect();
        times.sort();
        let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
        println!("a question, {name}: p50 {:.1?}, p95 {:.1?}", at(50), at(95));
    }
}
