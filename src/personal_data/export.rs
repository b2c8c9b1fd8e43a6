//! Everything that the server has of a person, as an archive: lines of JSON, and the files that the person uploaded.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::mpsc;

use super::archive::Archive;
use crate::accounts::Actor;
use crate::budgets::{Budgets, Cost, Spender};
use crate::library::Library;
use crate::model::{
    Account, CollectionName, Document, Emoji, Identity, Message, Passkey, Payer, Principal, Report, Role, RoomKind,
    RoomRecord, Timestamp, Token, TokenScope, rfc_3339,
};
use crate::protocol::{AccountView, JobDetails, JobView, MessageView, ScheduleView, SessionView};
use crate::store::{JobList, RoomNumber, Store, StoreError};
use crate::text::Text;

/// Messages and jobs read at a time.
const PAGE: usize = 200;

/// Exports at a time, and those of guests among them.
const MOST: usize = 4;
const MOST_OF_GUESTS: usize = 2;

/// Whose exports are under way.
#[derive(Default)]
pub struct Exports {
    running: Mutex<HashSet<Payer>>,
}

/// A place among the exports; given back on drop.
pub struct ExportPlace {
    exports: Arc<Exports>,
    payer: Payer,
}

impl Exports {
    /// Takes a place: one at a time for whoever pays.
    ///
    /// # Errors
    /// When all are taken.
    pub fn enter(self: &Arc<Self>, payer: &Payer, role: Role) -> Result<ExportPlace, Text> {
        let mut running = self.running.lock();
        let guests = running.iter().filter(|payer| matches!(payer, Payer::Address(_))).count();
        let is_full = running.len() >= MOST || (role <= Role::Guest && guests >= MOST_OF_GUESTS);
        if is_full || !running.insert(payer.clone()) {
            return Err(Text::new("error-busy-export"));
        }
        Ok(ExportPlace { exports: self.clone(), payer: payer.clone() })
    }
}

impl Drop for ExportPlace {
    fn drop(&mut self) {
        self.exports.running.lock().remove(&self.payer);
    }
}

/// What is exported, and from where.
pub struct Export {
    pub store: Arc<Store>,
    pub library: Arc<Library>,
    pub budgets: Arc<Budgets>,
    /// Who asks; everything is this person's.
    pub actor: Actor,
    /// The person's account with its sessions, if there is one.
    pub account: Option<(Account, Vec<SessionView>)>,
    /// Tokens of the person's programs.
    pub tokens: Vec<Token>,
}

/// A room that somebody made, or of which somebody is a member.
/// How far the messages of a room have been read.
struct Reading {
    number: RoomNumber,
    next: u64,
    last: u64,
}

#[derive(Serialize)]
struct ReactionLine<'a> {
    room: &'a str,
    seq: u64,
    emoji: &'a Emoji,
}

#[derive(Serialize)]
struct RoomLine<'a> {
    room: &'a str,
    kind: RoomKind,
    #[serde(skip_serializing_if = "str::is_empty")]
    title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    topic: &'a str,
    owner: bool,
    member: bool,
    #[serde(serialize_with = "rfc_3339::serialize")]
    created_at: Timestamp,
}

#[derive(Serialize)]
struct AccountFile<'a> {
    account: AccountView,
    sessions: &'a [SessionView],
    passkeys: Vec<PasskeyFile<'a>>,
    /// As whom the identity provider knows the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<&'a Identity>,
}

/// A passkey, without its keys.
#[derive(Serialize)]
struct PasskeyFile<'a> {
    name: &'a str,
    #[serde(serialize_with = "rfc_3339::serialize")]
    created_at: Timestamp,
    #[serde(serialize_with = "rfc_3339::serialize_optional")]
    last_used_at: Option<Timestamp>,
}

impl<'a> PasskeyFile<'a> {
    fn of(passkey: &'a Passkey) -> Self {
        Self { name: &passkey.name, created_at: passkey.created_at, last_used_at: passkey.last_used_at }
    }
}

