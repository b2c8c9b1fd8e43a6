//! What stands on pictures, recognised by `tesseract` where that is installed.
//!
//! It sees a picture at a time, on its standard input, and can do nothing but read what is installed: it changes no file, has no
//! network, and ends within limits of memory and time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use tokio::io::AsyncWriteExt;
use tokio::sync::{Mutex, Semaphore};

use super::child::tidy;
use super::problem::Problem;
use super::{Extracted, Extractor, Heard, Recognising, Said, Scanned, Wanted, lines};
use crate::analysis::normalize;
use crate::process::{End, Event, Input, ProcessLimits, Program, Programs};
use crate::threads;

/// Pages of a file that are recognised.
pub const MOST_SCANS: u32 = 1_000;

/// Letters of a page below which it is not worth while: some scanners print a number on each.
pub const LETTERS_OF_A_PAGE: usize = 4;

const TESSERACT: &str = "tesseract";

/// Memory of a page, in bytes: its picture takes a part of it.
const MEMORY: u64 = 1024 * 1024 * 1024;

/// Longest time for a page, also on a small machine.
pub const PAGE_TIME: Duration = Duration::from_secs(180);

/// How long what is installed is not looked for again, where something of it is missing.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Longest time to say which languages there are.
const LIST_TIME: Duration = Duration::from_secs(20);

/// Bytes that it writes of a page, or in its list.
const OUTPUT: usize = 1024 * 1024;

/// Bytes of a page's picture, as the reading process writes it.
const PICTURE: usize = 128 * 1024 * 1024;

/// Recognises pictures, one at a time: it takes all of a core.
#[derive(Clone)]
pub struct Recogniser {
    programs: Programs,
    wanted: Vec<String>,
    /// What was found when it was looked for last.
    found: Arc<Mutex<Option<(Instant, Found)>>>,
    /// Where a picture is until it is recognised.
    folder: PathBuf,
    hidden: Vec<PathBuf>,
    turn: Arc<Semaphore>,
}

/// What is installed.
#[derive(Clone)]
struct Found {
    /// Those of the wanted languages that it has, as it takes them, such as `eng+chi_sim`.
    languages: String,
    /// Whether it can tell in which direction a page has to be turned.
    turns: bool,
    /// Whether it has all of the wanted languages.
    is_complete: bool,
}

impl Recogniser {
    /// What is installed here is looked for when it is needed, so that it may be installed while the server runs. `folder` is for
    /// pictures on their way, `hidden` are the canonical paths of what it may not read.
    pub fn new(programs: Programs, wanted: Vec<String>, folder: PathBuf, hidden: Vec<PathBuf>) -> Self {
        let turn = Arc::new(Semaphore::new(1));
        Self { programs, wanted, found: Arc::default(), folder, hidden, turn }
    }

    /// The languages that it recognises, such as `eng+chi_sim`; `None` if it is not installed, or knows none of those that are wanted.
    pub async fn languages(&self) -> Option<String> {
        self.found().await.map(|found| found.languages)
    }

    async fn found(&self) -> Option<Found> {
        /// Beside the languages, it lists its model of directions.
        const DIRECTIONS: &str = "osd";
        if self.wanted.is_empty() {
            return None;
        }
        let mut last = self.found.lock().await;
        if let Some((_, found)) = last.as_ref().filter(|(at, found)| found.is_complete || at.elapsed() < LOOK_AGAIN) {
            return Some(found.clone());
        }
        let installed = installed(&self.programs).await;
        let known: Vec<_> = self.wanted.iter().filter(|wanted| installed.contains(wanted)).cloned().collect();
        let turns = installed.iter().any(|name| name == DIRECTIONS);
        let is_complete = known.len() == self.wanted.len();
        let found = Found { languages: known.join("+"), turns, is_complete };
        *last = (!known.is_empty()).then(|| (Instant::now(), found));
        last.as_ref().map(|(_, found)| found.clone())
    }

