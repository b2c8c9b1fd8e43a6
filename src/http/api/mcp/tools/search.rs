//! Search in messages and documents.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::super::Refusal;
use super::super::super::search::{self, SearchQuery};
use super::super::tool::{Arguments, Call, Outcome};
use super::messages::MessageText;
use super::room_of;
use crate::accounts::Action;
use crate::model::Source;

/// Results, if the call does not say how many.
const USUAL: usize = 10;

/// At most so many of each kind: a model reads all of them.
const MOST: usize = 30;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Words, "exact phrases" and filters: `in:room`, `from:name`, `before:2026-01-31`, `after:2026-01-01`, `has:job`.
    query: String,
    /// Only this room; for documents also those that belong to no room.
    room: Option<String>,
    #[schema(inline)]
    kind: Option<Kind>,
    /// Older messages: the `next` of a result.
    before: Option<String>,
    /// At most 30 of each kind; 10 if left out.
    limit: Option<usize>,
}

/// What to search; both if left out.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Messages,
    Documents,
}

#[derive(Serialize, ToSchema)]
pub struct Found {
    /// Newest first.
    #[schema(inline)]
    messages: Vec<MessageText>,
    /// Best first.
    #[schema(inline)]
    passages: Vec<Passage>,
    /// The `before` with which there are older messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// False while the index is being built: some messages may be missing.
    complete: bool,
}

/// A passage of a document.
#[derive(Serialize, ToSchema)]
pub struct Passage {
    /// The number under which an answer cites it, as in `[1]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<u32>,
    /// The document's id.
    pub document: String,
    /// The passage's number in its document.
    pub passage: u32,
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    pub text: String,
}

impl From<Source> for Passage {
    fn from(source: Source) -> Self {
        Self {
            mark: source.mark,
            document: source.document.to_string(),
            passage: source.chunk,
            title: source.title,
            page: source.page,
            heading: source.heading,
            text: source.content,
        }
    }
}

impl Outcome for Found {}

impl Arguments for Search {
    const NAME: &'static str = "search";
    const TITLE: &'static str = "Search messages and documents";
    const DESCRIPTION: &'static str = "Finds messages in rooms and passages of documents that match words, phrases and filters, as far \
        as the caller may read them. Passages are found by meaning, too. Use `ask` for a question, and `read_document` to read on \
        around a passage.";
    type Result = Found;

    async fn call(self, call: Call) -> Result<Found, Refusal> {
        call.actor().may(Action::Read)?;
        let kind = self.kind.map(|kind| match kind {
            Kind::Messages => "messages".to_owned(),
            Kind::Documents => "documents".to_owned(),
        });
        let query = SearchQuery {
            q: Some(self.query),
            room: room_of(self.room.as_deref())?.map(|room| room.as_str().to_owned()),
            kind,
            before: self.before,
            limit: Some(self.limit.unwrap_or(USUAL).min(MOST)),
        };
        let (found, documents) = search::search(&call.app, &call.caller, query).await?;
        let message = |found: &crate::search::FoundMessage| MessageText::new(&found.room, found.seq, &found.message);
        Ok(Found {
            messages: found.messages.iter().map(message).collect(),
            passages: documents.into_iter().map(Passage::from).collect(),
            next: found.next.map(|cursor| cursor.to_string()),
            complete: found.is_complete,
        })
    }
}