#[derive(Serialize)]
struct GuestFile<'a> {
    handle: String,
    role: &'a str,
}

#[derive(Serialize)]
struct TokenLine<'a> {
    id: &'a str,
    name: String,
    scopes: &'a [TokenScope],
    rooms: Vec<&'a str>,
    #[serde(serialize_with = "rfc_3339::serialize")]
    created_at: Timestamp,
    #[serde(serialize_with = "rfc_3339::serialize_optional")]
    expires_at: Option<Timestamp>,
    #[serde(serialize_with = "rfc_3339::serialize_optional")]
    last_used_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct ReportLine<'a> {
    room: &'a str,
    seq: u64,
    reason: &'a str,
    #[serde(serialize_with = "rfc_3339::serialize")]
    at: Timestamp,
}

#[derive(Serialize)]
struct DocumentLine<'a> {
    id: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    collection: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    /// Where it is in the archive.
    files: Vec<String>,
    #[serde(serialize_with = "rfc_3339::serialize")]
    created_at: Timestamp,
}

impl Export {
    /// Begins to write the archive, which is read from what is returned. A reader that takes longer than `patience` for a
    /// part of it gets no more. `place` is kept until the end.
    pub fn begin(
        self,
        place: ExportPlace,
        patience: Duration,
    ) -> (impl Future<Output = ()> + Send, mpsc::Receiver<io::Result<Bytes>>) {
        let (mut archive, chunks) = Archive::new(patience);
        let writing = async move {
            let _place = place;
            let done = match Box::pin(self.write(&mut archive)).await {
                Ok(()) => archive.finish().await,
                Err(error) => {
                    archive.fail(io::Error::new(error.kind(), "the export broke off")).await;
                    Err(error)
                }
            };
            if let Err(error) = done {
                tracing::debug!(%error, "an export broke off");
            }
        };
        (writing, chunks)
    }

    async fn write(&self, archive: &mut Archive) -> io::Result<()> {
        archive.begin("README.txt")?;
        archive.write(Text::new("export-readme").in_locale(self.actor.locale).as_bytes()).await?;
        self.write_profile(archive).await?;
        self.write_own_rooms(archive).await?;
        let owned = self.write_messages(archive).await?;
        self.write_reactions(archive).await?;
        self.write_rooms(archive, &owned).await?;
        self.write_work(archive).await?;
        self.write_reports(archive).await?;
        self.write_documents(archive).await
    }

    async fn write_profile(&self, archive: &mut Archive) -> io::Result<()> {
        archive.begin("profile.json")?;
        match &self.account {
            Some((account, sessions)) => {
                let last_seen_at = sessions.first().map(|session| session.last_seen_at);
                let file = AccountFile {
                    account: AccountView::new(account, last_seen_at),
                    sessions,
                    passkeys: account.passkeys.iter().map(PasskeyFile::of).collect(),
                    identity: account.identity.as_ref(),
                };
                archive.line(&file).await?;
            }
            None => {
                let (handle, role) = (self.actor.handle.to_string(), self.actor.role.as_str());
                archive.line(&GuestFile { handle, role }).await?;
            }
        }
        archive.begin("tokens.jsonl")?;
        for token in &self.tokens {
            let line = TokenLine {
                id: token.id.as_str(),
                name: token.name.to_string(),
                scopes: &token.scopes,
                rooms: token.rooms.iter().map(|room| room.shown()).collect(),
                created_at: token.created_at,
                expires_at: token.expires_at,
                last_used_at: token.last_used_at,
            };
            archive.line(&line).await?;
        }
        Ok(())
    }

