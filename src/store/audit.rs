//! Whether every index says what the records say: for tests, after kills and races.
//!
//! Reads the whole store into memory. What every start after an unclean stop looks at is in [`check`](super::check).

use std::collections::BTreeMap;
use std::path::Path;

use super::apply::{Tally, counter_key, number_from, record_bytes};
use super::claims::Claim;
use super::collections::claims_of as claims_of_collection;
use super::documents::{add_references, claims_of as claims_of_document};
use super::engine::{EngineError, Operation, Reader};
use super::held::{HeldId, places_of};
use super::job_index::{StoredJob, entries};
use super::moderation::report_id;
use super::pager::Pager;
use super::rooms::{RoomNumber, list_members, named_members};
use super::schedules::claims_of;
use super::{Batch, DiskEngine, Scope, Store, Table, accounts, check, erasures, prefix_range, sessions, tokens};
use crate::model::{
    Account, Collection, CollectionId, Document, Gap, HeldMessage, Hook, Invitation, JobState, Merge, Message, Report,
    RoomRecord, Sanction, Schedule,
};
use crate::threads;

/// The tables that follow from records alone.
const INDEXES: [Table; 13] = [
    Table::OpenJobs,
    Table::DueJobs,
    Table::DeadJobs,
    Table::JobsOfPerson,
    Table::DueJobsOfRoom,
    Table::Claims,
    Table::FileReferences,
    Table::AccountNames,
    Table::AccountsOfPrincipals,
    Table::AccountsOfIdentities,
    Table::SessionsOf,
    Table::RoomsOf,
    Table::TokensOf,
];

type Entries = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

/// Audits the store of a server that does not run. Blocking; do not call from async code.
///
/// # Errors
/// The first contradiction.
pub fn audit(dir: &Path) -> Result<(), String> {
    let engine = DiskEngine::open(dir, 16 << 20).map_err(|error| error.to_string())?;
    threads::wait(audit_tables(&engine.on_this_thread()))
}

impl Store {
    /// Audits what is durable. Nothing may be written meanwhile.
    ///
    /// # Errors
    /// The first contradiction.
    pub async fn audit(&self) -> Result<(), String> {
        audit_tables(self.engine.as_ref()).await
    }
}

