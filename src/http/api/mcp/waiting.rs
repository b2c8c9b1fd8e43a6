//! A call that waits for a job: as long as the client wants, within bounds, and telling how it goes on.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::super::Refusal;
use super::super::events::event;
use super::super::following::{Following, Progress};
use super::message::notification;
use super::tool::Call;
use super::version::Era;
use crate::model::JobId;
use crate::protocol::JobView;

/// Seconds that a call waits for a job, if it does not say how many: clients give up after a minute.
const WAIT: u64 = 45;

/// At most so many seconds.
pub const LONGEST_WAIT: u64 = 600;

/// Between two looks at a job's progress, and at least between two news.
const LOOK: Duration = Duration::from_secs(1);

/// Without news, the last ones are told again after so long: clients give up on silence.
const SILENCE: Duration = Duration::from_secs(10);

/// Characters of an unfinished answer that are told, its last ones.
const SHOWN: usize = 200;

/// Tells a client how a call goes on.
pub struct News {
    token: Value,
    events: mpsc::Sender<Bytes>,
    began: Instant,
    /// The last ones, and when they were told.
    told: Option<(String, Instant)>,
}

impl News {
    pub fn new(token: Value, events: mpsc::Sender<Bytes>) -> Self {
        Self { token, events, began: Instant::now(), told: None }
    }

    /// Tells how it goes on. A client that does not read misses some.
    fn tell(&mut self, message: String) {
        let is_enough = |(told, at): &(String, Instant)| {
            let pause = if *told == message { SILENCE } else { LOOK };
            at.elapsed() < pause
        };
        if self.told.as_ref().is_some_and(is_enough) {
            return;
        }
        // How much there is to do is not known: the number has to grow, and time does.
        let progress = self.began.elapsed().as_secs_f64();
        let params = json!({"progressToken": self.token, "progress": progress, "message": message});
        let _ = self.events.try_send(event(&notification("notifications/progress", params)));
        self.told = Some((message, Instant::now()));
    }
}

/// Whose job it is that a call waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The call's own, which began it.
    Own,
    /// It was there before.
    Another,
}

/// Waits for a job; returns it as it is at the end, or after so many seconds. A job of its own is cancelled if the client leaves
/// meanwhile and its revision of the protocol has it so.
pub async fn wait(mut call: Call, id: JobId, whose: Whose, seconds: Option<u64>) -> Result<JobView, Refusal> {
    let until = Instant::now() + Duration::from_secs(seconds.unwrap_or(WAIT).min(LONGEST_WAIT));
    let mut following = Following::new(call.app.clone(), call.actor(), id);
    if whose == Whose::Another || call.era == Era::Handshake {
        following.leave();
    }
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left.min(LOOK), following.next()).await {
            Ok(Ok(Progress::Ended(job))) => {
                following.leave();
                return Ok(*job);
            }
            Ok(Err(text)) => return Err(text.into()),
            Err(_) if left.is_zero() => {
                following.leave();
                return Ok(following.now().await?);
            }
            Ok(Ok(Progress::Text(_))) | Err(_) => {}
        }
        if let Some(news) = &mut call.news {
            news.tell(status(&following.now().await?, following.given()));
        }
    }
}

/// How a job stands, in a line.
fn status(job: &JobView, answer: &str) -> String {
    if !answer.is_empty() {
        let skipped = answer.chars().count().saturating_sub(SHOWN);
        return answer.chars().skip(skipped).collect();
    }
    let percent = job.progress.map(|percent| format!("{percent} %"));
    let parts: Vec<_> = [percent, job.text.clone()].into_iter().flatten().collect();
    if parts.is_empty() { job.line.clone() } else { parts.join(": ") }
}
