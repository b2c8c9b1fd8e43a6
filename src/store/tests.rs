//! The engines keep their promises, and the domain on top of them.

use std::ops::Range;
use std::path::Path;
use std::sync::mpsc;

use tempfile::TempDir;

use super::*;
use crate::model::{
    Answer, AuthorKind, BotMode, Handle, Job, JobId, JobRequest, JobState, LogLine, Message, MessageText, Principal,
    Reactions, Role, RoomName, RoomRecord, SendId, Timestamp,
};
use crate::text::Locale;

mod accounts;
mod batches;
mod collections;
mod retention;

/// What the newest rows may take in memory in these tests, in bytes: nothing here fills it.
const CACHE: u64 = 1024 * 1024;

const OPTIONS: StoreOptions = StoreOptions { cache_bytes: CACHE, min_free_bytes: 0, quotas: Quotas::NONE };

/// Runs a check against a fresh engine of each kind.
fn on_every_engine(check: impl Fn(&dyn Engine)) {
    check(&MemoryEngine::default());
    let dir = tempfile::tempdir().expect("a folder");
    check(&DiskEngine::open(dir.path(), CACHE).expect("a new store"));
}

/// The folder of the layer that is written to.
fn head(dir: &Path) -> std::path::PathBuf {
    let entries = std::fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut heads = entries.filter(|path| path.join("db").exists());
    heads.next().expect("a head")
}

fn commit_one(engine: &dyn Engine, batch: &Batch) -> Outcome {
    engine.commit(&[batch]).expect("written").remove(0)
}

fn refused_by(table: Table, found: &str) -> Outcome {
    Outcome::Refused { table, found: Some(found.as_bytes().to_vec()) }
}

fn get(engine: &dyn Engine, table: Table, key: &str) -> Option<String> {
    let value = threads::wait(engine.get(table, key.as_bytes())).expect("readable");
    value.map(|value| String::from_utf8(value).expect("text"))
}

fn keys(engine: &dyn Engine, range: std::ops::Range<&str>, direction: Direction, limit: usize) -> String {
    let range = range.start.as_bytes().to_vec()..range.end.as_bytes().to_vec();
    let limit = Limit { entries: limit, bytes: usize::MAX };
    let found = threads::wait(engine.scan(Table::Meta, range, direction, limit)).expect("readable");
    found.iter().map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect::<Vec<_>>().join(" ")
}

fn all(engine: &dyn Engine, table: Table, range: Range<Vec<u8>>) -> Vec<engine::Entry> {
    let limit = Limit { entries: usize::MAX, bytes: usize::MAX };
    threads::wait(engine.scan(table, range, Direction::Forward, limit)).expect("readable")
}

mod engines {
    use super::*;

    #[test]
    fn a_batch_is_written_wholly_or_not_at_all() {
        on_every_engine(|engine| {
            commit_one(engine, &Batch::new(Scope::ANY).put(Table::Meta, "there", "1"));
            let refused = Batch::new(Scope::ANY)
                .put(Table::Meta, "new", "x")
                .delete(Table::Meta, "there")
                .append(Table::Messages, "room", "text")
                .if_absent(Table::Meta, "there");
            assert_eq!(commit_one(engine, &refused), refused_by(Table::Meta, "1"));
            assert_eq!(get(engine, Table::Meta, "new"), None);
            assert_eq!(get(engine, Table::Meta, "there").as_deref(), Some("1"));
            let next = commit_one(engine, &Batch::new(Scope::ANY).append(Table::Messages, "room", "text"));
            let first = Outcome::Written { number: Some(1), version: Some(1) };
            assert_eq!(next, first, "a refused append uses no number up");
        });
    }

    #[test]
    fn a_snapshot_has_what_was_committed_before_and_nothing_later() {
        on_every_engine(|engine| {
            let read = |snapshot: &Snapshot| {
                let mut found = Vec::new();
                let visit = |table: Table, key: &[u8], value: &[u8]| {
                    found.push((table, key.to_vec(), value.to_vec()));
                    Ok::<_, EngineError>(())
                };
                snapshot.each_row(visit).expect("readable");
                found
            };
            let row = |table, key: &str, value: &str| (table, key.as_bytes().to_vec(), value.as_bytes().to_vec());
            let empty = engine.snapshot().expect("a snapshot");
            commit_one(engine, &Batch::new(Scope::ANY).put(Table::Meta, "a", "1").put(Table::Jobs, "a", "1"));
            let first = engine.snapshot().expect("a snapshot");
            commit_one(engine, &Batch::new(Scope::ANY).put(Table::Meta, "a", "2").delete(Table::Jobs, "a"));
            let second = engine.snapshot().expect("a snapshot");
            assert_eq!((first.commit, second.commit), (empty.commit + 1, empty.commit + 2));
            assert_eq!(read(&empty), []);
            assert_eq!(read(&first), [row(Table::Meta, "a", "1"), row(Table::Jobs, "a", "1")]);
            assert_eq!(read(&second), [row(Table::Meta, "a", "2")]);
        });
    }

