//! Embeddings: vectors of texts that are close together if the texts have similar meanings.
//!
//! The model is embedded in the binary, or behind an OpenAI-compatible API. It is loaded on first use and released
//! after some idle minutes. Independent of documents; [`Vectors`] stores the vectors by document.

#[cfg(feature = "embedding-model")]
mod lane;
#[cfg(feature = "embedding-model")]
mod model;
mod remote;
#[cfg(feature = "embedding-model")]
mod tokenizer;
mod tokens;
mod vectors;

use std::time::Instant;

use crate::analysis;
use crate::fetch::Key;
use crate::telemetry::metrics;

pub use tokens::TokenVectors;
pub use vectors::{NewVectors, PassageKey, VectorHit, Vectors, VectorsError};

/// A unit vector quantized to bytes: `value * scale` is a component. Recall is the same as with floats.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    values: Box<[i8]>,
    scale: f32,
}

impl Embedding {
    /// Normalizes a vector of any length; `None` if it has no direction.
    pub fn new(numbers: &[f32]) -> Option<Self> {
        let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
        let largest = numbers.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
        if !length.is_normal() || !largest.is_normal() {
            return None;
        }
        let values = numbers.iter().map(|number| (number / largest * 127.0).round() as i8).collect();
        Some(Self { values, scale: largest / length / 127.0 })
    }

    /// The components of the unit vector.
    pub fn numbers(&self) -> Vec<f32> {
        self.values.iter().map(|value| f32::from(*value) * self.scale).collect()
    }

    pub fn dimensions(&self) -> usize {
        self.values.len()
    }

    /// Cosine similarity, -1 to 1; 0 if the vectors come from different models.
    pub fn cosine(&self, other: &Self) -> f32 {
        if self.values.len() != other.values.len() {
            return 0.0;
        }
        dot(&self.values, &other.values) as f32 * self.scale * other.scale
    }
}

/// What a model makes of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    pub vector: Embedding,
    /// None with a model that does not tell them.
    pub tokens: TokenVectors,
}

impl From<Embedding> for Embedded {
    fn from(vector: Embedding) -> Self {
        Self { vector, tokens: TokenVectors::default() }
    }
}

/// Dot product.
#[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "the compiler cannot know the processor"))]
fn dot(a: &[i8], b: &[i8]) -> i32 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has the required features.
        return unsafe { dot_avx2(a, b) };
    }
    sum_of_products(a, b)
}

/// The same, compiled for CPUs of the last ten years: six times as fast as with baseline x86-64.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2(a: &[i8], b: &[i8]) -> i32 {
    sum_of_products(a, b)
}

/// Inlined, so that the compiler does as many at a time as its caller's processor can.
#[inline(always)]
fn sum_of_products(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
}

/// Role of a text: the model treats questions and passages differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Question,
    Passage,
}

impl Role {
    /// One word, for metrics.
    fn label(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Passage => "passage",
        }
    }
}

/// Source of vectors.
#[derive(Clone, Debug, PartialEq)]
pub enum EmbeddingSource {
    /// No vectors: documents are found by their words only.
    Off,
    /// The model in the binary; the same as [`Off`](Self::Off) in a binary without it.
    BuiltIn,
    /// An OpenAI-compatible server: its base address such as `http://localhost:11434/v1`, and the model's name there.
    Remote { url: String, model: String, key: Key },
}

/// Why there is no vector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    #[error("finding by meaning is off")]
    Off,
    /// The queue of questions is full.
    #[error("too many questions wait")]
    Busy,
    #[error("the embedding model failed: {0}")]
    Model(String),
    /// The remote server did not return valid vectors.
    #[error("the embedding server failed: {0}")]
    Remote(String),
    /// The thread ended before it answered; a retry starts another.
    #[error("the embedding thread ended")]
    Stopped,
}

/// Makes vectors.
pub struct Embedder {
    source: Source,
}

enum Source {
    Off,
    #[cfg(feature = "embedding-model")]
    BuiltIn(lane::Lanes),
    Remote(Box<remote::Remote>),
}

