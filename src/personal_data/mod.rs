//! What the server has of a person: handing out all of it, and removing it.
//!
//! A removal begins with one commit, after which nobody acts as the person. What follows takes a while, is done from its
//! beginning as often as it is cut short, and ends with the commit that forgets it.

mod archive;
mod export;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

pub use export::{Export, ExportPlace, Exports};

use crate::accounts::{Merges, Sanctions, Sessions};
use crate::chat::Chat;
use crate::jobs::Jobs;
use crate::library::Library;
use crate::model::{AccountId, Erasure, Handle, Job, Principal, Report, Schedule};
use crate::store::Store;
use crate::text::Text;

/// How often is looked for removals, beside when one begins.
const EVERY: Duration = Duration::from_secs(60);

/// How often a report is changed that others change at the same time.
const TRIES: usize = 20;

/// Finishes the removals of persons.
pub struct Erasures {
    store: Arc<Store>,
    chat: Arc<Chat>,
    jobs: Arc<Jobs>,
    sessions: Arc<Sessions>,
    sanctions: Arc<Sanctions>,
    merges: Arc<Merges>,
    library: Arc<Library>,
    begun: Notify,
}

impl Erasures {
    pub fn new(
        store: Arc<Store>,
        chat: Arc<Chat>,
        jobs: Arc<Jobs>,
        sessions: Arc<Sessions>,
        sanctions: Arc<Sanctions>,
        merges: Arc<Merges>,
        library: Arc<Library>,
    ) -> Self {
        Self { store, chat, jobs, sessions, sanctions, merges, library, begun: Notify::new() }
    }

    /// Tells that a removal has begun.
    pub fn note_begun(&self) {
        self.begun.notify_one();
    }

    /// Finishes all removals that have begun, those of the last process first. Never ends.
    pub async fn keep_up(&self) {
        loop {
            match self.store.erasures().await {
                Ok(erasures) => self.finish_all(&erasures).await,
                Err(error) => tracing::warn!(%error, "cannot read which persons are to be removed"),
            }
            let _ = tokio::time::timeout(EVERY, self.begun.notified()).await;
        }
    }

    async fn finish_all(&self, erasures: &[Erasure]) {
        for erasure in erasures {
            let account = erasure.account.as_ref().map(AccountId::as_str);
            match Box::pin(self.finish(erasure)).await {
                Ok(()) => tracing::info!(account, "a person was removed"),
                Err(error) => tracing::warn!(account, ?error, "a person's removal is tried again in a minute"),
            }
        }
    }

    /// Removes what is left of a person.
    async fn finish(&self, erasure: &Erasure) -> Result<(), Text> {
        self.end_access(erasure).await?;
        self.end_merges(erasure).await?;
        self.end_work(erasure).await?;
        self.forget_reporter(erasure).await?;
        self.library.disown(erasure).await?;
        self.chat.erase(erasure).await?;
        Ok(self.store.end_erasure(erasure).await?)
    }

    /// Sessions and tokens, which open nothing any more, invitations and sanctions.
    async fn end_access(&self, erasure: &Erasure) -> Result<(), Text> {
        if let Some(account) = &erasure.account {
            self.sessions.end_of(&Principal::account(account), |_| true).await?;
            for (_, token) in self.store.tokens_of(account).await? {
                self.store.remove_token(account, &token.id, || ()).await?;
            }
        }
        if let Some(name) = &erasure.name {
            let name = name.to_string();
            let is_own = |by: &Option<String>| by.as_ref() == Some(&name);
            self.store.remove_invitations(|one| is_own(&one.created_by) && one.created_at <= erasure.at).await?;
        }
        for principal in &erasure.principals {
            self.sanctions.forget_person(principal).await?;
        }
        Ok(())
    }

    /// Whoever became a part of the person by a merge goes, too. Those are begun before the merges are forgotten: what is cut short
    /// is done again.
    async fn end_merges(&self, erasure: &Erasure) -> Result<(), Text> {
        for merge in self.merges.of(erasure).into_iter().filter(|merge| erasure.is_of(&merge.into)) {
            match &merge.from_account {
                Some(id) => self.store.begin_erasure(id, erasure.messages, |_| ()).await?,
                None => self.store.begin_erasure_of_guest(&merge.from, erasure.messages, |_| ()).await?,
            };
            self.note_begun();
        }
        Ok(self.merges.forget(erasure).await?)
    }

    /// Jobs and schedules.
    async fn end_work(&self, erasure: &Erasure) -> Result<(), Text> {
        // Where somebody else cancels a job, the room is told who.
        let by = erasure.name.clone().unwrap_or_else(Handle::deleted);
        let (is_job, is_schedule) =
            (|job: &Job| erasure.is_of(&job.principal), |schedule: &Schedule| erasure.is_of(&schedule.principal));
        self.jobs.end_all(is_job, is_schedule, &by).await?;
        for principal in &erasure.principals {
            if !self.store.remove_work_of(principal).await? {
                return Err(Text::new("error-busy"));
            }
        }
        Ok(())
    }

    /// Reports are for those who moderate, whoever made them.
    async fn forget_reporter(&self, erasure: &Erasure) -> Result<(), Text> {
        let is_own = |report: &Report| match &report.principal {
            Some(principal) => erasure.is_of(principal),
            None => erasure.had_name(&report.reporter, report.at),
        };
        for _ in 0..TRIES {
            let mut is_done = true;
            for (room, report) in self.store.reports().await?.into_iter().filter(|(_, report)| is_own(report)) {
                let nobody = Report { reporter: Handle::deleted(), principal: None, ..report.clone() };
                is_done &= self.store.change_report(room, &report, &nobody).await?;
            }
            if is_done {
                return Ok(());
            }
        }
        Err(Text::new("error-busy"))
    }
}