    #[test]
    fn a_refused_batch_leaves_the_others_of_its_commit_alone() {
        on_every_engine(|engine| {
            let first = Batch::new(Scope::ANY).put(Table::Meta, "a", "1");
            let refused = Batch::new(Scope::ANY).if_equal(Table::Meta, "a", "2").put(Table::Meta, "b", "1");
            let last = Batch::new(Scope::ANY).put(Table::Meta, "c", "1");
            let outcomes = engine.commit(&[&first, &refused, &last]).expect("written");
            assert_eq!(outcomes[1], refused_by(Table::Meta, "1"));
            assert_eq!(keys(engine, "a".."z", Direction::Forward, 9), "a c");
        });
    }

    #[test]
    fn conditions_see_what_earlier_batches_of_the_commit_wrote() {
        on_every_engine(|engine| {
            let first = Batch::new(Scope::ANY).if_absent(Table::SentIds, "id").append(Table::Messages, "r", "one");
            let first = first.put_number(Table::SentIds, "id");
            let again = Batch::new(Scope::ANY).if_absent(Table::SentIds, "id").append(Table::Messages, "r", "one");
            let removed = Batch::new(Scope::ANY).delete(Table::SentIds, "id");
            let anew = Batch::new(Scope::ANY).if_absent(Table::SentIds, "id").append(Table::Messages, "r", "two");
            let outcomes = engine.commit(&[&first, &again, &removed, &anew]).expect("written");
            let number = |number: u64| Outcome::Written { number: Some(number), version: Some(number) };
            let found = Some(1_u64.to_be_bytes().to_vec());
            let second = Outcome::Refused { table: Table::SentIds, found };
            let nothing = Outcome::Written { number: None, version: None };
            let expected = [number(1), second, nothing, number(2)];
            assert_eq!(outcomes, expected);
        });
    }

    #[test]
    fn appended_records_are_numbered_in_commit_order_without_gaps() {
        on_every_engine(|engine| {
            let batches: Vec<Batch> = (0..200)
                .map(|index| Batch::new(Scope::ANY).append(Table::Messages, ["a", "b"][index % 2], index.to_string()))
                .collect();
            for group in batches.chunks(33) {
                engine.commit(&group.iter().collect::<Vec<_>>()).expect("written");
            }
            for (offset, prefix) in ["a", "b"].iter().enumerate() {
                let range = prefix_range(prefix.as_bytes());
                let found = all(engine, Table::Messages, range);
                let numbers: Vec<u64> = found.iter().map(|(key, _)| apply::number_from(key)).collect();
                assert_eq!(numbers, (1..=100).collect::<Vec<u64>>());
                let values: Vec<Vec<u8>> = (0..100).map(|i| (2 * i + offset).to_string().into_bytes()).collect();
                assert_eq!(found.into_iter().map(|(_, value)| value).collect::<Vec<_>>(), values);
            }
        });
    }

    /// Appends, touches and what is told of them, under one of two prefixes: `+` appends, a number touches.
    fn change(engine: &dyn Engine, prefix: &str, what: &[&str]) -> Outcome {
        let batch = what.iter().fold(Batch::new(Scope::ANY), |batch, what| match *what {
            "+" => batch.append(Table::Messages, prefix, "text"),
            number => batch.touch(Table::Messages, prefix, number.parse().expect("a number")),
        });
        commit_one(engine, &batch)
    }

    fn changes(engine: &dyn Engine, prefix: &str, after: u64, limit: usize) -> Vec<(u64, u64, u64)> {
        let later = RecordChange::later_than(after, Table::Messages, prefix.as_bytes());
        let limit = Limit { entries: limit, bytes: usize::MAX };
        let found = threads::wait(engine.scan(Table::Changes, later, Direction::Backward, limit)).expect("readable");
        let changes = found.iter().map(|(key, value)| RecordChange::decode(key, value));
        changes.map(|change| (change.version, change.number, change.newest)).collect()
    }

    #[test]
    fn every_append_and_change_gets_the_next_version_and_a_record_is_told_once() {
        on_every_engine(|engine| {
            let written = |number, version| Outcome::Written { number, version: Some(version) };
            for number in 1..=3 {
                assert_eq!(change(engine, "a", &["+"]), written(Some(number), number));
            }
            assert_eq!(change(engine, "a", &["2"]), written(None, 4));
            assert_eq!(change(engine, "b", &["+"]), written(Some(1), 1), "another prefix counts for itself");
            assert_eq!(change(engine, "a", &["+", "1", "3"]), written(Some(4), 7));
            assert_eq!(changes(engine, "a", 0, 9), [(7, 3, 4), (6, 1, 4), (4, 2, 3)], "the latest first");
            assert_eq!(change(engine, "a", &["2"]), written(None, 8));
            assert_eq!(changes(engine, "a", 0, 9), [(8, 2, 4), (7, 3, 4), (6, 1, 4)], "each at its latest version");
            assert_eq!(changes(engine, "a", 6, 9), [(8, 2, 4), (7, 3, 4)]);
            assert_eq!(changes(engine, "a", 0, 1), [(8, 2, 4)]);
            assert_eq!(changes(engine, "a", 8, 9), []);
            assert_eq!(changes(engine, "a", u64::MAX, 9), []);
            assert_eq!(changes(engine, "b", 0, 9), []);
            let counter = threads::wait(Counter::read(engine, Table::Messages, b"a")).expect("readable");
            assert_eq!(counter, Counter { number: 4, version: 8 });
        });
    }