    /// The text on a page of a picture, from 0.
    async fn read(&self, picture: &Path, page: u32) -> Result<String, Problem> {
        let program = self.program(page, &self.found().await.ok_or(Problem::ScanWithoutText)?);
        let reading = async {
            let started = self.programs.start(&program, Input::File(picture.to_owned())).await;
            let mut running = started.map_err(|_| Problem::NotRead)?;
            let mut text = String::new();
            loop {
                match running.next().await {
                    Event::Output(lines) => lines.iter().for_each(|line| {
                        text.push_str(line);
                        text.push('\n');
                    }),
                    Event::Log(lines) => tracing::debug!(?lines, "while a picture was recognised"),
                    Event::Ended(End::Exit(0)) => return Ok(text),
                    Event::Ended(end) => return Err(Problem::of_end(end)),
                }
            }
        };
        tokio::time::timeout(PAGE_TIME, reading).await.unwrap_or(Err(Problem::ScanTooSlow))
    }

    fn program(&self, page: u32, Found { languages, turns, .. }: &Found) -> Program {
        /// How it looks at a page: finds its parts, and the direction in which it stands before.
        const PARTS: &str = "3";
        const DIRECTION_AND_PARTS: &str = "1";
        let page = format!("tessedit_page_number={page}");
        let look = if *turns { DIRECTION_AND_PARTS } else { PARTS };
        // Words of Chinese have no spaces between them, unless it puts them there.
        let spaces = "preserve_interword_spaces=1";
        let arguments = ["stdin", "stdout", "-l", languages, "--psm", look, "-c", spaces, "-c", &page];
        Program { hidden: self.hidden.clone(), ..program(&arguments) }
    }
}

fn program(arguments: &[&str]) -> Program {
    Program {
        program: TESSERACT.into(),
        arguments: arguments.iter().map(ToString::to_string).collect(),
        dir: "/".into(),
        // More threads make a page no faster, and others slower.
        environment: vec![("OMP_THREAD_LIMIT".to_owned(), "1".to_owned())],
        hidden: Vec::new(),
        only_reads: true,
        limits: ProcessLimits { output: OUTPUT, memory: Some(MEMORY) },
    }
}

/// The languages of the `tesseract` that is installed; none if there is none.
pub async fn installed(programs: &Programs) -> Vec<String> {
    let listing = async {
        let mut running = programs.start(&program(&["--list-langs"]), String::new()).await.ok()?;
        let mut languages = Vec::new();
        loop {
            match running.next().await {
                Event::Output(lines) => languages.extend(lines),
                // Old ones list them here.
                Event::Log(lines) => languages.extend(lines),
                Event::Ended(End::Exit(0)) => return Some(languages),
                Event::Ended(_) => return None,
            }
        }
    };
    tokio::time::timeout(LIST_TIME, listing).await.ok().flatten().unwrap_or_default()
}

impl Extractor {
    /// Adds the text of pages that are pictures.
    pub(super) async fn with_recognised(
        &self,
        mut extracted: Extracted,
        file: &Path,
        progress: impl Fn(Recognising) + Send + Sync,
    ) -> Result<Extracted, Problem> {
        let scanned: Vec<u32> = match &extracted.scanned {
            Scanned::Pages(pages) => pages.clone(),
            Scanned::Picture(pages) => (0..*pages).collect(),
        };
        let recogniser = match &self.recogniser {
            Some(recogniser) if !scanned.is_empty() && recogniser.languages().await.is_some() => recogniser,
            _ => return if is_without_text(&extracted) { Err(Problem::ScanWithoutText) } else { Ok(extracted) },
        };
        let count = u32::try_from(scanned.len()).unwrap_or(u32::MAX);
        // A file that has a text is not refused for its pictures.
        let has_text = !is_without_text(&extracted);
        if count > MOST_SCANS {
            return if has_text { Ok(extracted) } else { Err(Problem::TooManyScans) };
        }
        let mut pages: Vec<String> = extracted.text.split('\x0c').map(str::to_owned).collect();
        pages.resize(pages.len().max(extracted.pages.unwrap_or(0) as usize), String::new());
        let mut length = extracted.text.len();
        for (number, done) in scanned.into_iter().zip(1..) {
            progress(Recognising { page: done, pages: count });
            let text = match extracted.scanned {
                Scanned::Pages(_) => self.page_of_pdf(recogniser, file, number).await,
                Scanned::Picture(_) => {
                    let _turn = recogniser.turn.acquire().await.map_err(|_| Problem::NotRead)?;
                    recogniser.read(file, number).await
                }
            };
            let text = match text {
                Ok(text) => as_page(&text),
                Err(Problem::NotRead) => return Err(Problem::NotRead),
                Err(problem) if has_text => {
                    tracing::debug!(?problem, page = number + 1, "a page is left without the text of its picture");
                    continue;
                }
                Err(problem) => return Err(problem),
            };
            length += text.len();
            if length > self.limits.text {
                return Err(Problem::TooMuchText);
            }
            if text.chars().any(char::is_alphanumeric)
                && let Some(page) = pages.get_mut(number as usize)
            {
                *page = [page.as_str(), &text].join("\n\n").trim().to_owned();
                extracted.recognised.push(number + 1);
            }
        }
        extracted.text = pages.join("\x0c");
        if is_without_text(&extracted) { Err(Problem::Empty) } else { Ok(extracted) }
    }

