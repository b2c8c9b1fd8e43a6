//! Invitations; their keys are the digests of their tokens.

use super::claims::{Claim, free_number};
use super::writer::WriteKind;
use super::{Batch, Store, StoreError, Table, decode, encode, scopes};
use crate::model::{Invitation, InvitationId, Timestamp};

/// How often an invitation looks for a free place that others take at the same time.
const TRIES: usize = 20;

/// Where the digest of the invitation is that the server made itself.
const FIRST_INVITATION: &str = "first-invitation";

/// An invitation with what it is stored under.
#[derive(Clone, Debug)]
pub struct UsedInvitation {
    pub digest: [u8; 32],
    pub invitation: Invitation,
}

/// Takes one use of an invitation, if it is still as it was read.
pub(super) fn use_once(batch: Batch, UsedInvitation { digest, invitation }: UsedInvitation) -> Batch {
    let batch = batch.if_equal(Table::Invitations, digest, encode(&invitation));
    let Some(uses) = invitation.uses_left else { return batch };
    if uses > 1 {
        let left = Invitation { uses_left: Some(uses - 1), ..invitation };
        return batch.put(Table::Invitations, digest, encode(&left));
    }
    remove(batch, &digest, &invitation)
}

fn remove(batch: Batch, digest: &[u8], invitation: &Invitation) -> Batch {
    let batch = batch.delete(Table::Invitations, digest);
    if invitation.place == 0 { batch } else { batch.release(&Claim::invitation_place(invitation.place)) }
}

impl Store {
    /// The invitation whose token has this digest.
    pub async fn invitation(&self, digest: &[u8]) -> Result<Option<Invitation>, StoreError> {
        self.engine.get(Table::Invitations, digest).await?.map(|value| decode(&value)).transpose()
    }

    /// All of them, oldest first; they are no more than there are places, and one.
    pub async fn invitations(&self) -> Result<Vec<Invitation>, StoreError> {
        let mut pages = self.pages_of(Table::Invitations);
        let mut invitations: Vec<Invitation> = Vec::new();
        while let Some((_, value)) = pages.next().await? {
            invitations.push(decode(&value)?);
        }
        invitations.sort_by_key(|invitation| invitation.created_at);
        Ok(invitations)
    }

    /// Stores a new invitation if there are fewer than `most`; `false` if not.
    pub async fn add_invitation(
        &self,
        digest: &[u8],
        mut invitation: Invitation,
        most: u32,
    ) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let taken = self.holders(&Claim::invitation_place(0)).await?;
            let Some(place) = free_number(&taken, most) else { return Ok(false) };
            invitation.place = place;
            let batch =
                Batch::new(scopes::ADD_INVITATION).claim(&Claim::invitation_place(place), invitation.id.as_str());
            let batch = batch.put(Table::Invitations, digest, encode(&invitation));
            if self.commit_if(batch, WriteKind::Growth, || ()).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Busy)
    }

    /// Stores the server's own invitation in place of the one before; `false` if another process did at the same moment.
    pub async fn replace_first_invitation(&self, digest: &[u8], invitation: &Invitation) -> Result<bool, StoreError> {
        let before = self.engine.get(Table::Meta, FIRST_INVITATION.as_bytes()).await?;
        let batch = Batch::new(scopes::REPLACE_FIRST_INVITATION);
        let batch = match before {
            Some(before) => {
                batch.if_equal(Table::Meta, FIRST_INVITATION, before.clone()).delete(Table::Invitations, before)
            }
            None => batch.if_absent(Table::Meta, FIRST_INVITATION),
        };
        let batch =
            batch.put(Table::Meta, FIRST_INVITATION, digest).put(Table::Invitations, digest, encode(invitation));
        self.commit_if(batch, WriteKind::Maintenance, || ()).await
    }

    /// Removes the invitations that `is_unwanted`; how many. Reads all of them.
    pub async fn remove_invitations(&self, is_unwanted: impl Fn(&Invitation) -> bool) -> Result<usize, StoreError> {
        let mut pages = self.pages_of(Table::Invitations);
        let mut unwanted = Vec::new();
        while let Some((digest, value)) = pages.next().await? {
            let invitation: Invitation = decode(&value)?;
            if is_unwanted(&invitation) {
                unwanted.push((digest, value, invitation));
            }
        }
        let mut removed = 0;
        for (digest, value, invitation) in unwanted {
            let batch = Batch::new(scopes::REMOVE_INVITATION).if_equal(Table::Invitations, digest.clone(), value);
            removed +=
                usize::from(self.commit_if(remove(batch, &digest, &invitation), WriteKind::Maintenance, || ()).await?);
        }
        Ok(removed)
    }

    /// Removes an invitation; `false` if there is none of that id.
    pub async fn remove_invitation(&self, id: &InvitationId) -> Result<bool, StoreError> {
        Ok(self.remove_invitations(|invitation| invitation.id == *id).await? > 0)
    }

    /// Removes those that expired before `now`.
    pub async fn remove_expired_invitations(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.remove_invitations(|invitation| !invitation.is_open(now)).await
    }
}