    #[test]
    fn a_refused_change_uses_no_version_up() {
        on_every_engine(|engine| {
            change(engine, "a", &["+"]);
            let refused =
                Batch::new(Scope::ANY).if_absent(Table::Messages, [b"a".as_slice(), &1_u64.to_be_bytes()].concat());
            let refused = refused.touch(Table::Messages, "a", 1);
            assert!(matches!(commit_one(engine, &refused), Outcome::Refused { .. }));
            assert_eq!(changes(engine, "a", 0, 9), []);
            assert_eq!(change(engine, "a", &["1"]), Outcome::Written { number: None, version: Some(2) });
        });
    }

    #[test]
    fn scans_keep_to_their_range_direction_and_limit() {
        on_every_engine(|engine| {
            let batch = ["a", "b", "ba", "c", "d"].iter().fold(Batch::new(Scope::ANY), |batch, key| {
                batch.put(Table::Meta, *key, "").put(Table::Counters, *key, "").put(Table::RoomNames, *key, "")
            });
            commit_one(engine, &batch);
            assert_eq!(keys(engine, "a".."z", Direction::Forward, 9), "a b ba c d");
            assert_eq!(keys(engine, "b".."d", Direction::Forward, 9), "b ba c");
            assert_eq!(keys(engine, "b".."d", Direction::Backward, 2), "c ba");
            assert_eq!(keys(engine, "b".."b", Direction::Forward, 9), "");
            assert_eq!(keys(engine, "d".."b", Direction::Backward, 9), "");
            assert_eq!(keys(engine, "a".."z", Direction::Forward, 0), "");
        });
    }

    #[test]
    fn scans_end_with_the_entry_that_reaches_their_bytes() {
        on_every_engine(|engine| {
            let batch = (0..9_u8).fold(Batch::new(Scope::ANY), |batch, key| batch.put(Table::Jobs, [key], [7; 9]));
            commit_one(engine, &batch);
            for (bytes, expected) in [(0, 0), (1, 1), (10, 1), (11, 2), (50, 5), (1000, 9)] {
                for direction in [Direction::Forward, Direction::Backward] {
                    let limit = Limit { entries: 99, bytes };
                    let found = threads::wait(engine.scan(Table::Jobs, prefix_range(&[]), direction, limit));
                    assert_eq!(found.expect("readable").len(), expected, "{bytes} bytes");
                }
            }
        });
    }

    #[test]
    fn a_prefix_range_holds_exactly_what_begins_with_it() {
        on_every_engine(|engine| {
            let prefixes: [&[u8]; 5] = [&[], &[0], &[1, 0xff], &[0xff], &[0xff, 0xff]];
            let keys: [&[u8]; 8] =
                [&[0], &[0, 0], &[1, 0xfe], &[1, 0xff], &[1, 0xff, 0xff, 7], &[2], &[0xff], &[0xff, 0xff, 0xff]];
            commit_one(
                engine,
                &keys.iter().fold(Batch::new(Scope::ANY), |batch, key| batch.put(Table::Jobs, *key, "")),
            );
            for prefix in prefixes {
                let found = all(engine, Table::Jobs, prefix_range(prefix));
                let expected: Vec<&[u8]> = keys.into_iter().filter(|key| key.starts_with(prefix)).collect();
                assert_eq!(found.iter().map(|(key, _)| key.as_slice()).collect::<Vec<_>>(), expected, "{prefix:?}");
            }
        });
    }
}

fn message(text: &str, id: &str) -> Message {
    Message {
        id: SendId::new(id.into()).expect("an id"),
        author: principal("Ann"),
        handle: Handle::new("Ann").expect("a handle"),
        role: AuthorKind::User,
        author_role: Role::Guest,
        address: None,
        text: MessageText::new(text.into(), 8000).expect("a text"),
        at: Timestamp::now(),
        job: None,
        answer: None,
        reactions: Reactions::default(),
        deleted: false,
    }
}

fn principal(name: &str) -> Principal {
    Principal::visitor(name)
}

async fn room(store: &Store, name: &str) -> RoomNumber {
    let name = RoomName::public(name).expect("a name");
    let record = RoomRecord::new(name, BotMode::Mention, None);
    store.create_room(record).await.expect("created").0
}

async fn post(
    store: &Store,
    room: RoomNumber,
    author: &Principal,
    message: &Message,
    job: Option<&Job>,
) -> Result<Posted, StoreError> {
    let (then, posted) = oneshot::channel();
    let message = Message { author: author.clone(), ..message.clone() };
    let new = NewMessage {
        room,
        message: &message,
        is_repeatable: true,
        temporary: None,
        jobs: job.map_or(&[], std::slice::from_ref),
        quota: None,
        held: None,
    };
    store.post(new, |result| drop(then.send(result))).await;
    posted.await.expect("answered")
}

