//! How well questions find their passages, in three languages, and what that costs.
//!
//! ```text
//! cargo bench --bench quality             recall, refusal and times over the documents in data/
//! cargo bench --bench quality -- signals  what confidence rests on, for each question of the development part, by the
//!                                         vectors of an earlier run
//! cargo bench --bench quality -- words    by words alone, without the model
//! cargo bench --bench quality -- speed    embedding, exact search over 75,000 vectors, memory
//! ```
//!
//! Limits and weights were chosen by looking at the development part alone; the other parts say what they are worth.

mod corpus;
mod measures;
mod questions;
mod speed;

use std::process::ExitCode;

use corpus::Corpus;
use measures::{Mode, answers};
use questions::{Part, Question};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Cargo gives it to every bench; without it (`cargo test --all-targets`) only what is named runs.
    let by_cargo = arguments.iter().any(|argument| argument == "--bench");
    let done = match arguments.iter().find(|argument| !argument.starts_with("--")).map(String::as_str) {
        Some("speed") => speed::run().await,
        Some("signals") => signals().await,
        Some("words") => quality(false).await,
        None if by_cargo => quality(true).await,
        None => Ok(()),
        Some(other) => Err(anyhow::anyhow!("no bench is called {other:?}")),
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
    println!("{corpus}");
    let words = answers(&corpus, &questions, Mode::Words).await?;
    let fused = answers(&corpus, &questions, Mode::Fused).await?;
    for part in Part::ALL.map(Some).into_iter().chain([None]) {
        measures::print(part, &questions, &words, &fused);
    }
    measures::print_times(&words, &fused);
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
            "{}\t{:.3}\t{:.2}\t{:.2}\t{}\t{}\t{}",
            if question.gold.is_some() { "answer" } else { "none" },
            fused.signals.cosine.unwrap_or_default(),
            fused.signals.coverage,
            words.signals.coverage,
            rank(words.rank),
            rank(fused.rank),
            question.text
        );
    }
    Ok(())
}
