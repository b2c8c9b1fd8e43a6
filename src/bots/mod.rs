//! The commands: what each is called, what it may do, and what it does.
//!
//! A new command is one new file and one line in [`Bots::new`]; help, completion in the page and the tests follow from the
//! list. A bot gets a request and returns a reply; `runner` does everything around it.

mod echo;
mod help;
mod runner;
mod sleep;
mod status;
mod sum;

use std::sync::Arc;

use async_trait::async_trait;

pub use runner::{Runner, cancelled};

use crate::fetch::Client;
use crate::jobs::{Lane, Policy};
use crate::model::JobRequest;
use crate::protocol::CommandView;
use crate::text::{Locale, Text};
use runner::Progress;

/// One command.
///
/// Its words are in the catalogs under `command-NAME-usage`, `-help` and `-example`.
#[async_trait]
pub trait Bot: Send + Sync {
    /// What people type: lower-case letters.
    fn name(&self) -> &'static str;

    /// What its jobs may do.
    fn policy(&self) -> Policy;

    /// Does the work. It is dropped at the next `.await` when the job is cancelled or its time is up.
    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure>;
}

/// What a bot is asked, and how it says how far it is.
pub struct Request<'a> {
    /// Everything after the command.
    pub arguments: &'a str,
    /// The asker's language.
    pub locale: Locale,
    pub progress: &'a Progress,
}

/// What a bot answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    Words(Text),
    /// The same in every language.
    Plain(String),
}

/// Why a bot could not do it: a stable code, and one clear sentence.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: &'static str,
    pub text: Text,
}

impl Failure {
    /// The arguments do not fit; `text` says what is wrong with them.
    pub fn bad_arguments(text: Text) -> Self {
        Self { code: "bad_arguments", text }
    }
}

/// The list of commands.
pub struct Bots {
    list: Vec<Arc<dyn Bot>>,
}

impl Bots {
    /// Every command there is.
    pub fn new(client: Client) -> Arc<Self> {
        Arc::new_cyclic(|bots| Self {
            list: vec![
                Arc::new(help::Help::new(bots.clone())),
                Arc::new(sum::Sum),
                Arc::new(status::Status::new(client)),
                Arc::new(echo::Echo),
                Arc::new(sleep::Sleep),
            ],
        })
    }

    fn find(&self, name: &str) -> Option<&Arc<dyn Bot>> {
        self.list.iter().find(|bot| bot.name() == name)
    }

    /// What the jobs of each command may do.
    pub fn policies(&self) -> impl Iterator<Item = (&'static str, Policy)> + '_ {
        self.list.iter().map(|bot| (bot.name(), bot.policy()))
    }

    /// The commands as people are told of them.
    pub fn describe(&self, locale: Locale) -> Vec<CommandView> {
        self.list.iter().map(|bot| describe(bot.as_ref(), locale)).collect()
    }

    /// What somebody is told who comes to the bot for the first time.
    pub fn greeting(&self, locale: Locale) -> String {
        let commands = self.describe(locale);
        let lines: Vec<_> = commands.iter().map(|command| format!("• {} — {}", command.usage, command.help)).collect();
        Text::new("greeting").with("commands", lines.join("\n")).in_locale(locale)
    }

    /// The known command that looks most like `name`, if one does.
    fn nearest(&self, name: &str) -> Option<&'static str> {
        /// Letters that may be wrong, missing or swapped.
        const MOST_EDITS: usize = 2;
        let distance = |bot: &Arc<dyn Bot>| strsim::damerau_levenshtein(bot.name(), name);
        let nearest = self.list.iter().min_by_key(|bot| distance(bot))?;
        (distance(nearest) <= MOST_EDITS.min(name.chars().count() / 2)).then(|| nearest.name())
    }

    /// Does what a request asks for.
    async fn run(&self, asked: &JobRequest, request: Request<'_>) -> Result<Reply, Failure> {
        let name = if asked.name.is_empty() { "help" } else { &asked.name };
        match self.find(name) {
            Some(bot) => bot.run(request).await,
            None => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> Failure {
        let text = match self.nearest(name) {
            Some(nearest) => Text::new("unknown-command-nearest").with("name", name).with("nearest", nearest),
            None => Text::new("unknown-command").with("name", name),
        };
        Failure { code: "unknown_command", text }
    }
}

fn describe(bot: &dyn Bot, locale: Locale) -> CommandView {
    let name = bot.name();
    let words = |part: &str| Text::new(format!("command-{name}-{part}")).in_locale(locale);
    CommandView {
        name: name.to_owned(),
        usage: words("usage"),
        help: words("help"),
        example: words("example"),
        slow: bot.policy().lane == Lane::Slow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bots() -> Arc<Bots> {
        Bots::new(Client::new(vec![]).expect("a client"))
    }

    #[test]
    fn every_command_has_its_own_name_and_words_in_every_language() {
        let bots = bots();
        for locale in Locale::ALL {
            let commands = bots.describe(locale);
            for command in &commands {
                assert!(command.usage.starts_with(&command.name), "{}", command.usage);
                assert!(command.example.starts_with(&command.name), "{}", command.example);
                assert!(!command.help.is_empty() && !command.help.contains("command-"), "{}", command.help);
                assert_eq!(commands.iter().filter(|other| other.name == command.name).count(), 1);
                assert!(bots.greeting(locale).contains(&command.usage));
            }
        }
    }

    #[test]
    fn a_mistyped_command_is_recognised() {
        let bots = bots();
        assert_eq!(bots.nearest("smu"), Some("sum"));
        assert_eq!(bots.nearest("slepe"), Some("sleep"));
        assert_eq!(bots.nearest("satus"), Some("status"));
        assert_eq!(bots.nearest("weather"), None);
        assert_eq!(bots.nearest("你好"), None);
    }
}
