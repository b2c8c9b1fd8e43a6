//! Two people that turned out to be one.

use serde::{Deserialize, Serialize};

use super::{AccountId, Handle, MergeId, Principal, Timestamp};

/// That whoever acted as one principal is the person who has an account. Nothing that was stored is changed by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    pub id: MergeId,
    pub from: Principal,
    /// What that one called itself.
    pub from_handle: Handle,
    /// Its account, which is disabled meanwhile, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_account: Option<AccountId>,
    pub into: Principal,
    pub into_handle: Handle,
    pub by: Handle,
    pub at: Timestamp,
    /// Which of the places that there are for merges it takes, from 1.
    pub place: u32,
}
