//! Custom commands: programs and HTTP endpoints.
//!
//! Both receive the same JSON request, and can respond with plain text or with the same JSON fields.

mod address;
mod answer;
mod arguments;
mod callbacks;
mod program;

pub use address::AddressCommand;
pub use answer::Said;
pub use callbacks::Callbacks;
pub use program::ProgramCommand;

use serde::Serialize;

use crate::jobs::{Lane, Policy};
use crate::model::{Job, PRIVATE_ROOM, RoomName};
use crate::protocol::CommandView;
use crate::text::{Locale, Translations};

/// Description and policy of a custom command.
#[derive(Clone, Debug)]
pub struct Command {
    pub name: String,
    pub help: Translations,
    /// Arguments, as shown in the help.
    pub arguments: Translations,
    /// Example arguments.
    pub example: Translations,
    pub policy: Policy,
}

impl Command {
    fn describe(&self, locale: Locale) -> CommandView {
        let with_name = |rest: &Translations| format!("{} {}", self.name, rest.in_locale(locale)).trim_end().to_owned();
        CommandView {
            name: self.name.clone(),
            usage: with_name(&self.arguments),
            help: self.help.in_locale(locale).to_owned(),
            example: with_name(&self.example),
            slow: self.policy.lane == Lane::Slow,
            ..CommandView::default()
        }
    }
}

/// The request to a program or endpoint.
#[derive(Serialize)]
struct CommandRequest<'a> {
    /// The job's.
    id: &'a str,
    command: &'a str,
    /// Everything after the command, as it was written.
    arguments: &'a str,
    /// The same, split into words.
    argv: &'a [String],
    handle: String,
    room: &'a str,
    locale: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<&'a str>,
    /// 1, 2, 3, …
    attempt: u32,
    /// Callback URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    callback: Option<&'a str>,
}

impl<'a> CommandRequest<'a> {
    fn new(job: &'a Job, argv: &'a [String], callback: Option<&'a str>) -> Self {
        Self {
            id: job.id.as_str(),
            command: &job.name,
            arguments: &job.arguments,
            argv,
            handle: job.handle.to_string(),
            room: job.room.as_ref().map_or(PRIVATE_ROOM, RoomName::shown),
            locale: job.locale.tag(),
            time_zone: job.zone.as_deref(),
            attempt: job.attempt,
            callback,
        }
    }

    fn to_json(&self) -> String {
        // Plain data: it cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}