async fn say(store: &Store, room: RoomNumber, text: &str) -> Result<u64, StoreError> {
    let id = SendId::fresh();
    match post(store, room, &principal("Ann"), &message(text, id.as_str()), None).await? {
        Posted::New(stored) => Ok(stored.number),
        other => panic!("{other:?}"),
    }
}

fn job_asked_by(message: &mut Message, line: &str) -> Job {
    let request = JobRequest { name: "sum".into(), arguments: line.into() };
    let lobby = RoomName::public("lobby").expect("a name");
    let job = Job::queued(request, principal("Ann"), message.handle.clone(), Some(lobby), Locale::English);
    message.job = Some(job.id.clone());
    job
}

async fn finish(store: &Store, from: &Job, to: &Job, answer: (RoomNumber, &Message)) -> Result<Ended, StoreError> {
    let (done, ended) = oneshot::channel();
    let from = StoredJob::new(from.clone(), 1);
    let change = JobChange { from: &from, to, log: &[], schedule: None };
    let end = JobEnd { change, answer: Some(answer), causes: &[], is_erased: false };
    store.finish_job(end, |result| drop(done.send(result))).await;
    ended.await.expect("answered")
}

mod domain {
    use super::*;

    /// Nothing was changed in between.
    fn posted(seq: u64, repeated: bool) -> Result<Posted, StoreError> {
        Ok(if repeated { Posted::Repeated { seq } } else { Posted::New(Counter { number: seq, version: seq }) })
    }

