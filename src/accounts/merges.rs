//! People that turned out to be one: whoever acted as the one is, from then on, the other.
//!
//! Nothing that is stored is rewritten: what is kept of somebody is found under all principals that are that person now, which is
//! looked up here and nowhere else. So a merge costs one record, and can be taken back.

use std::sync::Arc;

use parking_lot::RwLock;

use super::{AccountChange, Accounts, Action, Actor, Connections, SessionChange};
use crate::model::{Account, Erasure, Handle, Merge, MergeId, Principal, SanctionSubject, Timestamp};
use crate::store::{Store, StoreError};
use crate::text::Text;

/// Maximum number of merges.
const MOST: u32 = 1_000;

/// Who is to become one with an account.
#[derive(Clone, Debug)]
pub enum Merged {
    Account(Box<Account>),
    /// A guest, and what that one is called.
    Guest(Principal, Handle),
}

/// All merges, in the store and in memory.
pub struct Merges {
    store: Arc<Store>,
    connections: Arc<dyn Connections>,
    all: Arc<RwLock<Vec<Merge>>>,
}

impl Merges {
    pub async fn open(store: Arc<Store>, connections: Arc<dyn Connections>) -> Result<Arc<Self>, StoreError> {
        let all = Arc::new(RwLock::new(store.merges().await?));
        Ok(Arc::new(Self { store, connections, all }))
    }

    #[cfg(test)]
    pub fn for_tests(store: Arc<Store>) -> Arc<Self> {
        Arc::new(Self { store, connections: Arc::new(super::NoConnections), all: Arc::default() })
    }

    /// Whoever that is now. Somebody into whom others were merged may have been merged later.
    pub fn now(&self, principal: &Principal) -> Principal {
        /// Longer chains are not followed.
        const STEPS: usize = 8;
        let all = self.all.read();
        let mut person = principal;
        for _ in 0..STEPS {
            match all.iter().find(|merge| merge.from == *person) {
                Some(merge) => person = &merge.into,
                None => break,
            }
        }
        person.clone()
    }

    /// Whether somebody is another one now.
    pub fn is_merged(&self, principal: &Principal) -> bool {
        self.all.read().iter().any(|merge| merge.from == *principal)
    }

    /// Who else that person was. Asked with every request, so merges are looked through once for each who was.
    pub fn also(&self, principal: &Principal) -> Arc<[Principal]> {
        let all = self.all.read();
        if all.is_empty() || all.iter().any(|merge| merge.from == *principal) {
            return Arc::default();
        }
        let into = |person: &Principal| -> Vec<Principal> {
            all.iter().filter(|merge| merge.into == *person).map(|merge| merge.from.clone()).collect()
        };
        let mut parts = into(principal);
        let mut next = 0;
        while let Some(part) = parts.get(next) {
            parts.extend(into(part));
            next += 1;
        }
        parts.into()
    }

    /// Makes somebody one with the owner of an account. An account that becomes part of another is disabled.
    pub async fn add(&self, merged: Merged, into: &Account, accounts: &Accounts, actor: &Actor) -> Result<Merge, Text> {
        actor.may(Action::ManagePeople)?;
        actor.may(Action::ManageAccount(into))?;
        let (from, from_handle, account) = match merged {
            Merged::Account(account) => {
                actor.may(Action::ManageAccount(&account))?;
                (account.principal.clone(), account.name.clone(), Some(account.id))
            }
            Merged::Guest(principal, handle) if principal.is_visitor() => (principal, handle, None),
            Merged::Guest(..) => return Err(Text::new("error-wrong_state-not_a_guest")),
        };
        if from == into.principal {
            return Err(Text::new("error-wrong_state-same_person"));
        }
        if self.is_merged(&from) || self.is_merged(&into.principal) {
            return Err(Text::new("error-wrong_state-merged"));
        }
        if let Some(id) = &account {
            accounts.change(id, AccountChange { disabled: Some(true), ..AccountChange::default() }, actor).await?;
        }
        let merge = Merge {
            id: MergeId::fresh(),
            from,
            from_handle,
            from_account: account,
            into: into.principal.clone(),
            into_handle: into.name.clone(),
            by: actor.handle.clone(),
            at: Timestamp::now(),
            place: 0,
        };
        let (all, connections) = (self.all.clone(), self.connections.clone());
        let effect = move |merge: Merge| {
            all.write().push(merge.clone());
            follow(connections.as_ref(), &merge);
        };
        match self.store.add_merge(merge.clone(), MOST, effect).await? {
            Some(true) => Ok(self.all.read().iter().find(|one| one.id == merge.id).cloned().unwrap_or(merge)),
            Some(false) => Err(Text::new("error-wrong_state-merged")),
            None => Err(Text::new("error-busy")),
        }
    }

