//! Lines on their way to standard error, through a bounded queue and a thread that may wait: for a pipe that nobody reads, or a
//! disk that is full.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use chatbot::telemetry::metrics;
use tracing_subscriber::fmt::MakeWriter;

/// Most lines that wait.
const MOST: usize = 4096;

/// Most bytes that wait.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// How long the end of the process waits for what is still to be written.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two tries meanwhile.
const PAUSE: Duration = Duration::from_millis(10);

thread_local! {
    /// What the thread that writes says itself, while it does.
    static OWN: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

enum Entry {
    Line(Vec<u8>),
    /// Answered when all before it is written.
    Mark(SyncSender<()>),
}

/// The queue.
#[derive(Clone)]
pub struct Lines {
    queue: SyncSender<Entry>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    waiting_bytes: AtomicUsize,
    /// Lost since the log last said so.
    lost: AtomicU64,
}

impl Counts {
    fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        metrics().log_lines_lost.inc();
    }
}

impl Lines {
    /// Starts the thread, which ends with the process.
    pub fn start() -> io::Result<Self> {
        // Not the standard library's handle: its lock would make whoever else wants to write wait, too.
        let to = File::from(io::stderr().as_fd().try_clone_to_owned()?);
        let (queue, entries) = sync_channel(MOST);
        let counts = Arc::<Counts>::default();
        let shared = counts.clone();
        thread::Builder::new().name("log".into()).spawn(move || write_all(to, &entries, &shared))?;
        Ok(Self { queue, counts })
    }

    /// Writes text as it is, soon.
    pub fn say(&self, text: &str) {
        self.push(text.as_bytes());
    }

    /// Waits until all is written, or for a moment.
    fn finish(&self) {
        let (done, written) = sync_channel(1);
        let until = Instant::now() + PATIENCE;
        // A full queue may be read again.
        while Instant::now() < until {
            if self.queue.try_send(Entry::Mark(done.clone())).is_ok() {
                let _ = written.recv_timeout(until.saturating_duration_since(Instant::now()));
                return;
            }
            thread::sleep(PAUSE);
        }
    }

    fn push(&self, line: &[u8]) {
        let is_own = OWN.with_borrow_mut(|own| own.as_mut().map(|own| own.extend_from_slice(line)).is_some());
        if is_own {
            return;
        }
        let waiting = self.counts.waiting_bytes.fetch_add(line.len(), Ordering::Relaxed) + line.len();
        if waiting > MOST_BYTES || self.queue.try_send(Entry::Line(line.to_vec())).is_err() {
            self.counts.waiting_bytes.fetch_sub(line.len(), Ordering::Relaxed);
            self.counts.lose();
        }
    }
}

/// The log of a process that is about to end, however that happens: what is said by then is written.
pub struct ToItsEnd(pub Lines);

impl Drop for ToItsEnd {
    fn drop(&mut self) {
        self.0.finish();
    }
}

fn write_all(mut to: File, entries: &Receiver<Entry>, counts: &Counts) {
    for entry in entries {
        match entry {
            Entry::Line(line) => {
                let written = to.write_all(&line);
                counts.waiting_bytes.fetch_sub(line.len(), Ordering::Relaxed);
                match written {
                    Ok(()) => say_what_is_lost(&mut to, counts),
                    Err(_) => counts.lose(),
                }
            }
            Entry::Mark(done) => {
                let _ = done.try_send(());
            }
        }
    }
}

/// In a line of its own, written at once: the queue may be full again.
fn say_what_is_lost(to: &mut File, counts: &Counts) {
    let lines = counts.lost.swap(0, Ordering::Relaxed);
    if lines == 0 {
        return;
    }
    OWN.set(Some(Vec::new()));
    tracing::warn!(lines, "lines of the log were lost: nobody took them");
    let line = OWN.take().unwrap_or_default();
    if to.write_all(&line).is_err() {
        counts.lost.fetch_add(lines, Ordering::Relaxed);
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

/// Takes one line, in one piece.
pub struct Line<'a>(&'a Lines);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
