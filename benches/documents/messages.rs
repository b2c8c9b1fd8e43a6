//! `messages`: the index of messages.

use std::error::Error;
use std::time::Instant;

use chatbot::analysis::fold;
use chatbot::index::{IndexedMessage, MessageIndex, MessageQuery, Place, WantedTerm};
use chatbot::model::Timestamp;

use crate::figures::{Times, megabytes, memory, print};
use crate::shared::{Process, size};
use crate::texts::{Random, kinds};

#[derive(clap::Args)]
pub struct Options {
    /// Messages in the index
    #[arg(long, default_value_t = 1_000_000)]
    messages: usize,
    /// Words searched for
    #[arg(long, default_value_t = 1000)]
    words: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { messages: 1_000_000, words: 1000 }
    }
}

/// Messages in one commit, as when the index is made anew.
const TOGETHER: usize = 8192;

const ROOMS: usize = 1000;

/// Messages on a page, and one more, by which it is seen whether there are others.
const PAGE: usize = 21;

pub fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    println!("messages: {} of 5 to 60 characters in {ROOMS} rooms", options.messages);
    let asked = build(dir.path(), options)?;
    print("index", megabytes(size(dir.path())?), "MB", None);
    let before = memory()?;
    let began = Instant::now();
    let index = MessageIndex::open(dir.path())?;
    print("opened and checked", began.elapsed().as_secs_f64() * 1e3, "ms", None);
    let began = Instant::now();
    let rooms = index.rooms()?.len();
    print(&format!("newest of {rooms} rooms"), began.elapsed().as_secs_f64() * 1e3, "ms", None);

    let pairs = asked.iter().map(|(pair, _)| WantedTerm::Exact(pair.clone()));
    find(&index, "word of two characters", pairs, Some(20.0))?;
    let common = asked.iter().map(|(pair, _)| WantedTerm::Beginning(pair.chars().take(1).collect()));
    find(&index, "single character", common, None)?;
    let words =
        asked.iter().map(|(_, word)| WantedTerm::ExactOrBeginning(word.clone(), word.chars().take(3).collect()));
    find(&index, "English word, unfinished", words, None)?;
    let after = memory()?;
    print("memory for searches, its own", after.0 - before.0, "MB", None);
    print("memory for searches, files' pages", after.1 - before.1, "MB", None);
    Ok(())
}

fn find(
    index: &MessageIndex,
    what: &str,
    terms: impl Iterator<Item = WantedTerm>,
    most: Option<f64>,
) -> Result<(), Box<dyn Error>> {
    let (mut times, mut found) = (Times::default(), 0);
    for term in terms {
        // As a visitor asks who has a private room.
        let query = MessageQuery { terms: vec![term], own: vec![ROOMS as u64 + 1], ..MessageQuery::default() };
        found += times.measure(|| index.search(&query, None, PAGE))?.len();
    }
    times.print(what, most);
    println!("    {found} found");
    Ok(())
}

/// Makes the index as when it was missing; words of two characters, and English ones, that messages have.
fn build(dir: &std::path::Path, options: &Options) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let (kinds, mut random) = (kinds(), Random(2));
    let [english, chinese, _] = &kinds;
    let index = MessageIndex::open(dir)?;
    let mut numbers = vec![0; ROOMS];
    let (mut made, mut bytes, mut cpu, mut wall) = (0, 0, 0.0, 0.0);
    while made < options.messages {
        let batch: Vec<IndexedMessage> = (made..options.messages.min(made + TOGETHER))
            .map(|message| {
                let words = &kinds[random.below(kinds.len())];
                let length = 5 + random.below(55);
                let room = random.below(ROOMS);
                numbers[room] += 1;
                let mut text = String::new();
                while text.chars().count() < length {
                    text.push_str(words.word(&mut random));
                    text.push_str(if text.is_ascii() { " " } else { "" });
                }
                bytes += text.len() as u64;
                let at = Timestamp(1_700_000_000_000 + 500 * message as i64);
                let place = Place { at, room: room as u64, seq: numbers[room] };
                let handle = format!("guest-{:04}", random.below(2000));
                IndexedMessage { place, is_public: true, handle, has_job: message % 50 == 0, text }
            })
            .collect();
        made += batch.len();
        let (began, before) = (Instant::now(), Process::own().cpu_time()?);
        index.change(Vec::new(), batch, Vec::new())?;
        cpu += (Process::own().cpu_time()? - before).as_secs_f64();
        wall += began.elapsed().as_secs_f64();
    }
    let (began, before) = (Instant::now(), Process::own().cpu_time()?);
    drop(index);
    print("texts", megabytes(bytes), "MB", None);
    print("made anew, CPU", cpu + (Process::own().cpu_time()? - before).as_secs_f64(), "s", None);
    print("made anew, by the clock", wall + began.elapsed().as_secs_f64(), "s", None);
    print("most memory while it was made, all in all", megabytes(Process::own().memory("VmHWM")?), "MB", None);
    let pair = |random: &mut Random| loop {
        let word = chinese.word(random);
        if word.chars().count() == 2 {
            return fold(word);
        }
    };
    let word = |random: &mut Random| loop {
        let word = english.word(random);
        if word.len() > 4 {
            return fold(word);
        }
    };
    Ok((0..options.words).map(|_| (pair(&mut random), word(&mut random))).collect())
}
