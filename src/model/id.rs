//! Ids of stored entities: one format, and a type for each.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of an account.
pub type AccountId = Id<OfAccount>;

/// The id of a collection of documents.
pub type CollectionId = Id<OfCollection>;

/// The id of a document.
pub type DocumentId = Id<OfDocument>;

/// The id of a hook; unlike its token not a secret.
pub type HookId = Id<OfHook>;

/// The id of an invitation; unlike its token not a secret.
pub type InvitationId = Id<OfInvitation>;

/// The id of a job.
pub type JobId = Id<OfJob>;

/// The id of a merge of people.
pub type MergeId = Id<OfMerge>;

/// The id of a sanction.
pub type SanctionId = Id<OfSanction>;

/// The id of a program's token; unlike the token itself not a secret.
pub type TokenId = Id<OfToken>;

/// A UUID as 32 hexadecimal digits. Ids sort by creation time. `Mark` is a phantom type, so that the id of one
/// kind of thing cannot be taken for another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id<Mark>(String, PhantomData<Mark>);

/// Marks the id of an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfAccount {}

/// Marks the id of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfCollection {}

/// Marks the id of a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfDocument {}

/// Marks the id of a hook.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfHook {}

/// Marks the id of an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfInvitation {}

/// Marks the id of a job.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfJob {}

/// Marks the id of a merge.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfMerge {}

/// Marks the id of a sanction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfSanction {}

/// Marks the id of a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfToken {}

impl<Mark> Id<Mark> {
    pub fn fresh() -> Self {
        Uuid::now_v7().into()
    }

    /// Parses an untrusted id; `None` if it is invalid.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self::from)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl JobId {
    /// The id of the job that this one creates: deterministic, so that it is created once even if this one runs again.
    pub fn follower(&self) -> Self {
        let id = Uuid::try_parse(&self.0).unwrap_or_default().as_u128();
        Uuid::from_u128(id ^ 1).into()
    }
}

impl<Mark> From<Uuid> for Id<Mark> {
    fn from(id: Uuid) -> Self {
        Self(id.simple().to_string(), PhantomData)
    }
}

impl<Mark> fmt::Display for Id<Mark> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_plain_text_wherever_it_is_kept_or_sent() {
        let id = JobId::fresh();
        let json = serde_json::to_value(&id).expect("an id");
        assert_eq!(json, id.as_str());
        assert_eq!(serde_json::from_value::<JobId>(json).expect("an id"), id);
    }

    #[test]
    fn an_id_has_one_form_however_it_is_written() {
        let id = JobId::parse("0190D3E2-7A1B-7C3D-8E4F-0123456789AB").expect("an id");
        assert_eq!(id.as_str(), "0190d3e27a1b7c3d8e4f0123456789ab");
        assert_eq!(id.follower().follower(), id);
        assert!(JobId::parse("../../etc/passwd").is_none());
    }
}
