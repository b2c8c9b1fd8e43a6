//! Output of server responses and other texts.

use std::io::{ErrorKind, Write};

use anyhow::Context;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::Client;

/// Writes to standard output.
pub fn write(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        // The reader has closed the pipe.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// A number of things: "1 file", "2 files".
pub fn counted(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// How answers are shown.
pub struct Output {
    pub json: bool,
}

impl Output {
    /// Prints a response, as JSON or as text.
    pub fn print<T: DeserializeOwned>(&self, answer: Value, text: impl FnOnce(T) -> String) -> anyhow::Result<()> {
        let shown = if self.json {
            format!("{answer:#}\n")
        } else {
            text(serde_json::from_value(answer).context("cannot understand the server's answer")?)
        };
        write(&shown)
    }

    /// Applies an operation to each id and prints one line per result.
    pub async fn print_each<T: DeserializeOwned>(
        &self,
        client: &Client,
        ids: &[String],
        method: Method,
        path: impl Fn(&str) -> String,
        said: impl Fn(T) -> String,
    ) -> anyhow::Result<()> {
        for id in ids {
            let answer = client.ask(method.clone(), &path(id), &[]).await.with_context(|| id.clone())?;
            self.print(answer, |answer| format!("{id}  {}\n", said(answer)))?;
        }
        Ok(())
    }
}
