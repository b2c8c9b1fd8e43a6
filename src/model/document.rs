//! Documents: the stored record, and a quoted passage.

use std::ops::Range;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{DocumentId, Handle, Timestamp, UsedIn, rfc_3339};

/// Compact document id for index and vectors. Assigned by the store and never reused for
/// another document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentNumber(pub u64);

/// Id of a stored file: the SHA-256 of its content, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileId(String);

impl FileId {
    /// Takes the digest of a content.
    pub fn of(digest: [u8; 32]) -> Self {
        Self(HEXLOWER.encode(&digest))
    }

    /// Parses an untrusted id; `None` if it is invalid. The result is safe as a file name.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Id of a passage in its document: that of its text, so that it is the same when the document changes around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PassageId(String);

impl PassageId {
    /// Bytes of the SHA-256 that it consists of.
    const BYTES: usize = 8;

    pub fn of(text: &str) -> Self {
        Self(HEXLOWER.encode(&Sha256::digest(text)[..Self::BYTES]))
    }

    /// Parses an untrusted id; one of another form is that of no passage.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 2 * Self::BYTES).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Kind of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Running text.
    #[default]
    Text,
    /// Questions, each a heading of the second level, with their answers.
    Faq,
}

/// Main language of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Language {
    #[serde(rename = "en")]
    English,
    #[serde(rename = "zh-Hans")]
    Simplified,
    #[serde(rename = "zh-Hant")]
    Traditional,
    #[serde(rename = "other")]
    Other,
}

/// Where a document came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The file's name as it was uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address it was fetched from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Bytes of the original.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The original, unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileId>,
    /// What keeps it equal to something elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced: Option<Synced>,
}

/// What a document is kept equal to: runs for this source change and remove it, no others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Synced {
    /// The name of the source.
    pub source: String,
    /// What it is at the source.
    pub path: String,
    /// What tells whether it has changed there: the SHA-256 of the file, or of the text of a page.
    #[schema(value_type = String)]
    pub content: FileId,
    /// By which the source says whether it has changed: values of the HTTP headers `ETag` and `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

impl Synced {
    /// Longest source and path, in characters.
    pub const LONGEST: usize = 2000;
}

/// The stored record of a document. Its text is in a file; passages, index and vectors are derived from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub id: DocumentId,
    /// The store's key, not part of the record.
    #[serde(skip)]
    pub number: DocumentNumber,
    /// Incremented when the passages or their visibility change; index and vectors record the version that they were built from.
    pub version: u64,
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    pub language: Language,
    #[serde(default)]
    pub kind: DocumentKind,
    #[serde(flatten)]
    pub used_in: UsedIn,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Handle of the person who added it.
    pub by: Handle,
    pub origin: Origin,
    /// UTF-8. Pages are separated by U+000C, headings are lines that begin with `#`.
    pub text: FileId,
    /// Characters in the text.
    pub chars: u64,
    /// Bytes of the text; 0 in records from before that was noted.
    #[serde(default)]
    pub text_bytes: u64,
    /// Pages of the original, where it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// Passages that the text was split into.
    pub passages: u32,
    /// The previous version and its text, which is used until this version is indexed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<(u64, FileId)>,
    /// The version that was being indexed when this one was stored, and its text; it is used once it is indexed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arriving: Option<(u64, FileId)>,
    /// Those of its contents by which another of the same is recognised: where it is used, no other document claims them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claimed: Vec<FileId>,
    /// Passages that are left out when something is looked up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<PassageId>,
}

impl Document {
    /// What its files take.
    pub fn bytes(&self) -> u64 {
        let text = if self.text_bytes > 0 { self.text_bytes } else { self.chars };
        let original = self.origin.bytes.filter(|_| self.origin.file.is_some());
        text.saturating_add(original.unwrap_or(0))
    }

    /// Maximum length of title and author, in characters; the page's form has the same limit.
    pub const LONGEST_NAME: usize = 200;

    /// Maximum number of passages that are left out.
    pub const MOST_UNUSED: usize = 500;

