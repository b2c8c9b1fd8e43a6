//! A message as clients see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{
    AnsweredBy, AuthorKind, Handle, JobId, JobState, Message, Role, RoomName, Source, Timestamp, rfc_3339,
};

/// A message as clients see it.
#[derive(Serialize, ToSchema)]
pub struct MessageView<'a> {
    pub room: &'a str,
    pub seq: u64,
    /// Where it is told as it is said or changed: the room's version with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    pub id: &'a str,
    #[schema(value_type = String)]
    pub handle: &'a Handle,
    pub role: AuthorKind,
    /// The role of the author's account, if the author had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author_role: Option<&'static str>,
    pub message: &'a str,
    #[serde(serialize_with = "rfc_3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub job: Option<&'a JobId>,
    /// On an answer: what was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<&'a str>,
    /// On the answer to a question: its passages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<&'a [Source]>,
    /// On the answer to a question: who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// On the answer to a question: note on why it is not the expected one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'a str>,
    /// On a language model's answer: ranges of `message` that rest on no passage, in UTF-16 code units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<&'a [[u32; 2]]>,
    /// On an answer: number of the message that requested it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u64>,
    /// On an answer: how its job ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_state: Option<JobState>,
    /// On an answer: milliseconds from request to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionView<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// An emoji that people put on a message.
#[derive(Serialize, ToSchema)]
pub struct ReactionView<'a> {
    pub emoji: &'a str,
    /// Who did, in the order in which they did.
    #[schema(value_type = Vec<String>)]
    pub by: Vec<&'a Handle>,
}

impl<'a> MessageView<'a> {
    pub fn new(room: &'a RoomName, seq: u64, message: &'a Message) -> Self {
        let answer = message.answer.as_ref();
        let citations = answer.and_then(|answer| answer.citations.as_deref());
        Self {
            room: room.shown(),
            seq,
            version: None,
            id: message.id.as_str(),
            handle: &message.handle,
            role: message.role,
            author_role: Some(message.author_role).filter(|role| *role >= Role::Member).map(Role::as_str),
            message: message.text.as_str(),
            timestamp: message.at,
            job: message.job.as_ref(),
            query: answer.map(|answer| answer.query.as_str()),
            results: citations.map(|citations| citations.results.as_slice()),
            answered_by: citations.map(|citations| citations.answered_by),
            note: citations.and_then(|citations| citations.note.as_deref()),
            unsupported: citations
                .map(|citations| citations.unsupported.as_slice())
                .filter(|ranges| !ranges.is_empty()),
            reply_to: answer.map(|answer| answer.reply_to),
            job_state: answer.map(|answer| answer.state),
            took_ms: answer.map(|answer| answer.took_ms),
            reactions: message
                .reactions
                .by_emoji()
                .into_iter()
                .map(|(emoji, by)| ReactionView { emoji: emoji.as_str(), by })
                .collect(),
            deleted: message.deleted,
        }
    }
}
