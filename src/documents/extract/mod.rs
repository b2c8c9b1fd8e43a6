//! Text extraction from files.
//!
//! Uploaded files are untrusted, and their formats are old and complex: so each file is read by a process of its
//! own (`chatbot extract`), which has limits on memory and time and access to nothing else. This module is the
//! server's side; [`child`] is the other.

mod book;
pub mod child;
mod decode;
mod html;
mod hyphens;
mod kind;
mod lines;
mod mail;
mod markdown;
mod open_document;
mod package;
mod pdf;
mod problem;
mod rtf;
mod sheets;
mod slides;
mod symbols;
mod table;
mod word;
mod xml;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::model::DocumentKind;
use crate::process::{self, End, Event, Program, Programs, syscalls};
use crate::text::Text;

use problem::Problem;

/// Number of files read concurrently: each may use one core and the memory limit.
const AT_A_TIME: usize = 2;

/// The reading process is this same program.
const OWN_BINARY: &str = "/proc/self/exe";

/// Limits for reading a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtractLimits {
    /// Bytes of the file.
    pub file: u64,
    /// Bytes of its text, in UTF-8.
    pub text: usize,
    /// Pages.
    pub pages: usize,
    /// Bytes of memory to read it with.
    pub memory: u64,
    /// Time limit for reading. Waiting for other files has the same limit in addition.
    pub time: Duration,
}

impl Default for ExtractLimits {
    /// Room for the largest book, and for scans that were made searchable.
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self { file: 64 * MIB, text: 16 << 20, pages: 20_000, memory: 1024 * MIB, time: Duration::from_secs(60) }
    }
}

/// What was in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extracted {
    /// From the file's metadata, or else its first heading.
    pub title: Option<String>,
    pub author: Option<String>,
    pub kind: DocumentKind,
    /// Normalised. Pages are separated by U+000C, headings are lines that begin with `#`.
    pub text: String,
    /// Where the format has any.
    pub pages: Option<u32>,
}

/// Text that stands raised behind other text: digits as raised digits, so that they are none of the number before; other text as it
/// is.
fn raised(text: &str) -> String {
    let of = |c: char| match c {
        '1' => Some('¹'),
        '2' => Some('²'),
        '3' => Some('³'),
        '0' | '4'..='9' => char::from_u32('⁰' as u32 + c as u32 - '0' as u32),
        '+' => Some('⁺'),
        '-' | '−' => Some('⁻'),
        '(' => Some('⁽'),
        ')' => Some('⁾'),
        ',' | ' ' => Some(c),
        _ => None,
    };
    text.chars().map(of).collect::<Option<String>>().unwrap_or_else(|| text.to_owned())
}

/// Runs the processes that read files.
#[derive(Clone)]
pub struct Extractor {
    programs: Programs,
    limits: ExtractLimits,
    turns: Arc<Semaphore>,
    stopping: CancellationToken,
}

/// What the reading process writes, one to a line.
#[derive(Serialize, Deserialize)]
enum Said {
    About {
        title: Option<String>,
        author: Option<String>,
        kind: DocumentKind,
        pages: Option<u32>,
    },
    /// A piece of the text.
    Text(String),
    /// All has been said.
    Done,
    Failed(Problem),
}

/// What the reading process is told, on its standard input.
#[derive(Serialize, Deserialize)]
struct Task {
    file: std::path::PathBuf,
    /// As the user calls it: only its ending is looked at.
    name: String,
    media_type: Option<String>,
    limits: ExtractLimits,
}

impl Extractor {
    pub fn new(programs: Programs, limits: ExtractLimits) -> Self {
        if !syscalls::HAS_FILTER {
            tracing::info!("on this kind of machine, no system calls are denied to the process that reads documents");
        }
        Self { programs, limits, turns: Arc::new(Semaphore::new(AT_A_TIME)), stopping: CancellationToken::new() }
    }

    /// Stops all reading, and refuses further files.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Returns once the processes of dropped extractions have ended.
    pub async fn all_ended(&self) {
        self.programs.all_ended().await;
    }

    /// What files may cost.
    pub fn limits(&self) -> ExtractLimits {
        self.limits
    }

    /// Extracts the text of a file. `name` is its name, `media_type` comes from the browser or web server;
    /// the content takes precedence. Dropping the future ends the process.
    ///
    /// # Errors
    /// One sentence, with a separate code for each reason that the user can act on.
    pub async fn extract(&self, file: &Path, name: &str, media_type: Option<&str>) -> Result<Extracted, Text> {
        let extracting = self.extract_in_turn(file, name, media_type);
        self.stopping.run_until_cancelled(extracting).await.unwrap_or_else(|| Err(Text::new("error-busy-file")))
    }

    async fn extract_in_turn(&self, file: &Path, name: &str, media_type: Option<&str>) -> Result<Extracted, Text> {
        let turn = tokio::time::timeout(self.limits.time, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else { return Err(Text::new("error-busy-files")) };
        let task = Task {
            file: file.to_owned(),
            name: name.to_owned(),
            media_type: media_type.map(str::to_owned),
            limits: self.limits,
        };
        let reading = self.read(&task);
        match tokio::time::timeout(self.limits.time, reading).await {
            Ok(read) => read.map_err(|problem| problem.text(&self.limits)),
            Err(_) => Err(Problem::TooSlow.text(&self.limits)),
        }
    }

    async fn read(&self, task: &Task) -> Result<Extracted, Problem> {
        let input = serde_json::to_string(task).map_err(|_| Problem::NotRead)?;
        let mut running = self.programs.start(&self.program(), input).await.map_err(|error| {
            tracing::warn!(%error, "cannot start reading a file");
            Problem::NotRead
        })?;
        let mut heard = Heard::default();
        loop {
            match running.next().await {
                Event::Output(lines) => {
                    for line in lines {
                        heard.line(&line, self.limits.text)?;
                    }
                }
                Event::Log(lines) => tracing::debug!(?lines, "while a file was read"),
                Event::Ended(end) => return heard.ended(end),
            }
        }
    }

    fn program(&self) -> Program {
        // Escaped, a byte of text takes up to six.
        let output = self.limits.text.saturating_mul(6).saturating_add(64 * 1024);
        Program {
            program: OWN_BINARY.into(),
            arguments: vec!["extract".into()],
            dir: "/".into(),
            environment: child::environment(),
            // It hides everything from itself.
            hidden: Vec::new(),
            limits: process::ProcessLimits { output, memory: Some(self.limits.memory) },
        }
    }
}

/// What has come from the reading process so far.
#[derive(Default)]
struct Heard {
    about: Option<Extracted>,
    text: String,
    is_whole: bool,
}

impl Heard {
    fn line(&mut self, line: &str, most: usize) -> Result<(), Problem> {
        // Invalid output comes from a process that was compromised or crashed.
        match serde_json::from_str(line).map_err(|_| Problem::Broken)? {
            Said::About { title, author, kind, pages } => {
                self.about = Some(Extracted { title, author, kind, text: String::new(), pages });
            }
            Said::Text(piece) if self.text.len() + piece.len() <= most => self.text.push_str(&piece),
            Said::Text(_) => return Err(Problem::TooMuchText),
            Said::Done => self.is_whole = true,
            Said::Failed(problem) => return Err(problem),
        }
        Ok(())
    }

    fn ended(self, end: End) -> Result<Extracted, Problem> {
        match (self.about, end) {
            (Some(about), End::Exit(0)) if self.is_whole => Ok(Extracted { text: self.text, ..about }),
            (_, end) => Err(Problem::of_end(end)),
        }
    }
}
            only_reads: false,