    /// Takes a merge back: both are as they were before, and what was done meanwhile is its account's.
    pub async fn undo(&self, id: &MergeId, accounts: &Accounts, actor: &Actor) -> Result<Merge, Text> {
        actor.may(Action::ManagePeople)?;
        let no_such_merge = || Text::new("error-not_found-merge");
        let merge = self.all.read().iter().find(|merge| merge.id == *id).cloned().ok_or_else(no_such_merge)?;
        if let Some(into) = self.store.account_of_principal(&merge.into).await? {
            actor.may(Action::ManageAccount(&into))?;
        }
        let (all, connections, gone) = (self.all.clone(), self.connections.clone(), merge.clone());
        let effect = move || {
            all.write().retain(|one| one.id != gone.id);
            follow(connections.as_ref(), &gone);
        };
        if !self.store.remove_merge(&merge, effect).await? {
            return Err(no_such_merge());
        }
        if let Some(id) = &merge.from_account {
            accounts.change(id, AccountChange { disabled: Some(false), ..AccountChange::default() }, actor).await?;
        }
        Ok(merge)
    }

    /// The merges of somebody who left for good.
    pub fn of(&self, gone: &Erasure) -> Vec<Merge> {
        let is_of = |merge: &&Merge| gone.is_of(&merge.from) || gone.is_of(&merge.into);
        self.all.read().iter().filter(is_of).cloned().collect()
    }

    /// Forgets the merges of somebody who left for good.
    pub async fn forget(&self, gone: &Erasure) -> Result<(), StoreError> {
        for merge in self.of(gone) {
            let (all, id) = (self.all.clone(), merge.id.clone());
            self.store.remove_merge(&merge, move || all.write().retain(|one| one.id != id)).await?;
        }
        Ok(())
    }

    /// All merges, newest first.
    pub fn list(&self, actor: &Actor) -> Result<Vec<Merge>, Text> {
        actor.may(Action::ManagePeople)?;
        let mut all = self.all.read().clone();
        all.sort_by_key(|merge| std::cmp::Reverse(merge.at));
        Ok(all)
    }
}

/// The connections of both come back as who they are then.
fn follow(connections: &dyn Connections, merge: &Merge) {
    for person in [&merge.from, &merge.into] {
        connections.follow(&SessionChange::Of(SanctionSubject::Person(person.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_merged_into_somebody_who_was_merged_later_is_the_last_of_them() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let merges = Merges::for_tests(store);
        let person = Principal::visitor;
        let name = |text| Handle::new(text).expect("a name");
        for (from, into) in [("a", "b"), ("b", "c"), ("x", "c"), ("y", "z")] {
            merges.all.write().push(Merge {
                id: MergeId::fresh(),
                from: person(from),
                from_handle: name(from),
                from_account: None,
                into: person(into),
                into_handle: name(into),
                by: name("Olga"),
                at: Timestamp::now(),
                place: 0,
            });
        }
        assert_eq!(merges.also(&person("c"))[..], [person("b"), person("x"), person("a")]);
        assert!(merges.also(&person("b")).is_empty(), "nobody acts as that one any more");
        assert!(merges.also(&person("other")).is_empty());
        for part in merges.also(&person("c")).iter() {
            assert_eq!(merges.now(part), person("c"));
        }
    }
}
