//! A custom command that is an HTTP endpoint: the request is posted there; the answer is the response or comes to a callback URL.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::{StatusCode, Url};

use super::super::{Again, Bot, Failure, Reply, Request};
use super::answer::{Said, one_line, reply};
use super::callbacks::{Callback, Callbacks};
use super::{Command, CommandRequest, arguments};
use crate::fetch::{Client, FetchError, FetchLimits, Fetched, Posting, Secret};
use crate::jobs::Policy;
use crate::protocol::CommandView;
use crate::text::{Locale, Text};

/// An HTTP endpoint as a command.
pub struct AddressCommand {
    pub command: Command,
    pub url: Url,
    pub secret: Option<Secret>,
    /// Maximum size of an answer, in bytes.
    pub most_answer: usize,
    pub client: Client,
    pub callbacks: Arc<Callbacks>,
    /// Public URL of this server, without a trailing slash; `None` if endpoints cannot call back and must answer at once.
    pub public_url: Option<String>,
}

#[async_trait]
impl Bot for AddressCommand {
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
        let job = request.job;
        let callback = self.public_url.as_ref().map(|base| (base, self.callbacks.expect(&job.id)));
        let address = callback.as_ref().map(|(base, callback)| format!("{base}{}", callback.path()));
        let argv = arguments::split(&job.arguments);
        let body = CommandRequest::new(job, &argv, address.as_deref()).to_json().into_bytes();
        let posting = Posting { url: self.url.clone(), id: job.id.as_str(), body, secret: self.secret.as_ref() };
        let limits = FetchLimits { time: self.command.policy.time_limit, body: self.most_answer };
        let answer = self.client.post(posting, limits).await.map_err(|error| self.no_answer(error))?;
        match (answer.status, callback) {
            (StatusCode::ACCEPTED, Some((_, callback))) => self.wait(callback, request).await,
            (StatusCode::ACCEPTED, None) => Err(Failure::for_good("own_no_callback", self.text("own-no-callback"))),
            (status, _) if status.is_success() => self.read(answer),
            _ => Err(self.refused(answer)),
        }
    }
}

impl AddressCommand {
    fn text(&self, key: &'static str) -> Text {
        Text::new(key).with("name", self.name())
    }

    fn read(&self, answer: Fetched) -> Result<Reply, Failure> {
        if answer.truncated {
            let text = self.text("own-output").with("most", self.most_answer / 1024);
            return Err(Failure::for_good("own_output", text));
        }
        let text = String::from_utf8_lossy(&answer.body);
        match Said::parse(&text) {
            Some(said) => said.into_reply(self.name()),
            None => Ok(reply(text.into_owned(), self.name())),
        }
    }

    /// Waits for the answer at the callback URL, reporting progress until then. Bounded by the job's time limit.
    async fn wait(&self, mut callback: Callback, request: Request<'_>) -> Result<Reply, Failure> {
        while let Some(said) = callback.next().await {
            if said.is_final() {
                return said.into_reply(self.name());
            }
            said.show_progress(request.output).await;
        }
        Err(Failure::for_now("own_no_callback", self.text("own-broke-off")))
    }

    fn no_answer(&self, error: FetchError) -> Failure {
        let host = self.url.host_str().unwrap_or_default();
        let text = match error {
            FetchError::TimedOut => self.text("own-timed-out"),
            FetchError::NotPublic => self.text("own-not-public").with("url", host),
            // The texts are shared with the `status` command.
            _ => Text::new(format!("status-{}", error.code())).with("url", host),
        };
        match error {
            FetchError::NotPublic | FetchError::BadUrl => Failure::for_good(error.code(), text),
            _ => Failure::for_now(error.code(), text),
        }
    }

    fn refused(&self, answer: Fetched) -> Failure {
        let status = answer.status;
        let body = String::from_utf8_lossy(&answer.body);
        if status.is_client_error()
            && let Some(Err(failure)) = Said::parse(&body).map(|said| said.into_reply(self.name()))
        {
            return failure;
        }
        let is_passing = status.is_server_error()
            || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS);
        let code = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
        let text = self.text("own-refused").with("code", one_line(&code));
        let again = match answer.retry_after {
            _ if !is_passing => Again::Never,
            // A server that names no time, or none to speak of, does not know the policy.
            Some(delay) => Again::after(delay.max(self.command.policy.retries.first)),
            None => Again::ByPolicy,
        };
        Failure { again, ..Failure::for_now("own_refused", text) }
    }
}
