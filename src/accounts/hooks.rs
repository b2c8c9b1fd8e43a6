//! Incoming hooks: who has a hook's token may post into its room, under its name, and nothing else.

use std::sync::Arc;

use super::keys::{digest, random_token};
use super::{Action, Actor};
use crate::model::{Handle, Hook, HookId, RoomName, Timestamp};
use crate::store::Store;
use crate::text::Text;

/// Hooks there may be; each list of them is read whole.
const MOST: u32 = 1000;

/// Makes hooks and knows them by their tokens.
pub struct Hooks {
    store: Arc<Store>,
}

impl Hooks {
    pub fn new(store: Arc<Store>) -> Self {
        Self { store }
    }

    /// Makes a hook; returns it with its token, which is kept as a digest only and so is known now or never.
    pub async fn create(&self, name: Handle, room: RoomName, actor: &Actor) -> Result<(Hook, String), Text> {
        actor.may(Action::ManageHooks)?;
        let hook = Hook { id: HookId::fresh(), name, room, place: 0, created_at: Timestamp::now() };
        let token = random_token();
        if self.store.add_hook(&digest(&token), hook.clone(), MOST).await? {
            Ok((hook, token))
        } else {
            Err(Text::new("error-too_many_hooks").with("max", MOST))
        }
    }

    /// All of them, oldest first.
    pub fn list(&self, actor: &Actor) -> Result<Vec<Hook>, Text> {
        actor.may(Action::ManageHooks)?;
        Ok(self.store.hooks(MOST as usize)?)
    }

    /// Its address is worth nothing from then on.
    pub async fn delete(&self, id: &HookId, actor: &Actor) -> Result<(), Text> {
        actor.may(Action::ManageHooks)?;
        if self.store.delete_hook(id).await? { Ok(()) } else { Err(no_such_hook()) }
    }

    /// The hook of that token. Looked up by digest, so that the time it takes says nothing about the token.
    pub fn find(&self, token: &str) -> Result<Hook, Text> {
        self.store.hook(&digest(token))?.ok_or_else(no_such_hook)
    }
}

fn no_such_hook() -> Text {
    Text::new("error-not_found-hook")
}
