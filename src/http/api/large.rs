//! Replies that may be long: sent from a file without a name, as fast as the client reads. So a client that does not read takes
//! no memory.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Semaphore;
use tokio_util::io::ReaderStream;
use warp::Reply;
use warp::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use warp::reply::Response;

use super::{Answer, App, blocking};
use crate::text::Text;

/// Longest reply that stays in memory until the client has taken it, in bytes.
const IN_MEMORY: usize = 64 * 1024;

/// Bytes of a file that are read ahead of the client.
const CHUNK: usize = 16 * 1024;

/// Replies that are made at a time: each is in memory until it is written.
static MAKING: Semaphore = Semaphore::const_new(2);

/// A JSON reply of any length, which `make` writes. It may block.
pub(super) async fn large_json(
    app: Arc<App>,
    make: impl FnOnce(&App, &mut Spill) -> Result<(), Text> + Send + 'static,
) -> Answer {
    let mut response = large_reply(app, make).await?;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// A reply of any length, which `make` writes. It may block.
pub(super) async fn large_reply(
    app: Arc<App>,
    make: impl FnOnce(&App, &mut Spill) -> Result<(), Text> + Send + 'static,
) -> Answer {
    // Never closed.
    let _permit = MAKING.acquire().await;
    let spilled = blocking(move || {
        let library = app.library.clone();
        let mut reply = Spill::new(move || library.scratch());
        make(&app, &mut reply)?;
        reply.finish().map_err(failed)
    });
    Ok(match spilled.await? {
        Spilled::Memory(bytes) => bytes.into_response(),
        Spilled::File(file) => file_reply(tokio::fs::File::from_std(file)).await.map_err(failed)?,
    })
}

/// A reply with the rest of a file.
pub(super) async fn file_reply(file: tokio::fs::File) -> io::Result<Response> {
    // Known beforehand, it lets a browser show how far a download is.
    let length = file.metadata().await?.len();
    let mut response = warp::reply::stream(ReaderStream::with_capacity(file, CHUNK)).into_response();
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    Ok(response)
}

fn failed(error: io::Error) -> Text {
    tracing::error!(%error, "cannot write a reply to a file");
    Text::new("error-store_failed")
}

/// What was written, where it fits.
enum Spilled {
    Memory(Vec<u8>),
    File(File),
}

/// Takes what is written to memory, and to a file once that is too much.
pub(super) struct Spill {
    memory: Vec<u8>,
    file: Option<BufWriter<File>>,
    begin: Box<dyn Fn() -> io::Result<File> + Send>,
}

impl Spill {
    fn new(begin: impl Fn() -> io::Result<File> + Send + 'static) -> Self {
        Self { memory: Vec::new(), file: None, begin: Box::new(begin) }
    }

    /// Writes the body.
    pub fn json(&mut self, body: &impl Serialize) -> Result<(), Text> {
        serde_json::to_writer(self, body).map_err(|error| failed(error.into()))
    }

    /// Writes a line of JSON.
    pub fn line(&mut self, body: &impl Serialize) -> Result<(), Text> {
        self.json(body)?;
        self.write_all(b"\n").map_err(failed)
    }

    fn finish(self) -> io::Result<Spilled> {
        let Some(file) = self.file else { return Ok(Spilled::Memory(self.memory)) };
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Spilled::File(file))
    }
}

impl Write for Spill {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.file.is_none() && self.memory.len() + bytes.len() > IN_MEMORY {
            let mut file = BufWriter::with_capacity(CHUNK, (self.begin)()?);
            file.write_all(&std::mem::take(&mut self.memory))?;
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => self.memory.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn only_what_is_long_goes_to_a_file() {
        for pieces in [0, 1, IN_MEMORY / 100, IN_MEMORY / 100 + 1, 5000] {
            let mut spill = Spill::new(tempfile::tempfile);
            let expected: Vec<u8> = (0..pieces).flat_map(|piece| [piece as u8; 100]).collect();
            expected.chunks(100).for_each(|piece| spill.write_all(piece).expect("written"));
            let found = match spill.finish().expect("written") {
                Spilled::Memory(bytes) => {
                    assert!(bytes.len() <= IN_MEMORY);
                    bytes
                }
                Spilled::File(mut file) => {
                    let mut bytes = Vec::new();
                    file.read_to_end(&mut bytes).expect("readable");
                    assert!(bytes.len() > IN_MEMORY);
                    bytes
                }
            };
            assert!(found == expected, "{pieces} pieces");
        }
    }
}
