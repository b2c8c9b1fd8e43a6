//! Stores of older schemas are brought to this one's at the start, whatever happens meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chatbot::store::{
    Batch, Direction, DiskEngine, Engine, Limit, Quotas, Reader, Scope, Store, StoreOptions, Table, audit, prefix_range,
};
use chatbot::threads;
use serde_json::{Value, json};

use crate::fixtures::{Fixture, content, cookie};
use crate::schema_1;
use crate::support::{Client, OWNER_KEY, PATIENCE, Request, ServerProcess};

const OPTIONS: StoreOptions = StoreOptions { cache_bytes: 16 << 20, min_free_bytes: 0, quotas: Quotas::NONE };

/// Every record of some tables.
type Content = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

/// What a store has but for its secrets, which are made at random.
fn read(store: &Path) -> Content {
    let engine = DiskEngine::open(store, OPTIONS.cache_bytes).expect("a store");
    let tables = [
        Table::Counters,
        Table::RoomNames,
        Table::Rooms,
        Table::Messages,
        Table::SentIds,
        Table::Changes,
        Table::ChangedAt,
    ];
    let mut content = Content::new();
    for table in tables {
        let everything = Limit { entries: usize::MAX, bytes: usize::MAX };
        let found = threads::wait(engine.scan(table, prefix_range(&[]), Direction::Forward, everything));
        let found = found.expect("readable");
        content.extend(found.into_iter().map(|(key, value)| ((table as u8, key), value)));
    }
    content
}

/// Whether a data folder has a store of schema 1 and no beginning of another.
fn is_left_alone(data_dir: &Path) -> bool {
    data_dir.join("store/db").exists() && !data_dir.join("store-upgrading").exists()
}

fn is_upgraded(data_dir: &Path) -> bool {
    data_dir.join("store-schema-1/db").exists()
        && !data_dir.join("store/db").exists()
        && !data_dir.join("store-upgrading").exists()
}

