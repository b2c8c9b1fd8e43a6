//! How jobs come in: a place and a key are taken, then the job is stored, then it waits for a worker or for its time.

use std::sync::Arc;

use super::Jobs;
use super::dispatch::{Full, Permit, QueuedJob};
use crate::accounts::Actor;
use crate::model::{Handle, Job, JobId, JobRequest, Principal, Role, RoomName};
use crate::store::StoredJob;
use crate::text::{Locale, Text};

/// In whose name a job is done, and where it was asked for.
#[derive(Clone, Debug)]
pub struct JobOrigin {
    pub principal: Principal,
    pub handle: Handle,
    pub role: Role,
    /// `None` for what is asked for in no room.
    pub room: Option<RoomName>,
    pub locale: Locale,
    /// The IANA name of the asker's time zone.
    pub zone: Option<String>,
}

impl JobOrigin {
    /// Asked for by somebody.
    pub fn of(actor: &Actor, room: Option<RoomName>) -> Self {
        let principal = actor.job_owner(room.as_ref());
        let (handle, zone) = (actor.handle.clone(), actor.zone.clone());
        Self { principal, handle, role: actor.role, room, locale: actor.locale, zone }
    }

    /// What the server does of itself.
    pub fn server(locale: Locale) -> Self {
        let (principal, handle) = (Principal::server(), Handle::bot());
        Self { principal, handle, role: Role::Owner, room: None, locale, zone: None }
    }
}

/// What a request for a job comes to, before anything is stored.
pub enum Admission {
    /// A new job, with its queue permit.
    New(Box<NewJob>),
    /// An identical unfinished job (unique commands).
    Same(JobId),
}

/// A job that has a place and is to be stored.
pub struct NewJob {
    pub job: Job,
    permit: Permit,
}

/// A job that says nothing in any room and is not stored yet.
pub struct QuietJob(Job);

impl QuietJob {
    pub fn id(&self) -> &JobId {
        &self.0.id
    }
}

impl Admission {
    /// The job that it leads to.
    pub fn id(&self) -> &JobId {
        match self {
            Self::New(new) => &new.job.id,
            Self::Same(id) => id,
        }
    }

    /// The job that is to be stored.
    pub fn new_job(&self) -> Option<&Job> {
        if let Self::New(new) = self { Some(&new.job) } else { None }
    }
}

impl Jobs {
    /// Admits a request that a message makes; the job is to be stored with the message, then [begun](Jobs::begin_admitted).
    ///
    /// # Errors
    /// `busy` when there is no place for it, `forbidden` when the asker may not run the command.
    pub async fn admit(&self, request: JobRequest, origin: JobOrigin) -> Result<Admission, Text> {
        let mut job = self.job(request, origin);
        self.check_allowed(&job)?;
        if self.policy(&job.name).is_unique {
            job.unique_key = Some(job.digest());
        }
        let permit = self.permit_for(&job)?;
        if let Some(key) = &job.unique_key
            && let Some(same) = self.store.unique_job(key).await?
        {
            return Ok(Admission::Same(same));
        }
        Ok(Admission::New(Box::new(NewJob { job, permit })))
    }

    /// Lets a stored job wait for a worker, and shows it. To be called in the callback of the commit that stored it.
    pub fn begin_admitted(self: &Arc<Self>, admission: Admission, seq: u64) {
        match admission {
            Admission::New(new) => {
                let stored = StoredJob::new(new.job, seq);
                self.enqueue(QueuedJob { stored, log: Vec::new(), permit: new.permit });
            }
            Admission::Same(id) if self.queue.get(&id).is_some() => self.show_open(&id),
            // It waits for its time, and is known to the store alone.
            Admission::Same(id) => self.show_later(id),
        }
    }

    fn show_later(self: &Arc<Self>, id: JobId) {
        let jobs = self.clone();
        let showing = async move {
            if let Ok(Some(stored)) = jobs.store.job(&id).await {
                jobs.show_stored(&stored.job, stored.seq);
            }
        };
        self.tasks.spawn_on(showing, &self.runtime);
    }

    /// Starts something about which nothing is said in any room; its result is on the job.
    ///
    /// # Errors
    /// `busy` when there is no place for it; nothing is stored then.
    pub async fn start_quietly(self: &Arc<Self>, job: QuietJob) -> Result<JobId, Text> {
        let QuietJob(job) = job;
        let id = job.id.clone();
        self.check_allowed(&job)?;
        let permit = self.permit_for(&job)?;
        let (jobs, stored) = (self.clone(), StoredJob::new(job.clone(), 0));
        let begin = move || jobs.enqueue(QueuedJob { stored, log: Vec::new(), permit });
        self.store.add_job(&job, 0, begin).await?;
        Ok(id)
    }

    /// A job about which nothing is said in any room, to be [started](Jobs::start_quietly).
    pub fn quiet_job(&self, request: JobRequest, origin: JobOrigin) -> QuietJob {
        QuietJob(Job { quiet: true, ..self.job(request, origin) })
    }

    /// A job that waits for a worker, with as many attempts as its command has.
    fn job(&self, request: JobRequest, origin: JobOrigin) -> Job {
        let JobOrigin { principal, handle, role, room, locale, zone } = origin;
        let job = Job::queued(request, principal, handle, room, locale);
        Job { role, zone, attempts: job.attempts + self.policy(&job.name).retries.most, ..job }
    }

    /// Refuses a command that its asker may not run.
    fn check_allowed(&self, job: &Job) -> Result<(), Text> {
        let policy = self.policy(&job.name);
        if policy.is_allowed(job.role) {
            Ok(())
        } else {
            Err(Text::new("error-forbidden-command").with("name", &job.name))
        }
    }

    /// A place for one more job of its person. The server's own work has places of its own.
    pub(super) fn permit_for(&self, job: &Job) -> Result<Permit, Text> {
        if job.principal == Principal::server() {
            return self.queue.reserve_beside(&job.principal, usize::MAX).ok_or_else(|| Text::new("error-busy"));
        }
        let most = self.settings.per_person;
        let reserved = self.queue.reserve(self.policy(&job.name).lane, &job.principal, most);
        reserved.map_err(|full| match full {
            Full::Principal => Text::new("error-busy-own").with("max", most),
            Full::Lane => Text::new("error-busy"),
        })
    }

    /// Lets a stored job wait for its turn, and shows it. First waits, so that whoever joins now is shown the job.
    pub(super) fn enqueue(&self, queued: QueuedJob) {
        let id = queued.stored.job.id.clone();
        self.queue.enqueue(vec![queued]);
        self.show_open(&id);
    }
}
