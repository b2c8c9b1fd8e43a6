//! Whether a job may run: asked when it comes in, when somebody starts it again, and when a worker has it.

use std::sync::Arc;
use std::time::Duration;

use super::{Alteration, Jobs};
use crate::accounts::{Action, Actor};
use crate::model::{Job, Role, RoomName, Timestamp};
use crate::text::Text;

/// The command that posts reminders is nothing that people type: it is part of the one with which they plan them.
const PARTS: [(&str, &str); 1] = [("due reminder", "remind")];

/// How long what somebody was who asked for a job counts as what they are.
const FRESH: Duration = Duration::from_secs(60);

/// The command whose rule counts; a request without a name is one for help.
fn ruled_by(name: &str) -> &str {
    match name {
        "" => "help",
        name => PARTS.into_iter().find(|(part, _)| *part == name).map_or(name, |(_, whole)| whole),
    }
}

impl Jobs {
    /// Whether somebody of that role may run a command in a room, or in none.
    ///
    /// # Errors
    /// `forbidden`, with words on who may.
    pub fn check_command(&self, name: &str, role: Role, room: Option<&RoomName>) -> Result<(), Text> {
        self.rules.check(ruled_by(name), role, room)
    }

    /// Whether a job may run now: its command's rule may have changed since it came in; and so may whoever asked for it, where
    /// that was not just now, such as for the run of a schedule.
    ///
    /// # Errors
    /// `forbidden`, with words on why; others if the store cannot be read.
    pub async fn check_still_allowed(&self, job: &Job) -> Result<(), Text> {
        if job.principal.is_of_server() {
            return Ok(());
        }
        let age = Duration::from_millis(Timestamp::now().since(job.created_at));
        if job.schedule.is_none() && age < FRESH {
            return self.check_command(&job.name, job.role, job.room.as_ref());
        }
        let asker = self.standing.of(job.into()).await?;
        asker.may(Action::TakePart)?;
        if let Some(room) = self.room_of(job).await? {
            asker.may(if job.quiet { Action::Enter(&room) } else { Action::Post(&room) })?;
        }
        self.check_command(&job.name, asker.role, job.room.as_ref())
    }

    /// Whether somebody may start a job again: both this person and whoever asked for it must be allowed to run it.
    pub(super) async fn check_restart(&self, job: &Job, actor: &Actor) -> Result<(), Text> {
        self.check_command(&job.name, actor.role, job.room.as_ref())?;
        self.check_still_allowed(job).await
    }

    /// Pauses the schedule that a job is a run of; whether it goes on otherwise.
    pub async fn pause_schedule_of(self: &Arc<Self>, run: &Job) -> bool {
        let Some(id) = &run.schedule else { return false };
        match self.alter_schedule(id, Alteration::Pause).await {
            Ok(_) => true,
            // The run was its only one.
            Err(error) if error.code() == "not_found" => false,
            Err(error) => {
                tracing::error!(code = error.code(), schedule = %id, "cannot pause a schedule");
                false
            }
        }
    }
}
