//! What those who moderate do to messages: delete them with what followed, and all that somebody left; and what others report.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Chat, Room};
use crate::accounts::{Action, Actor};
use crate::jobs::EndedWork;
use crate::model::{Account, AddressDigest, Handle, Job, JobId, Message, Principal, Report, Schedule, Timestamp};
use crate::store::{ChangedMessage, RoomNumber, report_id};
use crate::text::Text;

/// Messages read at a time.
pub(super) const PAGE: usize = 200;

/// Messages behind one that are looked at for what followed from it.
const MOST_BEHIND: u64 = 50_000;

/// Maximum number of open reports.
const MOST_REPORTS: u32 = 1_000;

/// Longest reason of a report, in characters.
const REASON_CHARS: usize = 300;

/// Whose messages are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// All principals that are that person.
    Author(Vec<Principal>),
    Address(AddressDigest),
}

impl Culprit {
    fn new(authors: Vec<Principal>, address: Option<&AddressDigest>, by_address: bool) -> Result<Self, Text> {
        match (by_address, address) {
            (false, _) => Ok(Self::Author(authors)),
            (true, Some(address)) => Ok(Self::Address(address.clone())),
            (true, None) => Err(Text::new("error-wrong_state-no_address")),
        }
    }

    fn said(&self, message: &Message) -> bool {
        match self {
            Self::Author(authors) => authors.contains(&message.author),
            Self::Address(address) => message.address.as_ref() == Some(address),
        }
    }

    fn asked_for(&self, job: &Job) -> bool {
        match self {
            Self::Author(authors) => authors.contains(&job.principal),
            Self::Address(address) => job.address.as_ref() == Some(address),
        }
    }

    fn planned(&self, schedule: &Schedule) -> bool {
        match self {
            Self::Author(authors) => authors.contains(&schedule.principal),
            Self::Address(address) => schedule.address.as_ref() == Some(address),
        }
    }
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    pub messages: usize,
    pub work: EndedWork,
}

impl Chat {
    /// Deletes the text of a message and tells the room.
    pub async fn delete_message(&self, room: &Arc<Room>, seq: u64, actor: &Actor) -> Result<(), Text> {
        actor.may(Action::Moderate)?;
        if self.erase_message(room, seq).await? { Ok(()) } else { Err(Text::new("error-not_found-message")) }
    }

    pub(super) async fn erase_message(&self, room: &Arc<Room>, seq: u64) -> Result<bool, Text> {
        let shown = room.clone();
        let effect =
            move |changed: Vec<ChangedMessage>| changed.iter().for_each(|message| shown.publish_change(message));
        Ok(self.store.delete_message(room.number(), seq, effect).await?)
    }

    /// Deletes a message with what came of it: its jobs and schedules end, and what the bot said because of them is deleted.
    pub async fn delete_with_following(&self, room: &Arc<Room>, seq: u64, actor: &Actor) -> Result<Cleared, Text> {
        actor.may(Action::Moderate)?;
        let asked = self.message(room, seq).await?.ok_or_else(|| Text::new("error-not_found-message"))?;
        let (name, job) = (room.name().clone(), asked.job.filter(|_| asked.answer.is_none()));
        let is_job = |other: &Job| Some(&other.id) == job.as_ref();
        let is_schedule = |schedule: &Schedule| schedule.seq == seq && schedule.room.as_ref() == Some(&name);
        let work = match &job {
            Some(_) => self.jobs.end_all(is_job, is_schedule, &actor.handle).await?,
            None => EndedWork::default(),
        };
        let asked = HashSet::from([seq]);
        let messages = usize::from(self.erase_message(room, seq).await?) + self.erase_answers(room, &asked).await?;
        Ok(Cleared { messages, work })
    }

    /// Deletes what the bot said because of these messages; how much.
    pub(super) async fn erase_answers(&self, room: &Arc<Room>, asked: &HashSet<u64>) -> Result<usize, Text> {
        let Some(&first) = asked.iter().min() else { return Ok(0) };
        let (mut next, last) = (first + 1, room.last().min(first + MOST_BEHIND));
        let mut erased = 0;
        while next <= last {
            let page = self.store.oldest_messages(room.number(), next, last, PAGE).await?;
            let Some(&(newest, _)) = page.last() else { break };
            for (seq, message) in page {
                let is_answer = message.answer.is_some_and(|answer| asked.contains(&answer.reply_to));
                if is_answer && !message.deleted {
                    erased += usize::from(self.erase_message(room, seq).await?);
                }
            }
            next = newest + 1;
        }
        Ok(erased)
    }

    /// Who said a message, or everybody at the address from which it came.
    pub async fn culprit(&self, room: &Room, seq: u64, by_address: bool) -> Result<(Culprit, Message), Text> {
        let message = self.message(room, seq).await?.ok_or_else(|| Text::new("error-not_found-message"))?;
        if message.author == Principal::deleted() {
            return Err(Text::new("error-wrong_state-deleted_user"));
        }
        let authors = self.jobs.standing().all_of(&message.author);
        Ok((Culprit::new(authors, message.address.as_ref(), by_address)?, message))
    }

