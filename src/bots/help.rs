//! `help`: lists the commands, or describes one.

use std::sync::Weak;

use async_trait::async_trait;

use super::{Bot, Bots, Failure, Reply, Request};
use crate::jobs::Policy;
use crate::text::Text;

pub struct Help {
    /// The list this command is in.
    bots: Weak<Bots>,
}

impl Help {
    pub fn new(bots: Weak<Bots>) -> Self {
        Self { bots }
    }
}

#[async_trait]
impl Bot for Help {
    fn name(&self) -> &str {
        "help"
    }

    fn policy(&self) -> Policy {
        Policy::QUICK
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let Some(bots) = self.bots.upgrade() else { return Ok(Reply::Plain(String::new())) };
        let Request { job, jobs, .. } = request;
        let name = job.arguments.trim_start_matches('/').to_lowercase();
        if name.is_empty() {
            return Ok(Reply::Plain(bots.greeting(job.locale, job.role, job.room.as_ref())));
        }
        let bot = bots.find(&name).ok_or_else(|| bots.unknown(&name))?;
        jobs.check_command(&name, job.role, job.room.as_ref())
            .map_err(|refused| Failure::for_good("forbidden", refused))?;
        let command = bot.describe(job.locale);
        let text = Text::new("help-command")
            .with("usage", command.usage)
            .with("help", command.help)
            .with("example", command.example);
        Ok(Reply::Words(text))
    }
}