    #[tokio::test]
    async fn an_id_is_stored_once_for_its_author_and_room() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let (lobby, garden) = (room(&store, "lobby").await, room(&store, "garden").await);
        let (ann, bob) = (principal("Ann"), principal("Bob"));
        assert_eq!(post(&store, lobby, &ann, &message("one", "id"), None).await, posted(1, false));
        assert_eq!(post(&store, lobby, &ann, &message("other words", "id"), None).await, posted(1, true));
        assert_eq!(post(&store, lobby, &bob, &message("two", "id"), None).await, posted(2, false));
        assert_eq!(post(&store, garden, &ann, &message("three", "id"), None).await, posted(1, false));
        assert_eq!(post(&store, lobby, &ann, &message("one", "id"), None).await, posted(1, true));
        let texts = store.oldest_messages(lobby, 1, 99, 99).await.expect("readable");
        let texts: Vec<&str> = texts.iter().map(|(_, message)| message.text.as_str()).collect();
        assert_eq!(texts, ["one", "two"]);
    }

    #[tokio::test]
    async fn a_job_is_stored_with_the_message_that_asks_and_not_with_its_repetition() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let lobby = room(&store, "lobby").await;
        let mut asking = message("/sum 1 2", "id");
        let first = job_asked_by(&mut asking, "1 2");
        assert_eq!(post(&store, lobby, &principal("Ann"), &asking, Some(&first)).await, posted(1, false));
        let second = job_asked_by(&mut asking, "1 2");
        assert_eq!(post(&store, lobby, &principal("Ann"), &asking, Some(&second)).await, posted(1, true));
        let first_stored = stored(&store, &first).await.expect("stored");
        assert_eq!((first_stored.seq, first_stored.job.state), (1, JobState::Queued));
        assert!(stored(&store, &second).await.is_none());
        let open: Vec<JobId> = store.open_jobs().await.expect("readable").into_iter().map(|job| job.job.id).collect();
        assert_eq!(open, std::slice::from_ref(&first.id));
        let mine = store.list_jobs(JobList::Of(&principal("Ann")), None, 9, |_| true).await.expect("readable");
        assert_eq!(mine.len(), 1);
        assert!(store.list_jobs(JobList::Of(&principal("Bob")), None, 9, |_| true).await.expect("readable").is_empty());
    }

    async fn finish(store: &Store, room: RoomNumber, job: &Job, words: &str) -> Ended {
        let answer = Answer { reply_to: 1, state: JobState::Completed, took_ms: 1, query: job.line(), citations: None };
        let answer = Message { answer: Some(answer), ..message(words, SendId::fresh().as_str()) };
        let ended = Job { state: JobState::Completed, result: Some(words.into()), ..job.clone() };
        super::finish(store, job, &ended, (room, &answer)).await.expect("stored")
    }

    async fn change(store: &Store, from: &Job, to: &Job, log: &[LogLine]) -> Result<bool, StoreError> {
        let from = StoredJob::new(from.clone(), 1);
        store.change_job(JobChange { from: &from, to, log, schedule: None }, || ()).await
    }

    async fn stored(store: &Store, job: &Job) -> Option<StoredJob> {
        store.job(&job.id).await.expect("readable")
    }

    #[tokio::test]
    async fn a_job_ends_once() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let lobby = room(&store, "lobby").await;
        let mut asking = message("/sum 1 2", "id");
        let job = job_asked_by(&mut asking, "1 2");
        post(&store, lobby, &principal("Ann"), &asking, Some(&job)).await.expect("stored");
        assert_eq!(
            finish(&store, lobby, &job, "3").await,
            Ended::Stored { answer: Some(Counter { number: 2, version: 2 }) }
        );
        assert_eq!(finish(&store, lobby, &job, "four").await, Ended::Changed);
        assert_eq!(change(&store, &job, &job, &[]).await, Ok(false), "an ended job does not go back to waiting");
        let ended = stored(&store, &job).await.expect("stored");
        assert_eq!((ended.seq, ended.answer), (1, 2));
        let ended = ended.job;
        assert_eq!((ended.state, ended.result.as_deref()), (JobState::Completed, Some("3")));
        assert_eq!(store.last_seq(lobby).await, Ok(2));
        assert!(store.open_jobs().await.expect("readable").is_empty());
    }

    /// Deletes a message; what was told to be changed, as numbers, versions and whether it is deleted.
    async fn delete(store: &Store, room: RoomNumber, seq: u64) -> Option<Vec<(u64, u64, bool)>> {
        let (tell, told) = mpsc::channel();
        let is_there = store.delete_message(room, seq, move |changed| drop(tell.send(changed))).await.expect("stored");
        let told = told.try_iter().flatten().map(|one| (one.seq, one.version, one.message.deleted)).collect();
        is_there.then_some(told)
    }

    #[tokio::test]
    async fn deleting_a_question_changes_its_answer_too_and_happens_once() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let lobby = room(&store, "lobby").await;
        let mut asking = message("/sum 1 2", "id");
        let job = job_asked_by(&mut asking, "1 2");
        post(&store, lobby, &principal("Ann"), &asking, Some(&job)).await.expect("stored");
        finish(&store, lobby, &job, "3").await;
        assert_eq!(delete(&store, lobby, 3).await, None, "there is none");
        assert_eq!(delete(&store, lobby, 1).await, Some(vec![(1, 3, true), (2, 4, false)]));
        assert_eq!(delete(&store, lobby, 1).await, Some(vec![]), "it is deleted already");
        assert_eq!(delete(&store, lobby, 2).await, Some(vec![(2, 5, true)]));
        let changed = store.changed_messages(lobby, 2, 0, 9).await.expect("readable").expect("few");
        let numbers: Vec<_> = changed.iter().map(|(change, message)| (change.number, message.text.as_str())).collect();
        assert_eq!(numbers, [(1, ""), (2, "")]);
        assert!(store.changed_messages(lobby, 2, 0, 1).await.expect("readable").is_none(), "more than wanted");
        assert_eq!(say(&store, lobby, "on").await, Ok(3));
        assert!(
            store.changed_messages(lobby, 2, 3, 9).await.expect("readable").expect("few").is_empty(),
            "before number 3"
        );
    }

    #[tokio::test]
    async fn a_question_and_its_answer_deleted_at_once_are_both_deleted() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let lobby = room(&store, "lobby").await;
        for round in 0..50 {
            let mut asking = message("/sum 1 2", &format!("id-{round}"));
            let job = job_asked_by(&mut asking, "1 2");
            let Ok(Posted::New(Counter { number: asked, .. })) =
                post(&store, lobby, &principal("Ann"), &asking, Some(&job)).await
            else {
                panic!("it is new");
            };
            let Ended::Stored { answer: Some(Counter { number: answered, .. }) } =
                finish(&store, lobby, &job, "3").await
            else {
                panic!("it ends once");
            };
            tokio::join!(delete(&store, lobby, asked), delete(&store, lobby, answered));
            for seq in [asked, answered] {
                assert!(store.message(lobby, seq).await.expect("readable").expect("there").deleted, "{seq}");
            }
        }
    }

    #[tokio::test]
    async fn a_job_that_waits_for_its_time_is_found_by_it_and_moved_once() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let mut asking = message("/remind", "id");
        let [later, soon] = [3_000, 2_000].map(|at| job_asked_by(&mut asking, "me").scheduled(Timestamp(at)));
        assert_eq!(store.next_due().await, Ok(None));
        for job in [&later, &soon] {
            assert_eq!(store.add_job(job, 7, || ()).await, Ok(true));
            assert_eq!(store.add_job(job, 7, || ()).await, Ok(false), "a second time changes nothing");
        }
        assert_eq!(store.next_due().await, Ok(Some(Timestamp(2_000))));
        assert!(store.open_jobs().await.expect("readable").is_empty());
        assert!(store.due_jobs(Timestamp(1_999), 9).await.expect("readable").is_empty());
        let due = store.due_jobs(Timestamp(2_000), 9).await.expect("readable");
        assert_eq!((due.len(), &due[0].job.id, due[0].seq), (1, &soon.id, 7));
        let mut ready = soon.clone();
        ready.move_to(JobState::Queued, None);
        assert_eq!(change(&store, &soon, &ready, &[]).await, Ok(true));
        assert_eq!(change(&store, &soon, &ready, &[]).await, Ok(false));
        assert_eq!(store.open_jobs().await.expect("readable").len(), 1);
        assert_eq!(store.next_due().await, Ok(Some(Timestamp(3_000))));
        let listed = store.list_jobs(JobList::Due, None, 9, |_| true).await.expect("readable");
        assert_eq!(listed.into_iter().map(|stored| stored.job.id).collect::<Vec<_>>(), [later.id]);
    }

    #[tokio::test]
    async fn dead_jobs_are_listed_and_kept_while_others_are_pruned() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let mut asking = message("/sum 1 2", "id");
        let [dead, failed, open] = ["dead", "failed", "open"].map(|line| job_asked_by(&mut asking, line));
        for job in [&dead, &failed, &open] {
            assert_eq!(store.add_job(job, 1, || ()).await, Ok(true));
        }
        for (job, state) in [(&dead, JobState::Dead), (&failed, JobState::Failed)] {
            let mut ended = Job { finished_at: Some(Timestamp::now()), ..job.clone() };
            ended.move_to(state, Some("why".into()));
            let log = [LogLine { at: Timestamp(1), attempt: 1, text: "line".into() }];
            assert_eq!(change(&store, job, &ended, &log).await, Ok(true));
        }
        let listed = store.list_jobs(JobList::Dead, None, 9, |_| true).await.expect("readable");
        assert_eq!(listed.len(), 1);
        let later = Timestamp(Timestamp::now().0 + 1);
        let old = store.old_jobs(later, 9).await.expect("readable");
        assert_eq!(old.iter().map(|stored| &stored.job.id).collect::<Vec<_>>(), [&failed.id]);
        assert_eq!(store.job_log(&failed.id).await.expect("readable").len(), 1);
        assert_eq!(store.remove_job(&old[0]).await, Ok(true));
        assert!(stored(&store, &failed).await.is_none());
        assert!(store.job_log(&failed.id).await.expect("readable").is_empty());
        let open_job = stored(&store, &open).await.expect("stored");
        assert_eq!(store.remove_job(&open_job).await, Ok(false), "it has not ended");
        let mine = store.list_jobs(JobList::Of(&dead.principal), None, 9, |_| true).await.expect("readable");
        assert_eq!(mine.into_iter().map(|stored| stored.job.id).collect::<Vec<_>>(), [open.id, dead.id]);
    }

    #[tokio::test]
    async fn writes_are_answered_in_the_order_of_their_numbers() {
        let (store, _closing) = Store::in_memory().expect("a store");
        let lobby = room(&store, "lobby").await;
        let (heard, order) = mpsc::channel();
        for index in 0..500 {
            let heard = heard.clone();
            let message = message("text", &format!("id-{index}"));
            let new = NewMessage {
                room: lobby,
                message: &message,
                is_repeatable: true,
                temporary: None,
                jobs: &[],
                quota: None,
                held: None,
            };
            store.post(new, move |result| drop(heard.send(result))).await;
        }
        drop(heard);
        assert_eq!(order.iter().collect::<Vec<_>>(), (1..=500).map(|seq| posted(seq, false)).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn below_the_floor_of_free_space_nothing_new_is_stored_and_reading_goes_on() {
        let dir = tempfile::tempdir().expect("a folder");
        let (store, closing) = Store::open(dir.path(), OPTIONS, |_| {}).expect("a store");
        let lobby = room(&store, "lobby").await;
        let mut asking = message("/sum 1 2", "id");
        let job = job_asked_by(&mut asking, "1 2");
        post(&store, lobby, &principal("Ann"), &asking, Some(&job)).await.expect("stored");
        drop(store);
        closing.wait();
        let full = StoreOptions { min_free_bytes: u64::MAX, ..OPTIONS };
        let (store, _closing) = Store::open(dir.path(), full, |_| {}).expect("a full disk is no reason not to open");
        assert_eq!(say(&store, lobby, "more").await, Err(StoreError::Full));
        assert_eq!(store.oldest_messages(lobby, 1, 9, 9).await.expect("readable").len(), 1);
        assert_eq!(
            finish(&store, lobby, &job, "3").await,
            Ended::Stored { answer: Some(Counter { number: 2, version: 2 }) },
            "what was begun is ended"
        );
        assert!(!store.has_failed());
    }
}

mod failures {
    use super::*;
    use crate::store::faults::away;

    #[tokio::test]
    async fn what_passes_fails_its_own_requests_and_the_next_are_stored() {
        let (store, _closing, faults) = Store::with_faults(|reason| panic!("{reason}")).expect("a store");
        let lobby = room(&store, "lobby").await;
        faults.fail_commit(away);
        let refused = say(&store, lobby, "hello").await.expect_err("the database is away");
        assert_eq!((refused.clone(), Text::from(refused).code()), (StoreError::Unavailable, "busy"));
        assert_eq!(say(&store, lobby, "hello").await, Ok(1), "a refused message uses no number up");
        faults.fail_commit(|| EngineError::DiskFull);
        assert_eq!(say(&store, lobby, "hello").await, Err(StoreError::Full));
        assert_eq!(say(&store, lobby, "hello").await, Ok(2));
        assert!(!store.has_failed());
    }

    #[tokio::test]
    async fn after_what_does_not_pass_nothing_is_stored() {
        let (tell, told) = mpsc::channel();
        let (store, closing, faults) = Store::with_faults(move |reason| drop(tell.send(reason))).expect("a store");
        let lobby = room(&store, "lobby").await;
        faults.fail_commit(|| EngineError::Io("broken".into()));
        assert_eq!(say(&store, lobby, "hello").await, Err(StoreError::Failed));
        assert!(store.has_failed());
        assert_eq!(say(&store, lobby, "hello").await, Err(StoreError::Failed));
        drop(store);
        closing.wait();
        assert_eq!(told.recv().as_deref(), Ok("broken"));
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_not_taken_as_missing() {
        let (store, _closing, faults) = Store::with_faults(|reason| panic!("{reason}")).expect("a store");
        let lobby = room(&store, "lobby").await;
        let name = RoomName::public("lobby").expect("a name");
        faults.fail_read(away);
        assert_eq!(store.room(&name).await, Err(StoreError::Unavailable));
        faults.fail_read(|| EngineError::Damaged("a test".into()));
        assert_eq!(store.oldest_messages(lobby, 1, 9, 9).await.map(|found| found.len()), Err(StoreError::Failed));
        assert_eq!(store.room(&name).await.map(|found| found.is_some()), Ok(true));
        assert!(!store.has_failed());
    }
}

mod opening {
    use super::*;

    fn refusal(dir: &Path) -> String {
        match Store::open(dir, OPTIONS, |_| {}) {
            Ok(_) => panic!("opened"),
            Err(error) => error.to_string(),
        }
    }

    /// A stopped store in which something was said.
    async fn with_a_message() -> TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        let (store, closing) = Store::open(dir.path(), OPTIONS, |_| {}).expect("a store");
        let lobby = room(&store, "lobby").await;
        say(&store, lobby, "hello").await.expect("stored");
        drop(store);
        closing.wait();
        dir
    }

    #[tokio::test]
    async fn a_missing_database_file_is_not_replaced_by_an_empty_one() {
        let dir = with_a_message().await;
        let database = head(dir.path()).join("db");
        std::fs::remove_file(&database).expect("removed");
        assert!(refusal(dir.path()).contains("its database file is missing"));
        assert!(!database.exists());
        assert!(refusal(dir.path()).contains("its database file is missing"), "the first refusal changes nothing");
    }

    #[tokio::test]
    async fn a_database_that_is_empty_though_it_held_data_is_refused() {
        let dir = with_a_message().await;
        let other = tempfile::tempdir().expect("a folder");
        drop(DiskEngine::open(other.path(), CACHE).expect("an empty store"));
        for file in ["db", "conf"] {
            std::fs::copy(head(other.path()).join(file), head(dir.path()).join(file)).expect("copied");
        }
        let refused = refusal(dir.path());
        assert!(refused.contains("opens empty although it held data") && refused.contains("backup"), "{refused}");
    }

    #[tokio::test]
    async fn a_store_in_use_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let (store, closing) = Store::open(dir.path(), OPTIONS, |_| {}).expect("a store");
        let refused = refusal(dir.path());
        assert_eq!(refused, format!("another chatbot is using {}", dir.path().display()));
        let lobby = room(&store, "lobby").await;
        assert_eq!(say(&store, lobby, "not disturbed").await, Ok(1));
        drop(store);
        closing.wait();
        assert!(Store::open(dir.path(), OPTIONS, |_| {}).is_ok());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("file");
        std::fs::write(&file, "").expect("written");
        let refused = refusal(&file.join("store"));
        assert!(refused.starts_with("cannot write to") && refused.contains("file/store"), "{refused}");
    }

    #[tokio::test]
    async fn what_is_stored_and_the_epoch_survive_a_clean_stop() {
        let dir = with_a_message().await;
        let read = || {
            let (store, closing) = Store::open(dir.path(), OPTIONS, |_| {}).expect("opens");
            let lobby = RoomName::public("lobby").expect("a name");
            let (number, _) = threads::wait(store.room(&lobby)).expect("readable").expect("there");
            let found = (store.epoch().to_owned(), threads::wait(store.last_seq(number)).expect("readable"));
            drop(store);
            closing.wait();
            found
        };
        let first = read();
        assert_eq!(first.1, 1);
        assert_eq!(read(), first);
    }
}

