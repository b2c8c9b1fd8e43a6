//! Persons who are being removed: each from the commit that takes their account away until nothing of them is left.

use super::accounts::identity_key;
use super::writer::WriteKind;
use super::{Batch, Store, StoreError, Table, decode, encode, scopes};
use crate::model::{Account, AccountId, Erasure, LeftMessages, Principal, Role, Timestamp};

/// How often the removal of an account is tried that others change at the same time.
const TRIES: usize = 20;

/// What became of a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErasureBegun {
    Begun(Erasure),
    /// There is no such account, or the guest is no guest any more.
    Nobody,
    /// The account is that of the only owner who can sign in.
    OnlyOwner,
}

/// Takes from a person's cookie what it opens, until all is removed that belongs to it.
pub(super) fn void(batch: Batch, erasure: &Erasure) -> Batch {
    let id = erasure.account.as_ref().map_or("", AccountId::as_str);
    let person = erasure.principals.first();
    person.into_iter().fold(batch, |batch, person| batch.put(Table::AccountsOfPrincipals, person.to_string(), id))
}

fn key(erasure: &Erasure) -> String {
    erasure.principals.first().map(Principal::to_string).unwrap_or_default()
}

impl Store {
    /// Takes an account away: from then on nobody acts as it, and its name is free. Its programs are found by its tokens, which
    /// are left to be removed. `effect` is called with the removal once that is durable.
    pub async fn begin_erasure(
        &self,
        id: &AccountId,
        messages: LeftMessages,
        effect: impl FnOnce(&Erasure) + Clone + Send + 'static,
    ) -> Result<ErasureBegun, StoreError> {
        for _ in 0..TRIES {
            let Some(before) = self.engine.get(Table::Accounts, id.as_str().as_bytes()).await? else {
                return Ok(ErasureBegun::Nobody);
            };
            let account: Account = decode(&before)?;
            let programs = self.tokens_of(id).await?.into_iter().map(|(_, token)| token.principal());
            let erasure = Erasure {
                principals: std::iter::once(account.principal.clone()).chain(programs).collect(),
                account: Some(id.clone()),
                name: Some(account.name.clone()),
                messages,
                at: Timestamp::now(),
            };
            let batch = Batch::new(scopes::BEGIN_ERASURE)
                .if_equal(Table::Accounts, id.as_str(), before)
                .delete(Table::Accounts, id.as_str())
                .delete(Table::AccountNames, account.name.skeleton());
            let batch = account
                .identity
                .iter()
                .fold(batch, |batch, identity| batch.delete(Table::AccountsOfIdentities, identity_key(identity)));
            let batch = match account.role {
                // The other may be going, too.
                Role::Owner => match self.another_owner(id).await? {
                    Some((other, kept)) => batch.if_equal(Table::Accounts, other.as_str(), kept),
                    None => return Ok(ErasureBegun::OnlyOwner),
                },
                _ => batch,
            };
            if self.store_erasure(batch, &erasure, effect.clone()).await? {
                return Ok(ErasureBegun::Begun(erasure));
            }
        }
        Err(StoreError::Busy)
    }

    /// Lets a guest be known no more.
    pub async fn begin_erasure_of_guest(
        &self,
        guest: &Principal,
        messages: LeftMessages,
        effect: impl FnOnce(&Erasure) + Send + 'static,
    ) -> Result<ErasureBegun, StoreError> {
        let principals = vec![guest.clone()];
        let erasure = Erasure { principals, account: None, name: None, messages, at: Timestamp::now() };
        let batch = Batch::new(scopes::BEGIN_ERASURE).if_absent(Table::AccountsOfPrincipals, guest.to_string());
        let is_begun = self.store_erasure(batch, &erasure, effect).await?;
        Ok(if is_begun { ErasureBegun::Begun(erasure) } else { ErasureBegun::Nobody })
    }

    async fn store_erasure(
        &self,
        batch: Batch,
        erasure: &Erasure,
        effect: impl FnOnce(&Erasure) + Send + 'static,
    ) -> Result<bool, StoreError> {
        let batch = void(batch, erasure).put(Table::Erasures, key(erasure), encode(erasure));
        let begun = erasure.clone();
        self.commit_if(batch, WriteKind::Maintenance, move || effect(&begun)).await
    }

    /// An owner's account that can be used, beside this one, as it is stored. Reads all accounts.
    async fn another_owner(&self, id: &AccountId) -> Result<Option<(AccountId, Vec<u8>)>, StoreError> {
        let mut pages = self.pages_of(Table::Accounts);
        while let Some((_, value)) = pages.next().await? {
            let other: Account = decode(&value)?;
            if other.role == Role::Owner && !other.is_disabled && other.id != *id {
                return Ok(Some((other.id, value)));
            }
        }
        Ok(None)
    }

    /// The removals that are not done yet.
    pub async fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        let mut pages = self.pages_of(Table::Erasures);
        let mut erasures = Vec::new();
        while let Some((_, value)) = pages.next().await? {
            erasures.push(decode(&value)?);
        }
        Ok(erasures)
    }

    /// Whether a visitor's cookie opens nothing by itself: it became an account, or whoever had it is being removed.
    pub async fn is_void(&self, visitor: &Principal) -> Result<bool, StoreError> {
        Ok(self.engine.get(Table::AccountsOfPrincipals, visitor.to_string().as_bytes()).await?.is_some())
    }

    /// Notes that nothing is left of a person.
    pub async fn end_erasure(&self, erasure: &Erasure) -> Result<(), StoreError> {
        let key = key(erasure);
        let batch = Batch::new(scopes::END_ERASURE)
            .delete(Table::Erasures, key.clone())
            .delete(Table::AccountsOfPrincipals, key);
        self.commit(batch, WriteKind::Maintenance).await.map(drop)
    }
}
