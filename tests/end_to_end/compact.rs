//! `chatbot compact`: the store takes less space, and has the same in it, whatever happens on the way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chatbot::store::{Table, audit};
use serde_json::{Value, json};

use crate::stored::{Dice, Rows, command, complaint, copy, folder, killed, printed, rows};
use crate::support::{Client, PATIENCE, Request, ServerProcess};

/// So many messages, of 7 KB that do not compress, are in several files.
const MESSAGES: usize = 400;

/// Writes messages to a data folder and removes some of them again; the folder's server has stopped.
async fn fill(data_dir: &Path) {
    let settings = [("CHATBOT_LIMITS__MESSAGES_PER_SECOND", "0"), ("CHATBOT_STORE__CACHE_MB", "1")];
    let mut server = ServerProcess::start(data_dir, &settings);
    say_much(&mut member(&server, "Ann", "keep").await, "keep", MESSAGES).await;
    say_much(&mut member(&server, "Ben", "drop").await, "drop", MESSAGES / 8).await;
    let url = format!("http://{}/api/rooms/drop", server.address());
    let deleted = Request::new("DELETE", &url).by_owner().send().await;
    assert_eq!(deleted.status, 204, "{}", deleted.text());
    assert_eq!(server.terminate(), Some(0));
}

async fn member(server: &ServerProcess, name: &str, room: &str) -> Client {
    let mut client = Client::connect(server.address(), "/ws", &[]).await;
    client.send(json!({"type": "hello", "handle": name, "locale": "en"})).await;
    client.send(json!({"type": "join", "room": room})).await;
    client.expect("joined").await;
    client
}

async fn say_much(client: &mut Client, room: &str, count: usize) {
    for number in 0..count {
        client.say(room, &format!("{number} {}", noise(7000))).await;
    }
}

/// Digits without a pattern.
fn noise(length: usize) -> String {
    let ids = std::iter::repeat_with(|| uuid::Uuid::new_v4().simple().to_string());
    let mut text: String = ids.take(length / 32).collect();
    text.truncate(length);
    text
}

fn compact(data_dir: &Path) -> Command {
    command("compact", &["--json".as_ref(), "--data-dir".as_ref(), data_dir])
}

async fn compacted(data_dir: &Path) -> (u64, u64) {
    let told: Value = serde_json::from_str(&printed(compact(data_dir)).await).expect("JSON");
    (told["bytes_before"].as_u64().expect("a size"), told["bytes"].as_u64().expect("a size"))
}

fn runs(data_dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(data_dir.join("store")).expect("a folder").flatten().map(|entry| entry.path());
    entries.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("run-"))).collect()
}

/// What people said.
fn messages(rows: &Rows) -> Rows {
    let all = rows.iter().filter(|((table, _), _)| *table == Table::Messages as u8);
    all.map(|(key, row)| (key.clone(), row.clone())).collect()
}

#[tokio::test]
async fn a_folder_is_compacted_and_has_the_same_in_it() {
    let (_dir, at) = folder();
    let data_dir = at("data");
    fill(&data_dir).await;
    assert!(runs(&data_dir).len() > 1, "{:?}", runs(&data_dir));
    let before = rows(&data_dir.join("store"));
    let (size_before, size) = compacted(&data_dir).await;
    assert!(size < size_before, "{size_before} bytes, then {size}");
    assert_eq!(runs(&data_dir).len(), 1);
    assert!(rows(&data_dir.join("store")) == before);
    audit(&data_dir.join("store")).expect("no contradiction");
    let told = printed(command("compact", &["--data-dir".as_ref(), &data_dir])).await;
    assert!(told.contains(" before, ") && told.contains(" now"), "{told}");
}