    /// Draws a page of a PDF into a file, and recognises that.
    async fn page_of_pdf(&self, recogniser: &Recogniser, file: &Path, number: u32) -> Result<String, Problem> {
        let _turn = recogniser.turn.acquire().await.map_err(|_| Problem::NotRead)?;
        let folder = recogniser.folder.clone();
        let made = threads::blocking(move || tempfile::Builder::new().suffix(".part").tempfile_in(folder)).await;
        let picture = made.map_err(|_| Problem::NotRead)?.map_err(|error| not_kept(&error))?;
        let mut drawn = tokio::fs::File::from_std(picture.reopen().map_err(|error| not_kept(&error))?);
        let mut reading = self.begin(&self.task(file, "", None, Wanted::Picture(number)), PICTURE).await?;
        let mut is_whole = false;
        let end = loop {
            let said = match reading.next().await? {
                Heard::Said(said) => said,
                Heard::Ended(end) => break end,
            };
            for said in said {
                match said {
                    Said::Picture(piece) => {
                        let piece = BASE64.decode(piece.as_bytes()).map_err(|_| Problem::Broken)?;
                        drawn.write_all(&piece).await.map_err(|error| not_kept(&error))?;
                    }
                    Said::Done => is_whole = true,
                    Said::Failed(problem) => return Err(problem),
                    Said::About { .. } | Said::Base(_) | Said::Link(_) | Said::Text(_) => return Err(Problem::Broken),
                }
            }
        };
        drawn.flush().await.map_err(|error| not_kept(&error))?;
        if !is_whole || end != End::Exit(0) {
            return Err(Problem::of_end(end));
        }
        recogniser.read(picture.path(), 0).await
    }
}

fn not_kept(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "a page cannot be kept until it is recognised");
    Problem::NotRead
}

/// Whether there is nothing to be found, but what scanners print on each page.
fn is_without_text(extracted: &Extracted) -> bool {
    let is_scan = match &extracted.scanned {
        Scanned::Pages(pages) => !pages.is_empty(),
        Scanned::Picture(_) => true,
    };
    let letters = extracted.text.chars().filter(|c| c.is_alphanumeric()).count();
    let pages = extracted.pages.unwrap_or(1) as usize;
    is_scan && extracted.recognised.is_empty() && letters < pages * LETTERS_OF_A_PAGE
}

/// What was recognised, in the form of other text: without the end of the page, and lines that the margin broke joined.
fn as_page(text: &str) -> String {
    tidy(&normalize(&lines::plain(&text.replace('\x0c', "\n")))).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recognised_has_the_form_of_other_text() {
        let text = "Every employee has thirty days of leave a year. Leave must be\nasked for two weeks before it begins, in writing.\n\n\n# 1 is a number\n\x0c";
        let page = as_page(text);
        assert!(page.starts_with("Every employee") && page.contains("must be asked for"), "{page}");
        assert!(page.ends_with("\n # 1 is a number"), "no heading: {page}");
    }
}
