//! How jobs come in: a place and a key are taken, then the job is stored, then it waits for a worker or for its time.

use std::sync::Arc;

use super::dispatch::{Full, Permit, QueuedJob};
use super::{JobOutcome, Jobs};
use crate::accounts::Actor;
use crate::budgets::{Cost, Spender};
use crate::model::{AddressDigest, Handle, Job, JobId, JobRequest, Principal, Role, RoomName, Timestamp};
use crate::store::StoredJob;
use crate::telemetry::{SpanContext, current_span};
use crate::text::{Locale, Text};

/// In whose name a job is done, and where it was asked for.
#[derive(Clone, Debug)]
pub struct JobOrigin {
    pub principal: Principal,
    pub handle: Handle,
    pub role: Role,
    pub address: Option<AddressDigest>,
    /// `None` for what is asked for in no room.
    pub room: Option<RoomName>,
    pub locale: Locale,
    /// The IANA name of the asker's time zone.
    pub zone: Option<String>,
}

impl JobOrigin {
    /// Asked for by somebody.
    pub fn of(actor: &Actor, room: Option<RoomName>) -> Self {
        let (principal, handle, zone) = (actor.principal.clone(), actor.handle.clone(), actor.zone.clone());
        Self { principal, handle, role: actor.role, address: actor.address.clone(), room, locale: actor.locale, zone }
    }

    /// What the server does of itself.
    pub fn server(locale: Locale) -> Self {
        let (principal, handle) = (Principal::server(), Handle::bot());
        Self { principal, handle, role: Role::Owner, address: None, room: None, locale, zone: None }
    }
}

/// How often a job is stored whose place others take at the same time.
const TRIES: usize = 20;