    /// The files that tell whether another document has the same content: its text, and the original.
    pub fn contents(&self) -> impl Iterator<Item = &FileId> {
        let original = self.origin.file.as_ref().filter(|file| **file != self.text);
        std::iter::once(&self.text).chain(original)
    }

    /// The files that belong to it.
    pub fn files(&self) -> impl Iterator<Item = &FileId> {
        let earlier = self.earlier().map(|(_, text)| text);
        [Some(&self.text), self.origin.file.as_ref()].into_iter().flatten().chain(earlier)
    }

    /// The text of one of its versions, if it still exists.
    pub fn text_of(&self, version: u64) -> Option<&FileId> {
        if version == self.version {
            return Some(&self.text);
        }
        self.earlier().find(|(earlier, _)| *earlier == version).map(|(_, text)| text)
    }

    /// The versions of which a text exists, with it.
    pub fn texts(&self) -> impl Iterator<Item = (u64, &FileId)> {
        std::iter::once((self.version, &self.text)).chain(self.earlier().map(|(version, text)| (*version, text)))
    }

    /// Whether texts of earlier versions exist.
    pub fn has_earlier(&self) -> bool {
        self.earlier().next().is_some()
    }

    fn earlier(&self) -> impl Iterator<Item = &(u64, FileId)> {
        self.previous.iter().chain(&self.arriving)
    }
}

/// A quoted passage with its source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Source {
    #[schema(value_type = String)]
    pub document: DocumentId,
    /// Number of the passage in its document, from 0.
    pub chunk: u32,
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    pub content: String,
    /// What stands before `content` in the document, and belongs to it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub before: String,
    /// What stands after it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub after: String,
    /// Comparable within one answer only.
    pub score: f32,
    #[serde(with = "rfc_3339")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Ranges of `content` that match, in UTF-16 code units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<[u32; 2]>,
    /// Its citation number, as in `[1]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<u32>,
    /// Whether it has much less to do with the question than the best one. Not stored.
    #[serde(skip)]
    pub is_weak: bool,
}

impl Source {
    /// The passage with what stands before and after it.
    pub fn in_context(&self) -> String {
        [self.before.as_str(), &self.content, &self.after].concat()
    }

    /// Drops what stands before and after passages, from the last to the first, until they fit.
    pub fn drop_contexts(sources: &mut [Self], fit: impl Fn(&[Self]) -> bool) {
        for last in (0..sources.len()).rev() {
            if fit(sources) {
                return;
            }
            if let Some(source) = sources.get_mut(last) {
                (source.before, source.after) = (String::new(), String::new());
            }
        }
    }
}

/// Who wrote an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// Passages are quoted.
    Passages,
    /// An FAQ entry answers it.
    Faq,
    /// A language model wrote it.
    Model,
    /// Nothing was found.
    Nothing,
}

impl AnsweredBy {
    /// One word, for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Passages => "passages",
            Self::Faq => "faq",
            Self::Model => "model",
            Self::Nothing => "nothing",
        }
    }
}

/// Converts a byte range to UTF-16 code units, as used by JavaScript. Both ends must be character boundaries.
pub fn utf16_range(text: &str, range: &Range<usize>) -> [u32; 2] {
    let units = |end: usize| text[..end].chars().map(char::len_utf16).sum::<usize>() as u32;
    let start = units(range.start);
    [start, start + text[range.clone()].chars().map(char::len_utf16).sum::<usize>() as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_count_as_javascript_does() {
        let text = "a字😀b";
        assert_eq!(utf16_range(text, &(1..4)), [1, 2]);
        assert_eq!(utf16_range(text, &(4..9)), [2, 5]);
    }

    #[test]
    fn only_a_digest_is_the_name_of_a_file() {
        assert!(FileId::parse(FileId::of([7; 32]).as_str()).is_some());
        for text in ["", "../../etc/passwd", &"A".repeat(64), &"0".repeat(63)] {
            assert_eq!(FileId::parse(text), None, "{text:?}");
        }
    }
}
