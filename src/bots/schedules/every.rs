//! `every`: runs a command repeatedly.

use std::sync::Weak;

use async_trait::async_trait;

use super::Planning;
use crate::bots::{Bot, Bots, Failure, Reply, Request};
use crate::chat;
use crate::jobs::{NewSchedule, Policy};
use crate::model::{BotMode, JobRequest, MissedRuns, Rhythm, Role, Timestamp};
use crate::schedule::{Asked, read_recurrence};
use crate::text::Text;

/// Commands that create schedules; repeating them would only create more and more schedules.
const NOT_REPEATED: [&str; 3] = ["every", "remind", "schedules"];

/// Options at the end of the arguments, for missed runs.
const MISSED: [(&str, MissedRuns); 2] = [("--skip-missed", MissedRuns::Skip), ("--run-missed", MissedRuns::Once)];

pub struct Every {
    planning: Planning,
    /// The commands there are.
    bots: Weak<Bots>,
}

impl Every {
    pub fn new(planning: Planning, bots: Weak<Bots>) -> Self {
        Self { planning, bots }
    }

    /// The command to repeat, if it may be.
    fn command(&self, line: &str, asked_by: &Request<'_>) -> Result<JobRequest, Failure> {
        let request = chat::request(BotMode::Always, line).filter(|request| !request.name.is_empty());
        let request = request.ok_or_else(|| Failure::bad_arguments(Text::new("every-nothing")))?;
        if NOT_REPEATED.contains(&request.name.as_str()) {
            return Err(Failure::bad_arguments(Text::new("every-not-repeated").with("name", &request.name)));
        }
        let Some(bots) = self.bots.upgrade() else { return Ok(request) };
        if !bots.listed().any(|bot| bot.name() == request.name) {
            return Err(bots.unknown(&request.name));
        }
        let Request { job, jobs, .. } = asked_by;
        let allowed = jobs.check_command(&request.name, job.role, job.room.as_ref());
        allowed.map(|()| request).map_err(|refused| Failure::for_good("forbidden", refused))
    }
}

#[async_trait]
impl Bot for Every {
    fn name(&self) -> &str {
        "every"
    }

    fn policy(&self) -> Policy {
        Policy::QUICK
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let job = request.job;
        let (arguments, missed) = split_missed(&job.arguments);
        let asker = self.planning.asker(job);
        let (asked, line) = read_recurrence(arguments, &asker).map_err(Failure::bad_arguments)?;
        let command = self.command(line, &request)?;
        let Asked { recurrence, zone, is_shortened } = asked;
        let zone = zone.unwrap_or_else(|| asker.zone.clone());
        let first = recurrence.next_after(Timestamp::now(), &zone).ok_or_else(|| {
            Failure::bad_arguments(Text::new("recurrence-never").with("pattern", recurrence.pattern()))
        })?;
        let shortest = recurrence.shortest_interval(Timestamp::now(), &zone);
        if job.role == Role::Guest && shortest.is_some_and(|interval| interval < self.planning.guest_interval) {
            let minutes = self.planning.guest_interval.as_secs() / 60;
            return Err(Failure::bad_arguments(Text::new("every-too-often").with("minutes", minutes)));
        }
        let plan = NewSchedule {
            rhythm: Rhythm::Every(recurrence.pattern().to_owned()),
            first,
            zone: zone.clone(),
            request: command,
            missed: missed.unwrap_or(self.planning.missed),
        };
        let schedule = self.planning.keep(&request, plan).await?;
        let text = Text::new(if is_shortened { "every-planned-shortened" } else { "every-planned" })
            .with("number", schedule.number)
            .with("line", schedule.request.line())
            .with("pattern", self.planning.recurrence_words(recurrence.pattern(), zone.name(), job))
            .with("time", asker.zone.words(first, Timestamp::now(), job.locale));
        Ok(Reply::Words(text))
    }
}

/// Splits the option for missed runs off the arguments.
fn split_missed(arguments: &str) -> (&str, Option<MissedRuns>) {
    let found = MISSED.into_iter().find_map(|(word, missed)| Some((arguments.strip_suffix(word)?, missed)));
    found.map_or((arguments, None), |(rest, missed)| (rest.trim_end(), Some(missed)))
}
