//! The text of a document, a part at a time.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::super::documents::document_id;
use super::super::super::{Refusal, bad_request, blocking};
use super::super::tool::{Arguments, Call, Outcome};
use crate::accounts::Action;
use crate::documents::Passage;
use crate::model::Document;
use crate::text::Text;

/// Characters of a part, if the call does not say how many.
const USUAL: usize = 10_000;

/// At most so many characters: a model reads all of them.
const MOST: usize = 30_000;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadDocument {
    /// The document's id, as `search` and `ask` give it.
    document: String,
    /// The number of a passage: only that is read, and with a length what follows it, too.
    passage: Option<u32>,
    /// The characters of the text that are left out before what is read: the `next_offset` of a result to read on.
    offset: Option<usize>,
    /// Characters to be read, at most 30000; 10000 if left out.
    length: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub struct DocumentPart {
    document: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    /// The only room in which the document is used; left out if it is used in several.
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<String>,
    /// Where the format has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<u32>,
    /// The page on which this part begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    /// Characters of the whole text.
    chars: usize,
    /// The characters before this part.
    offset: usize,
    /// Pages are separated by U+000C, headings are lines that begin with `#`.
    text: String,
    /// Where the next part begins, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
}

impl Outcome for DocumentPart {
    fn in_words(&self) -> Option<String> {
        let rest = self.next_offset.map(|next| {
            let Self { document, chars, .. } = self;
            format!(
                "\n\n[{next} of {chars} characters; read_document with document {document} and offset {next} reads on]"
            )
        });
        Some(format!("{}{}", self.text, rest.unwrap_or_default()))
    }
}

impl Arguments for ReadDocument {
    const NAME: &'static str = "read_document";
    const TITLE: &'static str = "Read a document";
    const DESCRIPTION: &'static str = "Reads a document's text from its beginning or an offset, or one of its passages, as far as the \
        caller may read it. A long text comes in parts: go on with `next_offset`.";
    type Result = DocumentPart;

    async fn call(self, call: Call) -> Result<DocumentPart, Refusal> {
        let actor = call.actor();
        actor.may(Action::Read)?;
        if self.passage.is_some() && self.offset.is_some() {
            return Err(bad_request("passage and offset exclude each other"));
        }
        let document = call.app.library.readable_document(&actor, &document_id(&self.document)?).await?;
        let app = call.app.clone();
        call.read(blocking(move || {
            let (text, passages) = app.library.text_of(&document)?;
            self.part(&document, &text, &passages)
        }))
        .await
    }
}

impl ReadDocument {
    fn part(&self, document: &Document, text: &str, passages: &[Passage]) -> Result<DocumentPart, Text> {
        let passage = match self.passage {
            Some(number) => Some(passages.iter().find(|passage| passage.number == number).ok_or_else(no_such_passage)?),
            None => None,
        };
        let offset = passage.map_or(self.offset.unwrap_or(0), |passage| text[..passage.range.start].chars().count());
        let whole = passage.map(|passage| text[passage.range.clone()].chars().count());
        let length = self.length.or(whole).unwrap_or(USUAL).clamp(1, MOST);
        let range = range_of(text, offset, length);
        let (chars, end) = (text.chars().count(), offset.saturating_add(length));
        let pages_before = text[..range.start].matches('\x0c').count();
        Ok(DocumentPart {
            document: document.id.to_string(),
            title: document.title.clone(),
            author: document.author.clone(),
            room: document.used_in.room().map(|room| room.shown().to_owned()),
            pages: document.pages,
            page: document.pages.and_then(|_| u32::try_from(pages_before + 1).ok()),
            chars,
            offset,
            text: text[range].to_owned(),
            next_offset: Some(end).filter(|end| *end < chars),
        })
    }
}

/// The bytes of that many characters behind an offset; none behind the end.
fn range_of(text: &str, offset: usize, length: usize) -> Range<usize> {
    let mut starts = text.char_indices().map(|(start, _)| start).chain([text.len()]).skip(offset);
    let start = starts.next().unwrap_or(text.len());
    start..starts.nth(length - 1).unwrap_or(text.len())
}

fn no_such_passage() -> Text {
    Text::new("error-not_found-passage")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_without_gaps_and_end() {
        let text = "a字😀b\u{c}c";
        let part = |offset, length| &text[range_of(text, offset, length)];
        assert_eq!((part(0, 2), part(2, 2), part(4, 9)), ("a字", "😀b", "\u{c}c"));
        assert_eq!((part(0, 6), part(5, 1), part(6, 1), part(usize::MAX, MOST)), (text, "c", "", ""));
        assert_eq!(range_of("", 0, 1), 0..0);
    }
}
