//! Commands that are paused: their jobs wait, also over a restart, and those that run go on.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Jobs;
use crate::accounts::{Action, Actor};
use crate::store::StoreError;
use crate::text::Text;

/// How often this is tried while others do it, too.
const TRIES: usize = 20;

/// In place of a command: all that people ask for.
pub const EVERY_COMMAND: &str = "*";

impl Jobs {
    /// The commands that are paused.
    pub fn paused(&self) -> BTreeSet<String> {
        self.policies.paused()
    }

    /// Takes over what was paused before a restart.
    pub async fn load_paused(&self) -> Result<(), StoreError> {
        self.policies.pause(self.store.paused_commands().await?);
        self.queue.apply_policies();
        Ok(())
    }

    /// Pauses a command, or all of them, or lets it go on; what is paused then.
    pub async fn pause(self: &Arc<Self>, name: &str, is_paused: bool, actor: &Actor) -> Result<BTreeSet<String>, Text> {
        actor.may(Action::PauseCommands)?;
        // One that is gone from the configuration meanwhile may go on.
        if is_paused && name != EVERY_COMMAND && (self.policies.find(name).is_none() || name.contains(' ')) {
            return Err(Text::new("error-not_found-command").with("name", name));
        }
        for _ in 0..TRIES {
            let from = self.store.paused_commands().await?;
            let mut to = from.clone();
            let is_new = if is_paused { to.insert(name.to_owned()) } else { to.remove(name) };
            let (jobs, paused) = (self.clone(), to.clone());
            let effect = move || {
                jobs.policies.pause(paused);
                jobs.queue.apply_policies();
            };
            if !is_new || self.store.change_paused_commands(&from, &to, effect).await? {
                return Ok(to);
            }
        }
        Err(Text::new("error-busy"))
    }
}
