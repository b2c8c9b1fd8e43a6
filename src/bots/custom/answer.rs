//! Responses of custom commands: plain text, or JSON with progress, messages and results.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::{Again, Failure, Output, Reply};
use crate::text::Text;

/// Maximum length of an answer, in characters; the rest would not fit into a message and is not streamed either.
const MOST_ANSWER: usize = 8_000;

/// Maximum number of messages besides the answer.
const MOST_MESSAGES: usize = 50;

/// A JSON response. Values may have any type; non-strings are shown as JSON.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
pub struct Said {
    /// 0 to 100.
    progress: Option<f64>,
    /// Text on the progress; from an endpoint without `progress`, the answer.
    text: Option<Value>,
    /// A message besides the answer; from an endpoint, the answer.
    message: Option<Value>,
    /// The answer.
    result: Option<Value>,
    /// Why there is none.
    error: Option<Value>,
    /// Beside `error`: `false` if another attempt would not help, `true` if it may, or after how many seconds.
    retry: Option<Value>,
}

impl Said {
    /// `None` if it is not such JSON; it is plain text then.
    pub fn parse(text: &str) -> Option<Self> {
        // Serde would also accept an array of five.
        let object = Some(text.trim()).filter(|text| text.starts_with('{'))?;
        serde_json::from_str(object).ok().filter(|said: &Self| !said.says_nothing())
    }

    /// Whether it has none of the known fields.
    pub fn says_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it ends the job, if it comes from an endpoint.
    pub fn is_final(&self) -> bool {
        let is_answer = self.message.is_some() || (self.text.is_some() && self.progress.is_none());
        self.result.is_some() || self.error.is_some() || is_answer
    }

    /// Reports the progress, if there is any.
    pub async fn show_progress(&self, output: &Output) {
        if self.progress.is_some() || self.text.is_some() {
            // Clamped to the range.
            let percent = self.progress.map(|percent| percent.clamp(0.0, 100.0) as u8);
            output.progress(percent, self.text.as_ref().map(|text| one_line(&plain(text))));
        }
    }

    /// What it says about another attempt.
    fn again(&self) -> Option<Again> {
        match self.retry.as_ref()? {
            Value::Bool(false) => Some(Again::Never),
            Value::Bool(true) => Some(Again::ByPolicy),
            // Neither negative nor infinite.
            Value::Number(seconds) => Duration::try_from_secs_f64(seconds.as_f64()?).ok().map(Again::after),
            _ => None,
        }
    }

    /// The reply, if it comes from an endpoint.
    pub fn into_reply(self, name: &str) -> Result<Reply, Failure> {
        if let Some(error) = &self.error {
            let text = Text::new("own-error").with("name", name).with("reason", one_line(&plain(error)));
            let again = self.again().unwrap_or(Again::Never);
            return Err(Failure { again, ..Failure::for_good("own_error", text) });
        }
        let answer = self.result.or(self.message).or(self.text);
        Ok(reply(answer.as_ref().map(plain).unwrap_or_default(), name))
    }
}

/// Text as it is, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A reply; an empty text is replaced by a standard one.
pub fn reply(text: String, name: &str) -> Reply {
    match text.trim_end() {
        "" => Reply::Words(Text::new("own-done").with("name", name)),
        text => Reply::Plain(text.to_owned()),
    }
}

/// The text on one line, truncated.
pub fn one_line(text: &str) -> String {
    const MOST: usize = 300;
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MOST).collect()
}

impl Reason {
    fn of(said: Said) -> Self {
        Self { again: said.again(), words: said.error.map(|error| one_line(&plain(&error))) }
    }
}

/// The answer of a program, as it is written.
#[derive(Default)]
pub struct Draft {
    text: String,
    chars: usize,
    result: Option<String>,
    error: Option<Reason>,
    messages: usize,
}

/// Why a program failed, as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    pub words: Option<String>,
    pub again: Option<Again>,
}

impl Draft {
    /// Takes lines of standard output and shows them.
    pub async fn take(&mut self, lines: Vec<String>, output: &Output) {
        let mut piece = String::new();
        for line in lines {
            match Said::parse(&line) {
                Some(said) if said.error.is_none() => {
                    // In the order in which they were written.
                    self.show(std::mem::take(&mut piece), output).await;
                    self.take_said(said, output).await;
                }
                said => {
                    // For programs the exit code decides whether they failed; an `error` of one that did not is ordinary text.
                    self.error = said.map(Reason::of).or(self.error.take());
                    piece.push_str(&line);
                    piece.push('\n');
                }
            }
        }
        self.show(piece, output).await;
    }

    async fn show(&mut self, piece: String, output: &Output) {
        if !piece.is_empty() && self.chars < MOST_ANSWER {
            self.chars += piece.chars().count();
            self.text.push_str(&piece);
            output.piece(&piece);
        }
    }

    async fn take_said(&mut self, said: Said, output: &Output) {
        said.show_progress(output).await;
        if let Some(message) = &said.message {
            self.messages += 1;
            if self.messages > MOST_MESSAGES {
                output.log("too many messages; this one was not posted").await;
            } else if let Err(error) = output.say(plain(message)).await {
                output.log(&format!("a message was not posted: {}", error.code())).await;
            }
        }
        if let Some(result) = &said.result {
            self.result = Some(plain(result));
        }
    }

    /// The reason, if the program failed and gave one.
    pub fn into_reason(self) -> Reason {
        self.error.unwrap_or_default()
    }

    pub fn into_reply(self, name: &str) -> Reply {
        reply(self.result.unwrap_or(self.text), name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_of_another_kind_is_plain_text() {
        for text in [
            "{",
            "{}",
            "[1]",
            "[1, \"\", \"\", \"\", \"\"]",
            "12",
            "{\"temperature\": 12}",
            "{\"progress\": \"x\"}",
            "plain",
        ] {
            assert_eq!(Said::parse(text), None, "{text}");
        }
        assert!(Said::parse("{\"progress\": 40.5, \"text\": \"x\", \"eta\": 3}").is_some());
    }

    #[test]
    fn what_ends_the_work_of_an_address_is_told_from_progress() {
        let check =
            |text: &str, expected| assert_eq!(Said::parse(text).map(|said| said.is_final()), Some(expected), "{text}");
        check("{\"progress\": 40, \"text\": \"x\"}", false);
        check("{\"progress\": 40}", false);
        check("{\"text\": \"x\"}", true);
        check("{\"message\": \"x\"}", true);
        check("{\"progress\": 100, \"result\": {\"a\": 1}}", true);
        check("{\"error\": \"x\"}", true);
    }
}
