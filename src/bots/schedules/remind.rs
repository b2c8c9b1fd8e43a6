//! `remind`: posts a reminder at a given time.

use async_trait::async_trait;

use super::Planning;
use crate::bots::{Bot, Failure, Reply, Request};
use crate::jobs::{NewSchedule, Policy};
use crate::model::{JobRequest, MissedRuns, Rhythm};
use crate::schedule::{is_recurrence, read_phrase};
use crate::text::Text;

/// The name of the job that reminds. It cannot be typed.
const REMINDER: &str = "due reminder";

pub struct Remind {
    planning: Planning,
}

impl Remind {
    pub fn new(planning: Planning) -> Self {
        Self { planning }
    }
}

#[async_trait]
impl Bot for Remind {
    fn name(&self) -> &str {
        "remind"
    }

    fn policy(&self) -> Policy {
        Policy::QUICK
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let job = request.job;
        let asker = self.planning.asker(job);
        let asked = strip_any(&job.arguments, &["me ", "我", "提醒我"]);
        if is_recurrence(asked, &asker) {
            return Err(Failure::bad_arguments(Text::new("remind-repeated")));
        }
        let (at, what) = read_phrase(asked, &asker).map_err(Failure::bad_arguments)?;
        if what.is_empty() {
            return Err(Failure::bad_arguments(Text::new("remind-nothing")));
        }
        let plan = NewSchedule {
            rhythm: Rhythm::Once(at),
            first: at,
            zone: asker.zone.clone(),
            request: JobRequest { name: REMINDER.into(), arguments: what.to_owned() },
            missed: MissedRuns::Once,
        };
        self.planning.keep(&request, plan).await?;
        let time = asker.zone.words(at, asker.now, asker.locale);
        Ok(Reply::Words(Text::new("remind-planned").with("time", time).with("text", what)))
    }
}

/// Posts the reminder.
pub struct Reminder;

#[async_trait]
impl Bot for Reminder {
    fn name(&self) -> &str {
        REMINDER
    }

    fn policy(&self) -> Policy {
        Policy::QUICK
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let text = Text::new("remind-due").with("handle", &request.job.handle).with("text", &request.job.arguments);
        Ok(Reply::Words(text))
    }
}

/// The text without the first of these words that it begins with, in capitals or not.
fn strip_any<'a>(text: &'a str, words: &[&str]) -> &'a str {
    let stripped = words.iter().find_map(|word| {
        let (start, rest) = text.split_at_checked(word.len())?;
        start.eq_ignore_ascii_case(word).then_some(rest)
    });
    stripped.unwrap_or(text).trim_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_front_are_left_out() {
        assert_eq!(strip_any("Me in 10m", &["me ", "我"]), "in 10m");
        assert_eq!(strip_any("我明天", &["me ", "我"]), "明天");
        assert_eq!(strip_any("meeting", &["me ", "我"]), "meeting");
        assert_eq!(strip_any("明", &["me ", "我"]), "明");
    }
}