mod damage {
    use super::*;

    const ROOMS: [&str; 3] = ["lobby", "garden", "大厅"];
    const MESSAGES: u64 = 120;

    /// The store's folder as a kill would leave it, with everything in it acknowledged.
    async fn killed() -> TempDir {
        let running = tempfile::tempdir().expect("a folder");
        let (store, closing) = Store::open(running.path(), OPTIONS, |_| {}).expect("a store");
        for name in ROOMS {
            let room = room(&store, name).await;
            for seq in 1..=MESSAGES {
                assert_eq!(say(&store, room, &text(name, seq)).await, Ok(seq));
            }
        }
        let left = tempfile::tempdir().expect("a folder");
        copy(running.path(), left.path());
        drop(store);
        closing.wait();
        left
    }

    fn text(room: &str, seq: u64) -> String {
        format!("message {seq} of {room} {}", "with some more words ".repeat(10))
    }

    fn copy(from: &Path, to: &Path) {
        for entry in std::fs::read_dir(from).expect("a folder") {
            let entry = entry.expect("an entry");
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                std::fs::create_dir(&target).expect("a new folder");
                copy(&entry.path(), &target);
            } else {
                std::fs::copy(entry.path(), target).expect("copied");
            }
        }
    }

    /// Whether the store opens; if so, everything must be there.
    fn opens_complete(dir: &Path, damage: &str) -> bool {
        let Ok((store, closing)) = Store::open(dir, OPTIONS, |_| {}) else { return false };
        for name in ROOMS {
            let stored = threads::wait(store.room(&RoomName::public(name).expect("a name"))).expect("readable");
            let (number, _) = stored.unwrap_or_else(|| panic!("{damage}: {name} is gone"));
            let messages = threads::wait(store.oldest_messages(number, 1, u64::MAX - 1, usize::MAX));
            let messages = messages.expect("readable");
            let found: Vec<_> = messages.iter().map(|(seq, message)| (*seq, message.text.as_str())).collect();
            let expected: Vec<_> = (1..=MESSAGES).map(|seq| (seq, text(name, seq))).collect();
            let expected: Vec<_> = expected.iter().map(|(seq, text)| (*seq, text.as_str())).collect();
            assert!(found == expected, "{damage}: {name} has {} of {MESSAGES} messages", found.len());
        }
        drop(store);
        closing.wait();
        true
    }

    /// Opens copies of a killed store, each damaged at another place, and counts those that are refused.
    async fn refused_after(damage: impl Fn(&mut Vec<u8>, usize), places: usize) -> usize {
        let left = killed().await;
        let whole = std::fs::read(head(left.path()).join("db")).expect("readable");
        let used = whole.iter().rposition(|byte| *byte != 0).expect("not empty") + 1;
        let mut refused = 0;
        for place in 0..places {
            let dir = tempfile::tempdir().expect("a folder");
            copy(left.path(), dir.path());
            let position = used * place / places;
            let mut bytes = whole.clone();
            damage(&mut bytes, position);
            std::fs::write(head(dir.path()).join("db"), bytes).expect("written");
            let is_open = opens_complete(dir.path(), &format!("damaged at {position} of {used}"));
            refused += usize::from(!is_open);
        }
        refused
    }

    #[tokio::test]
    async fn an_undamaged_store_opens_complete_after_a_kill() {
        assert_eq!(refused_after(|_, _| {}, 1).await, 0);
    }

    #[tokio::test]
    async fn a_flipped_byte_never_costs_a_message_unnoticed() {
        let refused = refused_after(|bytes, position| bytes[position] ^= 0xff, 40).await;
        assert!(refused > 0, "some damage must be found");
    }

    #[tokio::test]
    async fn a_page_of_zeros_never_costs_a_message_unnoticed() {
        let blank = |bytes: &mut Vec<u8>, position: usize| {
            let start = position / 4096 * 4096;
            let end = bytes.len().min(start + 4096);
            bytes[start..end].fill(0);
        };
        let refused = refused_after(blank, 40).await;
        assert!(refused > 0, "some damage must be found");
    }

    #[tokio::test]
    async fn a_cut_file_never_costs_a_message_unnoticed() {
        let refused = refused_after(|bytes, position| bytes.truncate(position), 40).await;
        assert!(refused > 0, "some damage must be found");
    }
}

