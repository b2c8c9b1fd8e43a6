//! The bench of documents and search: what their indexes take in space, memory and time.
//!
//! ```text
//! cargo bench --bench documents -- passages    75,000 passages: index, rebuild, questions
//! cargo bench --bench documents -- messages    a million messages: index, words of two characters
//! ```
//!
//! Without a name both run. A missed target is printed. Linux only: it reads `/proc`.
//!
//! The texts are made up ([`texts`]) of the words of the embedding model's vocabulary, each as frequent as the model was
//! taught that it is: a third English, a third simplified Chinese, a third Chinese of both scripts. Every word is mostly followed
//! by one of four, a document has words of its own, and a fifth of the words in Chinese are English: as in the texts of the
//! quality bench, a passage has about 170 pairs of ideographs. Prose without any English has twice as many.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot measure ends")]

mod figures;
mod messages;
mod passages;
#[path = "../shared/mod.rs"]
#[expect(dead_code, reason = "shared with the other benches")]
mod shared;
mod texts;

use std::error::Error;

use clap::{Parser, Subcommand};

use crate::shared::Called;

#[derive(Parser)]
#[command(name = "documents", about = "Measures the indexes of documents and messages")]
struct Options {
    #[command(subcommand)]
    name: Option<Name>,
    #[command(flatten)]
    called: Called,
}

#[derive(Subcommand)]
enum Name {
    /// The keyword index of documents
    Passages(passages::Options),
    /// The index of messages
    Messages(messages::Options),
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    match options.name {
        Some(Name::Passages(options)) => passages::run(&options),
        Some(Name::Messages(options)) => messages::run(&options),
        None if options.called.by_cargo => {
            passages::run(&passages::Options::default())?;
            messages::run(&messages::Options::default())
        }
        None => Ok(()),
    }
}
