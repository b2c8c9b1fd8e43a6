//! What is done to documents: they are stored and changed, and their contents claimed where they are used.

use std::path::Path;
use std::sync::Arc;

use super::intake::broken;
use super::{Draft, Library, TRIES};
use crate::accounts::{Action, Actor};
use crate::analysis;
use crate::documents::passages;
use crate::model::{Document, DocumentId, DocumentKind, DocumentNumber, FileId, Language, Origin, Timestamp, UsedIn};
use crate::store::Filed;
use crate::text::Text;
use crate::threads::blocking;

/// A document to be stored.
#[derive(Clone, Debug)]
pub struct NewDocument {
    pub draft: Draft,
    pub language: Option<Language>,
    pub used_in: UsedIn,
    /// Store it although a document of the same content is there.
    pub again: bool,
}

/// A change of a document; `None` leaves a field unchanged.
#[derive(Clone, Debug, Default)]
pub struct Correction {
    pub title: Option<String>,
    /// Empty for none.
    pub author: Option<String>,
    pub language: Option<Language>,
    pub kind: Option<DocumentKind>,
    pub move_to: Move,
    pub text: Option<NewText>,
    /// Another original, with its pages.
    pub origin: Option<(Origin, Option<u32>)>,
    /// As for [`NewDocument`].
    pub again: bool,
}

/// The text that a document gets.
#[derive(Clone, Debug)]
pub enum NewText {
    /// Instead of the one it has.
    Whole(String),
    /// Behind that, after an empty line.
    Appended(String),
}

/// Where else a document is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Move {
    #[default]
    Nowhere,
    To(UsedIn),
    /// In all rooms, if it is a room's.
    OutOfRoom,
    /// In all rooms, if it is in a collection.
    OutOfCollection,
}

impl Move {
    /// Where a document is used then that is used there now.
    fn applied_to(&self, used_in: &UsedIn) -> UsedIn {
        match (self, used_in) {
            (Self::To(to), _) => to.clone(),
            (Self::OutOfRoom, UsedIn::Room(_)) | (Self::OutOfCollection, UsedIn::Collection(_)) => UsedIn::AllRooms,
            _ => used_in.clone(),
        }
    }
}

impl Library {
    /// Stores a document; it is indexed in the background.
    ///
    /// # Errors
    /// `duplicate` if a document of the same content is used in the same place.
    pub async fn add(self: &Arc<Self>, actor: &Actor, new: NewDocument) -> Result<Document, Text> {
        actor.may(Action::ManageDocuments)?;
        let NewDocument { draft, language, used_in, again } = new;
        let title = title(draft.title.as_deref(), &draft.origin, &draft.text)?;
        let author = name(draft.author.as_deref())?;
        let _filing = self.filing.read().await;
        self.check_original(&draft.origin)?;
        let (text, counted) = self.keep_text(draft.text, draft.kind).await?;
        let now = Timestamp::now();
        let document = Document {
            id: DocumentId::fresh(),
            number: DocumentNumber::default(),
            version: 1,
            title,
            author,
            language: language.unwrap_or(counted.language),
            kind: draft.kind,
            used_in,
            created_at: now,
            updated_at: now,
            by: actor.handle.clone(),
            origin: draft.origin,
            text,
            chars: counted.chars,
            text_bytes: counted.bytes,
            pages: draft.pages,
            passages: counted.passages,
            previous: None,
            arriving: None,
            claimed: Vec::new(),
            unused: Vec::new(),
        };
        self.check_quota(&document, 0).await?;
        let document = self.store_new(document, again).await?;
        self.catalog().put(&document);
        tracing::info!(document = %document.id, passages = document.passages, "document added");
        self.wake(actor.locale).await;
        Ok(document)
    }

    /// Stores the record of a new document.
    async fn store_new(&self, document: Document, again: bool) -> Result<Document, Text> {
        for _ in 0..TRIES {
            let claimed = self.claims(None, &document, again).await?;
            match self.store.add_document(Document { claimed, ..document.clone() }).await? {
                Filed::Stored(document) => return Ok(document),
                Filed::Known(other) => self.refuse_duplicate(&other, again).await?,
                Filed::NoCollection => return Err(Text::new("error-not_found-collection_gone")),
                Filed::Changed => {}
            }
        }
        Err(Text::new("error-busy"))
    }

