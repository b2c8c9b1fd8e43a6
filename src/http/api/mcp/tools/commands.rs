//! The bot's commands.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::super::Refusal;
use super::super::super::jobs::{self, Asked, NewJob};
use super::super::tool::{Arguments, Call, Effect, Outcome};
use super::super::waiting::{Whose, wait};
use super::job::JobReport;
use super::room_of;
use crate::accounts::Action;
use crate::protocol::CommandView;
use crate::text::Text;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListCommands {}

#[derive(Serialize, ToSchema)]
pub struct Commands {
    #[schema(inline)]
    commands: Vec<CommandView>,
}

impl Outcome for Commands {}

impl Arguments for ListCommands {
    const NAME: &'static str = "list_commands";
    const TITLE: &'static str = "List commands";
    const DESCRIPTION: &'static str =
        "Lists the bot's commands: what each does, how its arguments are written, and who may run it where.";
    type Result = Commands;

    async fn call(self, call: Call) -> Result<Commands, Refusal> {
        call.actor().may(Action::Read)?;
        Ok(Commands { commands: call.app.bots.describe(call.caller.locale, call.caller.role) })
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunCommand {
    /// The command's name, as `list_commands` has it.
    command: String,
    /// What stands behind the name.
    #[serde(default)]
    arguments: String,
    /// A room, where everybody sees the command and its answer; in none if left out.
    room: Option<String>,
    /// An id of your own: in a room, a repetition runs once.
    id: Option<String>,
    /// Seconds to wait for the result, at most 600; 45 if left out. Afterwards, `get_job` has it.
    wait_seconds: Option<u64>,
}

impl Arguments for RunCommand {
    const NAME: &'static str = "run_command";
    const TITLE: &'static str = "Run a command";
    const DESCRIPTION: &'static str =
        "Runs a command of the bot and returns its result, or the id of its job if it takes longer.";
    const EFFECT: Effect = Effect::Anything;
    const LASTS: bool = true;
    type Result = JobReport;

    async fn call(self, call: Call) -> Result<JobReport, Refusal> {
        let new = NewJob {
            name: self.command,
            arguments: self.arguments,
            room: None,
            handle: None,
            id: self.id,
            time_zone: None,
            delay: None,
            at: None,
            expires: None,
        };
        let room = room_of(self.room.as_deref())?;
        let locale = call.caller.locale;
        let (job, is_new) = match jobs::ask_for(&call.app, &call.caller, new, room).await? {
            Asked::For { job, is_new } => (job, is_new),
            Asked::Held { .. } => return Err(Text::new("error-held").into()),
        };
        let whose = if is_new { Whose::Own } else { Whose::Another };
        Ok(JobReport::new(wait(call, job.id, whose, self.wait_seconds).await?, locale))
    }
}
