//! `/api/search`: search over messages and documents.

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warp::Filter;
use warp::http::StatusCode;

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, Refusal, bad_request, blocking, caller, json, query, with_app};
use crate::accounts::Actor;
use crate::budgets::Spender;
use crate::model::{RoomName, Source};
use crate::protocol::MessageView;
use crate::search::{Cursor, Found, FoundMessage};

/// Default number of messages per response.
const DEFAULT_LIMIT: usize = 20;

/// Number of top passages that may match by meaning only, without a common word.
const BY_MEANING: usize = 3;

/// Maximum number of passages per response.
const MOST_DOCUMENTS: usize = 20;

#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words, "exact phrases" and filters: `in:room`, `from:handle`, `before:2026-01-31`, `after:…`, `has:job`.
    pub q: Option<String>,
    /// Only this room.
    pub room: Option<String>,
    /// `messages` or `documents`; both if left out.
    pub kind: Option<String>,
    /// Only messages before this: the `next` of a response, or a timestamp.
    pub before: Option<String>,
    /// At most 100; 20 if left out.
    pub limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
struct MessageHit<'a> {
    #[serde(flatten)]
    message: MessageView<'a>,
    /// Ranges of `message` that match, in UTF-16 code units.
    marks: &'a [[u32; 2]],
}

#[derive(Serialize, ToSchema)]
struct SearchAnswer<'a> {
    /// Newest first.
    messages: Vec<MessageHit<'a>>,
    /// Best first.
    documents: Vec<Source>,
    /// Whether there are more messages.
    more: bool,
    /// The `before` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Whether all messages were searched; false while the index is being built.
    complete: bool,
    took_ms: u64,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SearchScope {
    Both,
    Messages,
    Documents,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(find).fixed(|at| at.and(query()).and(caller(app)).and(with_app(app)).then(find))]
}

/// Messages and documents that match the query and that the caller may read.
#[utoipa::path(get, path = "/api/search", params(SearchQuery), responses(
    (status = 200, body = SearchAnswer), (status = 400, description = "A filter that says nothing", body = ErrorBody),
    (status = 503, description = "Busy", body = ErrorBody)))]
async fn find(query: SearchQuery, caller: Caller, app: Arc<App>) -> Answer {
    let began = Instant::now();
    let (found, documents) = search(&app, &caller, query).await?;
    Ok(json(
        StatusCode::OK,
        &SearchAnswer {
            messages: found.messages.iter().map(hit).collect(),
            documents,
            more: found.next.is_some(),
            next: found.next.map(|cursor| cursor.to_string()),
            complete: found.is_complete,
            took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        },
    ))
}

/// Messages, and passages of documents, that match the query and that the caller may read.
pub async fn search(app: &Arc<App>, caller: &Caller, query: SearchQuery) -> Result<(Found, Vec<Source>), Refusal> {
    let kind = match query.kind.as_deref() {
        None => SearchScope::Both,
        Some("messages") => SearchScope::Messages,
        Some("documents") => SearchScope::Documents,
        Some(_) => return Err(bad_request("the kind is messages or documents")),
    };
    let before =
        query.before.as_deref().map(|text| Cursor::parse(text).ok_or_else(|| bad_request("before is no place")));
    let before = before.transpose()?;
    let is_further_page = before.is_some();
    let room = query.room.as_deref().map(RoomName::given).transpose()?;
    let actor = caller.actor(None);
    let (typed, limit) = (query.q.unwrap_or_default(), query.limit.unwrap_or(DEFAULT_LIMIT));
    let payer = actor.payer();
    let searching = async move {
        let found = if kind == SearchScope::Documents {
            Found { is_complete: true, ..Found::default() }
        } else {
            let (search, actor, typed, room) = (app.search.clone(), actor.clone(), typed.clone(), room.clone());
            blocking(move || search.messages(&actor, &typed, room.as_ref(), before, limit)).await?
        };
        // Further pages contain messages only.
        let documents = match kind {
            SearchScope::Messages => Vec::new(),
            _ if is_further_page => Vec::new(),
            SearchScope::Both | SearchScope::Documents => {
                in_documents(app, &actor, &typed, room.as_ref(), limit).await?
            }
        };
        Ok((found, documents))
    };
    let spender = Spender { role: caller.role, payer: &payer, room: None };
    Box::pin(app.reads.search(&app.budgets, spender, searching)).await
}

/// Passages of documents that match the query.
async fn in_documents(
    app: &Arc<App>,
    actor: &Actor,
    typed: &str,
    room: Option<&RoomName>,
    limit: usize,
) -> Result<Vec<Source>, Refusal> {
    let Some((words, room)) = app.search.in_documents(actor, typed, room)? else { return Ok(Vec::new()) };
    let audience = match room {
        Some(room) => app.library.audience(Some(&room)).await?,
        None => app.library.readable(actor).await?,
    };
    let found = app.library.find(&words, &audience, limit.clamp(1, MOST_DOCUMENTS)).await?;
    // Passages without a common word are included only at the top ranks.
    let by_meaning = if found.confident { BY_MEANING } else { 0 };
    let mut sources = Vec::new();
    for (rank, source) in found.sources.into_iter().enumerate() {
        let is_shown = rank < by_meaning || !source.marks.is_empty();
        if is_shown && app.library.visible(actor, &source.document).await?.is_some() {
            sources.push(source);
        }
    }
    Ok(sources)
}

fn hit(found: &FoundMessage) -> MessageHit<'_> {
    MessageHit { message: MessageView::new(&found.room, found.seq, &found.message), marks: &found.marks }
}
