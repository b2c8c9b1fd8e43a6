//! Jobs as somebody may see them: one, a list, those of a room.

use super::{Chat, Room};
use crate::accounts::{Action, Actor};
use crate::model::{Job, JobId, JobState, LogLine, Person};
use crate::protocol::{JobDetails, JobView};
use crate::store::{JobList, StoredJob};
use crate::text::Text;

/// Unfinished jobs shown to whoever joins a room.
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

    /// The shortest list that holds all that fit.
    fn list<'a>(&self, person: Option<&'a Person>) -> JobList<'a> {
        match person {
            // Not by way of everybody's.
            Some(person) => JobList::Of(person),
            None if self.wants_only(JobState::is_due_later) => JobList::Due,
            None if self.wants_only(|state| state == JobState::Dead) => JobList::Dead,
            None => JobList::All,
        }
    }

    fn wants_only(&self, fits: fn(JobState) -> bool) -> bool {
        !self.states.is_empty() && self.states.iter().copied().all(fits)
    }
}

impl Chat {
    pub(super) fn stored_job(&self, id: &JobId) -> Result<StoredJob, Text> {
        self.store.job(id).map_err(Text::from)?.ok_or_else(no_such_job)
    }

    /// Whether a job is over, or there is none of that id.
    pub fn job_has_ended(&self, id: &JobId) -> bool {
        self.job(id).map_or(true, |(job, _)| job.state.has_ended())
    }

    pub(super) fn job(&self, id: &JobId) -> Result<(Job, JobView), Text> {
        if let Some(open) = self.jobs.get(id) {
            return Ok(open);
        }
        let StoredJob { job, seq } = self.stored_job(id)?;
        let view = JobView::new(&job, seq, None, None);
        Ok((job, view))
    }

    pub(super) fn visible(&self, id: &JobId, actor: &Actor) -> Result<(Job, JobView), Text> {
        let (job, view) = self.job(id)?;
        actor.may(Action::SeeJob(&job)).map_err(|_| no_such_job())?;
        Ok((job, view))
    }

    pub(super) fn manageable(&self, id: &JobId, actor: &Actor) -> Result<Job, Text> {
        let (job, _) = self.visible(id, actor)?;
        actor.may(Action::ManageJob(&job))?;
        Ok(job)
    }

    /// A job, if this person may see it.
    pub fn visible_job(&self, id: &JobId, actor: &Actor) -> Result<JobView, Text> {
        self.visible(id, actor).map(|(_, view)| view)
    }

    /// Everything about a job, if this person may see it.
    pub fn job_details(&self, id: &JobId, actor: &Actor) -> Result<JobDetails, Text> {
        let (job, view) = self.visible(id, actor)?;
        let log: Vec<LogLine> = match self.jobs.log(id) {
            Some(log) => log,
            None => self.store.job_log(id).map_err(Text::from)?,
        };
        let view = JobView { partial: self.jobs.partial(id), ..view };
        Ok(JobDetails::new(view, job.arguments, job.changes, log))
    }

    /// The first jobs of the list: one's own, everybody's for the owner; newest first, those that wait for their time by it.
    /// `true` when there are more. Reads many: not for tokio's workers.
    pub fn list_jobs(&self, actor: &Actor, filter: &JobFilter, limit: usize) -> Result<(Vec<JobView>, bool), Text> {
        let everybody = actor.may(Action::SeeEveryJob).is_ok();
        let person = (!everybody).then_some(&actor.person);
        // Where an unfinished job stands is known here, not in the store.
        let view = |stored: &StoredJob| match self.jobs.get(&stored.job.id) {
            Some((_, view)) => view,
            None => JobView::new(&stored.job, stored.seq, None, None).shortened(),
        };
        let wanted =
            |stored: &StoredJob| person.is_none_or(|person| stored.job.person == *person) && filter.fits(&view(stored));
        let after = filter.after.as_ref().map(|id| self.stored_job(id)).transpose()?;
        let list = filter.list(person);
        let stored = self.store.list_jobs(list, after.as_ref(), limit + 1, wanted).map_err(Text::from)?;
        let mut views: Vec<_> = stored.iter().take(limit).map(view).collect();
        if filter.wants_only(JobState::is_due_later) {
            views.sort_by_key(|view| view.due_at);
        }
        Ok((views, stored.len() > limit))
    }

    /// The unfinished jobs of a room.
    pub fn jobs_of(&self, room: &Room) -> Vec<JobView> {
        self.jobs.of_room(room.name(), MAX_JOBS_SHOWN)
    }
}

fn no_such_job() -> Text {
    Text::new("error-not_found-job")
}