    /// Everything that was said in the private room and in direct ones: it was said to this person.
    async fn write_own_rooms(&self, archive: &mut Archive) -> io::Result<()> {
        archive.begin("conversations.jsonl")?;
        let mut rooms = self.joined().await?;
        rooms.retain(|(_, record)| record.kind == RoomKind::Direct);
        for principal in self.actor.principals() {
            rooms.extend(self.paid(self.store.room(&self.store.private_room(principal))).await?);
        }
        for (number, record) in rooms {
            self.write_room(archive, number, &record, |_| true).await?;
        }
        Ok(())
    }

    /// The closed and direct rooms of the person, and of whom that was before a merge.
    async fn joined(&self) -> io::Result<Vec<(RoomNumber, RoomRecord)>> {
        let mut rooms: Vec<(RoomNumber, RoomRecord)> = Vec::new();
        for principal in self.actor.principals() {
            for (number, record) in self.paid(self.store.rooms_of(principal)).await? {
                if rooms.iter().all(|(other, _)| *other != number) {
                    rooms.push((number, record));
                }
            }
        }
        Ok(rooms)
    }

    /// What the person said in the other rooms; the rooms that the person made.
    async fn write_messages(&self, archive: &mut Archive) -> io::Result<Vec<RoomRecord>> {
        archive.begin("messages.jsonl")?;
        let mut owned = Vec::new();
        for number in self.paid(self.store.room_numbers()).await? {
            let Some(record) = self.paid(self.store.find_room_record(number)).await? else { continue };
            if record.owner.as_ref().is_some_and(|owner| self.actor.is(owner)) {
                owned.push(record.clone());
            }
            if !matches!(record.kind, RoomKind::Direct | RoomKind::Private | RoomKind::Temporary) {
                self.write_room(archive, number, &record, |message| self.actor.is(&message.author)).await?;
            }
        }
        Ok(owned)
    }

    async fn write_room(
        &self,
        archive: &mut Archive,
        number: RoomNumber,
        record: &RoomRecord,
        is_wanted: impl Fn(&Message) -> bool,
    ) -> io::Result<()> {
        let mut reading = Reading { number, next: 1, last: self.paid(self.store.last_seq(number)).await? };
        while let Some(page) = self.next_page(&mut reading).await? {
            for (seq, message) in page.iter().filter(|(_, message)| is_wanted(message)) {
                archive.line(&MessageView::new(&record.name, *seq, message)).await?;
            }
        }
        Ok(())
    }

    /// The next messages of a room; `None` at its end.
    async fn next_page(&self, reading: &mut Reading) -> io::Result<Option<Vec<(u64, Message)>>> {
        if reading.next > reading.last {
            return Ok(None);
        }
        let page = self.paid(self.store.oldest_messages(reading.number, reading.next, reading.last, PAGE)).await?;
        let Some(&(newest, _)) = page.last() else { return Ok(None) };
        reading.next = newest + 1;
        Ok(Some(page))
    }

