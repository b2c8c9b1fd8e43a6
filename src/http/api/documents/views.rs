//! Documents as clients see them.

use std::collections::BTreeMap;

use reqwest::Url;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::App;
use crate::accounts::{Action, Actor};
use crate::analysis;
use crate::documents::{Passage, passages};
use crate::library::{DocumentState, Draft, Library, Meaning};
use crate::model::{
    CollectionId, CollectionName, Document, DocumentId, DocumentKind, Handle, Language, Origin, PassageId, Synced,
    utf16_range,
};

#[derive(Serialize, ToSchema)]
pub struct DocumentView {
    #[schema(value_type = String)]
    id: DocumentId,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    language: Language,
    kind: DocumentKind,
    /// The only room in which the document is used; null for all rooms, or those of its collection.
    room: Option<String>,
    /// The collection whose rooms use the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    collection: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    #[schema(value_type = String)]
    by: Handle,
    /// `waiting`, `indexing`; `searchable`: found by its words; `ready`: also found by its meaning.
    state: DocumentState,
    passages: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<u32>,
    /// Of a file that was just read: pages on which no text was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pages_without_text: Option<u32>,
    chars: u64,
    origin: OriginView,
}

/// Where a document came from.
#[derive(Serialize, ToSchema)]
pub struct OriginView {
    /// `file`, `text` or `url`.
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Its address; of it only the host for those who do not manage documents, as the rest may hold a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// Whether the caller can download the original.
    original: bool,
    /// For those who manage documents: what it is kept equal to.
    #[serde(skip_serializing_if = "Option::is_none")]
    synced: Option<Synced>,
}

impl OriginView {
    fn new(origin: &Origin) -> Self {
        let r#type = match origin {
            Origin { url: Some(_), .. } => "url",
            Origin { name: Some(_), .. } => "file",
            _ => "text",
        };
        Self {
            r#type,
            name: origin.name.clone(),
            url: origin.url.clone(),
            media_type: origin.media_type.clone(),
            bytes: origin.bytes,
            original: origin.file.is_some(),
            synced: origin.synced.clone(),
        }
    }
}

impl OriginView {
    /// What everybody may know.
    fn in_public(self) -> Self {
        let host = |url: String| {
            let mut url = Url::parse(&url).ok()?;
            url.set_path("");
            url.set_query(None);
            url.set_fragment(None);
            url.set_username("").and_then(|()| url.set_password(None)).ok()?;
            Some(url.into())
        };
        Self { url: self.url.and_then(host), original: false, synced: None, ..self }
    }
}

impl DocumentView {
    /// `collections` are the names of all of them.
    pub fn new(
        document: &Document,
        collections: &BTreeMap<CollectionId, CollectionName>,
        library: &Library,
        actor: &Actor,
    ) -> Self {
        let origin = OriginView::new(&document.origin);
        let is_managed = actor.may(Action::ManageDocuments).is_ok();
        Self {
            id: document.id.clone(),
            title: document.title.clone(),
            author: document.author.clone(),
            language: document.language,
            kind: document.kind,
            room: document.used_in.room().map(|room| room.shown().to_owned()),
            collection: document.used_in.collection().and_then(|id| collections.get(id)).map(ToString::to_string),
            created_at: document.created_at.to_string(),
            updated_at: document.updated_at.to_string(),
            by: document.by.clone(),
            state: library.state(document.number),
            passages: document.passages,
            pages: document.pages,
            pages_without_text: None,
            chars: document.chars,
            origin: if is_managed { origin } else { origin.in_public() },
        }
    }

    /// Says how many pages of its file, which was just read, hold no text.
    pub fn with_pages_without_text(self, count: u32) -> Self {
        Self { pages_without_text: (count > 0).then_some(count), ..self }
    }
}

#[derive(Serialize, ToSchema)]
pub struct DocumentList {
    documents: Vec<DocumentView>,
    more: bool,
    index: IndexView,
    limits: DocumentLimits,
}

/// State of index and vectors.
#[derive(Serialize, ToSchema)]
pub struct IndexView {
    documents: usize,
    passages: u64,
    /// `ready`, or `rebuilding` while a new index is built and the old one is used.
    state: &'static str,
    /// Progress of the rebuild, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<u8>,
    /// State of search by meaning.
    meaning: Meaning,
    /// Number of documents that are found by meaning.
    embedded: usize,
    /// Name of the language model.
    language_model: Option<String>,
}

