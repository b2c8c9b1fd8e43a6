//! The commands: name, policy and implementation of each.
//!
//! A new command is one new file, its `mod` and an entry in [`Bots::new`]; help, completion in the page and the tests follow
//! from the list. A bot gets a request and returns a reply; `runner` does everything around it.

mod ask;
pub mod custom;
mod echo;
mod help;
mod maintenance;
mod output;
mod runner;
mod schedules;
mod sleep;
mod status;
mod sum;
mod sync;
mod webhook;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::RwLock;

pub use ask::{Ask, arguments as ask_arguments};
pub use output::Output;
pub use runner::Runner;
pub use schedules::Planning;

use crate::accounts::CommandRules;
use crate::chat::Chat;
use crate::fetch::Client;
use crate::jobs::{Jobs, Lane, Policy, Webhooks};
use crate::library::Library;
use crate::model::{Citations, CommandRule, Job, Role, RoomName};
use crate::protocol::CommandView;
use crate::text::{Locale, Text};

/// One command.
#[async_trait]
pub trait Bot: Send + Sync {
    /// What users type: lower-case letters. A name with a space cannot be typed, so it is for internal use and not
    /// listed.
    fn name(&self) -> &str;

    /// Limits and retries of its jobs.
    fn policy(&self) -> Policy;

    /// Its description for users; by default the texts `command-NAME-usage`, `-help` and `-example` of the catalogs. Who may run
    /// it is not the command's to say.
    fn describe(&self, locale: Locale) -> CommandView {
        let name = self.name();
        let words = |part: &str| Text::new(format!("command-{name}-{part}")).in_locale(locale);
        CommandView {
            name: name.to_owned(),
            usage: words("usage"),
            help: words("help"),
            example: words("example"),
            slow: self.policy().lane == Lane::Slow,
            ..CommandView::default()
        }
    }

    /// Runs the command. The future is dropped at the next `.await` when the job is cancelled or times out.
    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure>;
}

/// A request to a bot, with the services it may use.
pub struct Request<'a> {
    /// Its `arguments` are everything after the command, its `locale` is the asker's language.
    pub job: &'a Job,
    /// Number of the message that requested the job.
    pub seq: u64,
    pub jobs: &'a Arc<Jobs>,
    pub chat: &'a Arc<Chat>,
    pub output: &'a Output,
}

/// A bot's answer.
#[derive(Debug, PartialEq)]
pub enum Reply {
    Words(Text),
    /// Untranslated text.
    Plain(String),
    /// The answer to a question.
    Cited(String, Citations),
}

/// Why a command failed: a stable code and one sentence.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: &'static str,
    pub text: Text,
    pub again: Again,
}

/// Whether a retry may succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    Never,
    /// When the command's policy says.
    ByPolicy,
    /// Not earlier, as whoever failed says.
    After(Duration),
}

impl Again {
    /// Longest delay that is accepted.
    const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    pub fn after(delay: Duration) -> Self {
        Self::After(delay.min(Self::LONGEST))
    }
}

impl Failure {
    /// A permanent failure: a retry would not help.
    pub fn for_good(code: &'static str, text: Text) -> Self {
        Self { code, text, again: Again::Never }
    }

    /// A temporary failure: a retry may succeed.
    pub fn for_now(code: &'static str, text: Text) -> Self {
        Self { code, text, again: Again::ByPolicy }
    }

    /// The arguments are invalid; `text` says why.
    pub fn bad_arguments(text: Text) -> Self {
        Self::for_good("bad_arguments", text)
    }
}

type List = Vec<Arc<dyn Bot>>;

/// The list of commands.
pub struct Bots {
    rules: Arc<CommandRules>,
    built_in: List,
    /// Custom commands, which can be replaced while the server runs.
    own: RwLock<List>,
}