    /// What the person put on messages, whoever wrote those.
    async fn write_reactions(&self, archive: &mut Archive) -> io::Result<()> {
        archive.begin("reactions.jsonl")?;
        for number in self.paid(self.store.room_numbers()).await? {
            let Some(record) = self.paid(self.store.find_room_record(number)).await? else { continue };
            let room = record.name.shown();
            let mut reading = Reading { number, next: 1, last: self.paid(self.store.last_seq(number)).await? };
            while let Some(page) = self.next_page(&mut reading).await? {
                for (seq, message) in &page {
                    for emoji in message.reactions.of(|by| self.actor.is(by)) {
                        archive.line(&ReactionLine { room, seq: *seq, emoji }).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn write_rooms(&self, archive: &mut Archive, owned: &[RoomRecord]) -> io::Result<()> {
        archive.begin("rooms.jsonl")?;
        let joined = self.joined().await?;
        let is_owned = |record: &RoomRecord| owned.iter().any(|other| other.name == record.name);
        let others = joined.iter().map(|(_, record)| record).filter(|record| !is_owned(record));
        for record in owned.iter().chain(others) {
            let line = RoomLine {
                room: record.name.shown(),
                kind: record.kind,
                title: &record.settings.title,
                topic: &record.settings.topic,
                owner: record.owner.as_ref().is_some_and(|owner| self.actor.is(owner)),
                member: record.members.iter().any(|member| self.actor.is(member)),
                created_at: record.created_at,
            };
            archive.line(&line).await?;
        }
        Ok(())
    }

    async fn write_work(&self, archive: &mut Archive) -> io::Result<()> {
        archive.begin("jobs.jsonl")?;
        for principal in self.actor.principals() {
            self.write_jobs(archive, principal).await?;
        }
        archive.begin("schedules.jsonl")?;
        for principal in self.actor.principals() {
            for schedule in &self.paid(self.store.schedules_of(principal)).await? {
                archive.line(&ScheduleView::new(schedule)).await?;
            }
        }
        Ok(())
    }

    async fn write_jobs(&self, archive: &mut Archive, principal: &Principal) -> io::Result<()> {
        let mut after = None;
        loop {
            let of = JobList::Of(principal);
            let jobs = self.paid(self.store.list_jobs(of, after.as_ref(), PAGE, |_| true)).await?;
            for stored in &jobs {
                let view = JobView::new(&stored.job, stored.seq, None, None);
                let (arguments, changes) = (stored.job.arguments.clone(), stored.job.changes.clone());
                archive.line(&JobDetails::new(view, arguments, changes, None)).await?;
            }
            match jobs.into_iter().next_back() {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    async fn write_reports(&self, archive: &mut Archive) -> io::Result<()> {
        archive.begin("reports.jsonl")?;
        let is_own = |report: &Report| report.principal.as_ref().is_some_and(|principal| self.actor.is(principal));
        for (_, report) in self.paid(self.store.reports()).await?.iter().filter(|(_, report)| is_own(report)) {
            let Report { room, seq, reason, at, .. } = report;
            archive.line(&ReportLine { room: room.shown(), seq: *seq, reason, at: *at }).await?;
        }
        Ok(())
    }

    /// The documents that the person uploaded, which only those with an account do: their originals, or their texts.
    async fn write_documents(&self, archive: &mut Archive) -> io::Result<()> {
        let Some((account, _)) = &self.account else { return Ok(()) };
        let mut documents: Vec<Document> = Vec::new();
        let look = |document: Document| documents.extend((document.by == account.name).then_some(document));
        self.paid(self.store.each_document(look)).await?;
        let mut lines = Vec::new();
        for document in &documents {
            let mut files = Vec::new();
            for (name, path) in self.library.files_of(document) {
                // One may be replaced meanwhile.
                if tokio::fs::try_exists(&path).await? {
                    archive.copy(&name, &path).await?;
                    files.push(name);
                }
            }
            lines.push((document, files));
        }
        let collections =
            self.library.collection_names().await.map_err(|text| io::Error::other(text.code().to_owned()))?;
        archive.begin("documents.jsonl")?;
        for (document, files) in lines {
            let line = DocumentLine {
                id: document.id.as_str(),
                title: &document.title,
                author: document.author.as_deref(),
                room: document.used_in.room().map(|room| room.shown()),
                collection: document
                    .used_in
                    .collection()
                    .and_then(|id| collections.get(id))
                    .map(CollectionName::as_str),
                url: document.origin.url.as_deref(),
                files,
                created_at: document.created_at,
            };
            archive.line(&line).await?;
        }
        Ok(())
    }

    /// Reads, and charges the time that it takes.
    async fn paid<T>(&self, read: impl Future<Output = Result<T, StoreError>>) -> io::Result<T> {
        let began = Instant::now();
        let result = read.await.map_err(io::Error::other);
        let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let spender = Spender { role: self.actor.role, payer: &self.actor.payer(), room: None };
        self.budgets.charge(Cost::Reading, took, spender);
        result
    }
}
