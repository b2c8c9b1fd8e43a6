//! Questions and the passages that answer them.

use anyhow::{Context, bail};

use crate::corpus::Corpus;

/// Which part of the questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What limits and weights may be chosen by.
    Development,
    /// What nothing was chosen by, though some of its results were seen while choosing.
    HeldOut,
    /// Written when everything had been chosen, by somebody who did not know how.
    Later,
}

impl Part {
    pub const ALL: [Self; 3] = [Self::Development, Self::HeldOut, Self::Later];
}

/// A language that questions are asked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Simplified,
    Traditional,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::English, Self::Simplified, Self::Traditional];

    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Simplified => "simplified",
            Self::Traditional => "traditional",
        }
    }

    fn parse(tag: &str) -> Option<Self> {
        match tag {
            "en" => Some(Self::English),
            "zh-Hans" => Some(Self::Simplified),
            "zh-Hant" => Some(Self::Traditional),
            _ => None,
        }
    }
}

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    pub part: Part,
    /// Whether it has the words of the document, as people ask who know them.
    pub has_its_words: bool,
    pub language: Language,
    pub text: String,
    /// `None` for a question that no document answers.
    pub gold: Option<Gold>,
}

/// What a passage must be to answer.
#[derive(Clone, Debug)]
pub struct Gold {
    /// Such as `en/outdoor-shop-faq`.
    pub document: String,
    /// What it contains.
    pub quote: String,
    /// Whether the document is in the other Chinese script.
    pub is_cross_script: bool,
}

/// Reads data/questions.tsv: part, wording, language, document, quote, question; `-` for document and quote of a question
/// without an answer. Every quote must be in a passage.
pub fn read(corpus: &Corpus) -> anyhow::Result<Vec<Question>> {
    let lines = include_str!("data/questions.tsv").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| question(line, corpus).with_context(|| format!("in the question {line:?}"))).collect()
}

fn question(line: &str, corpus: &Corpus) -> anyhow::Result<Question> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [part, wording, language, document, quote, text] = fields[..] else {
        bail!("{} fields instead of six", fields.len())
    };
    let part = match part {
        "dev" => Part::Development,
        "test" => Part::HeldOut,
        "later" => Part::Later,
        _ => bail!("a part is dev, test or later"),
    };
    let has_its_words = match wording {
        "same" => true,
        "other" => false,
        _ => bail!("a wording is same or other"),
    };
    let asked = Language::parse(language).context("no such language")?;
    let gold = (document != "-").then(|| gold(document, quote, asked, corpus)).transpose()?;
    Ok(Question { part, has_its_words, language: asked, text: text.to_owned(), gold })
}

fn gold(name: &str, quote: &str, asked: Language, corpus: &Corpus) -> anyhow::Result<Gold> {
    let document = corpus.documents.iter().find(|document| document.name == name).context("no such document")?;
    if !document.passages.iter().any(|passage| document.content(&passage.range).contains(quote)) {
        bail!("no passage of {name} contains {quote:?}");
    }
    let written = name.split('/').next().and_then(Language::parse).context("no such language")?;
    Ok(Gold { document: name.to_owned(), quote: quote.to_owned(), is_cross_script: written != asked })
}