    /// What a document that was `from` claims of its contents: what it did already, and what is new; with `again` only what
    /// nobody else claims.
    async fn claims(&self, from: Option<&Document>, to: &Document, again: bool) -> Result<Vec<FileId>, Text> {
        let before = from.filter(|from| from.used_in == to.used_in);
        let mut claimed = Vec::new();
        for content in to.contents() {
            let is_claimed = match before.filter(|before| before.contents().any(|known| known == content)) {
                Some(before) => before.claimed.contains(content),
                None => !again || self.store.is_unclaimed(to, content).await?,
            };
            claimed.extend(is_claimed.then(|| content.clone()));
        }
        Ok(claimed)
    }

    /// Says which document has the same content, unless that was removed meanwhile or is known to whoever stores this one.
    async fn refuse_duplicate(&self, other: &DocumentId, again: bool) -> Result<(), Text> {
        match self.store.document(other).await? {
            Some(other) if !again => {
                Err(Text::new("error-duplicate").with("title", &other.title).with("document", &other.id))
            }
            _ => Ok(()),
        }
    }

    /// Changes a document. Its old passages are used until the new ones replace all of them at once.
    pub async fn correct(
        self: &Arc<Self>,
        actor: &Actor,
        id: &DocumentId,
        correction: Correction,
    ) -> Result<Document, Text> {
        actor.may(Action::ManageDocuments)?;
        let (from, to) = self.store_correction(id, &correction).await?;
        self.sweep(&from).await;
        self.wake(actor.locale).await;
        Ok(to)
    }

    /// Changes the record, and notes it; returns the old and the new one.
    async fn store_correction(&self, id: &DocumentId, correction: &Correction) -> Result<(Document, Document), Text> {
        let _filing = self.filing.read().await;
        for _ in 0..TRIES {
            let from = self.document(id).await?;
            let to = self.corrected(&from, correction).await?;
            self.check_quota(&to, if to.used_in == from.used_in { from.bytes() } else { 0 }).await?;
            let claimed = self.claims(Some(&from), &to, correction.again).await?;
            let to = Document { claimed, ..to };
            match self.store.change_document(&from, &to).await? {
                Filed::Stored(()) => {
                    self.catalog().put(&to);
                    return Ok((from, to));
                }
                Filed::Known(other) => self.refuse_duplicate(&other, correction.again).await?,
                Filed::NoCollection => return Err(Text::new("error-not_found-collection_gone")),
                Filed::Changed => {}
            }
        }
        Err(Text::new("error-changed"))
    }

    /// The changed document.
    async fn corrected(&self, from: &Document, correction: &Correction) -> Result<Document, Text> {
        let mut to = Document { updated_at: Timestamp::now(), ..from.clone() };
        if let Some(title) = &correction.title {
            to.title = name(Some(title))?.ok_or_else(|| Text::new("error-bad_document-title"))?;
        }
        if let Some(author) = &correction.author {
            to.author = name(Some(author))?;
        }
        to.used_in = correction.move_to.applied_to(&from.used_in);
        to.kind = correction.kind.unwrap_or(to.kind);
        if let Some((origin, pages)) = &correction.origin {
            self.check_original(origin)?;
            (to.origin, to.pages) = (origin.clone(), *pages);
            to.origin.synced = to.origin.synced.or_else(|| from.origin.synced.clone());
        }
        if correction.text.is_some() || to.kind != from.kind {
            let text = match &correction.text {
                Some(NewText::Whole(text)) => text.clone(),
                Some(NewText::Appended(more)) => self.appended(&from.text, more).await?,
                None => self.read_text(&from.text).await?,
            };
            let (text, counted) = self.keep_text(text, to.kind).await?;
            (to.text, to.chars, to.passages) = (text, counted.chars, counted.passages);
            to.text_bytes = counted.bytes;
            to.language = counted.language;
        }
        to.language = correction.language.unwrap_or(to.language);
        let is_found_otherwise =
            (&to.text, &to.title, &to.used_in, to.kind) != (&from.text, &from.title, &from.used_in, from.kind);
        if is_found_otherwise {
            to.version = from.version + 1;
            // The indexed version, and the one being indexed: after several corrections that is not the previous one.
            let (indexed, arriving) = self.catalog().in_index(from.number);
            // Whoever may read it from now on may not have been meant to read what it was.
            let stays = to.used_in == from.used_in;
            let kept = |version: Option<u64>| {
                version.filter(|_| stays).and_then(|version| Some((version, from.text_of(version)?.clone())))
            };
            (to.previous, to.arriving) = (kept(indexed), kept(arriving.filter(|arriving| Some(*arriving) != indexed)));
        }
        Ok(to)
    }

