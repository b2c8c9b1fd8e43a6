//! Import of documents: a file, URL or text becomes a draft, which the owner may correct before it is stored.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use tokio::sync::{mpsc, oneshot};

use crate::analysis;
use crate::documents::{Extracted, Extractor, PageLinks, Recognising};
use crate::fetch::{Asker, Client, FetchError, FetchLimits, Fetched, Validators};
use crate::model::{DocumentKind, FileId, Origin};
use crate::store::{Files, Incoming};
use crate::text::Text;
use crate::threads::blocking;

/// Timeout for fetching a URL.
const FETCH_TIME: Duration = Duration::from_secs(60);

/// Capacity of the queue of upload chunks to be written.
const PIECES: usize = 8;

/// Size limits.
#[derive(Clone, Copy, Debug)]
pub struct IntakeLimits {
    /// Bytes of a file.
    pub file: u64,
    /// Bytes of a text.
    pub text: usize,
}

/// A file that was uploaded.
#[derive(Clone, Debug)]
pub struct Upload {
    pub file: FileId,
    pub bytes: u64,
    /// Its name.
    pub name: String,
    pub media_type: Option<String>,
}

/// A document before it is stored.
#[derive(Clone, Debug)]
pub struct Draft {
    pub title: Option<String>,
    pub author: Option<String>,
    pub kind: DocumentKind,
    pub text: String,
    pub pages: Option<u32>,
    /// The pages, from 1, whose text was recognised in pictures.
    pub recognised: Vec<u32>,
    pub links: PageLinks,
    pub origin: Origin,
}