impl Embedder {
    /// Errors are messages about the settings. Does not load the model.
    pub fn new(source: EmbeddingSource) -> Result<Self, String> {
        let source = match source {
            EmbeddingSource::Off => Source::Off,
            #[cfg(feature = "embedding-model")]
            EmbeddingSource::BuiltIn => Source::BuiltIn(lane::Lanes::default()),
            #[cfg(not(feature = "embedding-model"))]
            EmbeddingSource::BuiltIn => Source::Off,
            EmbeddingSource::Remote { url, model, key } => {
                Source::Remote(Box::new(remote::Remote::new(&url, model, key)?))
            }
        };
        Ok(Self { source })
    }

    /// Identifies the model and the preprocessing: vectors with different ids are not comparable. `None`: off.
    pub fn id(&self) -> Option<&str> {
        match &self.source {
            Source::Off => None,
            #[cfg(feature = "embedding-model")]
            Source::BuiltIn(_) => Some(model::ID),
            Source::Remote(remote) => Some(remote.id()),
        }
    }

    /// Whether it is the model in the binary, whose cosines are known.
    pub fn is_built_in(&self) -> bool {
        #[cfg(feature = "embedding-model")]
        return matches!(self.source, Source::BuiltIn(_));
        #[cfg(not(feature = "embedding-model"))]
        false
    }

    /// The vector of a question. Does not wait for passages.
    pub async fn question(&self, text: &str) -> Result<Embedded, EmbedError> {
        let _counted = self.is_on().then(|| Waiting::begin(Role::Question, 1));
        let vector = match &self.source {
            Source::Off => Err(EmbedError::Off),
            #[cfg(feature = "embedding-model")]
            Source::BuiltIn(lanes) => lanes.question(prepared(text)).await,
            Source::Remote(remote) => remote.question(prepared(text)).await.map(Embedded::from),
        };
        note(Role::Question, vector.as_ref().map(|_| 1));
        vector
    }

    /// The vectors of passages, in order. Takes long (about 100 ms each with the model in the binary) and is given up when
    /// the future is dropped.
    pub async fn passages(&self, mut texts: Vec<String>) -> Result<Vec<Embedded>, EmbedError> {
        let _counted = self.is_on().then(|| Waiting::begin(Role::Passage, texts.len()));
        texts.iter_mut().for_each(|text| *text = prepared(text));
        let vectors = match &self.source {
            Source::Off => Err(EmbedError::Off),
            #[cfg(feature = "embedding-model")]
            Source::BuiltIn(lanes) => lanes.passages(texts).await,
            Source::Remote(remote) => {
                remote.passages(&texts).await.map(|vectors| vectors.into_iter().map(Embedded::from).collect())
            }
        };
        note(Role::Passage, vectors.as_ref().map(Vec::len));
        vectors
    }

    fn is_on(&self) -> bool {
        !matches!(self.source, Source::Off)
    }
}

/// Counts what became of a request for vectors.
fn note(role: Role, made: Result<usize, &EmbedError>) {
    match made {
        Ok(texts) => metrics().embedded_texts.with_label_values(&[role.label()]).inc_by(texts as u64),
        Err(EmbedError::Off) => {}
        Err(_) => metrics().embedding_failures.with_label_values(&[role.label()]).inc(),
    }
}

/// Texts that wait for their vectors until this is dropped.
struct Waiting {
    role: Role,
    texts: i64,
    since: Instant,
}

impl Waiting {
    fn begin(role: Role, texts: usize) -> Self {
        let texts = i64::try_from(texts).unwrap_or(i64::MAX);
        metrics().embedding_waiting.with_label_values(&[role.label()]).add(texts);
        Self { role, texts, since: Instant::now() }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let role = [self.role.label()];
        metrics().embedding_waiting.with_label_values(&role).sub(self.texts);
        metrics().embedding_time.with_label_values(&role).observe(self.since.elapsed().as_secs_f64());
    }
}

/// The text that is embedded for a passage: with the document's title and the heading, for context.
pub fn passage_text(title: &str, heading: Option<&str>, content: &str) -> String {
    match heading {
        Some(heading) => format!("{title}\n{heading}\n{content}"),
        None => format!("{title}\n{content}"),
    }
}

/// Simplifies traditional characters, so that text and question may be in different scripts. Changes here
/// must change the model ids.
fn prepared(text: &str) -> String {
    analysis::simplify(text)
}