    /// Who asked for a job, or everybody at the address from which that was done; and what that person is called.
    pub async fn culprit_of_job(&self, id: &JobId, by_address: bool, actor: &Actor) -> Result<(Culprit, Handle), Text> {
        actor.may(Action::Moderate)?;
        let job = self.store.job(id).await?.ok_or_else(|| Text::new("error-not_found-job"))?.job;
        let authors = self.jobs.standing().all_of(&job.principal);
        Ok((Culprit::new(authors, job.address.as_ref(), by_address)?, job.handle))
    }

    /// The person with an account.
    pub fn culprit_of_account(&self, account: &Account) -> Culprit {
        Culprit::Author(self.jobs.standing().all_of(&account.principal))
    }

    /// Ends all that somebody has under way or planned; removes what waits for approval and what was said since a moment, if one is
    /// given, in all rooms, with what the bot said because of it. Reads every message since then.
    pub async fn clear(&self, culprit: &Culprit, since: Option<Timestamp>, actor: &Actor) -> Result<Cleared, Text> {
        actor.may(Action::Moderate)?;
        let is_job = |job: &Job| culprit.asked_for(job);
        let work = self.jobs.end_all(is_job, |schedule| culprit.planned(schedule), &actor.handle).await?;
        let Some(since) = since else { return Ok(Cleared { messages: 0, work }) };
        let waiting = self.remove_all_held(|held| culprit.said(&held.record.message)).await?;
        let mut cleared = Cleared { messages: waiting, work };
        for number in self.store.room_numbers().await? {
            let said = self.said_since(number, culprit, since).await?;
            if said.is_empty() {
                continue;
            }
            let Some(record) = self.store.find_room_record(number).await? else { continue };
            let Some(room) = self.rooms.find(&record.name).await? else { continue };
            for seq in &said {
                cleared.messages += usize::from(self.erase_message(&room, *seq).await?);
            }
            cleared.messages += self.erase_answers(&room, &said).await?;
        }
        Ok(cleared)
    }

    /// Numbers of what somebody said in a room since a moment.
    async fn said_since(&self, room: RoomNumber, culprit: &Culprit, since: Timestamp) -> Result<HashSet<u64>, Text> {
        let mut said = HashSet::new();
        let mut last = self.store.last_seq(room).await?;
        while last > 0 {
            let page = self.store.newest_messages(room, 1, last, PAGE).await?;
            let Some(&(first, _)) = page.first() else { break };
            let is_old = page.first().is_some_and(|(_, message)| message.at < since);
            let wanted =
                page.iter().filter(|(_, message)| !message.deleted && message.at >= since && culprit.said(message));
            said.extend(wanted.map(|(seq, _)| *seq));
            if is_old {
                break;
            }
            last = first - 1;
        }
        Ok(said)
    }

    /// Reports a message to those who moderate.
    pub async fn report(&self, room: &Room, seq: u64, reason: &str, actor: &Actor) -> Result<(), Text> {
        self.message(room, seq).await?.ok_or_else(|| Text::new("error-not_found-message"))?;
        let report = Report {
            room: room.name().clone(),
            seq,
            reason: reason.trim().chars().filter(|c| !c.is_control()).take(REASON_CHARS).collect(),
            reporter: actor.handle.clone(),
            principal: Some(actor.principal.clone()),
            at: Timestamp::now(),
            place: 0,
        };
        if self.store.add_report(room.number(), report, MOST_REPORTS).await? {
            Ok(())
        } else {
            Err(Text::new("error-busy"))
        }
    }

    /// The open reports with their ids and messages, oldest first.
    pub async fn reports(&self, actor: &Actor) -> Result<Vec<(String, Report, Message)>, Text> {
        actor.may(Action::Moderate)?;
        let mut reports = Vec::new();
        for (room, report) in self.store.reports().await? {
            if let Some(message) = self.store.message(room, report.seq).await? {
                reports.push((report_id(room, report.seq), report, message));
            }
        }
        reports.sort_by_key(|(_, report, _)| report.at);
        Ok(reports)
    }

    /// Settles a report: it is not shown any more.
    pub async fn settle(&self, id: &str, actor: &Actor) -> Result<Report, Text> {
        actor.may(Action::Moderate)?;
        let no_such_report = || Text::new("error-not_found-report");
        let (room, seq) = id.split_once('-').ok_or_else(no_such_report)?;
        let (room, seq) = room.parse().ok().zip(seq.parse().ok()).ok_or_else(no_such_report)?;
        self.store.remove_report(RoomNumber::new(room), seq).await?.ok_or_else(no_such_report)
    }
}
