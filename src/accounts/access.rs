//! Who may come in without an account: a setting that changes while the server runs.

use std::sync::Arc;

use parking_lot::RwLock;

use super::{Action, Actor, Connections, SessionChange};
use crate::model::{Access, Role};
use crate::store::{Store, StoreError};
use crate::text::Text;

/// The setting, in the store and in memory.
pub struct FrontDoor {
    store: Arc<Store>,
    connections: Arc<dyn Connections>,
    access: Arc<RwLock<Access>>,
}

impl FrontDoor {
    pub async fn open(store: Arc<Store>, connections: Arc<dyn Connections>) -> Result<Self, StoreError> {
        let access = Arc::new(RwLock::new(store.access().await?));
        Ok(Self { store, connections, access })
    }

    #[cfg(test)]
    pub fn for_tests(store: Arc<Store>) -> Self {
        Self { store, connections: Arc::new(super::NoConnections), access: Arc::default() }
    }

    pub fn access(&self) -> Access {
        *self.access.read()
    }

    /// What somebody is who has no account.
    pub fn role_of_guests(&self) -> Role {
        if self.access() == Access::Open { Role::Guest } else { Role::Stranger }
    }

    /// Refuses invitations where admins make all accounts.
    pub fn check_invitations(&self) -> Result<(), Text> {
        match self.access() {
            Access::Open | Access::Invite => Ok(()),
            Access::Members => Err(Text::new("error-wrong_state-invitations_off")),
        }
    }

    /// Changes who may come in; guests that are connected find out.
    pub async fn set(&self, access: Access, actor: &Actor) -> Result<(), Text> {
        actor.may(Action::ManageSettings)?;
        let (current, connections) = (self.access.clone(), self.connections.clone());
        let effect = move || {
            *current.write() = access;
            connections.follow(&SessionChange::Guests);
        };
        Ok(self.store.set_access(access, effect).await?)
    }
}