/// The start of a server that must refuse; what it says.
fn refusal(data_dir: &Path, environment: &[(&str, &str)]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_chatbot"))
        .args(["serve", "--host", "127.0.0.1", "--port", "0", "--data-dir"])
        .arg(data_dir)
        .env_remove("PORT")
        .envs(environment.iter().copied())
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A list by the ids of what is in it.
fn by_id(list: &Value) -> BTreeMap<&str, &Value> {
    list.as_array().expect("a list").iter().map(|one| (one["id"].as_str().expect("an id"), one)).collect()
}

/// Messages up to where the old server was are what they were.
fn assert_begins_with(found: &Value, expected: &Value) {
    let (found, expected) = (found.as_array().expect("messages"), expected.as_array().expect("messages"));
    assert!(!expected.is_empty());
    for (index, message) in expected.iter().enumerate() {
        assert_eq!(found.get(index), Some(message));
    }
}

fn assert_has_all(found: &Value, expected: &Value) {
    assert_eq!(found["epoch"], expected["epoch"]);
    for (found, expected) in
        found["rooms"].as_array().expect("rooms").iter().zip(expected["rooms"].as_array().expect("rooms"))
    {
        for field in ["name", "bot", "persona", "created_at"] {
            assert_eq!(found[field], expected[field]);
        }
        assert_begins_with(&found["messages"], &expected["messages"]);
    }
    for (letter, messages) in expected["private"].as_object().expect("rooms") {
        assert_begins_with(&found["private"][letter], messages);
    }
    let jobs = by_id(&found["jobs"]);
    for (id, job) in by_id(&expected["jobs"]) {
        let found = jobs.get(id).unwrap_or_else(|| panic!("job {id} is gone: {job}"));
        let is_open = ["queued", "running", "scheduled", "retrying"].iter().any(|state| job["state"] == *state);
        if !is_open {
            assert_eq!(*found, job);
        }
        for field in ["name", "arguments", "handle", "room", "seq", "created_at", "schedule"] {
            assert_eq!(found[field], job[field], "{field} of {job}");
        }
    }
    let schedules = by_id(&found["schedules"]);
    for (id, schedule) in by_id(&expected["schedules"]) {
        let found = schedules.get(id).unwrap_or_else(|| panic!("schedule {id} is gone: {schedule}"));
        for field in ["number", "kind", "pattern", "time_zone", "line", "handle", "room", "paused", "created_at"] {
            assert_eq!(found[field], schedule[field], "{field} of {schedule}");
        }
    }
    let hooks = by_id(&found["hooks"]);
    for (id, hook) in by_id(&expected["hooks"]) {
        let found = hooks.get(id).unwrap_or_else(|| panic!("hook {id} is gone: {hook}"));
        for field in ["name", "room", "created_at"] {
            assert_eq!(found[field], hook[field], "{field} of {hook}");
        }
    }
    let documents = by_id(&found["documents"]);
    for (id, document) in by_id(&expected["documents"]) {
        let found = documents.get(id).unwrap_or_else(|| panic!("document {id} is gone: {document}"));
        for field in ["title", "author", "kind", "language", "room", "text", "origin", "passages", "created_at", "by"] {
            assert_eq!(found[field], document[field], "{field} of {document}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_finds_everything_that_one_of_schema_1_stored() {
    let fixture = Fixture::unpack(1);
    let data_dir = fixture.data_dir();
    let mut server = fixture.serve();
    assert_has_all(&content(&server, &["a", "b", "c"]).await, &fixture.expected);
    assert!(is_upgraded(&data_dir));

    // What one does not see: ids that were sent, the hook's address, who was deleted when.
    let lobby = &fixture.expected["rooms"].as_array().expect("rooms").iter().find(|room| room["name"] == "lobby");
    let messages = lobby.expect("the lobby")["messages"].as_array().expect("messages").clone();
    let id = "the client's own id";
    let once = messages.iter().find(|message| message["id"] == id).expect("it is there");
    let mut ann = Client::connect(server.address(), "/ws", &[("cookie", &cookie("a"))]).await;
    ann.send(json!({"type": "hello", "handle": "Ann"})).await;
    ann.send(json!({"room": "lobby", "message": "once", "id": id})).await;
    assert_eq!(ann.expect("ack").await["seq"], once["seq"]);
    let hook = format!("http://{}{}", server.address(), fixture.expected["hook"].as_str().expect("a path"));
    assert_eq!(Request::new("POST", &hook).json(json!({"text": "Build 8 passed"})).send().await.status, 200);
    let last = messages.len() as u64;
    ann.send(json!({"type": "join", "room": "lobby", "after": last, "version": last})).await;
    let joined = ann.expect("joined").await;
    let changed: Vec<_> = joined["changed"].as_array().expect("messages").iter().map(|one| &one["seq"]).collect();
    assert_eq!((json!(changed), &joined["deleted"]), (json!([3, 4, 26]), &json!([3, 4, 26])));
    assert_eq!(joined["version"].as_u64(), joined["last"].as_u64().map(|last| last + 3));

    server.kill();
    assert_eq!(audit(&data_dir.join("store")), Ok(()));
    let server = fixture.serve();
    assert_has_all(&content(&server, &["a", "b", "c"]).await, &fixture.expected);
}

#[test]
fn a_store_of_a_newer_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = dir.path().join("store");
    let (opened, closing) = Store::open(&store, OPTIONS, |_| {}).expect("a new store");
    drop(opened);
    closing.wait();
    let engine = DiskEngine::open(&store, OPTIONS.cache_bytes).expect("a store");
    engine.commit(&[&Batch::new(Scope::ANY).put(Table::Meta, "schema", "99")]).expect("written");
    engine.close().expect("closed");
    drop(engine);
    let before = read(&store);
    let words = refusal(dir.path(), &[]);
    assert!(words.contains("schema 99") && words.contains("a newer version") && !words.contains("damaged"), "{words}");
    assert_eq!(read(&store), before);
}

#[test]
fn an_upgrade_without_space_for_the_copy_is_refused_and_says_how_much_is_missing() {
    let fixture = Fixture::unpack(1);
    let words = refusal(&fixture.data_dir(), &[("CHATBOT_STORE__MIN_FREE_MB", "1000000000")]);
    // The store is 8 MiB.
    assert!(words.contains("1000000008 MiB are needed") && words.contains("MiB more"), "{words}");
    assert!(is_left_alone(&fixture.data_dir()));
    drop(fixture.serve());
    assert!(is_upgraded(&fixture.data_dir()));
}

#[test]
fn what_an_earlier_upgrade_left_is_not_overwritten() {
    let fixture = Fixture::unpack(1);
    let kept = fixture.data_dir().join("store-schema-1");
    fs::create_dir(&kept).expect("a folder");
    let words = refusal(&fixture.data_dir(), &[]);
    assert!(words.contains("store-schema-1") && words.contains("exists already"), "{words}");
    assert!(is_left_alone(&fixture.data_dir()));
    fs::remove_dir(&kept).expect("removed");
    drop(fixture.serve());
    assert!(is_upgraded(&fixture.data_dir()));
}

#[test]
fn a_damaged_store_is_not_upgraded_and_said_to_be_damaged() {
    let fixture = Fixture::unpack(1);
    // More was acknowledged than there is.
    let acknowledged = fixture.data_dir().join("store/store-acknowledged");
    fs::write(acknowledged, 1_000_000_u64.to_be_bytes()).expect("written");
    let words = refusal(&fixture.data_dir(), &[]);
    assert!(words.contains("damaged") && words.contains("backup"), "{words}");
    assert!(is_left_alone(&fixture.data_dir()));
}

#[test]
fn an_upgrade_that_was_killed_between_its_renames_is_finished() {
    let fixture = Fixture::unpack(1);
    drop(fixture.serve());
    let (store, upgrading) = (fixture.data_dir().join("store"), fixture.data_dir().join("store-upgrading"));
    let before = read(&store);
    fs::rename(&store, &upgrading).expect("renamed");
    drop(fixture.serve());
    assert!(is_upgraded(&fixture.data_dir()));
    let after = read(&store);
    // A job that waited may have been answered meanwhile.
    assert!(before.keys().all(|key| after.contains_key(key)));
    assert_eq!(audit(&store), Ok(()));
}

/// Starts a server on a store and kills it a while later.
fn kill_after(data_dir: &Path, time: Duration) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_chatbot"))
        .args(["serve", "--host", "127.0.0.1", "--port", "0", "--data-dir"])
        .arg(data_dir)
        .env("CHATBOT_ACCOUNTS__OWNER_KEY", OWNER_KEY)
        .env_remove("PORT")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    std::thread::sleep(time);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Random enough for moments, and the same in every run of the test.
fn moments() -> impl Iterator<Item = f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::from_fn(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some((state >> 40) as f64 / (1_u64 << 24) as f64)
    })
}

/// Opens the store, which is upgraded then, and adds up what its rooms take, which a server does when it has time.
fn open_and_count(dir: &Path) {
    let (opened, closing) = Store::open(&dir.join("store"), OPTIONS, |_| {}).expect("upgraded");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    runtime.block_on(opened.count_room_bytes()).expect("counted");
    drop(opened);
    closing.wait();
}

#[test]
fn an_upgrade_that_is_killed_again_and_again_ends_like_one_that_is_not() {
    const KILLS: usize = 50;
    let old = tempfile::tempdir().expect("a folder");
    schema_1::write(&old.path().join("store"), 6_000, 600).expect("written");

    let whole = tempfile::tempdir().expect("a folder");
    copy(old.path(), whole.path());
    let start = Instant::now();
    drop(ServerProcess::start(whole.path(), &[]));
    let takes = start.elapsed();
    assert!(takes < PATIENCE, "{takes:?}");
    open_and_count(whole.path());
    let expected = read(&whole.path().join("store"));
    assert!(is_upgraded(whole.path()));
    assert_eq!(audit(&whole.path().join("store")), Ok(()));

    let (mut kills, mut upgrading, mut moments) = (0, 0, moments());
    while kills < KILLS {
        let dir = tempfile::tempdir().expect("a folder");
        copy(old.path(), dir.path());
        // Once, or twice on what the first left.
        for _ in 0..=kills % 2 {
            kill_after(dir.path(), takes.mul_f64(moments.next().expect("endless")));
            upgrading += usize::from(dir.path().join("store-upgrading").exists());
            kills += 1;
        }
        open_and_count(dir.path());
        assert!(read(&dir.path().join("store")) == expected, "another result after {kills} kills");
        assert!(is_upgraded(dir.path()));
    }
    assert!(upgrading > 0, "no kill hit the upgrade");
}
