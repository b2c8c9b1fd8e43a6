//! Multipart forms with a file, read as a stream.

use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;
use serde_json::Value;
use warp::filters::multipart::{FormData, Part};

use super::super::{App, Refusal, bad_request};
use crate::library::{Draft, Upload};
use crate::model::{DocumentKind, Language, Synced};
use crate::text::Text;

/// Timeout between two chunks.
const STALL: Duration = Duration::from_secs(30);

/// Maximum size of a field other than the file, in bytes.
const MOST_FIELD: usize = 64 * 1024;

/// Maximum length of a file name, in characters; longer ones are truncated.
const LONGEST_NAME: usize = 255;

/// Maximum number of fields.
const MOST_FIELDS: usize = 16;

/// Maximum number of bytes of a refused form that are read and discarded: browsers do not read the response while
/// they are sending.
const MOST_DROPPED: u64 = 256 * 1024 * 1024;

/// Maximum size of a form, for files of at most `file` bytes.
pub fn longest(file: u64) -> u64 {
    file.saturating_add(MOST_DROPPED)
}

/// The fields of a form besides the file.
#[derive(Default)]
pub struct Fields {
    pub title: Option<String>,
    pub author: Option<String>,
    pub room: Option<String>,
    pub collection: Option<String>,
    pub language: Option<Language>,
    pub kind: Option<DocumentKind>,
    pub again: bool,
    sync_source: Option<String>,
    sync_path: Option<String>,
}

impl Fields {
    fn set(&mut self, name: &str, text: String) -> Result<(), Text> {
        match name {
            "title" => self.title = Some(text).filter(|text| !text.trim().is_empty()),
            "author" => self.author = Some(text),
            "room" => self.room = Some(text),
            "collection" => self.collection = Some(text),
            "language" => self.language = word(name, text)?,
            "kind" => self.kind = word(name, text)?,
            "again" => self.again = text == "true",
            "sync_source" => self.sync_source = Some(text).filter(|text| !text.is_empty()),
            "sync_path" => self.sync_path = Some(text).filter(|text| !text.is_empty()),
            // As in JSON, unknown fields are ignored.
            _ => {}
        }
        Ok(())
    }

    /// What the document is kept equal to, if anything.
    pub fn synced(&mut self, upload: &Upload) -> Result<Option<Synced>, Text> {
        let Some((source, path)) = self.sync_source.take().zip(self.sync_path.take()) else { return Ok(None) };
        if [&source, &path].iter().any(|text| text.chars().count() > Synced::LONGEST) {
            return Err(Text::new("error-bad_document-long_source").with("max", Synced::LONGEST));
        }
        Ok(Some(Synced { source, path, content: upload.file.clone(), etag: None, last_modified: None }))
    }

    /// Applies the fields to a draft.
    pub fn apply_to(self, draft: Draft) -> Draft {
        let (title, author) = (self.title.or(draft.title), self.author.or(draft.author));
        Draft { title, author, kind: self.kind.unwrap_or(draft.kind), ..draft }
    }
}

/// Parses an enum value; `None` if it is empty.
fn word<T: DeserializeOwned>(field: &str, text: String) -> Result<Option<T>, Text> {
    if text.is_empty() {
        return Ok(None);
    }
    let known = serde_json::from_value(Value::String(text));
    known.map(Some).map_err(|error| Text::new("error-bad_request").with("reason", format!("{field}: {error}")))
}

/// Reads a form to its end, and stores its file.
pub async fn receive(form: FormData, app: &Arc<App>) -> Result<(Option<Upload>, Fields), Refusal> {
    let mut form = std::pin::pin!(form);
    let (mut upload, mut fields) = (None, Fields::default());
    for _ in 0..MOST_FIELDS {
        let Some(part) = in_time(form.next()).await? else { return Ok((upload, fields)) };
        let part = part.map_err(|_| bad_request("the form broke off"))?;
        let name = part.name().to_owned();
        if name == "file" {
            upload = Some(receive_file(part, app).await?);
        } else {
            fields.set(&name, receive_field(part).await?)?;
        }
    }
    Err(bad_request("the form has too many fields"))
}

async fn in_time<T>(next: impl Future<Output = T>) -> Result<T, Refusal> {
    tokio::time::timeout(STALL, next).await.map_err(|_| bad_request("the form took too long"))
}

async fn receive_file(part: Part, app: &Arc<App>) -> Result<Upload, Refusal> {
    let short = |text: &str| text.chars().take(LONGEST_NAME).collect::<String>();
    let name = short(&decoded(part.filename().unwrap_or("document")));
    let media_type = part.content_type().map(short);
    let mut receiver = app.library.intake().receive();
    let mut pieces = std::pin::pin!(part.stream());
    while let Some(piece) = next_piece(&mut pieces).await? {
        if let Err(refused) = receiver.write(piece).await {
            while next_piece(&mut pieces).await?.is_some() {}
            return Err(refused.into());
        }
    }
    let (file, bytes) = receiver.finish().await?;
    Ok(Upload { file, bytes, name, media_type })
}

/// A file's name as it is: browsers encode the three characters that would end it, and no others, not even `%`
/// (<https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data>).
fn decoded(name: &str) -> String {
    let characters = [("%22", "\""), ("%0D", "\r"), ("%0A", "\n")];
    characters.iter().fold(name.to_owned(), |name, (code, character)| name.replace(code, character))
}

async fn receive_field(part: Part) -> Result<String, Refusal> {
    let mut text = Vec::new();
    let mut pieces = std::pin::pin!(part.stream());
    while let Some(piece) = next_piece(&mut pieces).await? {
        if text.len() + piece.len() > MOST_FIELD {
            return Err(Text::new("error-too_large").with("max", MOST_FIELD).into());
        }
        text.extend(piece);
    }
    String::from_utf8(text).map_err(bad_request)
}

async fn next_piece<B: Buf>(
    pieces: &mut (impl Stream<Item = Result<B, warp::Error>> + Unpin),
) -> Result<Option<Vec<u8>>, Refusal> {
    let piece = in_time(pieces.next()).await?.transpose().map_err(|_| bad_request("the form broke off"))?;
    Ok(piece.map(|mut piece| piece.copy_to_bytes(piece.remaining()).to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_is_decoded_as_browsers_encode_it() {
        assert_eq!(decoded("say %22hi%22%0D%0A.md"), "say \"hi\"\r\n.md");
        for plain in ["100%.md", "a%20b.md", "100%2", "文件.md"] {
            assert_eq!(decoded(plain), plain);
        }
    }
}
