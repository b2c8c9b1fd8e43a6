//! Installs the custom commands, at start and whenever the settings are reloaded.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::bots::custom::{AddressCommand, Callbacks, Command, ProgramCommand};
use crate::bots::{Bot, Bots};
use crate::config::{AfterRestart, CommandConfig, Config, Urgency};
use crate::fetch::{Client, Secret};
use crate::http::Sockets;
use crate::jobs::{Jobs, Lane, OnRestart, Policy, Priority, Retries};
use crate::patterns::Pattern;
#[cfg(target_os = "linux")]
use crate::process::sandbox;
use crate::process::{ProcessLimits, Program, Programs};
use crate::text::Locale;

const KIB: usize = 1024;
const MIB: u64 = 1024 * 1024;

/// What is needed to replace them.
#[derive(Clone)]
pub struct CustomCommands {
    bots: Arc<Bots>,
    jobs: Arc<Jobs>,
    sockets: Arc<Sockets>,
    client: Client,
    programs: Programs,
    callbacks: Arc<Callbacks>,
    public_url: Option<String>,
    /// What no program may read or change.
    hidden: Vec<PathBuf>,
}

impl CustomCommands {
    /// `hidden` are the canonical paths of what no program may read or change.
    pub fn new(
        config: &Config,
        hidden: Vec<PathBuf>,
        bots: Arc<Bots>,
        jobs: Arc<Jobs>,
        sockets: Arc<Sockets>,
        client: Client,
        callbacks: Arc<Callbacks>,
    ) -> Self {
        let public_url = config.http.public_url.trim_end_matches('/').to_owned();
        Self {
            bots,
            jobs,
            sockets,
            client,
            programs: Programs::new(super::OWN_PROGRAM.into()),
            callbacks,
            public_url: Some(public_url).filter(|url| !url.is_empty()),
            hidden,
        }
    }

    /// Replaces the custom commands by those of the settings, and the rules of all, and informs all clients. Running jobs continue
    /// with the old ones.
    ///
    /// # Errors
    /// A message for the operator, if a command is invalid or a rule is for none; then nothing is changed.
    pub fn set(&self, config: &Config) -> anyhow::Result<()> {
        let Config { commands, command_permissions, .. } = config;
        let own = commands.iter().map(|command| {
            let name = &command.name;
            anyhow::ensure!(!self.bots.is_built_in(name), "commands.{name}.name: is a command that is there already");
            self.bot(command).with_context(|| format!("commands.{name}"))
        });
        let own = own.collect::<anyhow::Result<_>>()?;
        for name in command_permissions.keys() {
            let is_typed = self.bots.is_built_in(name) && !name.contains(' ');
            anyhow::ensure!(is_typed, "command_permissions.{name}: there is no built-in command of this name");
        }
        let own_rules = commands.iter().map(|command| (&command.name, command.rule()));
        let rules = own_rules.chain(command_permissions.iter().map(|(name, permission)| (name, permission.rule())));
        let rules = rules.map(|(name, rule)| rule.map(|rule| (name.clone(), rule)));
        // They have been checked with the settings.
        let rules = rules.collect::<Result<_, _>>().map_err(|text| anyhow::anyhow!(text.in_locale(Locale::English)))?;
        self.bots.rules().configure(rules);
        self.bots.replace_custom(own);
        if commands.iter().any(|command| !command.run.is_empty()) {
            warn_of_risks();
        }
        self.jobs.set_policies(self.bots.policies());
        self.sockets.tell_commands(&self.bots);
        Ok(())
    }

    /// Returns once all stopped programs have ended.
    pub async fn all_ended(&self) {
        self.programs.all_ended().await;
    }

    fn bot(&self, config: &CommandConfig) -> anyhow::Result<Arc<dyn Bot>> {
        let command = Command {
            name: config.name.clone(),
            help: config.help.clone(),
            arguments: config.arguments.clone(),
            example: config.example.clone(),
            policy: policy(config),
        };
        let Some((program, arguments)) = config.run.split_first() else {
            return Ok(Arc::new(AddressCommand {
                command,
                url: Client::parse(&config.url).context("url")?,
                secret: Some(config.secret.as_str()).filter(|secret| !secret.is_empty()).map(Secret::new),
                most_answer: config.output_kb * KIB,
                client: self.client.clone(),
                callbacks: self.callbacks.clone(),
                public_url: self.public_url.clone(),
            }));
        };
        // Its sandbox would keep it from its own files.
        let folder = config.dir.canonicalize().unwrap_or_else(|_| config.dir.clone());
        let is_hidden = self.hidden.iter().any(|hidden| folder.starts_with(hidden));
        anyhow::ensure!(!is_hidden, "dir: is in the data folder, where programs can read nothing");
        let program = Program {
            program: PathBuf::from(program),
            arguments: arguments.to_vec(),
            dir: config.dir.clone(),
            environment: config.environment.clone().into_iter().collect(),
            hidden: self.hidden.clone(),
            only_reads: false,
            limits: ProcessLimits {
                output: config.output_kb * KIB,
                memory: (config.memory_mb > 0).then_some(config.memory_mb * MIB),
            },
        };
        let words = Pattern::whole(&config.words).map_err(anyhow::Error::msg).context("words")?;
        Ok(Arc::new(ProgramCommand { command, program, programs: self.programs.clone(), words }))
    }
}

/// Says what people may reach through programs because of how the server runs.
fn warn_of_risks() {
    if rustix::process::geteuid().is_root() {
        tracing::warn!("the programs of commands run as root, as the server does; run it as a user of its own");
    }
    #[cfg(target_os = "linux")]
    if !sandbox::hides_files() {
        tracing::warn!(
            "the programs of commands can reach the data folder, because this kernel does not deny it; Linux 6.2 with Landlock does"
        );
    }
}

fn retries(config: &CommandConfig) -> Retries {
    // All are in the range of the type: that was checked when the configuration was read.
    let percent = |share: f64| (share * 100.0).round() as u32;
    Retries {
        most: config.retries,
        first: Duration::from_secs_f64(config.retry_first_seconds),
        growth: percent(config.retry_factor),
        longest: Duration::from_secs_f64(config.retry_longest_seconds),
        jitter: percent(config.retry_jitter),
    }
}

fn policy(config: &CommandConfig) -> Policy {
    Policy {
        lane: if config.quick { Lane::Quick } else { Lane::Slow },
        time_limit: Duration::from_secs(config.time_limit_seconds),
        on_restart: match config.on_restart {
            AfterRestart::RunAgain => OnRestart::RunAgain,
            AfterRestart::Interrupt => OnRestart::Interrupt,
        },
        retries: retries(config),
        at_once: (config.at_once > 0).then_some(config.at_once),
        per_minute: NonZeroU32::new(config.per_minute),
        priority: match config.priority {
            Urgency::High => Priority::High,
            Urgency::Normal => Priority::Normal,
            Urgency::Low => Priority::Low,
        },
        is_unique: config.unique,
    }
}
