//! Accounts, by id, by name and by the visitor who made one.

use std::collections::BinaryHeap;
use std::convert::Infallible;

use sha2::{Digest, Sha256};

use super::invitations::{UsedInvitation, use_once};
use super::rooms::{RoomNumber, change_room};
use super::writer::WriteKind;
use super::{Batch, Outcome, Store, StoreError, Table, decode, encode, scopes};
use crate::model::{Account, AccountId, Handle, Identity, Principal, RoomKind, RoomRecord, Timestamp, skeleton};

/// How often a change is tried that others come before.
const TRIES: usize = 20;

/// What became of a new account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountAdded {
    Added,
    /// Another account has the name, or one that looks like it.
    NameTaken,
    /// The visitor has an account already.
    VisitorTaken,
    /// Another account is somebody's whom the identity provider knows as the same.
    IdentityTaken,
    /// The invitation was used up, or revoked, at the same moment.
    InvitationChanged,
}

/// An account with where it is found.
pub(super) fn insert(batch: Batch, account: &Account) -> Batch {
    let id = account.id.as_str();
    let batch = account
        .identity
        .iter()
        .fold(batch, |batch, identity| batch.put(Table::AccountsOfIdentities, identity_key(identity), id));
    batch
        .put(Table::AccountNames, account.name.skeleton(), id)
        .put(Table::AccountsOfPrincipals, account.principal.to_string(), id)
        .put(Table::Accounts, id, encode(account))
}

/// Where the account of an identity is found: a digest, as both parts may be long.
pub(super) fn identity_key(identity: &Identity) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update((identity.issuer.len() as u64).to_be_bytes());
    hash.update(&identity.issuer);
    hash.update(&identity.subject);
    hash.finalize().to_vec()
}

impl Store {
    /// Adds an account. It takes the name and its principal, one use of the invitation, and a place in each closed room to which
    /// that leads. `effect` is what such a room's change causes in memory.
    pub async fn add_account(
        &self,
        account: &Account,
        used: Option<UsedInvitation>,
        effect: impl Fn(RoomRecord) + Clone + Send + 'static,
    ) -> Result<AccountAdded, StoreError> {
        for _ in 0..TRIES {
            let mut batch = Batch::new(scopes::ADD_ACCOUNT)
                .if_absent(Table::AccountNames, account.name.skeleton())
                .if_absent(Table::AccountsOfPrincipals, account.principal.to_string());
            if let Some(identity) = &account.identity {
                batch = batch.if_absent(Table::AccountsOfIdentities, identity_key(identity));
            }
            batch = insert(batch, account);
            let mut joined = Vec::new();
            if let Some(UsedInvitation { digest, .. }) = &used {
                // Others use it at the same moment.
                let Some(invitation) = self.invitation(digest).await?.filter(|one| one.is_open(Timestamp::now()))
                else {
                    return Ok(AccountAdded::InvitationChanged);
                };
                let used = UsedInvitation { digest: *digest, invitation };
                for number in used.invitation.rooms.clone() {
                    let joining = self.joining(RoomNumber::new(number), &account.principal).await?;
                    let Some((from, to)) = joining else { continue };
                    batch = change_room(batch, RoomNumber::new(number), &from, &to);
                    joined.push(to);
                }
                batch = use_once(batch, used);
            }
            let effect = effect.clone();
            let on_commit = move |outcome: Result<Outcome, StoreError>| {
                Ok(match outcome? {
                    Outcome::Written { .. } => {
                        joined.into_iter().for_each(effect);
                        Some(AccountAdded::Added)
                    }
                    Outcome::Refused { table: Table::AccountNames, .. } => Some(AccountAdded::NameTaken),
                    Outcome::Refused { table: Table::AccountsOfPrincipals, .. } => Some(AccountAdded::VisitorTaken),
                    Outcome::Refused { table: Table::AccountsOfIdentities, .. } => Some(AccountAdded::IdentityTaken),
                    Outcome::Refused { .. } => None,
                })
            };
            if let Some(added) = self.commit_with(batch, WriteKind::Growth, on_commit).await? {
                return Ok(added);
            }
        }
        Err(StoreError::Busy)
    }

    /// A closed room as it is and as it is with one more member; `None` if it needs none, has no place left or was removed.
    async fn joining(
        &self,
        number: RoomNumber,
        member: &Principal,
    ) -> Result<Option<(RoomRecord, RoomRecord)>, StoreError> {
        let Some(from) = self.find_room_record(number).await? else { return Ok(None) };
        let has_place = from.members.len() < RoomRecord::MOST_MEMBERS;
        if from.kind != RoomKind::Closed || from.members.contains(member) || !has_place {
            return Ok(None);
        }
        let mut to = from.clone();
        to.members.push(member.clone());
        Ok(Some((from, to)))
    }

