//! `passages`: the keyword index of documents.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use chatbot::documents::{Passage, passages};
use chatbot::index::{Audience, IndexedDocument, PassageIndex};
use chatbot::model::{DocumentKind, DocumentNumber, RoomName, UsedIn};

use crate::figures::{Times, megabytes, memory, print};
use crate::shared::{Process, size, size_of};
use crate::texts::{Random, kinds};

#[derive(clap::Args)]
pub struct Options {
    /// Passages in the index
    #[arg(long, default_value_t = 75_000)]
    passages: usize,
    /// Questions asked
    #[arg(long, default_value_t = 1000)]
    questions: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { passages: 75_000, questions: 1000 }
    }
}

/// Characters in a document: about 50 passages.
const DOCUMENT: usize = 20_000;

/// Documents in one commit, as in a rebuild.
const TOGETHER: usize = 32;

struct Text {
    text: String,
    passages: Vec<Passage>,
}

pub fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    println!("passages: {} of about 500 characters", options.passages);
    let (mut asked, count) = (Vec::new(), options.passages);
    let (cpu, wall, bytes) = build(dir.path(), count, options.questions, &mut asked)?;
    print("index beyond the texts", megabytes(size(dir.path())?), "MB", Some(20.0));
    for (kind, what) in [("idx", "lists"), ("term", "terms"), ("fast", "places"), ("fieldnorm", "lengths")] {
        let bytes = size_of(dir.path(), &|path| path.extension().is_some_and(|found| found == kind))?;
        print(&format!("  of it {what}"), megabytes(bytes), "MB", None);
    }
    print("texts", megabytes(bytes), "MB", None);
    print("rebuild, CPU", cpu, "s", Some(40.0));
    print("rebuild, by the clock", wall, "s", None);
    print("most memory while it was made, all in all", megabytes(Process::own().memory("VmHWM")?), "MB", None);

    let before = memory()?;
    let began = Instant::now();
    let index = PassageIndex::open(dir.path())?;
    print("opened and checked", began.elapsed().as_secs_f64() * 1e3, "ms", None);
    let lobby = RoomName::public("lobby").map_err(|_| "a room's name")?;
    let room = Audience::Of([UsedIn::AllRooms, UsedIn::Room(lobby)].into());
    for (name, audience) in [("everywhere", Audience::Everything), ("in a room", room)] {
        let (mut times, mut unanswered) = (Times::default(), 0);
        for question in &asked {
            let hits = times.measure(|| index.search(question, &audience, 50))?;
            // Cut words may be in no passage.
            unanswered += usize::from(hits.is_empty());
        }
        println!("  {} questions {name}, {unanswered} without a passage", asked.len());
        times.print(&format!("question {name}"), Some(10.0));
    }
    let after = memory()?;
    print("memory for questions, its own", after.0 - before.0, "MB", Some(30.0));
    print("memory for questions, files' pages", after.1 - before.1, "MB", None);
    Ok(())
}

/// Makes the index as a rebuild does; CPU and clock seconds, and bytes of text.
fn build(
    dir: &Path,
    count: usize,
    questions: usize,
    asked: &mut Vec<String>,
) -> Result<(f64, f64, u64), Box<dyn Error>> {
    let (kinds, mut random) = (kinds(), Random(1));
    let (mut made, mut number, mut bytes, mut cpu, mut wall) = (0, 0, 0, 0.0, 0.0);
    let index = PassageIndex::open(dir)?;
    while made < count {
        let texts: Vec<Text> = (0..TOGETHER)
            .map(|document| {
                let text = kinds[document % kinds.len()].text(&mut random, DOCUMENT, &kinds[0]);
                let passages = passages(&text, DocumentKind::Text);
                Text { text, passages }
            })
            .collect();
        for text in &texts {
            bytes += text.text.len() as u64;
            made += text.passages.len();
            // Of as many documents as are needed, some consecutive words.
            let step = count / 50 / questions.max(1) + 1;
            for _ in 0..if number % step == 0 { (questions * 50).div_ceil(count) } else { 0 } {
                let passage = &text.text[text.passages[random.below(text.passages.len())].range.clone()];
                asked.push(question(passage, &mut random));
            }
            number += 1;
        }
        let first = (number - TOGETHER) as u64;
        let documents: Vec<IndexedDocument<'_>> = (first..)
            .zip(&texts)
            .map(|(number, Text { text, passages })| IndexedDocument {
                number: DocumentNumber(number),
                version: 1,
                title: "Manual",
                used_in: &UsedIn::AllRooms,
                text,
                passages,
            })
            .collect();
        let (began, before) = (Instant::now(), Process::own().cpu_time()?);
        index.replace(&documents)?;
        cpu += (Process::own().cpu_time()? - before).as_secs_f64();
        wall += began.elapsed().as_secs_f64();
    }
    asked.truncate(questions);
    let (began, before) = (Instant::now(), Process::own().cpu_time()?);
    // When nothing more comes it is put into one piece, in which the terms are once.
    while pieces(dir) > 1 && began.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(index);
    Ok((cpu + (Process::own().cpu_time()? - before).as_secs_f64(), wall + began.elapsed().as_secs_f64(), bytes))
}

/// Segments in the index.
fn pieces(dir: &Path) -> usize {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "idx")).count()
}

/// About 30 letters, or a dozen ideographs, of a passage.
fn question(passage: &str, random: &mut Random) -> String {
    let length = if passage.is_ascii() { 40 } else { 12 };
    let chars: Vec<char> = passage.chars().collect();
    let start = random.below(chars.len().saturating_sub(length).max(1));
    chars.into_iter().skip(start).take(length).collect()
}
