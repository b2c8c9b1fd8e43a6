//! Somebody leaves for good: who may decide that, and the moment from which nobody acts as them.

use super::people::no_such_account;
use super::{Accounts, Action, Actor, Connections, SessionChange, Visitor};
use crate::model::{Account, AccountId, Erasure, LeftMessages, Principal, SanctionSubject};
use crate::store::ErasureBegun;
use crate::text::Text;

impl Accounts {
    /// Takes away the own account. Its connections are closed; what it left is removed by and by.
    pub async fn leave(&self, account: &Account, messages: LeftMessages) -> Result<(), Text> {
        self.begin(&account.id, messages).await
    }

    /// Takes somebody's account away; the account as it was.
    pub async fn remove(&self, id: &AccountId, messages: LeftMessages, actor: &Actor) -> Result<Account, Text> {
        let account = self.show(id, actor).await?;
        actor.may(Action::ManageAccount(&account))?;
        // One's own takes the password.
        if actor.has_account && actor.principal == account.principal {
            return Err(Text::new("error-wrong_state-own_removal"));
        }
        self.begin(id, messages).await?;
        Ok(account)
    }

    /// Forgets a guest in the same way.
    pub async fn forget(&self, guest: &Visitor, messages: LeftMessages) -> Result<(), Text> {
        let connections = self.sessions.connections();
        let effect = move |erasure: &Erasure| close(connections.as_ref(), erasure);
        match self.store.begin_erasure_of_guest(&guest.principal, messages, effect).await? {
            ErasureBegun::Begun(_) => Ok(()),
            ErasureBegun::Nobody | ErasureBegun::OnlyOwner => Err(Text::new("error-forbidden")),
        }
    }

    async fn begin(&self, id: &AccountId, messages: LeftMessages) -> Result<(), Text> {
        let connections = self.sessions.connections();
        let effect = move |erasure: &Erasure| close(connections.as_ref(), erasure);
        match self.store.begin_erasure(id, messages, effect).await? {
            ErasureBegun::Begun(_) => Ok(()),
            ErasureBegun::Nobody => Err(no_such_account()),
            ErasureBegun::OnlyOwner => Err(Text::new("error-wrong_state-only_owner")),
        }
    }
}

/// Closes the connections of a person and their programs.
fn close(connections: &dyn Connections, erasure: &Erasure) {
    if let Some(id) = &erasure.account {
        connections.follow(&SessionChange::Ended(Principal::account(id), None));
    }
    for principal in &erasure.principals {
        connections.follow(&SessionChange::Of(SanctionSubject::Person(principal.clone())));
    }
}
