//! The accounts in the data folder of a server that does not run.

use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use chatbot::accounts::{
    AccountChange, Accounts, Actor, AuditLog, Connections, Deed, Keys, SessionChange, Sessions, Visitor,
};
use chatbot::config::Config;
use chatbot::durable;
use chatbot::model::{AccountId, Handle, Principal, Role};
use chatbot::protocol::AccountView;
use chatbot::store::{Closing, EngineError, Quotas, Store, StoreOptions};
use chatbot::text::{Locale, Text};
use serde_json::{Value, json};

use super::Change;

/// The store, opened.
pub struct Folder {
    accounts: Accounts,
    sessions: Arc<Sessions>,
    keys: Keys,
    audit_log: AuditLog,
    /// Whoever can open the store's files may do all with it.
    owner: Actor,
    closing: Closing,
}

/// Nobody is connected to a server that does not run.
struct Nobody;

impl Connections for Nobody {
    fn follow(&self, _: &SessionChange) {}

    fn tell(&self, _: &Principal, _: Bytes) {}
}

impl Folder {
    /// Opens the store of these settings; `None` if a server has it.
    ///
    /// # Errors
    /// A message for the user, if it cannot be opened.
    pub async fn open(config: &Config) -> anyhow::Result<Option<Self>> {
        const MIB: u64 = 1024 * 1024;
        let options =
            StoreOptions { cache_bytes: config.store.cache_mb * MIB, min_free_bytes: 0, quotas: Quotas::NONE };
        let dir = config.server.data_dir.clone();
        let opened = tokio::task::spawn_blocking(move || {
            durable::private_dir(&dir).map_err(|error| EngineError::Io(format!("cannot use the folder: {error}")))?;
            Store::open(&dir.join("store"), options, |_| {})
        });
        let opened = opened.await?;
        let (store, closing) = match opened {
            Err(EngineError::Locked(_)) => return Ok(None),
            opened => opened?,
        };
        let keys = Keys::open(store.clone(), config.owner_key()).await?;
        let sessions = Arc::new(Sessions::new(store.clone(), Arc::new(Nobody), keys.owner_key()));
        let owner = Actor::new(&Visitor::owner(&store), None, Role::Owner, Locale::English);
        let audit_log = AuditLog::new(store.clone());
        let accounts = Accounts::new(store, sessions.clone(), "");
        Ok(Some(Self { accounts, sessions, keys, audit_log, owner, closing }))
    }

    /// Returns once all that was changed is durable.
    pub async fn close(self) {
        let Self { accounts, sessions, keys, audit_log, owner: _, closing } = self;
        drop((accounts, sessions, keys, audit_log));
        // It only panics when the process is ending anyway.
        let _ = tokio::task::spawn_blocking(|| closing.wait()).await;
    }

    pub async fn page(&self, find: &str, after: Option<&str>, limit: usize) -> anyhow::Result<Value> {
        let after = after.and_then(AccountId::parse);
        let (accounts, more) = self.accounts.list(find, after.as_ref(), limit, &self.owner).await.map_err(words)?;
        Ok(json!({"accounts": accounts, "more": more}))
    }

    pub async fn add(&self, name: &str, role: &str, password: String) -> anyhow::Result<Value> {
        let name = Handle::new(name).map_err(words)?;
        let role = Role::of_account(role).context("no such role")?;
        let account = self.accounts.create(name, role, Some(password), &self.owner).await.map_err(words)?;
        self.record(Deed::new("account.create", &account.name).after(json!({"role": role.as_str()}))).await?;
        Ok(serde_json::to_value(AccountView::new(&account, None))?)
    }

    pub async fn change(&self, id: &str, change: Change) -> anyhow::Result<Value> {
        let Change { role, disabled, password, second_factor } = change;
        // Never the password itself.
        let changed = json!({
            "role": role, "disabled": disabled, "password": password.is_some(), "second_factor": second_factor,
        });
        let (role, resets_factors) = (role.and_then(Role::of_account), second_factor == Some(false));
        let change = AccountChange { role, disabled, password, resets_factors };
        let account = self.accounts.change(&account_id(id)?, change, &self.owner).await.map_err(words)?;
        self.record(Deed::new("account.change", &account.name).after(changed)).await?;
        Ok(serde_json::to_value(account)?)
    }

    pub async fn sessions(&self, id: &str) -> anyhow::Result<Value> {
        let account = self.accounts.show(&account_id(id)?, &self.owner).await.map_err(words)?;
        Ok(serde_json::to_value(self.accounts.sessions_of(&account, None).await.map_err(words)?)?)
    }

    pub async fn sign_out(&self, id: &str) -> anyhow::Result<()> {
        let id = account_id(id)?;
        let account = self.accounts.show(&id, &self.owner).await.map_err(words)?;
        self.accounts.sign_out(&id, &self.owner).await.map_err(words)?;
        self.record(Deed::new("account.sign_out", &account.name)).await
    }

    pub async fn new_owner_key(&self) -> anyhow::Result<Value> {
        let key = self.keys.replace(&self.sessions, &self.owner).await.map_err(words)?;
        self.record(Deed::new("owner_key.replace", "owner")).await?;
        Ok(json!({"key": key}))
    }

    async fn record(&self, deed: Deed) -> anyhow::Result<()> {
        self.audit_log.record(&self.owner, deed).await.map_err(words)
    }
}

fn account_id(id: &str) -> anyhow::Result<AccountId> {
    AccountId::parse(id).context("not the id of an account")
}

fn words(text: Text) -> anyhow::Error {
    anyhow::Error::msg(text.in_locale(Locale::English))
}
