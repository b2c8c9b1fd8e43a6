//! A ZIP archive that is sent while it is written: no more of it is in memory than what is on its way.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

/// Bytes that are sent at a time.
const CHUNK: usize = 64 * 1024;

/// Chunks on their way; more are not written.
const UNDER_WAY: usize = 4;

/// What was written and is not sent yet.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The archive, for who writes it.
pub(super) struct Archive {
    // It is large.
    zip: Box<ZipWriter<StreamWriter<Buffer>>>,
    buffer: Buffer,
    chunks: mpsc::Sender<io::Result<Bytes>>,
    /// How long a reader may take for a chunk.
    patience: Duration,
}

impl Archive {
    /// An empty archive, and what is to be read of it.
    pub fn new(patience: Duration) -> (Self, mpsc::Receiver<io::Result<Bytes>>) {
        let (buffer, (chunks, receiver)) = (Buffer::default(), mpsc::channel(UNDER_WAY));
        let zip = Box::new(ZipWriter::new_stream(buffer.clone()));
        (Self { zip, buffer, chunks, patience }, receiver)
    }

    /// Begins a file of text. What is written next is in it.
    pub fn begin(&mut self, name: &str) -> io::Result<()> {
        self.zip.start_file(name, SimpleFileOptions::default().large_file(true)).map_err(io::Error::from)
    }

    /// Writes to the file that was begun last.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.zip.write_all(bytes)?;
        self.send_whole().await
    }

    /// Writes a line of JSON.
    pub async fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.write(&line).await
    }

    /// Adds a file as it is: documents are compressed already.
    pub async fn copy(&mut self, name: &str, path: &Path) -> io::Result<()> {
        let mut file = tokio::fs::File::open(path).await?;
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
        self.zip.start_file(name, stored).map_err(io::Error::from)?;
        let mut piece = vec![0; CHUNK];
        loop {
            match file.read(&mut piece).await? {
                0 => return Ok(()),
                length => self.write(&piece[..length]).await?,
            }
        }
    }

    /// Writes the list of files and sends the rest.
    pub async fn finish(self) -> io::Result<()> {
        let Self { zip, buffer, chunks, patience } = self;
        zip.finish().map_err(io::Error::from)?;
        let rest = std::mem::take(&mut *buffer.0.lock());
        send(&chunks, rest, patience).await
    }

    /// Lets the reader know that the archive breaks off.
    pub async fn fail(self, error: io::Error) {
        let _ = tokio::time::timeout(self.patience, self.chunks.send(Err(error))).await;
    }

    async fn send_whole(&mut self) -> io::Result<()> {
        let chunk = {
            let mut buffer = self.buffer.0.lock();
            if buffer.len() < CHUNK {
                return Ok(());
            }
            std::mem::take(&mut *buffer)
        };
        send(&self.chunks, chunk, self.patience).await
    }
}

async fn send(chunks: &mpsc::Sender<io::Result<Bytes>>, chunk: Vec<u8>, patience: Duration) -> io::Result<()> {
    match tokio::time::timeout(patience, chunks.send(Ok(chunk.into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