    pub async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        self.engine.get(Table::Accounts, id.as_str().as_bytes()).await?.map(|value| decode(&value)).transpose()
    }

    /// The account that has this name, or one that looks like it.
    pub async fn account_of_name(&self, name: &Handle) -> Result<Option<Account>, StoreError> {
        self.account_behind(Table::AccountNames, name.skeleton().as_bytes()).await
    }

    /// The account that writes as this principal.
    pub async fn account_of_principal(&self, principal: &Principal) -> Result<Option<Account>, StoreError> {
        self.account_behind(Table::AccountsOfPrincipals, principal.to_string().as_bytes()).await
    }

    /// The account of whom the identity provider knows so.
    pub async fn account_of_identity(&self, identity: &Identity) -> Result<Option<Account>, StoreError> {
        self.account_behind(Table::AccountsOfIdentities, &identity_key(identity)).await
    }

    /// Gives an account this identity in place of the one it may have; `false` if another account has it, `None` if there is no
    /// account of that id.
    pub async fn link_identity(&self, id: &AccountId, identity: &Identity) -> Result<Option<bool>, StoreError> {
        for _ in 0..TRIES {
            let Some((before, mut account)) = self.account_as_stored(id).await? else { return Ok(None) };
            if account.identity.as_ref() == Some(identity) {
                return Ok(Some(true));
            }
            let mut batch = Batch::new(scopes::CHANGE_IDENTITY)
                .if_equal(Table::Accounts, id.as_str(), before)
                .if_absent(Table::AccountsOfIdentities, identity_key(identity));
            if let Some(former) = account.identity.replace(identity.clone()) {
                batch = batch.delete(Table::AccountsOfIdentities, identity_key(&former));
            }
            let batch = batch.put(Table::AccountsOfIdentities, identity_key(identity), id.as_str());
            let batch = batch.put(Table::Accounts, id.as_str(), encode(&account));
            match self.commit_with(batch, WriteKind::Maintenance, |outcome| outcome).await? {
                Outcome::Written { .. } => return Ok(Some(true)),
                Outcome::Refused { table: Table::AccountsOfIdentities, .. } => return Ok(Some(false)),
                Outcome::Refused { .. } => {}
            }
        }
        Err(StoreError::Busy)
    }

    /// Takes its identity from an account, unless `check` refuses what it is without; `None` if there is nothing to take.
    pub async fn unlink_identity<E>(
        &self,
        id: &AccountId,
        check: impl Fn(&Account) -> Result<(), E> + Send,
    ) -> Result<Option<Result<(), E>>, StoreError> {
        for _ in 0..TRIES {
            let Some((before, mut account)) = self.account_as_stored(id).await? else { return Ok(None) };
            let Some(former) = account.identity.take() else { return Ok(None) };
            if let Err(refused) = check(&account) {
                return Ok(Some(Err(refused)));
            }
            let batch = Batch::new(scopes::CHANGE_IDENTITY)
                .if_equal(Table::Accounts, id.as_str(), before)
                .delete(Table::AccountsOfIdentities, identity_key(&former))
                .put(Table::Accounts, id.as_str(), encode(&account));
            if self.commit_if(batch, WriteKind::Maintenance, || ()).await? {
                return Ok(Some(Ok(())));
            }
        }
        Err(StoreError::Busy)
    }

    /// An account, and its record as it is stored.
    async fn account_as_stored(&self, id: &AccountId) -> Result<Option<(Vec<u8>, Account)>, StoreError> {
        let Some(stored) = self.engine.get(Table::Accounts, id.as_str().as_bytes()).await? else { return Ok(None) };
        let account = decode(&stored)?;
        Ok(Some((stored, account)))
    }

    async fn account_behind(&self, table: Table, key: &[u8]) -> Result<Option<Account>, StoreError> {
        let id = self.engine.get(table, key).await?.and_then(|id| String::from_utf8(id).ok());
        match id.and_then(|id| AccountId::parse(&id)) {
            Some(id) => self.account(&id).await,
            None => Ok(None),
        }
    }

    /// Whether there is an account at all.
    pub async fn has_accounts(&self) -> Result<bool, StoreError> {
        Ok(self.pages_of(Table::Accounts).at_most(1).next().await?.is_some())
    }

    /// How many accounts there are. Reads all of them.
    pub async fn count_accounts(&self) -> Result<usize, StoreError> {
        let (mut pages, mut count) = (self.pages_of(Table::Accounts), 0);
        while pages.next().await?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    /// Accounts in the order in which they were made, behind the one with the id `after`; at most `limit`.
    pub async fn accounts(&self, after: Option<&AccountId>, limit: usize) -> Result<Vec<Account>, StoreError> {
        let from = after.map_or_else(Vec::new, |id| [id.as_str().as_bytes(), &[0]].concat());
        let mut pages = self.pages(Table::Accounts, from..vec![u8::MAX]).at_most(limit);
        let mut found = Vec::new();
        while let Some((_, value)) = pages.next().await? {
            found.push(decode(&value)?);
        }
        Ok(found)
    }

    /// Accounts whose name has `part` in it, in lower case, otherwise as [`Store::accounts`]. Where few have it this reads every
    /// name, and only those accounts whose name may have it: the records are ten times as large.
    pub async fn accounts_named(
        &self,
        part: &str,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError> {
        /// Accounts that are read before it is looked for further ones.
        const AT_ONCE: usize = 1_000;
        let has_part = |account: &Account| account.name.to_string().to_lowercase().contains(part);
        let mut read = self.accounts(after, AT_ONCE).await?;
        let mut last = read.last().map(|account| account.id.as_str().as_bytes().to_vec());
        let mut is_all = read.len() < AT_ONCE;
        let mut found = Vec::new();
        loop {
            found.extend(read.into_iter().filter(has_part).take(limit - found.len()));
            let Some(after) = last.filter(|_| !is_all && found.len() < limit) else { return Ok(found) };
            let ids = self.ids_of_names(&skeleton(part), &after, AT_ONCE).await?;
            is_all = ids.len() < AT_ONCE;
            last = ids.last().cloned();
            read = Vec::new();
            for id in ids {
                let record = self.engine.get(Table::Accounts, &id).await?;
                read.extend(record.map(|record| decode::<Account>(&record)).transpose()?);
            }
        }
    }

    /// The ids of the first accounts behind `after` whose names look as if they had `looks` in them, in the order in which they
    /// were made, at most `most`. Reads every name.
    async fn ids_of_names(&self, looks: &str, after: &[u8], most: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        /// Names are short.
        const AT_A_TIME: usize = 1_024;
        let mut names = self.pages_of(Table::AccountNames).at_a_time(AT_A_TIME);
        let mut ids = BinaryHeap::new();
        loop {
            let page = names.next_page().await?;
            if page.is_empty() {
                return Ok(ids.into_sorted_vec());
            }
            for (name, id) in page {
                if id.as_slice() > after && String::from_utf8_lossy(&name).contains(looks) {
                    ids.push(id);
                    if ids.len() > most {
                        ids.pop();
                    }
                }
            }
        }
    }

    /// Changes an account; `None` if there is none of that id. `effect` is called with the changed account once that is durable.
    pub async fn change_account(
        &self,
        id: &AccountId,
        change: impl Fn(&mut Account) + Send + Sync,
        effect: impl Fn(&Account) + Clone + Send + 'static,
    ) -> Result<Option<Account>, StoreError> {
        let change = |account: &mut Account| {
            change(account);
            Ok::<(), Infallible>(())
        };
        Ok(self.try_change_account(id, change, effect).await?.map(|Ok(account)| account))
    }

    /// The same with a change that may refuse what the account has become.
    pub async fn try_change_account<E>(
        &self,
        id: &AccountId,
        change: impl Fn(&mut Account) -> Result<(), E> + Send,
        effect: impl Fn(&Account) + Clone + Send + 'static,
    ) -> Result<Option<Result<Account, E>>, StoreError> {
        for _ in 0..TRIES {
            let Some((before, mut account)) = self.account_as_stored(id).await? else { return Ok(None) };
            if let Err(refused) = change(&mut account) {
                return Ok(Some(Err(refused)));
            }
            let batch = Batch::new(scopes::CHANGE_ACCOUNT).if_equal(Table::Accounts, id.as_str(), before).put(
                Table::Accounts,
                id.as_str(),
                encode(&account),
            );
            let (effect, changed) = (effect.clone(), account.clone());
            if self.commit_if(batch, WriteKind::Maintenance, move || effect(&changed)).await? {
                return Ok(Some(Ok(account)));
            }
        }
        Err(StoreError::Busy)
    }
}