#[tokio::test]
async fn the_longest_messages_and_jobs_are_stored() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let options = StoreOptions { cache_bytes: 4 << 20, ..OPTIONS };
    let (store, closing) = Store::open(dir.path(), options, |_| {}).expect("a store");
    let name = RoomName::public("long").expect("a name");
    let record = RoomRecord::new(name.clone(), BotMode::Mention, None);
    let (room, _, _) = store.create_room(record).await.expect("a room");
    let handle = Handle::new("Ann").expect("a handle");
    let principal = Principal::visitor(&handle.to_string());
    let text = "𠮷".repeat(8000);
    for _ in 0..60 {
        let request = JobRequest { name: "echo".into(), arguments: text.clone() };
        let job = Job::queued(request, principal.clone(), handle.clone(), Some(name.clone()), Locale::English);
        let message = Message {
            id: SendId::fresh(),
            author: principal.clone(),
            handle: handle.clone(),
            role: AuthorKind::User,
            author_role: Role::Guest,
            address: None,
            text: MessageText::new(text.clone(), 8000).expect("a text"),
            at: Timestamp::now(),
            job: Some(job.id.clone()),
            answer: None,
            reactions: Reactions::default(),
            deleted: false,
        };
        let (done, stored) = tokio::sync::oneshot::channel();
        let new = NewMessage {
            room,
            message: &message,
            is_repeatable: true,
            temporary: None,
            jobs: std::slice::from_ref(&job),
            quota: None,
            held: None,
        };
        store.post(new, |posted| drop(done.send(posted))).await;
        stored.await.expect("an answer").expect("stored");
        let ended = Job { state: JobState::Completed, result: Some("字".repeat(8000)), ..job.clone() };
        finish(&store, &job, &ended, (room, &message)).await.expect("stored");
    }
    drop(store);
    closing.wait();
    let (store, _closing) = Store::open(dir.path(), options, |_| {}).expect("the same store");
    assert_eq!(store.last_seq(room).await, Ok(120));
}
