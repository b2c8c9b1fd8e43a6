//! Passages that are left out when something is looked up, because somebody who manages documents switched them off.

use std::collections::HashSet;
use std::sync::Arc;

use super::catalog::Unused;
use super::{Library, TRIES};
use crate::accounts::{Action, Actor};
use crate::documents::Passage;
use crate::model::{Document, DocumentId, PassageId, Timestamp};
use crate::store::Filed;
use crate::text::Text;

impl Library {
    /// Lets a passage be used, or not. One that is not there may be used: nothing changes by that.
    pub async fn use_passage(
        self: &Arc<Self>,
        actor: &Actor,
        id: &DocumentId,
        passage: &PassageId,
        is_used: bool,
    ) -> Result<Document, Text> {
        actor.may(Action::ManageDocuments)?;
        // Alone, so that what is noted of the record last is what was stored last.
        let _filing = self.filing.write().await;
        for _ in 0..TRIES {
            let from = self.document(id).await?;
            if is_used != from.unused.contains(passage) {
                return Ok(from);
            }
            let mut unused = from.unused.clone();
            if is_used {
                unused.retain(|other| other != passage);
            } else {
                let there = self.passage_ids(&from).await?;
                if !there.contains(passage) {
                    return Err(Text::new("error-not_found-passage"));
                }
                // What was corrected since is not there any more.
                unused.retain(|other| there.contains(other));
                unused.push(passage.clone());
                if unused.len() > Document::MOST_UNUSED {
                    return Err(Text::new("error-too_many_unused").with("max", Document::MOST_UNUSED));
                }
            }
            let to = Document { unused, updated_at: Timestamp::now(), ..from.clone() };
            if self.store.change_document(&from, &to).await? == Filed::Stored(()) {
                self.catalog().put(&to);
                return Ok(to);
            }
        }
        Err(Text::new("error-changed"))
    }

    /// The ids of a document's passages.
    async fn passage_ids(self: &Arc<Self>, document: &Document) -> Result<HashSet<PassageId>, Text> {
        let read = document.clone();
        self.off_the_workers(move |library| {
            let (text, passages) = library.text_of(&read)?;
            Ok(passages.iter().map(|passage| PassageId::of(&text[passage.range.clone()])).collect())
        })
        .await
    }

    /// Whether a passage of a version is left out. One that cannot be read is not. Blocks.
    pub(super) fn is_unused(&self, unused: &Unused, version: u64, passage: &Passage) -> bool {
        let Some(file) = unused.texts.get(&version) else { return false };
        let text = self.files.read_range(file, passage.range.clone());
        text.is_ok_and(|text| unused.passages.contains(&PassageId::of(&text)))
    }
}
