//! Questions that the documents do not answer well.

use super::claims::{Claim, free_number};
use super::messages::{ChangedMessage, rewrite};
use super::rooms::RoomNumber;
use super::writer::WriteKind;
use super::{Batch, Outcome, Store, StoreError, Table, decode, encode, scopes};
use crate::model::{Gap, GapId, Message, Timestamp};

/// How often a gap is changed that others change at the same time.
const TRIES: usize = 20;

impl Store {
    /// Largest number of gaps; questions beyond are not noted.
    pub const MOST_GAPS: u32 = 500;

    /// All of them, those that were dismissed, too, in no particular order.
    pub async fn gaps(&self) -> Result<Vec<(GapId, Gap)>, StoreError> {
        let mut pages = self.pages_of(Table::Gaps);
        let mut gaps = Vec::new();
        while let Some((key, record)) = pages.next().await? {
            if let Some(id) = std::str::from_utf8(&key).ok().and_then(GapId::parse) {
                gaps.push((id, decode(&record)?));
            }
        }
        Ok(gaps)
    }

    pub async fn gap(&self, id: &GapId) -> Result<Option<Gap>, StoreError> {
        let record = self.engine.get(Table::Gaps, id.as_str().as_bytes()).await?;
        record.map(|record| decode(&record)).transpose()
    }

    /// Changes a gap, which may be new, or closes it. `false` if it cannot be noted because there are too many.
    pub async fn change_gap(
        &self,
        id: &GapId,
        question: &str,
        change: impl Fn(Gap) -> Gap,
    ) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let (batch, has_place) = self.with_gap(Batch::new(scopes::CHANGE_GAP), (id, question), &change).await?;
            if has_place && self.commit_if(batch, WriteKind::Growth, || ()).await? {
                return Ok(true);
            }
            if !has_place && !self.give_up_minor_gap().await? {
                return Ok(false);
            }
        }
        Err(StoreError::Busy)
    }

    /// Makes a place for another: those that were dismissed go first, then the oldest that was asked once. `false` if there is none.
    async fn give_up_minor_gap(&self) -> Result<bool, StoreError> {
        let gaps = self.gaps().await?.into_iter().filter(|(_, gap)| gap.is_minor());
        match gaps.min_by_key(|(_, gap)| (!gap.dismissed, gap.last_at)) {
            Some((id, _)) => self.remove_gap(&id).await,
            None => Ok(false),
        }
    }

    /// The batch that also forgets what was asked.
    pub(super) async fn without_gap(&self, batch: Batch, question: &str) -> Result<Batch, StoreError> {
        let id = GapId::of(question);
        let gap = self.gap(&id).await?;
        Ok(match &gap {
            Some(gap) => replace(batch, &id, Some(gap), None),
            None => batch,
        })
    }

    /// A gap is not listed any more; `false` if there is none.
    pub async fn dismiss_gap(&self, id: &GapId) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let Some(from) = self.gap(id).await? else { return Ok(false) };
            let to = Gap { dismissed: true, ..from.clone() };
            let batch = replace(Batch::new(scopes::CHANGE_GAP), id, Some(&from), Some(&to));
            if self.commit_if(batch, WriteKind::Maintenance, || ()).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Busy)
    }

    /// A gap was closed; `false` if there is none.
    pub async fn remove_gap(&self, id: &GapId) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let Some(gap) = self.gap(id).await? else { return Ok(false) };
            let batch = replace(Batch::new(scopes::CHANGE_GAP), id, Some(&gap), None);
            if self.commit_if(batch, WriteKind::Maintenance, || ()).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Busy)
    }

    /// Forgets gaps of which nothing was heard since then; how many.
    pub async fn prune_gaps(&self, before: Timestamp) -> Result<usize, StoreError> {
        let mut pruned = 0;
        for (id, gap) in self.gaps().await? {
            if gap.last_at < before {
                let batch = replace(Batch::new(scopes::CHANGE_GAP), &id, Some(&gap), None);
                pruned += usize::from(self.commit_if(batch, WriteKind::Maintenance, || ()).await?);
            }
        }
        Ok(pruned)
    }

    /// Puts a message with other reactions in the place of what it was; where they rate the answer to a question, that one's gap
    /// changes with it. `effect` is called as in [`Store::delete_message`]. `false`, and nothing is stored, if something changed meanwhile.
    pub async fn change_reactions(
        &self,
        room: RoomNumber,
        seq: u64,
        (from, to): (&Message, &Message),
        asked: Option<(&GapId, &str)>,
        effect: impl FnOnce(ChangedMessage) + Send + 'static,
    ) -> Result<bool, StoreError> {
        let mut batch = rewrite(Batch::new(scopes::CHANGE_REACTIONS), room, seq, from, to);
        let [before, after] = [from, to].map(|message| message.reactions.bad_ratings());
        let worse = after.cast_signed() - before.cast_signed();
        if let Some(asked) = asked.filter(|_| worse != 0) {
            (batch, _) = self.with_gap(batch, asked, |gap| gap.rated(worse, to.text.as_str())).await?;
        }
        let (change_feed, message) = (self.change_feed.clone(), to.clone());
        let on_commit = move |outcome: Result<Outcome, StoreError>| match outcome? {
            Outcome::Written { version, .. } => {
                change_feed.note_changed(room, seq);
                effect(ChangedMessage { seq, version: version.unwrap_or_default(), message });
                Ok(true)
            }
            Outcome::Refused { .. } => Ok(false),
        };
        self.commit_with(batch, WriteKind::Growth, on_commit).await
    }

    /// The batch with the change of a gap, refused if that changes meanwhile; and whether there is a place for it.
    async fn with_gap(
        &self,
        batch: Batch,
        (id, question): (&GapId, &str),
        change: impl Fn(Gap) -> Gap,
    ) -> Result<(Batch, bool), StoreError> {
        let known = self.gap(id).await?;
        let old = match &known {
            Some(gap) => gap.clone(),
            None => {
                let taken = self.holders(&Claim::gap_place(0)).await?;
                let Some(place) = free_number(&taken, Self::MOST_GAPS) else { return Ok((batch, false)) };
                Gap::new(question, place)
            }
        };
        let new = Some(change(old)).filter(|gap| !gap.is_closed());
        Ok((replace(batch, id, known.as_ref(), new.as_ref()), true))
    }
}

/// Puts a gap in the place of what it was, if it still is that.
fn replace(batch: Batch, id: &GapId, from: Option<&Gap>, to: Option<&Gap>) -> Batch {
    let key = id.as_str();
    let batch = match from {
        Some(from) => batch.if_equal(Table::Gaps, key, encode(from)),
        None => batch.if_absent(Table::Gaps, key),
    };
    match (from, to) {
        (None, Some(to)) => batch.claim(&Claim::gap_place(to.place), key).put(Table::Gaps, key, encode(to)),
        (Some(_), Some(to)) => batch.put(Table::Gaps, key, encode(to)),
        (Some(from), None) => batch.delete(Table::Gaps, key).release(&Claim::gap_place(from.place)),
        (None, None) => batch,
    }
}