async fn audit_tables(reader: &dyn Reader) -> Result<(), String> {
    check::check(reader).await?;
    let mut expected = Entries::new();
    let mut jobs = Pager::of_table(reader, Table::Jobs);
    while let Some((key, record)) = jobs.next().await.map_err(words)? {
        let stored = StoredJob::decode(&record).map_err(|error| format!("job {:?}: {error}", shown(&key)))?;
        if stored.job.id.as_str().as_bytes() != key {
            return Err(format!("job {} is stored as {:?}", stored.job.id, shown(&key)));
        }
        add(&mut expected, entries(&stored.job));
        audit_schedule_of(reader, &stored).await?;
    }
    let mut schedules = Pager::of_table(reader, Table::Schedules);
    while let Some((_, record)) = schedules.next().await.map_err(words)? {
        let schedule: Schedule = read(&record)?;
        let id = schedule.id.as_str();
        let batch = claims_of(&schedule).fold(Batch::new(Scope::ANY), |batch, claim| batch.claim(&claim, id));
        add(&mut expected, batch);
        audit_next_run(reader, &schedule).await?;
    }
    let mut merges = Pager::of_table(reader, Table::Merges);
    while let Some((_, record)) = merges.next().await.map_err(words)? {
        let merge: Merge = read(&record)?;
        add(&mut expected, Batch::new(Scope::ANY).claim(&Claim::merge_place(merge.place), merge.id.as_str()));
    }
    let mut held = Pager::of_table(reader, Table::HeldMessages);
    while let Some((key, record)) = held.next().await.map_err(words)? {
        let message: HeldMessage = read(&record)?;
        let claim = |batch: Batch, claim: &Claim| batch.claim(claim, &HeldId::of_key(&key).to_string());
        add(&mut expected, places_of(&message).iter().fold(Batch::new(Scope::ANY), claim));
    }
    let mut hooks = Pager::of_table(reader, Table::Hooks);
    while let Some((_, record)) = hooks.next().await.map_err(words)? {
        let hook: Hook = read(&record)?;
        add(&mut expected, Batch::new(Scope::ANY).claim(&Claim::hook_place(hook.place), hook.id.as_str()));
    }
    let mut in_collections = BTreeMap::<CollectionId, u64>::new();
    let mut documents = Pager::of_table(reader, Table::Documents);
    while let Some((_, record)) = documents.next().await.map_err(words)? {
        let document: Document = read(&record)?;
        if let Some(id) = document.used_in.collection() {
            *in_collections.entry(id.clone()).or_default() += 1;
        }
        let batch = add_references(Batch::new(Scope::ANY), &document);
        let claim = |batch: Batch, claim| batch.claim(&claim, document.id.as_str());
        add(&mut expected, claims_of_document(&document).fold(batch, claim));
    }
    let mut collections = Pager::of_table(reader, Table::Collections);
    while let Some((_, record)) = collections.next().await.map_err(words)? {
        let collection: Collection = read(&record)?;
        let claim = |batch: Batch, claim: &Claim| batch.claim(claim, collection.id.as_str());
        add(&mut expected, claims_of_collection(&collection).iter().fold(Batch::new(Scope::ANY), claim));
        let documents = in_collections.remove(&collection.id).unwrap_or(0);
        if documents != collection.documents {
            return Err(format!(
                "collection {} has {documents} documents and says {}",
                collection.id, collection.documents
            ));
        }
    }
    if let Some((id, documents)) = in_collections.pop_first() {
        return Err(format!("{documents} documents are in collection {id}, which is not there"));
    }
    let mut sanctions = Pager::of_table(reader, Table::Sanctions);
    while let Some((_, record)) = sanctions.next().await.map_err(words)? {
        let sanction: Sanction = read(&record)?;
        add(&mut expected, Batch::new(Scope::ANY).claim(&Claim::sanction_place(sanction.place), sanction.id.as_str()));
    }
    let mut reports = Pager::of_table(reader, Table::Reports);
    while let Some((key, record)) = reports.next().await.map_err(words)? {
        let report: Report = read(&record)?;
        let id = report_id(RoomNumber::from_key(&key), report.seq);
        add(&mut expected, Batch::new(Scope::ANY).claim(&Claim::report_place(report.place), &id));
    }
    let mut gaps = Pager::of_table(reader, Table::Gaps);
    while let Some((id, record)) = gaps.next().await.map_err(words)? {
        let gap: Gap = read(&record)?;
        let id = String::from_utf8_lossy(&id);
        add(&mut expected, Batch::new(Scope::ANY).claim(&Claim::gap_place(gap.place), &id));
    }
    let mut found = Pager::of_table(reader, Table::Tokens);
    while let Some((digest, record)) = found.next().await.map_err(words)? {
        add(&mut expected, tokens::insert(Batch::new(Scope::ANY), &digest, &read(&record)?));
    }
    let mut rooms = Pager::of_table(reader, Table::Rooms);
    while let Some((_, record)) = rooms.next().await.map_err(words)? {
        let room: RoomRecord = read(&record)?;
        add(&mut expected, list_members(Batch::new(Scope::ANY), &room.name, &[], named_members(&room)));
    }
    audit_accounts(reader, &mut expected).await?;
    compare(reader, &expected).await?;
    for table in [Table::JobLogs, Table::ErasedJobs] {
        let mut beside = Pager::of_table(reader, table);
        while let Some((id, _)) = beside.next().await.map_err(words)? {
            audit_beside_job(reader, table, &id).await?;
        }
    }
    let mut taken: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
    let mut messages = Pager::of_table(reader, Table::Messages);
    while let Some((key, record)) = messages.next().await.map_err(words)? {
        audit_message(reader, &key, &record).await?;
        let room = RoomNumber::from_key(&key).prefix();
        *taken.entry(counter_key(Table::Messages, &room)).or_default() += record_bytes(&room, &record);
    }
    audit_bytes(reader, &taken).await
}

/// What rooms take is what their messages take.
async fn audit_bytes(reader: &dyn Reader, taken: &BTreeMap<Vec<u8>, u64>) -> Result<(), String> {
    let mut counters = Pager::new(reader, Table::Counters, prefix_range(&counter_key(Table::Messages, &[])));
    while let Some((key, record)) = counters.next().await.map_err(words)? {
        let counted = Tally::decode(&record).map_err(words)?.bytes;
        let bytes = taken.get(&key).copied().unwrap_or(0);
        if counted.is_some_and(|counted| counted != bytes) {
            return Err(format!("room {} takes {bytes} bytes and not {counted:?}", number_from(&key)));
        }
    }
    Ok(())
}

/// What follows from accounts, invitations and sessions.
async fn audit_accounts(reader: &dyn Reader, expected: &mut Entries) -> Result<(), String> {
    let mut found = Pager::of_table(reader, Table::Accounts);
    while let Some((_, record)) = found.next().await.map_err(words)? {
        let account: Account = read(&record)?;
        add(expected, accounts::insert(Batch::new(Scope::ANY), &account));
    }
    let mut found = Pager::of_table(reader, Table::Erasures);
    while let Some((_, record)) = found.next().await.map_err(words)? {
        add(expected, erasures::void(Batch::new(Scope::ANY), &read(&record)?));
    }
    let mut found = Pager::of_table(reader, Table::Invitations);
    while let Some((_, record)) = found.next().await.map_err(words)? {
        let invitation: Invitation = read(&record)?;
        if invitation.place > 0 {
            let claim = Claim::invitation_place(invitation.place);
            add(expected, Batch::new(Scope::ANY).claim(&claim, invitation.id.as_str()));
        }
    }
    let mut found = Pager::of_table(reader, Table::Sessions);
    while let Some((digest, record)) = found.next().await.map_err(words)? {
        let digest = digest.try_into().map_err(|_| "a session without its digest")?;
        add(expected, sessions::insert(Batch::new(Scope::ANY), &digest, &read(&record)?));
    }
    Ok(())
}

