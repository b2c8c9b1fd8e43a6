//! Accounts, by id, by name and by the visitor who made one.

use super::invitations::{UsedInvitation, use_once};
use super::writer::WriteKind;
use super::{Batch, Outcome, Store, StoreError, Table, decode, encode, scopes};
use crate::model::{Account, AccountId, Handle, Principal};

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
    /// The invitation was used, or revoked, at the same moment.
    InvitationChanged,
}

/// An account with where it is found.
pub(super) fn insert(batch: Batch, account: &Account) -> Batch {
    let id = account.id.as_str();
    batch
        .put(Table::AccountNames, account.name.skeleton(), id)
        .put(Table::AccountsOfPrincipals, account.principal.to_string(), id)
        .put(Table::Accounts, id, encode(account))
}

impl Store {
    /// Adds an account. It takes the name and its principal, and one use of the invitation.
    pub async fn add_account(
        &self,
        account: &Account,
        used: Option<UsedInvitation>,
    ) -> Result<AccountAdded, StoreError> {
        let mut batch = Batch::new(scopes::ADD_ACCOUNT)
            .if_absent(Table::AccountNames, account.name.skeleton())
            .if_absent(Table::AccountsOfPrincipals, account.principal.to_string());
        batch = insert(batch, account);
        if let Some(used) = used {
            batch = use_once(batch, used);
        }
        let on_commit = |outcome: Result<Outcome, StoreError>| {
            Ok(match outcome? {
                Outcome::Written { .. } => AccountAdded::Added,
                Outcome::Refused { table: Table::AccountNames, .. } => AccountAdded::NameTaken,
                Outcome::Refused { table: Table::AccountsOfPrincipals, .. } => AccountAdded::VisitorTaken,
                Outcome::Refused { .. } => AccountAdded::InvitationChanged,
            })
        };
        self.commit_with(batch, WriteKind::Growth, on_commit).await
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

    /// Accounts that `is_wanted`, in the order in which they were made, behind the one with the id `after`; at most `limit`. Reads
    /// all accounts up to the last of them.
    pub async fn accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
        is_wanted: impl Fn(&Account) -> bool,
    ) -> Result<Vec<Account>, StoreError> {
        let from = after.map_or_else(Vec::new, |id| [id.as_str().as_bytes(), &[0]].concat());
        let mut pages = self.pages(Table::Accounts, from..vec![u8::MAX]);
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((_, value)) = pages.next().await?
        {
            found.extend(Some(decode::<Account>(&value)?).filter(&is_wanted));
        }
        Ok(found)
    }

    /// Changes an account; `None` if there is none of that id. `effect` is called with the changed account once that is durable.
    pub async fn change_account(
        &self,
        id: &AccountId,
        change: impl Fn(&mut Account) + Send,
        effect: impl Fn(&Account) + Clone + Send + 'static,
    ) -> Result<Option<Account>, StoreError> {
        for _ in 0..TRIES {
            let Some(before) = self.engine.get(Table::Accounts, id.as_str().as_bytes()).await? else { return Ok(None) };
            let mut account: Account = decode(&before)?;
            change(&mut account);
            let batch = Batch::new(scopes::CHANGE_ACCOUNT).if_equal(Table::Accounts, id.as_str(), before).put(
                Table::Accounts,
                id.as_str(),
                encode(&account),
            );
            let (effect, changed) = (effect.clone(), account.clone());
            if self.commit_if(batch, WriteKind::Maintenance, move || effect(&changed)).await? {
                return Ok(Some(account));
            }
        }
        Err(StoreError::Busy)
    }
}
