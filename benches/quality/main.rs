//! How well questions find their passages, in three languages, and what that costs.
//!
//! ```text
//! cargo bench --bench quality             recall, refusal and times over the documents in data/, and questions of single kinds
//! cargo bench --bench quality -- signals  what confidence rests on, for each question of the development part, by the
//!                                         vectors of an earlier run
//! cargo bench --bench quality -- words    by words alone, without the model
//! cargo bench --bench quality -- speed    embedding, exact search over 75,000 vectors, memory
//! ```
//!
//! Limits and weights were chosen by looking at the development part alone; the other parts say what they are worth.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot measure ends")]

mod corpus;
mod kinds;
mod measures;
mod questions;
#[path = "../shared/mod.rs"]
#[expect(dead_code, reason = "shared with the other benches")]
mod shared;
mod speed;

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};

use corpus::Corpus;
use measures::{Mode, answers};
use questions::{Part, Question};
use shared::Called;

#[derive(Parser)]
#[command(name = "quality", about = "Measures how well questions find their passages")]
struct Options {
    #[command(flatten)]
    called: Called,
    #[command(subcommand)]
    name: Option<Name>,
}

#[derive(Subcommand)]
enum Name {
    /// What confidence rests on, a line a question
    Signals,
    /// Recall and refusal by words alone
    Words,
    /// Times and memory of embedding and of searching vectors
    Speed,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let done = match options.name {
        Some(Name::Speed) => speed::run().await,
        Some(Name::Signals) => signals().await,
        Some(Name::Words) => quality(false).await,
        None if options.called.by_cargo => quality(true).await,
        None => Ok(()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn quality(with_meaning: bool) -> anyhow::Result<()> {
    let mut corpus = Corpus::open()?;
    let questions = questions::read(&corpus)?;
    if with_meaning {
        corpus.embed().await?;
    }
    let corpus = Arc::new(corpus);
    println!("{corpus}");
    let words = answers(&corpus, &questions, Mode::Words).await?;
    let fused = answers(&corpus, &questions, Mode::Fused).await?;
    for part in Part::ALL.map(Some).into_iter().chain([None]) {
        measures::print(part, &questions, &words, &fused);
    }
    measures::print_times(&words, &fused);
    if with_meaning {
        kinds::run(&corpus).await?;
    }
    Ok(())
}

/// One line a question: whether it has an answer, its cosine and coverage, the rank of its passage.
async fn signals() -> anyhow::Result<()> {
    let corpus = Corpus::open()?;
    let questions: Vec<Question> =
        questions::read(&corpus)?.into_iter().filter(|question| question.part == Part::Development).collect();
    let words = answers(&corpus, &questions, Mode::Words).await?;
    let fused = answers(&corpus, &questions, Mode::Fused).await?;
    for ((question, words), fused) in questions.iter().zip(&words).zip(&fused) {
        let rank = |rank: Option<usize>| rank.map_or("-".into(), |rank| (rank + 1).to_string());
        println!(
            "{}\t{:.3}\t{:.2}\t{:.2}\t{}\t{:.2}\t{}\t{}\t{}",
            if question.gold.is_some() { "answer" } else { "none" },
            fused.signals.cosine.unwrap_or_default(),
            fused.signals.coverage,
            fused.signals.near_coverage,
            if fused.is_hinted { "hint" } else { "-" },
            words.signals.coverage,
            rank(words.rank),
            rank(fused.rank),
            question.text
        );
    }
    Ok(())
}
