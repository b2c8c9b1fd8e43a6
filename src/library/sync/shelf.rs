//! The documents of this server, as a run keeps them.

use std::sync::Arc;

use async_trait::async_trait;

use super::{AllKnown, Known, Refused, Target};
use crate::accounts::Actor;
use crate::fetch::Validators;
use crate::library::{Correction, Draft, Library, Move, NewDocument, NewText};
use crate::model::{Document, FileId, UsedIn};
use crate::text::Text;

/// Those of a source.
pub struct Shelf {
    pub library: Arc<Library>,
    /// Who wants them so.
    pub actor: Actor,
    pub source: String,
    pub used_in: UsedIn,
}

impl Shelf {
    fn marked(&self, mut draft: Draft) -> Draft {
        if let Some(synced) = &mut draft.origin.synced {
            synced.source.clone_from(&self.source);
        }
        draft
    }

    fn refused(&self, text: &Text) -> Refused {
        Refused::new(text.code(), text.in_locale(self.actor.locale))
    }
}

#[async_trait]
impl Target<Draft> for Shelf {
    async fn known(&mut self) -> anyhow::Result<AllKnown> {
        let mut known = AllKnown::new();
        let look = |document: Document| {
            let synced = document.origin.synced.filter(|synced| synced.source == self.source);
            known.extend(synced.map(|synced| {
                let validators = Validators { etag: synced.etag, last_modified: synced.last_modified };
                let is_in_place = document.used_in == self.used_in;
                (synced.path, Known { id: document.id, content: synced.content, is_in_place, validators })
            }));
        };
        self.library.store.each_document(look).await?;
        Ok(known)
    }

    async fn add(&mut self, _: &str, _: &FileId, draft: Draft) -> Result<(), Refused> {
        let new =
            NewDocument { draft: self.marked(draft), language: None, used_in: self.used_in.clone(), again: false };
        self.library.add(&self.actor, new).await.map(drop).map_err(|text| self.refused(&text))
    }

    async fn update(&mut self, known: &Known, _: &str, _: &FileId, draft: Draft) -> Result<(), Refused> {
        let draft = self.marked(draft);
        let correction = Correction {
            title: draft.title,
            text: Some(NewText::Whole(draft.text)),
            kind: Some(draft.kind),
            origin: Some((draft.origin, draft.pages)),
            move_to: Move::To(self.used_in.clone()),
            ..Correction::default()
        };
        let corrected = self.library.correct(&self.actor, &known.id, correction).await;
        corrected.map(drop).map_err(|text| self.refused(&text))
    }

    async fn remove(&mut self, known: &Known) -> Result<(), Refused> {
        match self.library.remove(&self.actor, &known.id).await {
            // Somebody else did.
            Err(text) if text.code() == "not_found" => Ok(()),
            removed => removed.map_err(|text| self.refused(&text)),
        }
    }
}
