//! The model in the binary. The only module that uses `rten`.

use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use super::tokenizer::Tokenizer;
use super::tokens::Projection;
use super::{EmbedError, Embedded, Embedding, Role};

/// Hash of the model's files (SHA-256 over graph, weights, vocabulary, normalisation and projection; shortened).
pub const ID: &str = "e9a841a384957bfc";

static GRAPH: &[u8] = include_bytes!("../../models/e5-small-en-zh/e5-small-en-zh.onnx");
static VOCABULARY: &str = include_str!("../../models/e5-small-en-zh/vocabulary.tsv");
static PROJECTION: &[u8] = include_bytes!("../../models/e5-small-en-zh/projection.bin");
static NORMALIZATION: &str = include_str!("../../models/e5-small-en-zh/normalization.tsv");

/// Weights, used in place in the binary's mapping: they take no heap memory, and the OS may evict
/// and reload their pages.
fn weights() -> &'static [u8] {
    rten::include_external_data!("../../models/e5-small-en-zh/e5-small-en-zh.onnx.data")
}

/// Components of a token's vector as the model makes it.
const DIMENSIONS: usize = 384;

/// Tokens before the text: its beginning and the two of the prefix.
const BEFORE: usize = 3;

/// Tokens after it: its end.
const AFTER: usize = 1;

/// The loaded model.
pub struct BuiltIn {
    model: Model,
    input: NodeId,
    output: NodeId,
    tokenizer: Tokenizer,
    projection: Projection,
}

impl BuiltIn {
    pub fn load() -> Result<Self, EmbedError> {
        let broken = |reason: String| EmbedError::Model(reason);
        let tokenizer = Tokenizer::new(VOCABULARY, NORMALIZATION).ok_or_else(|| broken("no vocabulary".into()))?;
        let projection = Projection::new(PROJECTION, DIMENSIONS).ok_or_else(|| broken("no projection".into()))?;
        let model = ModelOptions::with_all_ops()
            .external_data_static("e5-small-en-zh.onnx.data", weights())
            .load_static_slice(GRAPH)
            .map_err(|error| broken(error.to_string()))?;
        let input = model.node_id("ids").map_err(|error| broken(error.to_string()))?;
        let output = model.node_id("out").map_err(|error| broken(error.to_string()))?;
        Ok(Self { model, input, output, tokenizer, projection })
    }

    /// Embeds one text on `pool`.
    pub fn embed(&self, text: &str, role: Role, pool: &Arc<ThreadPool>) -> Result<Embedded, EmbedError> {
        let tokens = self.tokens(text, role, pool)?;
        let vector = Embedding::new(&mean(&tokens)).ok_or_else(|| EmbedError::Model("not a vector".into()))?;
        let of_text = BEFORE..tokens.len().saturating_sub(AFTER);
        let tokens = tokens.get(of_text).unwrap_or_default();
        Ok(Embedded { vector, tokens: self.projection.project(tokens.iter().map(Vec::as_slice)) })
    }

    /// The vectors of all tokens; not normalized.
    fn tokens(&self, text: &str, role: Role, pool: &Arc<ThreadPool>) -> Result<Vec<Vec<f32>>, EmbedError> {
        // The model was trained with these prefixes.
        let prefix = match role {
            Role::Question => "query: ",
            Role::Passage => "passage: ",
        };
        let ids = self.tokenizer.ids(&format!("{prefix}{text}"));
        let ids: Vec<i32> = ids.into_iter().map(|id| id as i32).collect();
        let length = ids.len();
        let input = NdTensor::from_data([1, length], ids);
        let options = RunOptions::default().with_thread_pool(Some(pool.clone()));
        let wrong = |error: &dyn std::fmt::Display| EmbedError::Model(error.to_string());
        let [output] = self
            .model
            .run_n([(self.input, input.into())].into(), [self.output], Some(options))
            .map_err(|error| wrong(&error))?;
        let output: NdTensor<f32, 3> = output.try_into().map_err(|_| wrong(&"output of another shape"))?;
        let rows = output.slice(0);
        Ok((0..length).map(|row| rows.slice(row).iter().copied().collect()).collect())
    }
}

fn mean(tokens: &[Vec<f32>]) -> Vec<f32> {
    let mut sum = vec![0.0; DIMENSIONS];
    for token in tokens {
        for (sum, value) in sum.iter_mut().zip(token) {
            *sum += value;
        }
    }
    sum.iter().map(|sum| sum / tokens.len() as f32).collect()
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[derive(serde::Deserialize)]
    struct Expected {
        prefix: String,
        text: String,
        ids: Vec<u32>,
        vector: Vec<f32>,
    }

    fn expected() -> Vec<Expected> {
        serde_json::from_str(include_str!("../../models/e5-small-en-zh/test-vectors.json")).expect("test vectors")
    }

    #[test]
    fn pieces_are_those_of_the_original() {
        let tokenizer = Tokenizer::new(VOCABULARY, NORMALIZATION).expect("a vocabulary");
        for Expected { prefix, text, ids, .. } in expected() {
            assert_eq!(tokenizer.ids(&format!("{prefix}{text}")), ids, "{text:?}");
        }
    }

    #[test]
    fn vectors_are_those_of_the_original() {
        let model = BuiltIn::load().expect("a model");
        let pool = Arc::new(ThreadPool::with_num_threads(1));
        for Expected { prefix, text, vector, .. } in expected() {
            let role = if prefix == "query: " { Role::Question } else { Role::Passage };
            let ours = model.embed(&text, role, &pool).expect("a vector");
            let cosine = ours.vector.cosine(&Embedding::new(&vector).expect("a vector"));
            let exact = cosine_of(&mean(&model.tokens(&text, role, &pool).expect("vectors")), &vector);
            assert!(exact >= 0.999, "{text:?}: {exact}");
            assert!(cosine >= 0.999, "{text:?} in int8: {cosine}");
        }
    }

    #[test]
    fn the_id_is_the_hash_of_the_files() {
        let mut hash = Sha256::new();
        for part in [GRAPH, weights(), VOCABULARY.as_bytes(), NORMALIZATION.as_bytes(), PROJECTION] {
            hash.update(part);
        }
        assert_eq!(format!("{:x}", hash.finalize())[..ID.len()], *ID);
    }

    fn cosine_of(a: &[f32], b: &[f32]) -> f32 {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }
}
