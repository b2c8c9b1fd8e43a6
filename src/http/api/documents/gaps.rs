//! `/api/documents/questions`: those that the documents do not answer well.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::{Filter, Reply};

use super::super::route::{Route, route};
use super::super::{Answer, App, Caller, ErrorBody, body_of, json, to_the_end, trusted_caller, with_app};
use super::views::DocumentView;
use super::{DocumentFields, document_id, manager};
use crate::library::{FaqEntry, Move};
use crate::model::{Gap, GapId, Timestamp, UsedIn, rfc_3339};
use crate::text::Text;

#[derive(Serialize, ToSchema)]
struct QuestionList {
    /// Those that people rate as bad first, then those that are asked most.
    questions: Vec<QuestionView>,
    /// Whether further questions are not noted, because there are too many.
    full: bool,
}

#[derive(Serialize, ToSchema)]
struct QuestionView {
    id: String,
    question: String,
    /// How often nothing was found for it.
    unanswered: u32,
    /// How many people rate an answer to it as bad.
    rated_bad: u32,
    /// The beginning of the answer that was rated so last.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    first_at: Timestamp,
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    last_at: Timestamp,
}

/// An entry of frequent questions.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewFaqEntry)]
struct EntryRequest {
    question: String,
    answer: String,
    /// The list of frequent questions that it goes to; a new one if left out.
    document: Option<String>,
    /// The only room in which a new list is used.
    room: Option<String>,
    /// Or the collection whose rooms use it.
    collection: Option<String>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    let text = 2 * app.settings.document_text_bytes + app.settings.frame_bytes;
    vec![
        route!(questions).fixed(|at| at.and(manager(app)).and(with_app(app)).then(questions)),
        route!(dismiss).part(|at| at.and(trusted_caller(app)).and(with_app(app)).then(dismiss)),
        route!(answer).part(|at| at.and(manager(app)).and(body_of(text)).and(with_app(app)).then(answer)),
    ]
}

/// Questions without an answer, and with one that people rate as bad. Not who asked them, nor where. For those who manage documents.
#[utoipa::path(get, path = "/api/documents/questions", responses(
    (status = 200, body = QuestionList), (status = 403, body = ErrorBody)))]
async fn questions(caller: Caller, app: Arc<App>) -> Answer {
    let (gaps, full) = app.library.gaps(&caller.actor(None)).await?;
    let questions = gaps.into_iter().map(|(id, gap)| QuestionView::new(&id, gap)).collect();
    Ok(json(StatusCode::OK, &QuestionList { questions, full }))
}

/// Takes a question off the list, however often it is asked again.
#[utoipa::path(delete, path = "/api/documents/questions/{id}", params(("id" = String, Path)), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn dismiss(id: String, caller: Caller, app: Arc<App>) -> Answer {
    app.library.dismiss_gap(&caller.actor(None), &gap_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Answers a question with an entry of frequent questions, and takes it off the list.
#[utoipa::path(post, path = "/api/documents/questions/{id}/answer", request_body = EntryRequest,
    params(("id" = String, Path)), responses(
    (status = 201, body = DocumentView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn answer(id: String, caller: Caller, entry: EntryRequest, app: Arc<App>) -> Answer {
    let (id, actor) = (gap_id(&id)?, caller.actor(None));
    let EntryRequest { question, answer, document, room, collection } = entry;
    let document = document.as_deref().filter(|id| !id.is_empty()).map(document_id).transpose()?;
    let place = DocumentFields { room, collection, ..DocumentFields::default() };
    let used_in = match place.move_to(&app, &actor).await? {
        Move::To(used_in) => used_in,
        _ => UsedIn::AllRooms,
    };
    let entry = FaqEntry { question, answer, document, used_in };
    let (library, answering) = (app.library.clone(), actor.clone());
    let list = to_the_end(&app, async move { library.answer_gap(&answering, &id, entry).await }).await?;
    let names = app.library.collection_names().await?;
    Ok(json(StatusCode::CREATED, &DocumentView::new(&list, &names, &app.library, &actor)))
}

fn gap_id(text: &str) -> Result<GapId, Text> {
    GapId::parse(text).ok_or_else(|| Text::new("error-not_found-gap"))
}

impl QuestionView {
    fn new(id: &GapId, gap: Gap) -> Self {
        let Gap { question, unanswered, rated_bad, answer, first_at, last_at, .. } = gap;
        Self { id: id.as_str().to_owned(), question, unanswered, rated_bad, answer, first_at, last_at }
    }
}