impl Draft {
    /// Pages that hold no text, such as pictures of pages.
    pub fn pages_without_text(&self) -> u32 {
        let is_empty = |page: &&str| !page.chars().any(char::is_alphanumeric);
        let count = self.pages.map_or(0, |_| self.text.split('\x0c').filter(is_empty).count());
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

/// Imports documents.
pub struct Intake {
    files: Arc<Files>,
    extractor: Extractor,
    client: Client,
    limits: IntakeLimits,
}

impl Intake {
    pub fn new(files: Arc<Files>, extractor: Extractor, client: Client, limits: IntakeLimits) -> Self {
        Self { files, extractor, client, limits }
    }

    /// Begins to receive a file, which is written on a separate thread because disks may be slow.
    pub fn receive(&self) -> Receiver {
        let (pieces, mut waiting) = mpsc::channel::<Vec<u8>>(PIECES);
        let (done, kept) = oneshot::channel();
        let (files, most) = (self.files.clone(), self.limits.file);
        tokio::task::spawn_blocking(move || {
            let received = files.begin().map_err(|error| broken(&error)).and_then(|mut incoming| {
                while let Some(piece) = waiting.blocking_recv() {
                    write(&mut incoming, &piece, most)?;
                }
                Ok(incoming)
            });
            // Nobody waits if the upload was aborted; dropping `incoming` removes the partial file.
            let _ = done.send(received);
        });
        Receiver { pieces, kept, files: self.files.clone() }
    }

    /// Stops all reading of files, and refuses further ones.
    pub fn stop(&self) {
        self.extractor.stop();
    }

    /// Returns once the processes that read files have ended.
    pub async fn all_ended(&self) {
        self.extractor.all_ended().await;
    }

    /// The draft of an uploaded file. `progress` is told where its pages have to be recognised.
    pub async fn draft_of_file(
        &self,
        upload: Upload,
        progress: impl Fn(Recognising) + Send + Sync,
    ) -> Result<Draft, Text> {
        let (file, media_type) = (self.files.path(&upload.file), upload.media_type.as_deref());
        let extracted = self.extractor.extract(&file, &upload.name, media_type, progress).await?;
        let origin = Origin {
            name: Some(upload.name),
            url: None,
            media_type: upload.media_type,
            bytes: Some(upload.bytes),
            file: Some(upload.file),
            synced: None,
        };
        draft(extracted, origin)
    }

    /// Creates the draft of the content of a URL; `progress` as for a file.
    pub async fn draft_of_url(&self, url: &str, progress: impl Fn(Recognising) + Send + Sync) -> Result<Draft, Text> {
        let refused = |error: FetchError| Text::new(format!("error-cannot_fetch-{}", error.code())).with("url", url);
        let address = Client::parse(url).map_err(refused)?;
        let fetched = self.fetch(&address, &Validators::default()).await?;
        if !fetched.status.is_success() {
            return Err(Text::new("error-cannot_fetch-status")
                .with("url", url)
                .with("status", fetched.status.as_u16()));
        }
        self.draft_of_fetched(fetched, progress).await
    }

    /// What is at an address, or that it is what is known of it.
    pub async fn fetch(&self, url: &Url, known: &Validators) -> Result<Fetched, Text> {
        let most = usize::try_from(self.limits.file).unwrap_or(usize::MAX);
        let limits = FetchLimits { time: FETCH_TIME, body: most };
        let fetched = self.client.get_unless(url.clone(), known, &Asker::Documents, limits).await;
        fetched.map_err(|error| Text::new(format!("error-cannot_fetch-{}", error.code())).with("url", url))
    }

    /// Creates the draft of what was fetched; `progress` as for a file.
    pub async fn draft_of_fetched(
        &self,
        fetched: Fetched,
        progress: impl Fn(Recognising) + Send + Sync,
    ) -> Result<Draft, Text> {
        if fetched.truncated {
            return Err(too_big(self.limits.file));
        }
        let (files, body) = (self.files.clone(), fetched.body);
        let bytes = body.len() as u64;
        let kept = blocking(move || files.put(&body).map_err(|error| broken(&error))).await;
        let file = kept.unwrap_or_else(|_| Err(Text::new("error-store_failed")))?;
        let name = name_of_url(&fetched.url);
        let (path, media_type) = (self.files.path(&file), fetched.media_type.as_deref());
        let extracted = self.extractor.extract(&path, &name, media_type, progress).await?;
        let origin = Origin {
            name: Some(name),
            url: Some(fetched.url.to_string()),
            media_type: fetched.media_type,
            bytes: Some(bytes),
            file: Some(file),
            synced: None,
        };
        draft(extracted, origin)
    }

    /// The links of an original that is kept.
    pub async fn links_of(&self, origin: &Origin) -> Result<PageLinks, Text> {
        let Some(file) = &origin.file else { return Ok(PageLinks::default()) };
        let name = origin.name.as_deref().unwrap_or_default();
        let (path, media_type) = (self.files.path(file), origin.media_type.as_deref());
        self.extractor.links(&path, name, media_type).await
    }

    /// The draft of a text.
    pub fn draft_of_text(&self, title: Option<String>, text: &str, kind: DocumentKind) -> Result<Draft, Text> {
        self.check_text(text)?;
        let text = analysis::normalize(text);
        let mut extracted = Extracted::default();
        (extracted.title, extracted.kind, extracted.text) = (title, kind, text);
        draft(extracted, Origin::default())
    }

    /// Whether a text is not too long.
    pub fn check_text(&self, text: &str) -> Result<(), Text> {
        if text.len() > self.limits.text {
            return Err(Text::new("error-too_large").with("max", self.limits.text));
        }
        Ok(())
    }
}

/// Receives a file in chunks.
pub struct Receiver {
    pieces: mpsc::Sender<Vec<u8>>,
    kept: oneshot::Receiver<Result<Incoming, Text>>,
    files: Arc<Files>,
}

impl Receiver {
    /// # Errors
    /// If the file is too big, or cannot be written.
    pub async fn write(&mut self, piece: Vec<u8>) -> Result<(), Text> {
        if self.pieces.send(piece).await.is_ok() {
            return Ok(());
        }
        Err(match (&mut self.kept).await {
            Ok(Err(text)) => text,
            _ => Text::new("error-store_failed"),
        })
    }

    /// Commits the file; returns its id and its size in bytes.
    pub async fn finish(self) -> Result<(FileId, u64), Text> {
        drop(self.pieces);
        let incoming = self.kept.await.unwrap_or_else(|_| Err(Text::new("error-store_failed")))?;
        let (bytes, files) = (incoming.bytes(), self.files);
        let kept = blocking(move || files.keep(incoming).map_err(|error| broken(&error))).await;
        Ok((kept.unwrap_or_else(|_| Err(Text::new("error-store_failed")))?, bytes))
    }
}

fn write(incoming: &mut Incoming, piece: &[u8], most: u64) -> Result<(), Text> {
    if incoming.bytes() + piece.len() as u64 > most {
        return Err(too_big(most));
    }
    incoming.write(piece).map_err(|error| broken(&error))
}

fn too_big(most: u64) -> Text {
    const MIB: u64 = 1024 * 1024;
    Text::new("error-file_too_big").with("max", most / MIB)
}

/// Refuses a draft without text.
fn draft(extracted: Extracted, origin: Origin) -> Result<Draft, Text> {
    let Extracted { title, author, kind, text, pages, recognised, links, .. } = extracted;
    if !text.chars().any(char::is_alphanumeric) {
        return Err(Text::new("error-file_empty"));
    }
    Ok(Draft { title, author, kind, text, pages, recognised, links, origin })
}

/// The last segment of a URL's path, or its host.
fn name_of_url(url: &Url) -> String {
    let last = url.path_segments().and_then(|mut parts| parts.next_back()).filter(|part| !part.is_empty());
    last.or(url.host_str()).unwrap_or("page").to_owned()
}

/// Converts an I/O error; logs the details.
pub fn broken(error: &std::io::Error) -> Text {
    tracing::error!(%error, "what documents need could not be written or read");
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Text::new("error-storage_full"),
        _ => Text::new("error-store_failed"),
    }
}
