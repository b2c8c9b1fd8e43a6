//! `/api/documents/trial`: what would be found for a question, and why.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warp::Filter;
use warp::http::StatusCode;

use super::super::route::{Route, route};
use super::super::{Answer, App, Caller, ErrorBody, bad_request, json, query, trusted_caller, with_app};
use crate::accounts::Action;
use crate::answers::MOST_PASSAGES;
use crate::budgets::Spender;
use crate::library::Explained;
use crate::model::{PassageId, RoomName, Source};

/// Maximum length of a question, in characters.
const LONGEST: usize = 2000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TrialQuery {
    /// The question.
    #[serde(default)]
    q: String,
    /// The room where it would be asked; without one, only documents used in all rooms count.
    room: Option<String>,
    /// Passages, at most 10, which is also the default.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
struct Trial {
    /// Whether the passages would be quoted; otherwise nothing would count as found.
    confident: bool,
    /// Cosine of the nearest passage, if documents are found by their meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    cosine: Option<f32>,
    /// The largest share of the question's words that one of the best passages has, rare words counting more; 0 to 1.
    coverage: f32,
    /// The entry of frequent questions that would answer by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    faq: Option<String>,
    /// Names in the question that no document has.
    unknown: Vec<String>,
    /// Words of it that no document has, if they are much of it.
    unmentioned: Vec<String>,
    /// Best first.
    results: Vec<TriedPassage>,
}

#[derive(Serialize, ToSchema)]
struct TriedPassage {
    #[serde(flatten)]
    source: Source,
    /// Its id in the document, by which it can be switched off.
    #[schema(value_type = String)]
    passage: PassageId,
    /// Rank by words, from 1, if it is among the first 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_words: Option<usize>,
    /// Rank by meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_meaning: Option<usize>,
    /// How well it says what is asked, token by token; -1 to 1, comparable within one question only.
    #[serde(skip_serializing_if = "Option::is_none")]
    similarity: Option<f32>,
    /// Whether it is left out of an answer, having much less to do with the question than the best one.
    weak: bool,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(try_out).fixed(|at| at.and(query()).and(trusted_caller(app)).and(with_app(app)).then(try_out))]
}

/// The passages that would be found for a question, with the reasons. For those who manage documents.
#[utoipa::path(get, path = "/api/documents/trial", params(TrialQuery), responses(
    (status = 200, body = Trial), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn try_out(query: TrialQuery, caller: Caller, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    actor.may(Action::ManageDocuments)?;
    let question = query.q.trim();
    if question.is_empty() || question.chars().nth(LONGEST).is_some() {
        return Err(bad_request("q is a question of at most 2000 characters"));
    }
    let room = query.room.as_deref().filter(|room| !room.is_empty()).map(RoomName::given).transpose()?;
    let audience = app.library.audience(room.as_ref()).await?;
    let limit = query.limit.unwrap_or(MOST_PASSAGES).clamp(1, MOST_PASSAGES);
    let spender = Spender { role: actor.role, payer: &actor.payer(), room: None };
    let looking = async { Ok(app.library.explain(question, &audience, limit).await?) };
    let explained = Box::pin(app.reads.search(&app.budgets, spender, looking)).await?;
    Ok(json(StatusCode::OK, &Trial::from(explained)))
}

impl From<Explained> for Trial {
    fn from(Explained { findings, evidence, signals }: Explained) -> Self {
        let results =
            findings.sources.into_iter().chain(findings.other_language).zip(evidence).map(|(source, evidence)| {
                TriedPassage {
                    weak: source.is_weak,
                    passage: PassageId::of(&source.content),
                    source,
                    by_words: evidence.by_words,
                    by_meaning: evidence.by_meaning,
                    similarity: evidence.similarity,
                }
            });
        Self {
            confident: findings.confident,
            cosine: signals.and_then(|signals| signals.cosine),
            coverage: signals.map_or(0.0, |signals| signals.coverage),
            faq: findings.faq.map(|entry| entry.question),
            unknown: findings.unknown.into_iter().map(|unknown| unknown.name).collect(),
            unmentioned: findings.unmentioned,
            results: results.collect(),
        }
    }
}