impl Bots {
    /// Creates the list with all built-in commands.
    pub fn new(
        rules: Arc<CommandRules>,
        client: Client,
        planning: &Planning,
        webhooks: Arc<Webhooks>,
        ask: Ask,
        library: Arc<Library>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|bots| Self {
            rules,
            built_in: vec![
                Arc::new(help::Help::new(bots.clone())),
                Arc::new(ask),
                Arc::new(sum::Sum),
                Arc::new(status::Status::new(client.clone())),
                Arc::new(echo::Echo),
                Arc::new(sleep::Sleep),
                Arc::new(schedules::Remind::new(planning.clone())),
                Arc::new(schedules::Reminder),
                Arc::new(schedules::Every::new(planning.clone(), bots.clone())),
                Arc::new(schedules::Schedules::new(planning.clone())),
                Arc::new(webhook::Webhook::new(client, webhooks)),
                Arc::new(maintenance::IndexDocuments(library.clone())),
                Arc::new(maintenance::EmbedDocuments(library.clone())),
                Arc::new(sync::SyncSite(library)),
            ],
            own: RwLock::default(),
        })
    }

    /// Replaces the custom commands. Running jobs continue with the old ones.
    pub fn replace_custom(&self, own: Vec<Arc<dyn Bot>>) {
        *self.own.write() = own;
    }

    /// Whether there is a built-in command of this name.
    pub fn is_built_in(&self, name: &str) -> bool {
        self.built_in.iter().any(|bot| bot.name() == name)
    }

    /// Who may run which.
    pub fn rules(&self) -> &CommandRules {
        &self.rules
    }

    /// The names of the commands that users can request.
    pub fn names(&self) -> Vec<String> {
        self.listed().map(|bot| bot.name().to_owned()).collect()
    }

    fn all(&self) -> List {
        let own = self.own.read();
        self.built_in.iter().chain(own.iter()).cloned().collect()
    }

    /// Commands that users can request.
    fn listed(&self) -> impl Iterator<Item = Arc<dyn Bot>> {
        self.all().into_iter().filter(|bot| !bot.name().contains(' '))
    }

    fn find(&self, name: &str) -> Option<Arc<dyn Bot>> {
        let own = self.own.read();
        self.built_in.iter().chain(own.iter()).find(|bot| bot.name() == name).cloned()
    }

    /// The policies of all commands, by name.
    pub fn policies(&self) -> HashMap<String, Policy> {
        self.all().iter().map(|bot| (bot.name().to_owned(), bot.policy())).collect()
    }

    /// Descriptions of the commands for somebody of that role. Where a command runs is told to those who may run it: rooms may
    /// be closed ones.
    pub fn describe(&self, locale: Locale, role: Role) -> Vec<CommandView> {
        let describe = |bot: Arc<dyn Bot>| {
            let CommandRule { allow, rooms } = self.rules.of(bot.name());
            let rooms = if role >= allow { rooms } else { Vec::new() };
            CommandView { allow: allow.as_str(), rooms, ..bot.describe(locale) }
        };
        self.listed().map(describe).collect()
    }

    /// The greeting of the bot, with the commands that somebody of that role may run in a room, or in none.
    pub fn greeting(&self, locale: Locale, role: Role, room: Option<&RoomName>) -> String {
        let commands = self.listed().filter(|bot| self.rules.check(bot.name(), role, room).is_ok());
        let line = |CommandView { usage, help, .. }: CommandView| format!("• {usage} — {help}");
        let lines: Vec<_> = commands.map(|bot| line(bot.describe(locale))).collect();
        Text::new("greeting").with("commands", lines.join("\n")).in_locale(locale)
    }

    /// The command with the most similar name, if one is similar enough.
    fn nearest(&self, name: &str) -> Option<String> {
        /// Letters that may be wrong, missing or swapped.
        const MOST_EDITS: usize = 2;
        let distance = |bot: &Arc<dyn Bot>| strsim::damerau_levenshtein(bot.name(), name);
        let nearest = self.listed().min_by_key(distance)?;
        (distance(&nearest) <= MOST_EDITS.min(name.chars().count() / 2)).then(|| nearest.name().to_owned())
    }

    /// Runs a job's command.
    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let name = if request.job.name.is_empty() { "help" } else { &request.job.name };
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
        Failure::for_good("unknown_command", text)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::answers::{Answers, NoDocuments};
    use crate::model::MissedRuns;
    use crate::schedule::Zone;
    use crate::store::Store;

    fn bots() -> Arc<Bots> {
        let planning =
            Planning { zone: Zone::UTC, per_person: 1, guest_interval: Duration::ZERO, missed: MissedRuns::Once };
        let ask = Ask::new(Arc::new(Answers::new(Arc::new(NoDocuments), None, true)), None, Duration::from_secs(60));
        let (client, library) = (Client::new(&[]), Library::without_documents());
        let (store, _closing) = Store::in_memory().expect("a store");
        Bots::new(CommandRules::for_tests(store), client, &planning, Arc::default(), ask, library)
    }

    #[tokio::test]
    async fn every_command_has_its_own_name_and_words_in_every_language() {
        let bots = bots();
        assert!(!bots.greeting(Locale::English, Role::Moderator, None).contains("sync <"), "it is for admins");
        for locale in Locale::ALL {
            let commands = bots.describe(locale, Role::Admin);
            for command in &commands {
                assert!(command.usage.starts_with(&command.name), "{}", command.usage);
                assert!(command.example.starts_with(&command.name), "{}", command.example);
                assert!(!command.help.is_empty() && !command.help.contains("command-"), "{}", command.help);
                assert_eq!(commands.iter().filter(|other| other.name == command.name).count(), 1);
                assert!(bots.greeting(locale, Role::Admin, None).contains(&command.usage));
            }
        }
    }

    #[tokio::test]
    async fn a_mistyped_command_is_recognised() {
        let bots = bots();
        assert_eq!(bots.nearest("smu").as_deref(), Some("sum"));
        assert_eq!(bots.nearest("slepe").as_deref(), Some("sleep"));
        assert_eq!(bots.nearest("satus").as_deref(), Some("status"));
        assert_eq!(bots.nearest("weather"), None);
        assert_eq!(bots.nearest("你好"), None);
    }
}