    /// Whether the room that a document is for has space for it, where it took so many bytes before.
    async fn check_quota(&self, document: &Document, before: u64) -> Result<(), Text> {
        let Some(room) = document.used_in.room() else { return Ok(()) };
        let more = document.bytes().saturating_sub(before);
        if more == 0 || self.store.has_room_for(room, more).await? { Ok(()) } else { Err(Text::new("error-room_full")) }
    }

    /// Whether the original still exists: a draft's file is not referenced, and may have been removed with another document.
    fn check_original(&self, origin: &Origin) -> Result<(), Text> {
        match &origin.file {
            Some(file) if self.files.size(file).is_none() => Err(Text::new("error-upload_gone")),
            _ => Ok(()),
        }
    }

    /// Stores a text; returns its id and statistics.
    async fn keep_text(&self, text: String, kind: DocumentKind) -> Result<(FileId, Counted), Text> {
        if !text.chars().any(char::is_alphanumeric) {
            return Err(Text::new("error-file_empty"));
        }
        let files = self.files.clone();
        let kept = blocking(move || {
            let counted = Counted {
                chars: text.chars().count() as u64,
                bytes: text.len() as u64,
                passages: u32::try_from(passages(&text, kind).len()).unwrap_or(u32::MAX),
                language: analysis::language(&text),
            };
            Ok((files.put(text.as_bytes()).map_err(|error| broken(&error))?, counted))
        });
        kept.await.unwrap_or_else(|_| Err(Text::new("error-store_failed")))
    }

    async fn appended(&self, file: &FileId, more: &str) -> Result<String, Text> {
        let mut text = self.read_text(file).await?;
        text.truncate(text.trim_end().len());
        text.push_str("\n\n");
        text.push_str(&analysis::normalize(more));
        self.intake.check_text(&text)?;
        Ok(text)
    }

    async fn read_text(&self, file: &FileId) -> Result<String, Text> {
        let (files, file) = (self.files.clone(), file.clone());
        let read = blocking(move || files.read_text(&file).map_err(|error| broken(&error)));
        read.await.unwrap_or_else(|_| Err(Text::new("error-store_failed")))
    }
}

/// What a text holds.
struct Counted {
    chars: u64,
    bytes: u64,
    passages: u32,
    language: Language,
}

/// A name for people, on one line.
fn name(text: Option<&str>) -> Result<Option<String>, Text> {
    let Some(text) = text else { return Ok(None) };
    let name: Vec<_> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let name = name.join(" ");
    if name.chars().count() > Document::LONGEST_NAME {
        return Err(Text::new("error-bad_document-long").with("max", Document::LONGEST_NAME));
    }
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// The title: as given, else the file's name, else the beginning of the text.
fn title(given: Option<&str>, origin: &Origin, text: &str) -> Result<String, Text> {
    if let Some(given) = name(given)? {
        return Ok(given);
    }
    let stem = origin.name.as_deref().and_then(|name| Path::new(name).file_stem()?.to_str());
    let first = text.lines().map(|line| line.trim_start_matches('#').trim()).find(|line| !line.is_empty());
    let begun: String = stem.or(first).unwrap_or_default().chars().take(Document::LONGEST_NAME).collect();
    name(Some(&begun))?.ok_or_else(|| Text::new("error-bad_document-title"))
}