/// Those of the batch's puts that are in an index.
fn add(expected: &mut Entries, batch: Batch) {
    for operation in batch.operations {
        if let Operation::Put { table, key, value } = operation
            && INDEXES.contains(&table)
        {
            expected.insert((table as u8, key), value);
        }
    }
}

async fn compare(reader: &dyn Reader, expected: &Entries) -> Result<(), String> {
    let mut found = Entries::new();
    for table in INDEXES {
        let mut entries = Pager::of_table(reader, table);
        while let Some((key, value)) = entries.next().await.map_err(words)? {
            found.insert((table as u8, key), value);
        }
    }
    let name = |table: u8| INDEXES.into_iter().find(|index| *index as u8 == table);
    for (entry, value) in expected {
        match found.remove(entry) {
            Some(found) if found == *value => {}
            Some(found) => return Err(format!("{:?} {:?} has {:?}", name(entry.0), shown(&entry.1), shown(&found))),
            None => return Err(format!("{:?} lacks {:?}", name(entry.0), shown(&entry.1))),
        }
    }
    match found.into_iter().next() {
        Some((entry, value)) => {
            Err(format!("{:?} has {:?} for nothing: {:?}", name(entry.0), shown(&entry.1), shown(&value)))
        }
        None => Ok(()),
    }
}

/// A job that waits as the run of a schedule is that schedule's next.
async fn audit_schedule_of(reader: &dyn Reader, stored: &StoredJob) -> Result<(), String> {
    let job = &stored.job;
    let Some(id) = job.schedule.as_ref().filter(|_| job.state == JobState::Scheduled) else { return Ok(()) };
    let record = get(reader, Table::Schedules, id.as_str().as_bytes()).await?;
    let schedule: Option<Schedule> = record.map(|record| read(&record)).transpose()?;
    match schedule.and_then(|schedule| schedule.next) {
        Some(next) if next.job == job.id => Ok(()),
        _ => Err(format!("job {} waits for a schedule that does not know it", job.id)),
    }
}

async fn audit_next_run(reader: &dyn Reader, schedule: &Schedule) -> Result<(), String> {
    let Some(next) = &schedule.next else { return Ok(()) };
    let job = get(reader, Table::Jobs, next.job.as_str().as_bytes()).await?;
    let job = job.map(|record| StoredJob::decode(&record)).transpose().map_err(|error| error.to_string())?;
    match job {
        Some(stored) if stored.job.state == JobState::Scheduled && stored.job.due_at == Some(next.at) => Ok(()),
        found => Err(format!("schedule {}: its next run is {:?}", schedule.id, found.map(|stored| stored.job.state))),
    }
}

async fn audit_beside_job(reader: &dyn Reader, table: Table, id: &[u8]) -> Result<(), String> {
    let job = get(reader, Table::Jobs, id).await?.ok_or_else(|| format!("{table:?} of no job: {:?}", shown(id)))?;
    let stored = StoredJob::decode(&job).map_err(|error| error.to_string())?;
    if table == Table::ErasedJobs && stored.job.state.has_ended() {
        return Err(format!("job {} has ended and is still to be erased", stored.job.id));
    }
    Ok(())
}

/// What a message says of a job, the job says of the message, as long as it is kept.
async fn audit_message(reader: &dyn Reader, key: &[u8], record: &[u8]) -> Result<(), String> {
    let message: Message = read(record)?;
    let (seq, room) = (number_from(key), RoomNumber::from_key(key));
    let Some(id) = &message.job else { return Ok(()) };
    let Some(job) = get(reader, Table::Jobs, id.as_str().as_bytes()).await? else { return Ok(()) };
    let stored = StoredJob::decode(&job).map_err(|error| error.to_string())?;
    let is_asked = stored.seq == seq || stored.job.unique_key.is_some();
    match &message.answer {
        None if !is_asked => Err(format!("message {seq} of room {} asked for {id}, says it alone", room.get())),
        Some(_) if stored.answer < seq => Err(format!("message {seq} of room {} answers {id}, unnoted", room.get())),
        _ => Ok(()),
    }
}

async fn get(reader: &dyn Reader, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
    reader.get(table, key).await.map_err(words)
}

fn words(error: EngineError) -> String {
    error.to_string()
}

fn read<T: serde::de::DeserializeOwned>(record: &[u8]) -> Result<T, String> {
    serde_json::from_slice(record).map_err(|error| error.to_string())
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
