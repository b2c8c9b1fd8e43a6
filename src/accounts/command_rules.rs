//! Who may run which command, and where: from the configuration, and from what was set while the server runs, which wins.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::permissions::may_run;
use super::{Action, Actor};
use crate::model::{CommandRule, Role, RoomName};
use crate::store::{Store, StoreError};
use crate::text::Text;

/// The rules, in the store and in memory. A command without one has that of the program.
pub struct CommandRules {
    store: Arc<Store>,
    configured: RwLock<HashMap<String, CommandRule>>,
    set: Arc<RwLock<HashMap<String, CommandRule>>>,
}

impl CommandRules {
    pub async fn open(store: Arc<Store>) -> Result<Arc<Self>, StoreError> {
        let set = Arc::new(RwLock::new(store.command_rules().await?));
        Ok(Arc::new(Self { store, configured: RwLock::default(), set }))
    }

    /// Rules for tests of what stands above: none.
    #[cfg(test)]
    pub fn for_tests(store: Arc<Store>) -> Arc<Self> {
        Arc::new(Self { store, configured: RwLock::default(), set: Arc::default() })
    }

    /// Replaces the rules of the configuration, by command.
    pub fn configure(&self, rules: HashMap<String, CommandRule>) {
        *self.configured.write() = rules;
    }

    /// The rule in force.
    pub fn of(&self, command: &str) -> CommandRule {
        self.set_for(command).unwrap_or_else(|| self.configured_for(command))
    }

    /// What the configuration says.
    pub fn configured_for(&self, command: &str) -> CommandRule {
        self.configured.read().get(command).cloned().unwrap_or_else(|| CommandRule::of_program(command))
    }

    /// What was set while the server ran, if that was not taken back.
    pub fn set_for(&self, command: &str) -> Option<CommandRule> {
        self.set.read().get(command).cloned()
    }

    /// Whether somebody of that role may run a command in a room, or in none.
    ///
    /// # Errors
    /// `forbidden`, with words on who may run it and where.
    pub fn check(&self, command: &str, role: Role, room: Option<&RoomName>) -> Result<(), Text> {
        may_run(role, command, &self.of(command), room)
    }

    /// Sets the rule for a command, or with `None` takes back what was set. `effect` is called once that is durable and in force;
    /// on the store's writer thread: it must not block.
    pub async fn set(
        &self,
        command: &str,
        rule: Option<CommandRule>,
        actor: &Actor,
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<(), Text> {
        actor.may(Action::ManageSettings)?;
        let (set, name, new) = (self.set.clone(), command.to_owned(), rule.clone());
        let on_commit = move || {
            let mut set = set.write();
            match new {
                Some(rule) => set.insert(name, rule),
                None => set.remove(&name),
            };
            drop(set);
            effect();
        };
        Ok(self.store.set_command_rule(command, rule.as_ref(), on_commit).await?)
    }
}
