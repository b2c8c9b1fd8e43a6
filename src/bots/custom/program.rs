//! A custom command that is a program: arguments as argv, the request on standard input, output lines as parts of the answer.
//! Standard error goes to the job's log.

use std::io;

use async_trait::async_trait;

use super::super::{Again, Bot, Failure, Reply, Request};
use super::answer::{Draft, Reason, one_line};
use super::{Command, CommandRequest, arguments};
use crate::jobs::Policy;
use crate::patterns::Pattern;
use crate::process::{End, Event, Program, Programs};
use crate::protocol::CommandView;
use crate::text::{Locale, Text};

/// Exit codes after which another attempt would not help, by the names of `sysexits.h`: `EX_USAGE`, `EX_DATAERR`, `EX_NOINPUT`,
/// `EX_NOPERM`, `EX_CONFIG`.
const PERMANENT: [i32; 5] = [64, 65, 66, 77, 78];

/// A program as a command.
pub struct ProgramCommand {
    pub command: Command,
    /// With the arguments that precede the user's.
    pub program: Program,
    pub programs: Programs,
    /// What each word of the user must match.
    pub words: Pattern,
}

#[async_trait]
impl Bot for ProgramCommand {
    fn name(&self) -> &str {
        &self.command.name
    }

    fn policy(&self) -> Policy {
        self.command.policy
    }

    fn describe(&self, locale: Locale) -> CommandView {
        self.command.describe(locale)
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let argv = arguments::split(&request.job.arguments);
        if let Some(word) = argv.iter().find(|word| !self.words.matches(word)) {
            return Err(self.refusal(word));
        }
        let input = CommandRequest::new(request.job, &argv, None).to_json() + "\n";
        let mut program = self.program.clone();
        program.arguments.extend(argv);
        let started = self.programs.start(&program, input).await;
        let mut running = started.map_err(|error| self.not_started(error.raw_os_error().unwrap_or_default()))?;
        let mut draft = Draft::default();
        loop {
            match running.next().await {
                Event::Output(lines) => draft.take(lines, request.output).await,
                Event::Log(lines) => {
                    for line in &lines {
                        request.output.log(line).await;
                    }
                }
                Event::Ended(End::Exit(0)) => return Ok(draft.into_reply(self.name())),
                Event::Ended(end) => return Err(self.failure(end, draft.into_reason())),
            }
        }
    }
}

impl ProgramCommand {
    fn refusal(&self, word: &str) -> Failure {
        let key = if word.starts_with('-') { "own-option" } else { "own-word" };
        Failure::bad_arguments(Text::new(key).with("name", self.name()).with("word", one_line(word)))
    }

    /// Everybody in the room reads it: nothing of standard error, which is for the log. `reason` is what the program said.
    fn failure(&self, end: End, reason: Reason) -> Failure {
        let text = |key: &'static str| Text::new(key).with("name", self.name());
        let program = self.program.program.display();
        match (end, reason.words) {
            (End::Exit(code), words) => {
                let text = match words {
                    Some(words) => text("own-exit-reason").with("code", code).with("reason", words),
                    None => text("own-exit").with("code", code),
                };
                let by_code = if PERMANENT.contains(&code) { Again::Never } else { Again::ByPolicy };
                Failure { again: reason.again.unwrap_or(by_code), ..Failure::for_now("own_exit", text) }
            }
            (End::Signal(signal), _) => Failure::for_now("own_signal", text("own-signal").with("signal", signal)),
            (End::TooMuchOutput, _) => {
                let most = self.program.limits.output / 1024;
                Failure::for_good("own_output", text("own-output").with("most", most))
            }
            (End::NoProgram, _) => Failure::for_good("own_missing", text("own-missing").with("program", program)),
            (End::NoFolder, _) => {
                let dir = self.program.dir.display();
                Failure::for_good("own_missing", text("own-no-folder").with("dir", dir))
            }
            (End::NotExecutable, _) => {
                Failure::for_good("own_not_executable", text("own-not-executable").with("program", program))
            }
            (End::NotStarted(number), _) => self.not_started(number),
        }
    }

    /// `number` is the operating system's error number.
    fn not_started(&self, number: i32) -> Failure {
        let error = io::Error::from_raw_os_error(number);
        tracing::warn!(command = self.name(), %error, "cannot start a program");
        Failure::for_now("own_not_started", Text::new("own-not-started").with("name", self.name()))
    }
}
