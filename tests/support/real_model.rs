//! A real language model's server: llama.cpp with a small model, as `tests/run` installs them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chatbot::config::{Config, LanguageModelConfig};
use serde_json::Value;

use super::Request;

/// Longest wait for an answer: beside browsers and other tests on two cores it writes ten tokens a second or fewer.
const WRITING: Duration = Duration::from_secs(90);

/// The server, ended when it is dropped.
pub struct RealModel {
    process: Child,
    url: String,
}

impl RealModel {
    /// Starts it and waits until it answers; loading takes a second or two.
    pub fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("target/model-server/venv/bin/python");
        assert!(python.exists(), "{} is missing; tests/run installs it", python.display());
        let mut command = Command::new(python);
        command.arg(root.join("tests/support/model_server.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.stderr(Stdio::null()).spawn().expect("the model's server starts");
        let mut url = String::new();
        let read = BufReader::new(process.stdout.take().expect("piped")).read_line(&mut url);
        assert!(read.is_ok() && url.starts_with("http://"), "the model's server says where it listens: {url:?}");
        Self { process, url: url.trim().to_owned() }
    }

    /// Lets a chat server use it, for answers of so many tokens.
    pub fn configure(&self, config: &mut Config, max_tokens: u32) {
        config.language_model = LanguageModelConfig {
            base_url: format!("{}/v1", self.url),
            model: "smollm2".into(),
            max_tokens,
            ..LanguageModelConfig::default()
        };
    }

    /// How its only place to work is.
    async fn slot(&self) -> Value {
        Request::new("GET", &format!("{}/slots", self.url)).send().await.json()[0].take()
    }

    pub async fn is_working(&self) -> bool {
        self.slot().await["is_processing"] == true
    }

    /// Waits until it works no more; the tokens that it had written by then.
    pub async fn idle(&self) -> u64 {
        let waiting = async {
            loop {
                let slot = self.slot().await;
                if slot["is_processing"] == false {
                    return slot["next_token"][0]["n_decoded"].as_u64().expect("a count");
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(WRITING, waiting).await.expect("the model's server stops working")
    }

    /// As a power cut would, for the process.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for RealModel {
    fn drop(&mut self) {
        self.kill();
    }
}