#[tokio::test]
async fn a_server_that_runs_compacts_while_people_write() {
    let (_dir, at) = folder();
    let data_dir = at("data");
    fill(&data_dir).await;
    let mut server = ServerProcess::start(&data_dir, &[("CHATBOT_LIMITS__MESSAGES_PER_SECOND", "0")]);
    let mut ann = member(&server, "Ann", "keep").await;
    let compacting = tokio::spawn({
        let data_dir = data_dir.clone();
        async move { compacted(&data_dir).await }
    });
    let mut said = 0;
    while !compacting.is_finished() || said < 5 {
        ann.say("keep", "meanwhile").await;
        said += 1;
    }
    let (size_before, size) = compacting.await.expect("no panic");
    assert!(size < size_before, "{size_before} bytes, then {size}");
    assert_eq!(server.terminate(), Some(0));
    let stored = rows(&data_dir.join("store"));
    assert_eq!(messages(&stored).len(), MESSAGES + said);
    let deeds = stored.iter().filter(|((table, _), _)| *table == Table::AuditLog as u8);
    assert!(deeds.map(|(_, row)| String::from_utf8_lossy(row).into_owned()).any(|row| row.contains("store.compact")));
    audit(&data_dir.join("store")).expect("no contradiction");
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_meanwhile_stops_in_order() {
    let (_dir, at) = folder();
    let data_dir = at("data");
    fill(&data_dir).await;
    let before = messages(&rows(&data_dir.join("store")));
    let mut server = ServerProcess::start(&data_dir, &[]);
    let url = format!("http://{}/api/compact", server.address());
    let compacting = tokio::spawn(Request::new("POST", &url).by_owner().try_send());
    let begun = Instant::now() + PATIENCE;
    while runs(&data_dir).iter().all(|run| fs::metadata(run).is_ok_and(|found| found.len() > 0))
        && !compacting.is_finished()
    {
        assert!(Instant::now() < begun, "it does not begin");
        tokio::task::yield_now().await;
    }
    assert_eq!(server.terminate(), Some(0));
    compacting.await.expect("no panic");
    assert!(messages(&rows(&data_dir.join("store"))) == before);
    audit(&data_dir.join("store")).expect("no contradiction");
}

/// The number of a run.
fn number(run: &Path) -> Option<u64> {
    run.file_name()?.to_str()?.strip_prefix("run-")?.parse().ok()
}

#[tokio::test]
async fn without_space_for_it_nothing_is_changed() {
    let (_dir, at) = folder();
    let data_dir = at("data");
    fill(&data_dir).await;
    let before = rows(&data_dir.join("store"));
    // No file may become longer than a megabyte, in blocks of 512 bytes: the new one does.
    let mut limited = Command::new("sh");
    limited.arg("-c").arg("trap '' XFSZ; ulimit -f 2048; exec \"$0\" compact --data-dir \"$1\"");
    limited.arg(env!("CARGO_BIN_EXE_chatbot")).arg(&data_dir).stdout(Stdio::piped()).stderr(Stdio::piped());
    let said = complaint(limited).await;
    assert!(said.contains("not compacted"), "{said}");
    let left = runs(&data_dir);
    assert!(rows(&data_dir.join("store")) == before);
    // Opening the store removes what is half written; it may also merge, into a run that is newer than all.
    let now = runs(&data_dir);
    let newest = |runs: &[PathBuf]| runs.iter().filter_map(|run| number(run)).max();
    assert!(
        now == left || newest(&now) > newest(&left),
        "nothing half written was left to be removed: {left:?} {now:?}"
    );
}

/// Kills compactions `rounds` times: always the same rows.
async fn kill_again_and_again(rounds: usize, seed: u64) {
    let (_dir, at) = folder();
    let (full, data_dir) = (at("full"), at("data"));
    fill(&full).await;
    let expected = rows(&full.join("store"));
    let several = runs(&full).len();
    copy(&full, &data_dir);
    let start = Instant::now();
    compacted(&data_dir).await;
    let moments = Duration::ZERO..start.elapsed() * 5 / 4;
    let (mut dice, mut done) = (Dice(seed), 0);
    for _ in 0..rounds {
        fs::remove_dir_all(&data_dir).expect("removed");
        copy(&full, &data_dir);
        killed(compact(&data_dir), &mut dice, moments.clone()).await;
        assert!(rows(&data_dir.join("store")) == expected);
        audit(&data_dir.join("store")).expect("no contradiction");
        done += usize::from(runs(&data_dir).len() < several);
    }
    println!("{done} of {rounds} compactions were complete before they were killed");
    compacted(&data_dir).await;
    assert!(rows(&data_dir.join("store")) == expected);
}

#[tokio::test]
async fn a_kill_while_it_is_compacted_changes_nothing() {
    kill_again_and_again(5, 3).await;
}

#[tokio::test]
#[ignore = "takes minutes: the same 50 times"]
async fn fifty_kills_while_it_is_compacted_change_nothing() {
    kill_again_and_again(50, 2027).await;
}
