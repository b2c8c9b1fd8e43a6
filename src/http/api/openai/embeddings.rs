//! `/v1/embeddings`: vectors by the model that documents are found with.

use std::sync::Arc;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::super::route::{Route, route};
use super::super::{Answer, App, Caller, ErrorBody, bad_request, json, open_body_of, trusted_caller, with_app};
use super::MAX_BODY;
use crate::accounts::Action;
use crate::budgets::{Cost, Spender};
use crate::text::Text;

/// Texts in one request; each takes about 100 ms.
const MOST: usize = 64;

/// Characters of a text; models read only the beginning of a longer one.
const LONGEST: usize = 8_000;

#[derive(Deserialize, ToSchema)]
struct EmbeddingRequest {
    /// A text, or several.
    input: Input,
    /// `float`, or `base64` for little-endian numbers of 32 bits.
    #[serde(default)]
    encoding_format: Encoding,
}

#[derive(Deserialize, ToSchema)]
#[serde(untagged, expecting = "expected a text, or a list of texts")]
enum Input {
    One(String),
    Several(Vec<String>),
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    #[default]
    Float,
    Base64,
}

#[derive(Serialize, ToSchema)]
struct EmbeddingList {
    object: &'static str,
    data: Vec<EmbeddingView>,
    model: String,
    usage: Usage,
}

#[derive(Serialize, ToSchema)]
struct EmbeddingView {
    object: &'static str,
    index: usize,
    embedding: Numbers,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Numbers {
    Float(Vec<f32>),
    Base64(String),
}

/// Tokens are not counted here.
#[derive(Serialize, ToSchema)]
struct Usage {
    prompt_tokens: u32,
    total_tokens: u32,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route!(embed)
            .fixed(|at| at.and(trusted_caller(app)).and(open_body_of(MAX_BODY)).and(with_app(app)).then(embed)),
    ]
}

/// The vectors of texts.
#[utoipa::path(post, path = "/v1/embeddings", request_body = EmbeddingRequest, responses(
    (status = 200, body = EmbeddingList), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn embed(caller: Caller, request: EmbeddingRequest, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    actor.may(Action::Embed)?;
    let texts = match request.input {
        Input::One(text) => vec![text],
        Input::Several(texts) => texts,
    };
    check(&texts)?;
    let spender = Spender { role: actor.role, payer: &actor.payer(), room: None };
    app.budgets.take(Cost::Questions, texts.len() as u64, spender).map_err(Text::from)?;
    let model = app.library.embedding_model().ok_or_else(|| Text::new("error-embedding_off"))?.to_owned();
    let vectors = app.library.vectors_of(texts).await?;
    let data = vectors.iter().enumerate().map(|(index, vector)| {
        let numbers = vector.numbers();
        let embedding = match request.encoding_format {
            Encoding::Float => Numbers::Float(numbers),
            Encoding::Base64 => {
                let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
                Numbers::Base64(BASE64.encode(&bytes))
            }
        };
        EmbeddingView { object: "embedding", index, embedding }
    });
    let usage = Usage { prompt_tokens: 0, total_tokens: 0 };
    Ok(json(StatusCode::OK, &EmbeddingList { object: "list", data: data.collect(), model, usage }))
}

fn check(texts: &[String]) -> Result<(), super::super::Refusal> {
    if texts.is_empty() || texts.len() > MOST {
        return Err(bad_request(format_args!("input must be 1 to {MOST} texts")));
    }
    if texts.iter().any(|text| text.trim().is_empty() || text.chars().count() > LONGEST) {
        return Err(bad_request(format_args!("each text of input must have 1 to {LONGEST} characters")));
    }
    Ok(())
}