/// When a job is to be started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// `None` for at once.
    pub at: Option<Timestamp>,
    /// It is of no use if it was not started until then.
    pub expires_at: Option<Timestamp>,
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
    /// `None` if it waits for its time.
    permit: Option<Permit>,
    /// Where it was asked for.
    trace: Option<SpanContext>,
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
    pub async fn admit(
        self: &Arc<Self>,
        request: JobRequest,
        origin: JobOrigin,
        start: Start,
    ) -> Result<Admission, Text> {
        let mut job = self.job(request, origin);
        self.check_command(&job.name, job.role, job.room.as_ref())?;
        self.spend(&job)?;
        if self.policy(&job.name).is_unique {
            job.unique_key = Some(job.digest());
        }
        let (job, permit) = self.placed(job, start).await?;
        if let Some(key) = &job.unique_key
            && let Some(same) = self.store.unique_job(key).await?
        {
            return Ok(Admission::Same(same));
        }
        Ok(Admission::New(Box::new(NewJob { job, permit, trace: current_span() })))
    }

    /// Lets a stored job wait for a worker, and shows it. To be called in the callback of the commit that stored it.
    pub fn begin_admitted(self: &Arc<Self>, admission: Admission, seq: u64) {
        match admission {
            Admission::New(new) => self.begin_new(*new, seq),
            Admission::Same(id) if self.queue.get(&id).is_some() => self.show_open(&id),
            // It waits for its time, and is known to the store alone.
            Admission::Same(id) => self.show_later(id),
        }
    }

    fn begin_new(self: &Arc<Self>, new: NewJob, seq: u64) {
        let NewJob { job, permit, trace } = new;
        match permit {
            Some(permit) => {
                let stored = StoredJob::new(job, seq);
                self.enqueue(QueuedJob { stored, log: Vec::new(), permit, trace });
            }
            None => {
                self.alarm.ring();
                self.show_stored(&job, seq);
            }
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
        self.start_quietly_at(job, Start::default()).await
    }

    /// The same, later.
    pub async fn start_quietly_at(self: &Arc<Self>, job: QuietJob, start: Start) -> Result<JobId, Text> {
        let QuietJob(job) = job;
        let id = job.id.clone();
        self.check_command(&job.name, job.role, job.room.as_ref())?;
        self.spend(&job)?;
        for _ in 0..TRIES {
            let (job, permit) = self.placed(job.clone(), start).await?;
            let (jobs, new) = (self.clone(), NewJob { job: job.clone(), permit, trace: current_span() });
            if self.store.add_job(&job, 0, move || jobs.begin_new(new, 0)).await? {
                return Ok(id);
            }
        }
        // Others took the place each time.
        Err(Text::new("error-busy"))
    }

    /// A new job with its place: in the queue, or among what its payer has planned.
    async fn placed(self: &Arc<Self>, job: Job, start: Start) -> Result<(Job, Option<Permit>), Text> {
        let job = Job { expires_at: start.expires_at, ..job };
        let Some(at) = start.at else {
            let permit = self.permit_for(&job)?;
            return Ok((job, Some(permit)));
        };
        let limits = self.settings.schedules;
        let place = self.store.free_schedule_place(&job.payer(), job.role, limits).await?;
        let (place, guest_place) =
            place.ok_or_else(|| Text::new("error-busy-planned").with("max", limits.per_payer))?;
        Ok((Job { place: Some(place), guest_place, ..job.scheduled(at) }, None))
    }

    /// A job about which nothing is said in any room, to be [started](Jobs::start_quietly).
    pub fn quiet_job(&self, request: JobRequest, origin: JobOrigin) -> QuietJob {
        QuietJob(Job { quiet: true, ..self.job(request, origin) })
    }

    /// A job that waits for a worker, with as many attempts as its command has.
    fn job(&self, request: JobRequest, origin: JobOrigin) -> Job {
        let JobOrigin { principal, handle, role, address, room, locale, zone } = origin;
        let job = Job::queued(request, principal, handle, room, locale);
        Job { role, address, zone, attempts: job.attempts + self.policy(&job.name).retries.most, ..job }
    }

    /// What a job costs its payer.
    fn spend(&self, job: &Job) -> Result<(), Text> {
        let payer = job.payer();
        let spender = Spender { role: job.role, payer: &payer, room: job.room.as_ref() };
        self.budgets.take(Cost::Jobs, 1, spender)?;
        if job.name == JobRequest::ASK {
            self.budgets.take(Cost::Questions, 1, spender)?;
        }
        Ok(())
    }

    /// A place for one more job of its payer. The server's own work, and that of those who look after it, has places of its own.
    pub(super) fn permit_for(self: &Arc<Self>, job: &Job) -> Result<Permit, Text> {
        let most = self.settings.per_person;
        let too_many = || Text::new("error-busy-own").with("max", most);
        if job.principal == Principal::server() {
            return self.queue.reserve_beside(&job.payer(), usize::MAX).ok_or_else(|| Text::new("error-busy"));
        }
        if job.role >= Role::Moderator {
            return self.queue.reserve_beside(&job.payer(), most).ok_or_else(too_many);
        }
        self.place_in_lane(job, most).map_err(|full| match full {
            Full::Payer => too_many(),
            Full::Lane => Text::new("error-busy"),
        })
    }

    /// A place in the job's lane. When that is full, whoever has most places there loses the newest one to those who have fewer.
    pub(super) fn place_in_lane(self: &Arc<Self>, job: &Job, most: usize) -> Result<Permit, Full> {
        /// Others may be quicker to take the place that was made.
        const TRIES: usize = 3;
        let (lane, payer) = (self.policy(&job.name).lane, job.payer());
        let mut reserved = self.queue.reserve(lane, &payer, most);
        for _ in 0..TRIES {
            if !matches!(reserved, Err(Full::Lane)) {
                break;
            }
            let Some(displaced) = self.queue.displace(lane, &payer) else { break };
            let (jobs, outcome) = (self.clone(), JobOutcome::displaced(&displaced.job));
            self.tasks.spawn_on(async move { jobs.end(displaced, outcome).await }, &self.runtime);
            reserved = self.queue.reserve(lane, &payer, most);
        }
        reserved
    }

    /// Lets a stored job wait for its turn, and shows it. First waits, so that whoever joins now is shown the job.
    pub(super) fn enqueue(&self, queued: QueuedJob) {
        let id = queued.stored.job.id.clone();
        self.queue.enqueue(vec![queued]);
        self.show_open(&id);
    }
}
