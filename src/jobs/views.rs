//! Queries for jobs, restricted to what the actor may see.

use std::sync::Arc;

use tokio::sync::watch;

use super::Jobs;
use crate::accounts::{Action, Actor};
use crate::model::{Job, JobId, JobState, LogLine, Principal, RoomName, RoomRecord};
use crate::protocol::{JobDetails, JobView, Partial};
use crate::store::{JobList, StoreError, StoredJob};
use crate::text::Text;

/// Maximum number of unfinished jobs shown on joining a room.
const MAX_JOBS_SHOWN: usize = 100;

/// Which jobs to list.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// None for all.
    pub states: Vec<JobState>,
    /// The command.
    pub name: Option<String>,
    /// The room as it is shown.
    pub room: Option<String>,
    pub handle: Option<String>,
    /// Those behind this one in the list.
    pub after: Option<JobId>,
}

impl JobFilter {
    fn fits(&self, view: &JobView) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        (self.states.is_empty() || self.states.contains(&view.state))
            && is(&self.name, &view.name)
            && is(&self.room, &view.room)
            && is(&self.handle, &view.handle.to_string())
    }

    /// The smallest stored list that contains all matching jobs.
    fn list<'a>(&self, principal: Option<&'a Principal>) -> JobList<'a> {
        match principal {
            // Avoids scanning all jobs.
            Some(principal) => JobList::Of(principal),
            None if self.wants_only(JobState::is_due_later) => JobList::Due,
            None if self.wants_only(|state| state == JobState::Dead) => JobList::Dead,
            None => JobList::All,
        }
    }

    fn wants_only(&self, fits: fn(JobState) -> bool) -> bool {
        !self.states.is_empty() && self.states.iter().copied().all(fits)
    }
}

impl Jobs {
    pub(super) async fn stored_job(&self, id: &JobId) -> Result<StoredJob, Text> {
        self.store.job(id).await?.ok_or_else(no_such_job)
    }

    /// Whether a job is over, or there is none of that id.
    pub async fn has_ended(&self, id: &JobId) -> Result<bool, StoreError> {
        if self.queue.get(id).is_some() {
            return Ok(false);
        }
        Ok(self.store.job(id).await?.is_none_or(|stored| stored.job.state.has_ended()))
    }

    /// A job as it is, and how it is shown.
    pub(super) async fn current(&self, id: &JobId) -> Result<(Job, JobView), Text> {
        if let Some(open) = self.queue.get(id) {
            return Ok(open);
        }
        let StoredJob { job, seq, .. } = self.stored_job(id).await?;
        let view = JobView::new(&job, seq, None, None);
        Ok((job, view))
    }

    async fn visible(&self, id: &JobId, actor: &Actor) -> Result<(Job, JobView), Text> {
        let (job, view) = self.current(id).await?;
        let room = self.room_of(&job).await?;
        actor.may(Action::SeeJob(&job, room.as_ref())).map_err(|_| no_such_job())?;
        Ok((job, view))
    }

    /// The room in which a job was asked for, if that is stored.
    pub(super) async fn room_of(&self, job: &Job) -> Result<Option<RoomRecord>, Text> {
        let Some(name) = &job.room else { return Ok(None) };
        Ok(self.store.room(name).await?.map(|(_, record)| record))
    }

    pub(super) async fn manageable(&self, id: &JobId, actor: &Actor) -> Result<Job, Text> {
        let (job, _) = self.visible(id, actor).await?;
        actor.may(Action::ManageJob(&job))?;
        Ok(job)
    }

    /// A job, if this person may see it.
    pub async fn view(&self, id: &JobId, actor: &Actor) -> Result<JobView, Text> {
        self.visible(id, actor).await.map(|(_, view)| view)
    }

    /// Changes with every part of a job's answer, and is closed when the job has ended or waits for a later time; `None` if it does so
    /// already.
    pub fn follow(&self, id: &JobId) -> Option<watch::Receiver<u64>> {
        self.queue.follow(id)
    }

    /// What has been written of the answer of a job that has not ended.
    pub fn partial(&self, id: &JobId) -> Option<Partial> {
        self.queue.partial(id)
    }

    /// All details of a job, if this person may see it; the log only if this person may read it.
    pub async fn details(&self, id: &JobId, actor: &Actor) -> Result<JobDetails, Text> {
        let (job, view) = self.visible(id, actor).await?;
        let log = match actor.may(Action::ReadJobLog) {
            Ok(()) => Some(self.log_of(id).await?),
            Err(_) => None,
        };
        let view = JobView { partial: self.queue.partial(id), ..view };
        Ok(JobDetails::new(view, job.arguments, job.changes, log))
    }

    async fn log_of(&self, id: &JobId) -> Result<Vec<LogLine>, StoreError> {
        match self.queue.log(id) {
            Some(log) => Ok(log),
            None => self.store.job_log(id).await,
        }
    }

    /// The first jobs of the list: one's own, everybody's for the owner; newest first, those that wait for their time by it.
    /// `true` when there are more.
    pub async fn list(
        self: &Arc<Self>,
        actor: &Actor,
        filter: JobFilter,
        limit: usize,
    ) -> Result<(Vec<JobView>, bool), Text> {
        let after = match &filter.after {
            Some(id) => Some(self.stored_job(id).await?),
            None => None,
        };
        let everybody = actor.may(Action::SeeEveryJob).is_ok();
        // All are looked at where a person is several.
        let principal = (!everybody && actor.also.is_empty()).then_some(&actor.principal);
        // The progress of an unfinished job is in memory, not in the store.
        let view = |stored: &StoredJob| match self.queue.get(&stored.job.id) {
            Some((_, view)) => view,
            None => JobView::new(&stored.job, stored.seq, None, None).shortened(),
        };
        let wanted = |stored: &StoredJob| (everybody || actor.is(&stored.job.principal)) && filter.fits(&view(stored));
        let stored = self.store.list_jobs(filter.list(principal), after.as_ref(), limit + 1, wanted).await?;
        let mut views: Vec<_> = stored.iter().take(limit).map(view).collect();
        if filter.wants_only(JobState::is_due_later) {
            views.sort_by_key(|view| view.due_at);
        }
        Ok((views, stored.len() > limit))
    }

    /// The unfinished jobs of a room, oldest first: those that wait for a worker or have one, and those that wait for their time.
    pub async fn of_room(&self, room: &RoomName) -> Result<Vec<JobView>, Text> {
        let mut views = self.queue.of_room(room, MAX_JOBS_SHOWN);
        let due = self.store.due_jobs_of(room, MAX_JOBS_SHOWN).await?;
        // One whose time has just come is in both.
        let due = due.iter().filter(|stored| self.queue.get(&stored.job.id).is_none());
        views.extend(due.map(|stored| JobView::new(&stored.job, stored.seq, None, None)));
        views.sort_by(|a, b| a.id.cmp(&b.id));
        views.truncate(MAX_JOBS_SHOWN);
        Ok(views)
    }
}

fn no_such_job() -> Text {
    Text::new("error-not_found-job")
}
