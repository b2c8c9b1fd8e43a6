//! Text extraction from files.
//!
//! Uploaded files are untrusted, and their formats are old and complex: so each file is read by a process of its
//! own (`chatbot extract`), which has limits on memory and time and access to nothing else. This module is the
//! server's side; [`child`] is the other.

mod book;
pub mod child;
pub mod decode;
mod html;
mod hyphens;
mod kind;
mod lines;
mod mail;
mod markdown;
mod open_document;
mod package;
mod pdf;
mod picture;
mod problem;
mod recognise;
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
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::model::DocumentKind;
use crate::process::{self, End, Event, Program, Programs, Running, syscalls};
use crate::text::Text;

use problem::Problem;
pub use recognise::Recogniser;

/// Number of files read concurrently: each may use one core and the memory limit.
const AT_A_TIME: usize = 2;

/// Links of a page that are read.
const MOST_LINKS: usize = 2000;

/// Bytes of the longest one.
const LONGEST_LINK: usize = 2000;

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
    /// What of it is still to be recognised.
    scanned: Scanned,
    /// The pages, from 1, whose text was recognised in pictures.
    pub recognised: Vec<u32>,
    pub links: PageLinks,
}

/// What of a file is pictures without text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Scanned {
    /// These pages of a PDF, from 0.
    Pages(Vec<u32>),
    /// The file itself, which has so many pages.
    Picture(u32),
}

impl Default for Scanned {
    fn default() -> Self {
        Self::Pages(Vec::new())
    }
}

/// How far a file is that is recognised page by page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognising {
    /// The page that is being recognised, of those that have to be, from 1.
    pub page: u32,
    pub pages: u32,
}

/// Where the links of a page lead, as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageLinks {
    /// What they are relative to, if the page says so.
    pub base: Option<String>,
    /// Each once, in the order of the page.
    pub links: Vec<String>,
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
    recogniser: Option<Recogniser>,
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
        scanned: Scanned,
    },
    Base(String),
    Link(String),
    /// A piece of the text.
    Text(String),
    /// A piece of a picture, in Base64.
    Picture(String),
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
    wanted: Wanted,
}

/// What is wanted of a file.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Wanted {
    Text,
    /// The picture that is a page of a PDF, from 0.
    Picture(u32),
}

