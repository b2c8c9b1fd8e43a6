//! `status`: checks whether a URL responds, and caches the result for an hour.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use reqwest::Url;

use super::{Bot, Failure, Reply, Request};
use crate::fetch::{Asker, Client, FetchLimits};
use crate::jobs::Policy;
use crate::model::Principal;
use crate::text::Text;

/// Time limit for the whole request; the body is not read.
const LIMITS: FetchLimits = FetchLimits { time: Duration::from_secs(10), body: 0 };

/// How long a result is cached.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// Capacity of the cache; the oldest entries are evicted.
const MOST_REMEMBERED: usize = 1000;

/// After an address: bypasses the cache.
const ANEW: &str = "now";

pub struct Status {
    client: Client,
    remembered: Mutex<HashMap<Url, Answer>>,
}

#[derive(Clone)]
struct Answer {
    at: Instant,
    code: u16,
    reason: &'static str,
    took: Duration,
}

impl Status {
    pub fn new(client: Client) -> Self {
        Self { client, remembered: Mutex::default() }
    }

    fn remembered(&self, url: &Url) -> Option<Answer> {
        let remembered = self.remembered.lock();
        remembered.get(url).filter(|answer| answer.at.elapsed() < REMEMBERED).cloned()
    }

    fn remember(&self, url: Url, answer: Answer) {
        let mut remembered = self.remembered.lock();
        if remembered.len() >= MOST_REMEMBERED {
            let oldest = remembered.iter().min_by_key(|(_, answer)| answer.at).map(|(url, _)| url.clone());
            oldest.map(|url| remembered.remove(&url));
        }
        remembered.insert(url, answer);
    }

    async fn ask(&self, url: &Url, principal: &Principal) -> Result<Answer, Failure> {
        let (start, asker) = (Instant::now(), Asker::Person(principal.clone()));
        let fetched = self.client.get(url.clone(), &asker, LIMITS).await.map_err(|error| {
            let text = Text::new(format!("status-{}", error.code())).with("url", show(url));
            Failure::for_now(error.code(), text)
        })?;
        Ok(Answer {
            at: Instant::now(),
            code: fetched.status.as_u16(),
            reason: fetched.status.canonical_reason().unwrap_or_default(),
            took: start.elapsed(),
        })
    }
}

#[async_trait]
impl Bot for Status {
    fn name(&self) -> &str {
        "status"
    }

    fn policy(&self) -> Policy {
        Policy { time_limit: Duration::from_secs(15), ..Policy::SLOW }
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let mut words = request.job.arguments.split_whitespace();
        let (Some(address), anew, None) = (words.next(), words.next(), words.next()) else {
            return Err(Failure::bad_arguments(Text::new("status-nothing")));
        };
        let is_anew = anew.is_some_and(|word| word.eq_ignore_ascii_case(ANEW));
        if anew.is_some() && !is_anew {
            return Err(Failure::bad_arguments(Text::new("status-nothing")));
        }
        let url = Client::parse(address)
            .map_err(|_| Failure::bad_arguments(Text::new("status-bad_url").with("url", shorten(address))))?;
        let answer = match self.remembered(&url).filter(|_| !is_anew) {
            Some(answer) => answer,
            None => {
                let answer = self.ask(&url, &request.job.principal).await?;
                self.remember(url.clone(), answer.clone());
                answer
            }
        };
        Ok(Reply::Words(words_for(&url, &answer)))
    }
}

fn words_for(url: &Url, answer: &Answer) -> Text {
    let age = answer.at.elapsed().as_secs();
    let text = match age {
        0..5 => Text::new("status-answer"),
        5..90 => Text::new("status-answer-seconds").with("age", age),
        _ => Text::new("status-answer-minutes").with("age", age / 60),
    };
    let code = format!("{} {}", answer.code, answer.reason);
    text.with("url", show(url)).with("code", code.trim()).with("took", answer.took.as_millis())
}

/// Without what everybody leaves out.
fn show(url: &Url) -> String {
    let shown = url.as_str().trim_start_matches("https://");
    shorten(shown.strip_suffix('/').unwrap_or(shown))
}

fn shorten(text: &str) -> String {
    text.chars().take(200).collect()
}
