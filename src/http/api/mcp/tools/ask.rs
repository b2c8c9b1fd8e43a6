//! Questions that the documents may answer.

use serde::Deserialize;
use utoipa::ToSchema;

use super::super::super::Refusal;
use super::super::super::ask::{self, Question};
use super::super::tool::{Arguments, Call, Effect};
use super::super::waiting::{Whose, wait};
use super::job::JobReport;
use super::room_of;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    question: String,
    /// A room whose documents are used in addition to those without a room.
    room: Option<String>,
    /// Passages that the answer may rest on, at most 10.
    passages: Option<usize>,
    /// Seconds to wait for the answer, at most 600; 45 if left out. Afterwards, `get_job` has it.
    wait_seconds: Option<u64>,
}

impl Arguments for Ask {
    const NAME: &'static str = "ask";
    const TITLE: &'static str = "Ask the documents";
    const DESCRIPTION: &'static str = "Answers a question from the documents, with the passages that the answer rests on. Without a \
        language model on the server, the passages themselves are the answer. Nobody in a room sees the question.";
    const EFFECT: Effect = Effect::Reads;
    const LASTS: bool = true;
    type Result = JobReport;

    async fn call(self, call: Call) -> Result<JobReport, Refusal> {
        let question = Question { text: self.question, limit: self.passages, room: room_of(self.room.as_deref())? };
        let (id, locale) = (ask::start(&call.app, &call.actor(), question).await?, call.caller.locale);
        Ok(JobReport::new(wait(call, id, Whose::Own, self.wait_seconds).await?, locale))
    }
}
