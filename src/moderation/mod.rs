//! What is said is looked at before it is stored: words, patterns and links that are not let through, and whose messages wait for
//! approval.
//!
//! Settings come from the configuration, and from what was set while the server runs, which wins. Knows neither rooms nor HTTP.

mod filter;

use std::sync::Arc;

use parking_lot::RwLock;

pub use filter::Filter;

use crate::accounts::{Action, Actor};
use crate::model::{Finding, ModerationSettings, OnFound, Role};
use crate::store::Store;
use crate::text::Text;

/// What becomes of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Fine,
    Refused(Finding),
    /// It waits for approval.
    Held(Finding),
}

/// The settings in force, and what they were compiled to.
struct InForce {
    settings: ModerationSettings,
    filter: Filter,
    /// Whether they were set while the server ran.
    is_set: bool,
}

/// The settings, in the store and in memory.
pub struct Moderation {
    store: Arc<Store>,
    configured: ModerationSettings,
    in_force: Arc<RwLock<Arc<InForce>>>,
}

impl Moderation {
    /// # Errors
    /// If the store cannot be read, or what it has cannot be compiled any more: then the configuration counts, and the log says so.
    pub async fn open(store: Arc<Store>, configured: ModerationSettings) -> Result<Arc<Self>, Text> {
        let set = store.moderation_settings().await?;
        let set = set.and_then(|settings| match InForce::new(settings, true) {
            Ok(in_force) => Some(in_force),
            Err(text) => {
                let reason = text.in_locale(crate::text::Locale::English);
                tracing::error!(reason, "the stored settings of the filter cannot be used; the configuration counts");
                None
            }
        });
        let in_force = set.map_or_else(|| InForce::new(configured.clone(), false), Ok)?;
        Ok(Arc::new(Self { store, configured, in_force: Arc::new(RwLock::new(Arc::new(in_force))) }))
    }

    fn now(&self) -> Arc<InForce> {
        self.in_force.read().clone()
    }

    /// The settings in force, and whether they were set while the server ran.
    pub fn settings(&self) -> (ModerationSettings, bool) {
        let now = self.now();
        (now.settings.clone(), now.is_set)
    }

    /// What becomes of a text that somebody of that role wants others to read.
    pub fn judge(&self, role: Role, text: &str) -> Verdict {
        let now = self.now();
        let found = if now.settings.is_for(role) { now.filter.find(text, role) } else { None };
        match (found, now.settings.on_found) {
            (None, _) => Verdict::Fine,
            (Some(found), OnFound::Refuse) => Verdict::Refused(found),
            (Some(found), OnFound::Hold) => Verdict::Held(found),
        }
    }

    /// Refuses a name or topic that somebody of that role wants, and the filter finds something in: these cannot wait.
    pub fn check(&self, role: Role, text: &str) -> Result<(), Text> {
        match self.judge(role, text) {
            Verdict::Fine => Ok(()),
            Verdict::Refused(found) | Verdict::Held(found) => Err(found.into()),
        }
    }

    /// Whether all messages of guests wait for approval.
    pub fn holds_guests(&self) -> bool {
        self.now().settings.hold_guests
    }

    /// Days until what waits for approval is forgotten.
    pub fn hold_days(&self) -> u32 {
        self.now().settings.hold_days
    }

    /// Changes the settings, or with `None` takes back what was set: the configuration counts again.
    pub async fn set(&self, settings: Option<ModerationSettings>, actor: &Actor) -> Result<(), Text> {
        actor.may(Action::ManageSettings)?;
        let is_set = settings.is_some();
        let new = InForce::new(settings.unwrap_or_else(|| self.configured.clone()), is_set)?;
        let (in_force, stored) = (self.in_force.clone(), is_set.then(|| new.settings.clone()));
        let effect = move || *in_force.write() = Arc::new(new);
        Ok(self.store.set_moderation_settings(stored.as_ref(), effect).await?)
    }
}

impl InForce {
    fn new(settings: ModerationSettings, is_set: bool) -> Result<Self, Text> {
        Ok(Self { filter: Filter::new(&settings)?, settings, is_set })
    }
}
