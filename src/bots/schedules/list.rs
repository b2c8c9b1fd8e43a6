//! `schedules`: lists a user's schedules in a room; pauses, resumes and deletes them.

use async_trait::async_trait;

use super::{Planning, broken};
use crate::bots::{Bot, Failure, Reply, Request};
use crate::jobs::{Alteration, Policy};
use crate::model::{Job, Rhythm, Schedule, Timestamp};
use crate::text::Text;

/// The actions, by their names in all languages.
const ALTERATIONS: [(&str, Alteration); 12] = [
    ("pause", Alteration::Pause),
    ("暂停", Alteration::Pause),
    ("暫停", Alteration::Pause),
    ("resume", Alteration::Resume),
    ("恢复", Alteration::Resume),
    ("恢復", Alteration::Resume),
    ("继续", Alteration::Resume),
    ("繼續", Alteration::Resume),
    ("delete", Alteration::Delete),
    ("remove", Alteration::Delete),
    ("删除", Alteration::Delete),
    ("刪除", Alteration::Delete),
];

pub struct Schedules {
    planning: Planning,
}

impl Schedules {
    pub fn new(planning: Planning) -> Self {
        Self { planning }
    }

    /// When a schedule's next run is due, in the user's language.
    fn next(&self, schedule: &Schedule, job: &Job) -> String {
        match &schedule.next {
            Some(next) => self.planning.zone_of(job).words(next.at, Timestamp::now(), job.locale),
            None => Text::new("schedules-paused").in_locale(job.locale),
        }
    }

    fn line(&self, schedule: &Schedule, job: &Job) -> String {
        let text = match &schedule.rhythm {
            Rhythm::Once(_) => Text::new("schedules-once").with("line", &schedule.request.arguments),
            Rhythm::Every(pattern) => {
                let pattern = self.planning.recurrence_words(pattern, &schedule.zone, job);
                Text::new("schedules-every").with("line", schedule.request.line()).with("pattern", pattern)
            }
        };
        text.with("number", schedule.number).with("time", self.next(schedule, job)).in_locale(job.locale)
    }
}

#[async_trait]
impl Bot for Schedules {
    fn name(&self) -> &str {
        "schedules"
    }

    fn policy(&self) -> Policy {
        Policy::QUICK
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let job = request.job;
        let mut here = request.jobs.schedules_of(&job.principal).await.map_err(broken)?;
        here.retain(|schedule| schedule.room == job.room);
        let Some((alteration, number)) = read(&job.arguments)? else {
            let lines: Vec<_> = here.iter().map(|schedule| self.line(schedule, job)).collect();
            return Ok(Reply::Words(match lines.is_empty() {
                true => Text::new("schedules-none"),
                false => Text::new("schedules-list").with("list", lines.join("\n")),
            }));
        };
        let found = here.iter().find(|schedule| schedule.number == number);
        let found =
            found.ok_or_else(|| Failure::bad_arguments(Text::new("schedules-unknown").with("number", number)))?;
        let schedule = request.jobs.alter_schedule(&found.id, alteration).await.map_err(broken)?;
        let done = match alteration {
            Alteration::Pause => Text::new("schedules-did-pause"),
            Alteration::Resume => Text::new("schedules-did-resume"),
            Alteration::Delete => Text::new("schedules-did-delete"),
        };
        Ok(Reply::Words(done.with("what", self.line(&schedule, job))))
    }
}

/// The requested action and schedule; without arguments, the list.
fn read(arguments: &str) -> Result<Option<(Alteration, u32)>, Failure> {
    if arguments.is_empty() {
        return Ok(None);
    }
    let lowered = arguments.to_lowercase();
    let read = ALTERATIONS.into_iter().find_map(|(word, alteration)| {
        let number = lowered.strip_prefix(word)?.trim().parse().ok()?;
        Some((alteration, number))
    });
    read.map(Some).ok_or_else(|| Failure::bad_arguments(Text::new("schedules-usage")))
}