/// Limits of uploads.
#[derive(Serialize, ToSchema)]
pub struct DocumentLimits {
    file_bytes: u64,
    text_bytes: usize,
}

impl DocumentList {
    pub fn new(documents: Vec<DocumentView>, more: bool, app: &App) -> Self {
        let standing = app.library.standing();
        let index = IndexView {
            documents: standing.documents,
            passages: standing.passages,
            state: if standing.rebuilding.is_some() { "rebuilding" } else { "ready" },
            progress: standing.rebuilding,
            meaning: standing.meaning,
            embedded: standing.embedded,
            language_model: app.settings.language_model.clone(),
        };
        let limits =
            DocumentLimits { file_bytes: app.settings.document_bytes, text_bytes: app.settings.document_text_bytes };
        Self { documents, more, index, limits }
    }
}

/// A document with its text.
#[derive(Serialize, ToSchema)]
pub struct DocumentDetails {
    #[serde(flatten)]
    document: DocumentView,
    /// Pages are separated by U+000C, headings are lines that begin with `#`.
    text: String,
    ranges: Vec<RangeView>,
}

/// Range of a passage, in UTF-16 code units of the text.
#[derive(Serialize, ToSchema)]
pub struct RangeView {
    chunk: u32,
    /// Of the passage; the same as long as its text is.
    #[schema(value_type = String)]
    passage: PassageId,
    /// Whether it is left out when something is looked up.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unused: bool,
    start: u32,
    end: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heading: Option<String>,
}

impl DocumentDetails {
    pub fn new(document: DocumentView, text: String, passages: &[Passage], unused: &[PassageId]) -> Self {
        let mut units = Units::new(&text);
        let ranges = passages.iter().map(|passage| {
            let id = PassageId::of(&text[passage.range.clone()]);
            RangeView {
                chunk: passage.number,
                unused: unused.contains(&id),
                passage: id,
                start: units.before(passage.range.start),
                end: units.before(passage.range.end),
                page: passage.page,
                heading: passage.heading.clone().map(|heading| text[heading].to_owned()),
            }
        });
        let ranges = ranges.collect();
        Self { document, text, ranges }
    }
}

/// Converts byte offsets to UTF-16 offsets in one pass, stepping back only where passages overlap.
struct Units<'a> {
    text: &'a str,
    at: usize,
    units: u32,
}

impl<'a> Units<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, units: 0 }
    }

    fn before(&mut self, end: usize) -> u32 {
        let (from, to) = (self.at.min(end), self.at.max(end));
        let [_, between] = utf16_range(&self.text[from..to], &(0..to - from));
        self.units = if end >= self.at { self.units + between } else { self.units - between };
        self.at = end;
        self.units
    }
}

/// A preview.
#[derive(Serialize, ToSchema)]
pub struct DraftView {
    title: Option<String>,
    author: Option<String>,
    language: Language,
    kind: DocumentKind,
    text: String,
    pages: Option<u32>,
    /// Pages on which no text was found: pictures of pages, or empty ones.
    pages_without_text: u32,
    /// Pages, from 1, whose text was recognised in pictures, and may have mistakes.
    recognised: Vec<u32>,
    chars: usize,
    passages: usize,
    origin: OriginView,
    /// To be passed on when storing, to keep the file as the original.
    original: Option<String>,
}

impl DraftView {
    pub fn new(draft: Draft) -> Self {
        Self {
            language: analysis::language(&draft.text),
            chars: draft.text.chars().count(),
            passages: passages(&draft.text, draft.kind).len(),
            origin: OriginView::new(&draft.origin),
            original: draft.origin.file.as_ref().map(|file| file.as_str().to_owned()),
            pages_without_text: draft.pages_without_text(),
            recognised: draft.recognised,
            title: draft.title,
            author: draft.author,
            kind: draft.kind,
            text: draft.text,
            pages: draft.pages,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_counted_forth_and_back() {
        let text = "a字😀b字";
        let mut units = Units::new(text);
        let ends = [0, 4, 8, 1, 12, 9];
        assert_eq!(ends.map(|end| units.before(end)), [0, 2, 4, 1, 6, 5]);
    }
}
