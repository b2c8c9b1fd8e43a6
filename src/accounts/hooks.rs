//! Incoming hooks: the token of a hook allows posting into its room, under its name, and nothing else.

use std::sync::Arc;

use super::keys::{digest, random_token};
use super::{Action, Actor};
use crate::model::{Handle, Hook, HookId, RoomName, TemplateFailure, Timestamp};
use crate::store::Store;
use crate::text::Text;

/// Maximum number of hooks; the list is always read as a whole.
const MOST: u32 = 1000;

/// How exactly it is known when a hook was used last, in milliseconds: noting it takes a commit.
const USED_EVERY: u64 = 60 * 60 * 1000;

/// A hook that is going to be created.
pub struct NewHook {
    /// Handle of its messages.
    pub name: Handle,
    pub room: RoomName,
    /// How it shows JSON; checked by whoever knows its language.
    pub template: Option<String>,
}

/// Creates hooks and looks them up by token.
pub struct Hooks {
    store: Arc<Store>,
}

impl Hooks {
    pub fn new(store: Arc<Store>) -> Self {
        Self { store }
    }

    /// Creates a hook and returns it with its token. Only the token's digest is stored, so the token cannot be read later.
    pub async fn create(&self, new: NewHook, actor: &Actor) -> Result<(Hook, String), Text> {
        actor.may(Action::ManageHooks)?;
        let NewHook { name, room, template } = new;
        let (id, created_at) = (HookId::fresh(), Timestamp::now());
        let hook = Hook { id, name, room, place: 0, created_at, last_used_at: None, template, template_failure: None };
        let token = random_token();
        if self.store.add_hook(&digest(&token), hook.clone(), MOST).await? {
            Ok((hook, token))
        } else {
            Err(Text::new("error-too_many_hooks").with("max", MOST))
        }
    }

    /// All of them, oldest first.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<Hook>, Text> {
        actor.may(Action::ManageHooks)?;
        Ok(self.store.hooks(MOST as usize).await?)
    }

    /// Gives it another template, or none. Returns it as it is now.
    pub async fn set_template(&self, id: &HookId, template: Option<String>, actor: &Actor) -> Result<Hook, Text> {
        actor.may(Action::ManageHooks)?;
        let changed = self.store.change_hook(id, |hook| {
            hook.template.clone_from(&template);
            hook.template_failure = None;
        });
        changed.await?.ok_or_else(no_such_hook)
    }

    /// Notes for its owner that the template with which it was read failed; once for each problem.
    pub async fn note_failure(&self, read: &Hook, problem: &str) -> Result<(), Text> {
        if read.template_failure.as_ref().is_some_and(|failure| failure.problem == problem) {
            return Ok(());
        }
        let failure = TemplateFailure { problem: problem.to_owned(), at: Timestamp::now() };
        let noted = self.store.change_hook(&read.id, |hook| {
            if hook.template == read.template {
                hook.template_failure = Some(failure.clone());
            }
        });
        noted.await?;
        Ok(())
    }

    /// Its URL no longer works afterwards.
    pub async fn delete(&self, id: &HookId, actor: &Actor) -> Result<(), Text> {
        actor.may(Action::ManageHooks)?;
        if self.store.delete_hook(id).await? { Ok(()) } else { Err(no_such_hook()) }
    }

    /// Deletes the hooks of a room, which is going to be deleted: another of its name must not get their messages.
    pub async fn delete_all_of(&self, room: &RoomName) -> Result<(), Text> {
        for hook in self.store.hooks(usize::MAX).await? {
            if hook.room == *room {
                self.store.delete_hook(&hook.id).await?;
            }
        }
        Ok(())
    }

    /// The hook of that token, which is used now. Looked up by digest, so that the time it takes says nothing about the token.
    pub async fn find(&self, token: &str) -> Result<Hook, Text> {
        let (digest, now) = (digest(token), Timestamp::now());
        let hook = self.store.hook(&digest).await?.ok_or_else(no_such_hook)?;
        if hook.last_used_at.is_none_or(|used| now.since(used) > USED_EVERY) {
            self.store.note_hook_used(&digest, now).await?;
        }
        Ok(hook)
    }
}

fn no_such_hook() -> Text {
    Text::new("error-not_found-hook")
}
