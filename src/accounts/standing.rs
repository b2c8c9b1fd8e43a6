//! Who somebody is now who asked for something earlier, of whom is stored only as whom.

use std::sync::Arc;

use super::{Actor, FrontDoor, Merges, Sanctions, Visitor};
use crate::model::{AddressDigest, Handle, Job, Principal, Role, RoomName, Timestamp, TokenId};
use crate::store::Store;
use crate::text::{Locale, Text};

/// What is stored of somebody who asked for something.
#[derive(Clone, Copy, Debug)]
pub struct Absent<'a> {
    pub principal: &'a Principal,
    pub handle: &'a Handle,
    /// Where it was asked for.
    pub room: Option<&'a RoomName>,
    pub address: Option<&'a AddressDigest>,
    pub locale: Locale,
}

impl<'a> From<&'a Job> for Absent<'a> {
    fn from(job: &'a Job) -> Self {
        let Job { principal, handle, room, address, locale, .. } = job;
        Self { principal, handle, room: room.as_ref(), address: address.as_ref(), locale: *locale }
    }
}

/// Looks up what people are now.
pub struct Standing {
    store: Arc<Store>,
    front_door: Arc<FrontDoor>,
    sanctions: Arc<Sanctions>,
    merges: Arc<Merges>,
}

impl Standing {
    pub fn new(store: Arc<Store>, front_door: Arc<FrontDoor>, sanctions: Arc<Sanctions>, merges: Arc<Merges>) -> Self {
        Self { store, front_door, sanctions, merges }
    }

    /// All principals that are the same person as this one: who that is now comes first.
    pub fn all_of(&self, principal: &Principal) -> Vec<Principal> {
        let now = self.merges.now(principal);
        let also = self.merges.also(&now);
        std::iter::once(now).chain(also.iter().cloned()).collect()
    }

    /// Whoever that principal is now.
    pub fn now(&self, principal: &Principal) -> Principal {
        self.merges.now(principal)
    }

    /// As [`CommandRules::for_tests`](super::CommandRules::for_tests): nobody is sanctioned, and guests may come in.
    #[cfg(test)]
    pub fn for_tests(store: Arc<Store>) -> Arc<Self> {
        let front_door = Arc::new(FrontDoor::for_tests(store.clone()));
        let sanctions = Arc::new(Sanctions::for_tests(store.clone()));
        let merges = Merges::for_tests(store.clone());
        Arc::new(Self::new(store, front_door, sanctions, merges))
    }

    /// Whoever that is, with the role and the sanctions of now.
    ///
    /// # Errors
    /// `forbidden` if the account is disabled, or the token not valid any more.
    pub async fn of(&self, absent: Absent<'_>) -> Result<Actor, Text> {
        let actor = self.without_sanctions(absent).await?;
        let actor = Actor { also: self.merges.also(&actor.principal), ..actor };
        let people = actor.principals().chain(actor.acts_for.as_ref().map(|account| &account.principal));
        // The address itself is not kept, so that networks cannot be told.
        let sanctioned = self.sanctions.of(actor.role, people, None, absent.address);
        Ok(Actor { sanctioned, address: absent.address.cloned(), ..actor })
    }

    async fn without_sanctions(&self, absent: Absent<'_>) -> Result<Actor, Text> {
        let Absent { handle, room, locale, .. } = absent;
        let principal = &self.merges.now(absent.principal);
        // What was asked for in a private room was asked for in one's own.
        let private_room = room.filter(|room| room.is_private()).cloned();
        let private_room = private_room.unwrap_or_else(|| self.store.private_room(principal));
        if let Some(id) = principal.token_id() {
            return self.program(&id, locale).await;
        }
        if let Some(account) = self.store.account_of_principal(principal).await? {
            return match account.is_disabled {
                true => Err(Text::new("error-forbidden-asker_disabled")),
                false => Ok(Actor::of_account(&account, private_room, locale)),
            };
        }
        let visitor = Visitor { principal: principal.clone(), private_room };
        let role = if *principal == Principal::owner() { Role::Owner } else { self.front_door.role_of_guests() };
        Ok(Actor::new(&visitor, Some(handle.clone()), role, locale))
    }

    async fn program(&self, id: &TokenId, locale: Locale) -> Result<Actor, Text> {
        let gone = || Text::new("error-forbidden-token");
        let now = Timestamp::now();
        let token = self.store.token_of_id(id).await?;
        let token = token.filter(|token| token.expires_at.is_none_or(|until| until > now)).ok_or_else(gone)?;
        let account = self.store.account(&token.account).await?.filter(|account| !account.is_disabled);
        Ok(Actor::of_program(&token, &account.ok_or_else(gone)?, &self.store, locale))
    }
}
