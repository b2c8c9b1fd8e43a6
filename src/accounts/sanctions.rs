//! Mutes and bans, in the store and in memory, where every request is held against them.

use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::RwLock;

use super::{Action, Actor, Connections, SessionChange};
use crate::model::{
    AddressDigest, Handle, Principal, Role, Sanction, SanctionId, SanctionKind, SanctionSubject, Timestamp,
};
use crate::store::{Store, StoreError};
use crate::text::Text;

/// Maximum number of sanctions.
const MOST: u32 = 5_000;

/// Longest reason, in characters.
const REASON_CHARS: usize = 300;

/// Until when somebody is kept from writing and from coming in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sanctioned {
    muted: Option<Timestamp>,
    banned: Option<Timestamp>,
    trusted: Option<Timestamp>,
}

impl Sanctioned {
    pub fn is_muted(self) -> bool {
        self.muted.is_some_and(|until| until > Timestamp::now())
    }

    pub fn is_banned(self) -> bool {
        self.banned.is_some_and(|until| until > Timestamp::now())
    }

    /// Whether those who moderate trust this person.
    pub fn is_trusted(self) -> bool {
        self.trusted.is_some_and(|until| until > Timestamp::now())
    }

    fn extend(&mut self, sanction: &Sanction) {
        let until = sanction.until.unwrap_or(Timestamp(i64::MAX));
        let mine = match sanction.kind {
            SanctionKind::Mute => &mut self.muted,
            SanctionKind::Ban => &mut self.banned,
            SanctionKind::Trust => &mut self.trusted,
        };
        *mine = (*mine).max(Some(until));
    }
}

/// A sanction that somebody wants.
#[derive(Clone, Debug)]
pub struct NewSanction {
    pub kind: SanctionKind,
    pub subject: SanctionSubject,
    pub handle: Option<Handle>,
    /// `None` for as long as nobody ends it.
    pub minutes: Option<u32>,
    pub reason: String,
}

/// All sanctions.
pub struct Sanctions {
    store: Arc<Store>,
    connections: Arc<dyn Connections>,
    all: Arc<RwLock<Vec<Sanction>>>,
}

impl Sanctions {
    pub async fn open(store: Arc<Store>, connections: Arc<dyn Connections>) -> Result<Self, StoreError> {
        let all = Arc::new(RwLock::new(store.sanctions().await?));
        Ok(Self { store, connections, all })
    }

    #[cfg(test)]
    pub fn for_tests(store: Arc<Store>) -> Self {
        Self { store, connections: Arc::new(super::NoConnections), all: Arc::default() }
    }

    /// What somebody is kept from who comes from there, `None` if that is not known; a program is kept from what its account is. Those
    /// who moderate are kept from nothing, and addresses count for guests only.
    pub fn of<'a>(
        &self,
        role: Role,
        people: impl Iterator<Item = &'a Principal> + Clone,
        address: Option<IpAddr>,
        digest: Option<&AddressDigest>,
    ) -> Sanctioned {
        let mut sanctioned = Sanctioned::default();
        if role >= Role::Moderator {
            return sanctioned;
        }
        let is_guest = role <= Role::Guest;
        for sanction in self.all.read().iter() {
            let is_for = match &sanction.subject {
                SanctionSubject::Person(person) => people.clone().any(|one| one == person),
                SanctionSubject::Address(address) => is_guest && Some(address) == digest,
                SanctionSubject::Network(network) => {
                    is_guest && address.is_some_and(|address| network.contains(&address))
                }
            };
            if is_for {
                sanctioned.extend(sanction);
            }
        }
        sanctioned
    }

    /// Mutes or bans somebody; whose connections are closed, to come back with less or not at all.
    pub async fn add(&self, new: NewSanction, actor: &Actor) -> Result<Sanction, Text> {
        /// A minute, in milliseconds.
        const MINUTE: i64 = 60 * 1000;
        actor.may(Action::Moderate)?;
        let now = Timestamp::now();
        let sanction = Sanction {
            id: SanctionId::fresh(),
            kind: new.kind,
            subject: new.subject,
            handle: new.handle,
            until: new.minutes.map(|minutes| Timestamp(now.0 + i64::from(minutes) * MINUTE)),
            reason: new.reason.trim().chars().filter(|c| !c.is_control()).take(REASON_CHARS).collect(),
            by: actor.handle.clone(),
            created_at: now,
            place: 0,
        };
        self.forget_over(now).await?;
        let (all, connections) = (self.all.clone(), self.connections.clone());
        let effect = move |sanction: Sanction| {
            let subject = sanction.subject.clone();
            all.write().push(sanction);
            connections.follow(&SessionChange::Of(subject));
        };
        if self.store.add_sanction(sanction.clone(), MOST, effect).await? {
            Ok(sanction)
        } else {
            Err(Text::new("error-too_many_sanctions").with("max", MOST))
        }
    }

    /// Those that are not over, newest first.
    pub fn list(&self, actor: &Actor) -> Result<Vec<Sanction>, Text> {
        actor.may(Action::Moderate)?;
        let now = Timestamp::now();
        let all = self.all.read();
        Ok(all.iter().rev().filter(|sanction| sanction.until.is_none_or(|until| until > now)).cloned().collect())
    }

    /// Ends a sanction; connections of its subject find out when they come back.
    pub async fn end(&self, id: &SanctionId, actor: &Actor) -> Result<Sanction, Text> {
        actor.may(Action::Moderate)?;
        self.remove(id).await?.ok_or_else(|| Text::new("error-not_found-sanction"))
    }

    /// Forgets the sanctions of somebody who is removed.
    pub async fn forget_person(&self, person: &Principal) -> Result<(), StoreError> {
        let is_for = |one: &&Sanction| one.subject == SanctionSubject::Person(person.clone());
        let ids: Vec<_> = self.all.read().iter().filter(is_for).map(|one| one.id.clone()).collect();
        for id in ids {
            self.remove(&id).await?;
        }
        Ok(())
    }

    async fn remove(&self, id: &SanctionId) -> Result<Option<Sanction>, StoreError> {
        let (all, connections, gone) = (self.all.clone(), self.connections.clone(), id.clone());
        let effect = move || {
            let mut all = all.write();
            let subjects: Vec<_> = all.iter().filter(|one| one.id == gone).map(|one| one.subject.clone()).collect();
            all.retain(|one| one.id != gone);
            drop(all);
            subjects.into_iter().for_each(|subject| connections.follow(&SessionChange::Of(subject)));
        };
        self.store.remove_sanction(id, effect).await
    }

    async fn forget_over(&self, now: Timestamp) -> Result<(), StoreError> {
        let is_over = |sanction: &&Sanction| sanction.until.is_some_and(|until| until <= now);
        let over: Vec<_> = self.all.read().iter().filter(is_over).map(|sanction| sanction.id.clone()).collect();
        for id in over {
            self.remove(&id).await?;
        }
        Ok(())
    }
}
