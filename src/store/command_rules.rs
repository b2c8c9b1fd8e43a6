//! Who may run which command, as it was set while the server ran.

use std::collections::HashMap;

use super::writer::WriteKind;
use super::{Batch, Store, StoreError, Table, decode, encode, scopes};
use crate::model::CommandRule;

impl Store {
    /// The rules that were set, by command.
    pub async fn command_rules(&self) -> Result<HashMap<String, CommandRule>, StoreError> {
        let mut pages = self.pages_of(Table::CommandRules);
        let mut rules = HashMap::new();
        while let Some((name, rule)) = pages.next().await? {
            rules.insert(String::from_utf8_lossy(&name).into_owned(), decode(&rule)?);
        }
        Ok(rules)
    }

    /// Sets the rule for a command, or with `None` forgets it; `effect` is what that causes in memory.
    pub async fn set_command_rule(
        &self,
        name: &str,
        rule: Option<&CommandRule>,
        effect: impl FnOnce() + Send + 'static,
    ) -> Result<(), StoreError> {
        let batch = Batch::new(scopes::CHANGE_COMMAND_RULE);
        let batch = match rule {
            Some(rule) => batch.put(Table::CommandRules, name, encode(rule)),
            None => batch.delete(Table::CommandRules, name),
        };
        self.commit_if(batch, WriteKind::Maintenance, effect).await.map(drop)
    }
}