impl Extractor {
    /// Without a `recogniser`, pictures stay without text.
    pub fn new(programs: Programs, limits: ExtractLimits, recogniser: Option<Recogniser>) -> Self {
        if !syscalls::HAS_FILTER {
            tracing::info!("on this kind of machine, no system calls are denied to the process that reads documents");
        }
        let turns = Arc::new(Semaphore::new(AT_A_TIME));
        Self { programs, limits, recogniser, turns, stopping: CancellationToken::new() }
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
    /// the content takes precedence. `progress` is told before each page whose text has to be recognised. Dropping the future ends
    /// the process.
    ///
    /// # Errors
    /// One sentence, with a separate code for each reason that the user can act on.
    pub async fn extract(
        &self,
        file: &Path,
        name: &str,
        media_type: Option<&str>,
        progress: impl Fn(Recognising) + Send + Sync,
    ) -> Result<Extracted, Text> {
        let extracting = async {
            let extracted = self.extract_in_turn(file, name, media_type).await?;
            self.with_recognised(extracted, file, progress).await.map_err(|problem| problem.text(&self.limits))
        };
        self.stopping.run_until_cancelled(extracting).await.unwrap_or_else(|| Err(Text::new("error-busy-file")))
    }

    /// The links of a file, as [`Extractor::extract`] reads it; nothing is recognised for them.
    pub async fn links(&self, file: &Path, name: &str, media_type: Option<&str>) -> Result<PageLinks, Text> {
        let reading = self.extract_in_turn(file, name, media_type);
        let read = self.stopping.run_until_cancelled(reading).await;
        Ok(read.unwrap_or_else(|| Err(Text::new("error-busy-file")))?.links)
    }

    async fn extract_in_turn(&self, file: &Path, name: &str, media_type: Option<&str>) -> Result<Extracted, Text> {
        let turn = tokio::time::timeout(self.limits.time, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else { return Err(Text::new("error-busy-files")) };
        let task = self.task(file, name, media_type, Wanted::Text);
        // Escaped, a byte of text takes up to six.
        let output = self.limits.text.saturating_mul(6).saturating_add(64 * 1024);
        let mut whole = Whole::default();
        let reading = async {
            let mut reading = self.begin(&task, output).await?;
            loop {
                match reading.next().await? {
                    Heard::Said(said) => said.into_iter().try_for_each(|said| whole.take(said, self.limits.text))?,
                    Heard::Ended(end) => return whole.ended(end),
                }
            }
        };
        reading.await.map_err(|problem: Problem| problem.text(&self.limits))
    }

    fn task(&self, file: &Path, name: &str, media_type: Option<&str>, wanted: Wanted) -> Task {
        let (file, name, media_type) = (file.to_owned(), name.to_owned(), media_type.map(str::to_owned));
        Task { file, name, media_type, limits: self.limits, wanted }
    }

    /// Starts a reading process, which may write so many bytes.
    async fn begin(&self, task: &Task, output: usize) -> Result<Reading, Problem> {
        let input = serde_json::to_string(task).map_err(|_| Problem::NotRead)?;
        let running = self.programs.start(&self.program(output), input).await.map_err(|error| {
            tracing::warn!(%error, "cannot start reading a file");
            Problem::NotRead
        })?;
        Ok(Reading { running, until: Instant::now() + self.limits.time })
    }

    fn program(&self, output: usize) -> Program {
        Program {
            program: OWN_BINARY.into(),
            arguments: vec!["extract".into()],
            dir: "/".into(),
            environment: child::environment(),
            // It hides everything from itself.
            hidden: Vec::new(),
            only_reads: false,
            limits: process::ProcessLimits { output, memory: Some(self.limits.memory) },
        }
    }
}

/// A reading process.
struct Reading {
    running: Running,
    until: Instant,
}

/// What comes from a reading process.
enum Heard {
    Said(Vec<Said>),
    Ended(End),
}

impl Reading {
    async fn next(&mut self) -> Result<Heard, Problem> {
        loop {
            let event = tokio::time::timeout_at(self.until, self.running.next()).await;
            match event.map_err(|_| Problem::TooSlow)? {
                Event::Output(lines) => {
                    // Invalid output comes from a process that was compromised or crashed.
                    let said = lines.iter().map(|line| serde_json::from_str(line)).collect::<Result<_, _>>();
                    return said.map(Heard::Said).map_err(|_| Problem::Broken);
                }
                Event::Log(lines) => tracing::debug!(?lines, "while a file was read"),
                Event::Ended(end) => return Ok(Heard::Ended(end)),
            }
        }
    }
}

/// What has come of a text so far.
#[derive(Default)]
struct Whole {
    about: Option<Extracted>,
    text: String,
    links: PageLinks,
    is_whole: bool,
}

impl Whole {
    fn take(&mut self, said: Said, most: usize) -> Result<(), Problem> {
        match said {
            Said::About { title, author, kind, pages, scanned } => {
                self.about = Some(Extracted { title, author, kind, pages, scanned, ..Extracted::default() });
            }
            Said::Base(base) => self.links.base = Some(base),
            Said::Link(link) if self.links.links.len() < MOST_LINKS => self.links.links.push(link),
            Said::Link(_) => {}
            Said::Text(piece) if self.text.len() + piece.len() <= most => self.text.push_str(&piece),
            Said::Text(_) => return Err(Problem::TooMuchText),
            Said::Picture(_) => return Err(Problem::Broken),
            Said::Done => self.is_whole = true,
            Said::Failed(problem) => return Err(problem),
        }
        Ok(())
    }

    fn ended(self, end: End) -> Result<Extracted, Problem> {
        match (self.about, end) {
            (Some(about), End::Exit(0)) if self.is_whole => {
                Ok(Extracted { text: self.text, links: self.links, ..about })
            }
            (_, end) => Err(Problem::of_end(end)),
        }
    }
}
