//! Outgoing webhooks: which events go to which URL.
//!
//! An event becomes one delivery for each matching webhook: a job that is stored together with the event, and run
//! by the command [`DELIVER`]. Independent of how it is sent.

use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::policy::{Policy, Priority, Retries};
use crate::fetch::Secret;
use crate::model::{AuthorKind, Handle, Job, JobId, JobRequest, Message, Principal, RoomName, RoomRecord};
use crate::patterns::Pattern;
use crate::text::Locale;

/// The internal command that delivers. Users cannot request it because of the space.
pub const DELIVER: &str = "deliver webhook";

/// Whether a job is one.
pub fn is_delivery(job: &Job) -> bool {
    job.name == DELIVER
}

/// Policy of deliveries: retries for about seven hours, at low priority.
pub const POLICY: Policy = Policy {
    time_limit: Duration::from_secs(15),
    retries: Retries { most: 12, growth: 200, longest: Duration::from_secs(2 * 60 * 60), ..Retries::PATIENT },
    at_once: Some(6),
    priority: Priority::Low,
    ..Policy::SLOW
};

/// What can be heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Somebody said something.
    Message,
    /// A job ended.
    Job,
}

impl Event {
    /// The word receivers know.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Job => "job",
        }
    }
}

/// A webhook: its URL and its filter.
pub struct Webhook {
    /// Its name for the owner; the URL may be a secret.
    pub name: String,
    pub url: Url,
    pub secret: Option<Secret>,
    pub events: Vec<Event>,
    /// Only of this room.
    pub room: Option<RoomName>,
    /// Only messages that match.
    pub pattern: Option<Pattern>,
}

impl Webhook {
    fn wants(&self, event: Event, room: &RoomName) -> bool {
        self.events.contains(&event) && self.room.as_ref().is_none_or(|wanted| wanted == room)
    }

    fn wants_message(&self, room: &RoomName, text: &str) -> bool {
        self.wants(Event::Message, room) && self.pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
    }
}

/// The subject of a delivery; its content is read when it is sent, so that nothing is sent that was deleted meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The webhook's name.
    pub webhook: String,
    /// The job that ended; `None` for a message.
    pub job: Option<JobId>,
}

impl Delivery {
    /// Parses a delivery's arguments.
    pub fn parse(arguments: &str) -> Option<Self> {
        let mut words = arguments.split(' ');
        let (webhook, event, job) = (words.next()?.to_owned(), words.next()?, words.next().map(JobId::parse));
        match (event, job) {
            ("message", None) => Some(Self { webhook, job: None }),
            ("job", Some(Some(job))) => Some(Self { webhook, job: Some(job) }),
            _ => None,
        }
    }

    pub fn event(&self) -> Event {
        if self.job.is_some() { Event::Job } else { Event::Message }
    }

    fn arguments(&self) -> String {
        let event = self.event().as_str();
        match &self.job {
            Some(job) => format!("{} {event} {job}", self.webhook),
            None => format!("{} {event}", self.webhook),
        }
    }

    /// The job that makes it.
    fn into_job(self, room: &RoomName) -> Job {
        let request = JobRequest { name: DELIVER.to_owned(), arguments: self.arguments() };
        let job = Job::queued(
            request,
            Principal::webhook(&self.webhook),
            Handle::bot(),
            Some(room.clone()),
            Locale::default(),
        );
        Job { quiet: true, attempts: 1 + POLICY.retries.most, ..job }
    }
}

/// All of them.
#[derive(Default)]
pub struct Webhooks {
    list: Vec<Webhook>,
}

impl Webhooks {
    pub fn new(list: Vec<Webhook>) -> Self {
        Self { list }
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them, in the order of the settings.
    pub fn iter(&self) -> impl Iterator<Item = &Webhook> {
        self.list.iter()
    }

    pub fn get(&self, name: &str) -> Option<&Webhook> {
        self.list.iter().find(|webhook| webhook.name == name)
    }

    /// Deliveries that a message causes. None in a room that not everybody may enter, and none for what a program said: two that
    /// listen to each other would never end.
    pub fn of_message(&self, room: &RoomRecord, message: &Message) -> Vec<Job> {
        if !is_open(room) || message.role != AuthorKind::User {
            return Vec::new();
        }
        let name = &room.name;
        let wanted = self.list.iter().filter(|webhook| webhook.wants_message(name, message.text.as_str()));
        wanted.map(|webhook| delivery(webhook, name, None)).collect()
    }

    /// The deliveries of the end of a job that was asked for in a room. None in a room that not everybody may enter, and none for
    /// a quiet job, such as a delivery.
    pub fn of_job(&self, room: &RoomRecord, job: &Job) -> Vec<Job> {
        if !is_open(room) || job.quiet {
            return Vec::new();
        }
        let wanted = self.list.iter().filter(|webhook| webhook.wants(Event::Job, &room.name));
        wanted.map(|webhook| delivery(webhook, &room.name, Some(job.id.clone()))).collect()
    }
}

fn is_open(room: &RoomRecord) -> bool {
    room.kind.is_for_everybody()
}

fn delivery(webhook: &Webhook, room: &RoomName, job: Option<JobId>) -> Job {
    Delivery { webhook: webhook.name.clone(), job }.into_job(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_read_back_from_its_job() {
        let room = RoomName::public("lobby").expect("a name");
        for job in [None, Some(JobId::fresh())] {
            let delivery = Delivery { webhook: "ci".into(), job };
            assert_eq!(Delivery::parse(&delivery.clone().into_job(&room).arguments), Some(delivery));
        }
        for arguments in ["", "ci", "ci job", "ci job x", "ci message x", "ci dance"] {
            assert_eq!(Delivery::parse(arguments), None, "{arguments:?}");
        }
    }
}
