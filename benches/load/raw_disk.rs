//! The reference for durable posting: append what is waiting to a file, `fdatasync`, answer. The limit of what the disk
//! can do.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::report::{Answers, Latencies};

/// As many as a group commit of the server takes at most.
const GROUP: usize = 512;
/// About what a store has to write for a short message: the text, who, when, and the key.
const RECORD: [u8; 128] = [b'x'; 128];

/// Plays `senders` that each wait for the answer before the next record.
pub fn run(dir: &Path, senders: usize, duration: Duration) -> Result<Answers, Box<dyn Error>> {
    let file = tempfile::tempfile_in(dir)?;
    let (to_writer, records) = channel();
    let (answers, from_writer) = channel();
    let writer = thread::spawn(move || write_groups(file, &records, &answers));

    let start = Instant::now();
    for _ in 0..senders {
        to_writer.send(Instant::now())?;
    }
    let mut latencies = Latencies::default();
    while start.elapsed() < duration {
        // One answer stands for a group, so that the channel costs nothing beside the disk.
        let group: Vec<Instant> = from_writer.recv()?;
        for sent_at in group {
            latencies.add(sent_at.elapsed());
            to_writer.send(Instant::now())?;
        }
    }
    let wall = start.elapsed();
    drop((to_writer, from_writer));
    writer.join().map_err(|_| "the writer panicked")??;
    Ok(Answers { wall, latencies })
}

/// Ends when nobody sends or listens any more.
fn write_groups(mut file: File, records: &Receiver<Instant>, answers: &Sender<Vec<Instant>>) -> std::io::Result<()> {
    while let Ok(first) = records.recv() {
        let mut group = vec![first];
        group.extend(records.try_iter().take(GROUP - 1));
        file.write_all(&RECORD.repeat(group.len()))?;
        file.sync_data()?;
        if answers.send(group).is_err() {
            break;
        }
    }
    Ok(())
}
