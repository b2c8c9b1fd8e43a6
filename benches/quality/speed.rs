//! What meaning costs: time and memory.

use std::time::{Duration, Instant};

use chatbot::embedding::{Embedder, Embedding, EmbeddingSource, Vectors};
use chatbot::model::DocumentNumber;

use crate::shared::{Process, size};

/// Synthetic vectors searched, and how many a document has.
const VECTORS: usize = 75_000;
const PER_DOCUMENT: usize = 150;
const DIMENSIONS: usize = 384;

/// Passages embedded for the rate.
const PASSAGES: usize = 60;

pub async fn run() -> anyhow::Result<()> {
    println!("at start: {}", Memory::now()?);
    embedding().await?;
    search()
}

async fn embedding() -> anyhow::Result<()> {
    let text = include_str!("data/en/employee-handbook.md");
    let chinese: Vec<char> = include_str!("data/zh-Hans/employee-handbook.md").chars().collect();
    let embedder = Embedder::new(EmbeddingSource::BuiltIn).map_err(anyhow::Error::msg)?;
    let start = Instant::now();
    embedder.question("How many days of leave do I have?").await?;
    println!("first question, loading the model: {:.1?}; {}", start.elapsed(), Memory::now()?);

    let (mut times, busy) = (Vec::new(), Process::own().cpu_time()?);
    for question in
        ["How many days of leave do I have?", "年假没有休完可以顺延到什么时候？", "請問出差住宿的報銷標準是多少？"]
            .into_iter()
            .cycle()
            .take(60)
    {
        let start = Instant::now();
        embedder.question(question).await?;
        times.push(start.elapsed());
    }
    times.sort();
    let busy = (Process::own().cpu_time()? - busy) / times.len() as u32;
    let (p50, p95) = (times[times.len() / 2], times[times.len() * 95 / 100]);
    println!("a question: p50 {p50:.1?}, p95 {p95:.1?}; {busy:.1?} of processor time");

    let english = text.as_bytes().chunks(500).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let chinese = chinese.chunks(500).map(|characters| characters.iter().collect::<String>());
    let passages: Vec<(&str, Vec<String>)> = vec![
        ("English", english.cycle().take(PASSAGES).collect()),
        ("Chinese", chinese.cycle().take(PASSAGES).collect()),
    ];
    for (name, passages) in passages {
        let (start, busy) = (Instant::now(), Process::own().cpu_time()?);
        embedder.passages(passages).await?;
        let (each, busy) = (start.elapsed() / PASSAGES as u32, (Process::own().cpu_time()? - busy) / PASSAGES as u32);
        let minute = 60.0 / busy.as_secs_f64();
        println!(
            "a passage of 500 characters, {name}: {each:.1?}; {busy:.1?} of processor time, so {minute:.0} a minute where \
             nothing else runs"
        );
    }
    println!("model loaded and used: {}", Memory::now()?);
    Ok(())
}

fn search() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let vectors = Vectors::open(dir.path(), "synthetic")?;
    let mut random = Random(1);
    for document in 0..VECTORS / PER_DOCUMENT {
        let rows: Vec<Embedding> = (0..PER_DOCUMENT).filter_map(|_| random.embedding()).collect();
        let mut new = vectors.begin(DocumentNumber(document as u64), 1)?;
        new.append(rows.into_iter().map(Into::into).collect())?;
        vectors.put(&new)?;
    }
    drop(vectors);
    let start = Instant::now();
    let vectors = Vectors::open(dir.path(), "synthetic")?;
    println!("\n{VECTORS} vectors of {DIMENSIONS}, {} on disk", Mebibytes(size(dir.path())?));
    println!("opened, every file checked: {:.1?}", start.elapsed());
    let before = Memory::now()?;
    let mut times = Vec::new();
    let first = Instant::now();
    for _ in 0..100 {
        let Some(question) = random.embedding() else { continue };
        let start = Instant::now();
        let hits = vectors.search(&question, |_, _| true, 50);
        times.push(start.elapsed());
        anyhow::ensure!(hits.len() == 50, "a search found {} instead of 50", hits.len());
    }
    let loading = times[0];
    times.sort();
    println!("first search, reading the files: {loading:.1?}");
    println!("a search: p50 {:.2?}, p95 {:.2?}", times[times.len() / 2], times[times.len() * 95 / 100]);
    println!("100 searches: {:.1?}; vectors: {}", first.elapsed(), Mebibytes(vectors.memory() as u64));
    println!("process before {before}, after {}", Memory::now()?);
    vectors.give_back_after(Duration::ZERO);
    println!("given back: {}", Memory::now()?);
    Ok(())
}

/// Numbers that look random and are the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn number(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1 << 24) as f32 - 0.5
    }

    fn embedding(&mut self) -> Option<Embedding> {
        let numbers: Vec<f32> = (0..DIMENSIONS).map(|_| self.number()).collect();
        Embedding::new(&numbers)
    }
}

/// What of the process is in memory: its own, and pages of files, which the system may forget and read again.
struct Memory {
    anonymous: u64,
    of_files: u64,
}

impl Memory {
    fn now() -> std::io::Result<Self> {
        let process = Process::own();
        Ok(Self { anonymous: process.memory("RssAnon")?, of_files: process.memory("RssFile")? })
    }
}

impl std::fmt::Display for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of its own, {} of files", Mebibytes(self.anonymous), Mebibytes(self.of_files))
    }
}

struct Mebibytes(u64);

impl std::fmt::Display for Mebibytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} MiB", self.0 as f64 / 1_048_576.0)
    }
}
