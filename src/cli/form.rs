//! A multipart form (RFC 7578) with a streamed file, which is never in memory as a whole.

use std::path::Path;

use anyhow::{Context, bail};
use bytes::Bytes;
use futures_util::stream;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// Bytes read at a time.
const PIECE: usize = 64 * 1024;

/// The boundary.
pub struct Form {
    boundary: String,
    head: Vec<u8>,
    file: File,
    size: u64,
    sent: Box<dyn Fn(u64) + Send>,
}

impl Form {
    /// Creates a form from a file and fields. `sent` is called with the number of bytes sent, for each chunk.
    ///
    /// # Errors
    /// A message for the user, if the file cannot be read.
    pub async fn new(
        path: &Path,
        fields: &[(&str, &str)],
        sent: impl Fn(u64) + Send + 'static,
    ) -> anyhow::Result<Self> {
        let about = tokio::fs::metadata(path).await.with_context(|| format!("cannot read {}", path.display()))?;
        if !about.is_file() {
            bail!("{} is not a file", path.display());
        }
        let file = File::open(path).await.with_context(|| format!("cannot read {}", path.display()))?;
        let boundary = uuid::Uuid::new_v4().simple().to_string();
        let mut head = String::new();
        for (name, value) in fields {
            head.push_str(&format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // As browsers write it (HTML, "multipart form data").
        let name = name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
        head.push_str(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
            Content-Type: application/octet-stream\r\n\r\n"
        ));
        Ok(Self { boundary, head: head.into_bytes(), file, size: about.len(), sent: Box::new(sent) })
    }

    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// Bytes of the file.
    pub fn file_size(&self) -> u64 {
        self.size
    }

    /// Bytes of the body.
    pub fn length(&self) -> u64 {
        self.head.len() as u64 + self.size + self.tail().len() as u64
    }

    fn tail(&self) -> String {
        format!("\r\n--{}--\r\n", self.boundary)
    }

    pub fn into_body(self) -> reqwest::Body {
        let tail = self.tail();
        let parts =
            Parts { head: Some(self.head), file: self.file, left: self.size, sent: self.sent, tail: Some(tail) };
        reqwest::Body::wrap_stream(stream::try_unfold(parts, |mut parts| async move {
            Ok::<_, std::io::Error>(parts.next().await?.map(|piece| (piece, parts)))
        }))
    }
}

/// The rest of the body.
struct Parts {
    head: Option<Vec<u8>>,
    file: File,
    /// Size of the file. Data appended meanwhile is not sent, because the length is in the header already.
    left: u64,
    sent: Box<dyn Fn(u64) + Send>,
    tail: Option<String>,
}

impl Parts {
    async fn next(&mut self) -> std::io::Result<Option<Bytes>> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head.into()));
        }
        if self.left == 0 {
            return Ok(self.tail.take().map(Bytes::from));
        }
        let mut piece = vec![0; PIECE.min(usize::try_from(self.left).unwrap_or(PIECE))];
        let read = self.file.read(&mut piece).await?;
        if read == 0 {
            return Err(std::io::Error::other("the file became shorter while it was sent"));
        }
        piece.truncate(read);
        self.left -= read as u64;
        (self.sent)(read as u64);
        Ok(Some(piece.into()))
    }
}
