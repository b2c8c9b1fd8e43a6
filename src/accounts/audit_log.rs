//! The record of what was done by those who may do more than others.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{Action, Actor};
use crate::model::{AuditEntry, Timestamp};
use crate::store::Store;
use crate::text::Text;

/// What was done.
#[derive(Clone, Debug, Default)]
pub struct Deed {
    /// Such as `room.delete`.
    pub action: &'static str,
    /// To what.
    pub subject: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

impl Deed {
    pub fn new(action: &'static str, subject: impl ToString) -> Self {
        Self { action, subject: subject.to_string(), before: None, after: None }
    }

    /// With what is so from now on.
    #[must_use]
    pub fn after(self, after: Value) -> Self {
        Self { after: Some(after), ..self }
    }

    /// With what was so until now.
    #[must_use]
    pub fn before(self, before: Value) -> Self {
        Self { before: Some(before), ..self }
    }
}

/// How often old entries are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(60 * 60);

/// Entries are added and never changed; after a while they are removed.
pub struct AuditLog {
    store: Arc<Store>,
}

impl AuditLog {
    pub fn new(store: Arc<Store>) -> Self {
        Self { store }
    }

    /// Records what somebody did.
    pub async fn record(&self, actor: &Actor, deed: Deed) -> Result<(), Text> {
        let Deed { action, subject, before, after } = deed;
        tracing::info!(by = %actor.handle, action, subject, "recorded");
        let entry = AuditEntry {
            at: Timestamp::now(),
            by: actor.handle.clone(),
            role: actor.role,
            address: actor.address.clone(),
            action: action.to_owned(),
            subject,
            before,
            after,
        };
        Ok(self.store.add_audit_entry(&entry).await?)
    }

    /// Removes entries that are older than `keep`, at once and then every hour. Never ends.
    pub async fn prune(&self, keep: Duration) {
        let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        loop {
            let before = Timestamp(Timestamp::now().0.saturating_sub(keep));
            match self.store.prune_audit_log(before).await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "old entries of the audit log removed"),
                Err(error) => tracing::error!(%error, "cannot remove old entries of the audit log"),
            }
            tokio::time::sleep(PRUNE_EVERY).await;
        }
    }

    /// Entries that have `part` in them, newest first, behind the one of number `before`; and whether there are more.
    pub async fn list(
        &self,
        part: &str,
        before: Option<u64>,
        limit: usize,
        actor: &Actor,
    ) -> Result<(Vec<(u64, AuditEntry)>, bool), Text> {
        actor.may(Action::SeeAuditLog)?;
        let part = part.trim().to_lowercase();
        let has_part = |text: &str| text.to_lowercase().contains(&part);
        let is_wanted =
            |entry: &AuditEntry| has_part(&entry.by.to_string()) || has_part(&entry.action) || has_part(&entry.subject);
        let mut entries = self.store.audit_entries(before, limit + 1, is_wanted).await?;
        let more = entries.len() > limit;
        entries.truncate(limit);
        Ok((entries, more))
    }
}
