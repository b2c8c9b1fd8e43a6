//! `chatbot backup` and `chatbot restore`: what is restored is what was stored at one moment, whatever happens on the way.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chatbot::backup::{self, BackupError, Identities, Restoring};
use chatbot::store::{SignIns, Table, audit};
use serde_json::{Value, json};

use crate::documents;
use crate::stored::{Dice, Rows, age_key, command, complaint, copy, files, folder, killed, printed, rows};
use crate::support::{Browser, Client, PATIENCE, Request, ServerProcess, TestServer};

async fn back_up(data_dir: &Path, to: &Path) {
    printed(command("backup", &[to, "--data-dir".as_ref(), data_dir])).await;
}

async fn restore(backup: &Path, to: &Path) {
    printed(command("restore", &[backup, "--to".as_ref(), to])).await;
}

/// A server with messages, a deleted one, a job and a document in it.
async fn lived_in(data_dir: &Path) -> TestServer {
    let server = TestServer::on_with(data_dir, |config| config.limits.messages_per_second = 0).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for number in 1..=5 {
        ann.say("lobby", &format!("number {number}")).await;
    }
    let deleted = server.request("DELETE", "/api/rooms/lobby/messages/2").by_owner().send().await;
    assert_eq!(deleted.status, 204, "{}", deleted.text());
    ann.say("lobby", "/sum 1 2").await;
    ann.expect_where("message", |frame| frame["message"].as_str().is_some_and(|text| text.ends_with('3'))).await;
    let document = json!({"title": "Warranty", "text": "The warranty lasts two years. ".repeat(200)});
    let added = documents::add(server.address(), document).await;
    documents::searchable(server.address(), &documents::id(&added)).await;
    // The document's vectors are computed afterwards, by a job that goes on writing.
    let quiet_by = Instant::now() + PATIENCE;
    loop {
        let jobs = server.request("GET", "/api/overview").by_owner().send().await.json()["jobs"].take();
        if (&jobs["queued"], &jobs["running"]) == (&json!(0), &json!(0)) {
            return server;
        }
        assert!(Instant::now() < quiet_by, "jobs go on: {jobs}");
    }
}

#[tokio::test]
async fn a_restored_store_equals_the_one_that_was_backed_up_with_and_without_a_server() {
    let (_dir, at) = folder();
    let server = lived_in(&at("data")).await;
    back_up(&at("data"), &at("running.backup")).await;
    server.stop().await.expect("a clean stop");
    back_up(&at("data"), &at("stopped.backup")).await;
    let (expected, expected_files) = (rows(&at("data").join("store")), files(&at("data")));
    assert!(expected.len() > 30 && !expected_files.is_empty());
    // What the server adds by itself: that of a minute, and that a backup was made.
    let lasting = |rows: &Rows| -> Rows {
        let changing = [Table::JobStats as u8, Table::AuditLog as u8];
        let is_lasting = |table: u8, key: &[u8]| {
            let is_their_counter =
                table == Table::Counters as u8 && key.first().is_some_and(|of| changing.contains(of));
            !changing.contains(&table) && !is_their_counter
        };
        let lasting = rows.iter().filter(|((table, key), _)| is_lasting(*table, key));
        lasting.map(|(key, row)| (key.clone(), row.clone())).collect()
    };
    for name in ["running", "stopped"] {
        let (backup, to) = (at(&format!("{name}.backup")), at(name));
        let told = printed(command("restore", &[&backup, "--verify".as_ref()])).await;
        assert!(told.contains("whole") && told.contains("rows"), "{told}");
        restore(&backup, &to).await;
        audit(&to.join("store")).expect("no contradiction");
        let (restored, expected) = (lasting(&rows(&to.join("store"))), lasting(&expected));
        let differs = |row: &&(u8, Vec<u8>)| restored.get(*row) != expected.get(*row);
        let different: Vec<_> = restored.keys().chain(expected.keys()).filter(differs).collect();
        assert!(different.is_empty(), "{name}: {different:?}");
        assert!(files(&to) == expected_files, "{name}: the files");
        assert!(!to.join("restoring").exists());
        let again = complaint(command("restore", &[&backup, "--to".as_ref(), &to])).await;
        assert!(again.contains("there is a store in"), "{again}");
    }
    assert!(rows(&at("stopped").join("store")) == expected, "nobody else wrote");
    let back = TestServer::on(&at("stopped")).await;
    let (_, joined) = back.member("Ann", "lobby").await;
    assert_eq!(joined["last"], 7);
    let found = back.request("GET", "/api/documents").by_owner().send().await.json();
    let id = documents::id(&found["documents"][0]);
    documents::searchable(back.address(), &id).await;
}

/// What somebody writes until told to stop; the numbers that were acknowledged by room.
async fn write(server: std::net::SocketAddr, name: String, goes_on: Arc<AtomicBool>, said: Arc<[AtomicU64; 3]>) {
    let mut client = Client::connect(server, "/ws", &[]).await;
    client.send(json!({"type": "hello", "handle": name, "locale": "en"})).await;
    client.expect("welcome").await;
    let mut dice = Dice(name.len() as u64 + 77);
    while goes_on.load(Ordering::Relaxed) {
        let room = dice.below(3);
        let text =
            if dice.below(20) == 0 { "/sum 1 2".to_owned() } else { format!("{name} {}", "x".repeat(dice.below(300))) };
        let seq = client.say(&format!("room-{room}"), &text).await;
        said[room].fetch_max(seq, Ordering::Relaxed);
        if dice.below(10) == 0 {
            let path = format!("http://{server}/api/rooms/room-{room}/messages/{seq}");
            Request::new("DELETE", &path).by_owner().try_send().await;
        }
    }
}

/// Documents are added and removed until that is to stop.
async fn file(server: std::net::SocketAddr, goes_on: Arc<AtomicBool>) {
    let mut number = 0;
    while goes_on.load(Ordering::Relaxed) {
        number += 1;
        let text = format!("Paragraph {number}. ").repeat(3000);
        let added = documents::add(server, json!({"title": format!("Number {number}"), "text": text})).await;
        if number % 2 == 0 {
            let path = format!("http://{server}/api/documents/{}", documents::id(&added));
            Request::new("DELETE", &path).by_owner().try_send().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_the_state_at_one_commit() {
    let (_dir, at) = folder();
    // Small, so that layers are written and merged meanwhile.
    let data_dir = at("data");
    let server = TestServer::on_with(&data_dir, |config| {
        config.limits.messages_per_second = 0;
        config.store.cache_mb = 1;
    });
    let server = server.await;
    let (goes_on, said) = (Arc::new(AtomicBool::new(true)), Arc::<[AtomicU64; 3]>::default());
    let mut working = tokio::task::JoinSet::new();
    for number in 0..6 {
        working.spawn(write(server.address(), format!("Writer{}", "i".repeat(number)), goes_on.clone(), said.clone()));
    }
    working.spawn(file(server.address(), goes_on.clone()));
    let mut acknowledged = Vec::new();
    for number in 0..4 {
        // There is something new in each.
        let before: Vec<u64> = said.iter().map(|last| last.load(Ordering::Relaxed)).collect();
        while said.iter().zip(&before).any(|(last, before)| last.load(Ordering::Relaxed) < before + 20) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        acknowledged.push(said.iter().map(|last| last.load(Ordering::Relaxed)).collect::<Vec<_>>());
        back_up(&at("data"), &at(&format!("{number}.backup"))).await;
    }
    goes_on.store(false, Ordering::Relaxed);
    while let Some(done) = working.join_next().await {
        done.expect("no panic");
    }
    server.stop().await.expect("a clean stop");
    let end = rows(&at("data").join("store"));
    let messages = |rows: &Rows| -> Rows {
        let all = rows.iter().filter(|((table, _), _)| *table == Table::Messages as u8);
        all.map(|(key, row)| (key.clone(), row.clone())).collect()
    };
    let (mut last, all) = (0, messages(&end));
    for (number, acknowledged) in acknowledged.iter().enumerate() {
        let to = at(&number.to_string());
        restore(&at(&format!("{number}.backup")), &to).await;
        // Every index says what the records say: no commit is in it in part.
        audit(&to.join("store")).expect("no contradiction");
        let found = messages(&rows(&to.join("store")));
        assert!(found.len() as u64 >= acknowledged.iter().sum::<u64>(), "what was acknowledged before is in it");
        assert!(found.len() > last, "it is newer than the one before");
        last = found.len();
        // Of each room as many as the first messages; what differs was deleted later.
        for (key, row) in &found {
            let later = all.get(key).expect("messages stay");
            let shown = String::from_utf8_lossy(later);
            // It, or the question that it answers.
            let is_deleted = shown.contains("\"deleted\":true") || shown.contains("\"query\":\"\"");
            assert!(row == later || is_deleted, "{}", String::from_utf8_lossy(row));
        }
        let restored = TestServer::on(&to).await;
        let documents = restored.request("GET", "/api/documents?limit=200").by_owner().send().await.json();
        for document in documents["documents"].as_array().expect("a list") {
            let path = format!("/api/documents/{}", documents::id(document));
            let shown = restored.request("GET", &path).by_owner().send().await;
            assert_eq!(shown.status, 200, "its text is there: {}", shown.text());
        }
        restored.stop().await.expect("a clean stop");
    }
}

/// What somebody is told who comes back with what they had.
async fn come_back(server: &TestServer, after: u64, epoch: &Value) -> Value {
    let mut client = server.client("Back").await;
    client.send(json!({"type": "join", "room": "lobby", "after": after, "epoch": epoch})).await;
    client.expect("joined").await
}

/// Says so many things in the lobby; the epoch.
async fn say(server: &TestServer, count: usize) -> Value {
    let (mut ann, joined) = server.member("Ann", "lobby").await;
    for number in 0..count {
        ann.say("lobby", &format!("number {number}")).await;
    }
    joined["epoch"].clone()
}

#[tokio::test]
async fn who_has_seen_more_than_was_restored_begins_anew() {
    let (_dir, at) = folder();
    let server = TestServer::on(&at("data")).await;
    let epoch = say(&server, 5).await;
    back_up(&at("data"), &at("a.backup")).await;
    assert_eq!(say(&server, 10).await, epoch);
    server.stop().await.expect("a clean stop");
    restore(&at("a.backup"), &at("restored")).await;
    let server = TestServer::on(&at("restored")).await;
    let anew = say(&server, 12).await;
    assert_ne!(anew, epoch);
    let joined = come_back(&server, 15, &epoch).await;
    assert_eq!((&joined["complete"], &joined["last"]), (&json!(false), &json!(17)));
    assert_eq!(come_back(&server, 15, &anew).await["complete"], true);
    server.stop().await.expect("a clean stop");
    let server = TestServer::on(&at("restored")).await;
    assert_eq!(say(&server, 1).await, anew, "it stays as it is from then on");
    server.stop().await.expect("a clean stop");
}

#[tokio::test]
async fn a_folder_that_is_put_back_by_hand_is_noticed() {
    let (_dir, at) = folder();
    let server = TestServer::on(&at("data")).await;
    let epoch = say(&server, 5).await;
    server.stop().await.expect("a clean stop");
    copy(&at("data"), &at("copy"));
    let server = TestServer::on(&at("data")).await;
    assert_eq!(say(&server, 10).await, epoch);
    server.stop().await.expect("a clean stop");
    fs::remove_dir_all(at("data")).expect("removed");
    fs::rename(at("copy"), at("data")).expect("renamed");
    let server = TestServer::on(&at("data")).await;
    say(&server, 12).await;
    let joined = come_back(&server, 15, &epoch).await;
    assert_eq!((&joined["complete"], &joined["last"]), (&json!(false), &json!(17)));
    server.stop().await.expect("a clean stop");
}

#[tokio::test]
async fn everybody_stays_signed_in_unless_they_are_to_be_signed_out() {
    let (_dir, at) = folder();
    let server = TestServer::on(&at("data")).await;
    let mut pat = Browser::with_account(&server, "Pat", "member").await;
    let made = pat.ask(&server, "POST", "/api/account/tokens", json!({"name": "Robot", "scopes": ["read"]})).await;
    let token = format!("Bearer {}", made.json()["token"].as_str().expect("a token"));
    back_up(&at("data"), &at("a.backup")).await;
    server.stop().await.expect("a clean stop");
    restore(&at("a.backup"), &at("in")).await;
    let (backup, out) = (at("a.backup"), at("out"));
    printed(command("restore", &[&backup, "--to".as_ref(), &out, "--sign-everybody-out".as_ref()])).await;
    audit(&out.join("store")).expect("no contradiction");
    for (to, is_in) in [("in", true), ("out", false)] {
        let server = TestServer::on(&at(to)).await;
        assert_eq!(pat.clone().user(&server).await["role"] == "member", is_in, "{to}");
        let by_token = server.request("GET", "/api/rooms").header("authorization", &token).send().await;
        assert_eq!(by_token.status == 200, is_in, "{to}: {}", by_token.text());
        let mut anew = Browser::open(&server).await;
        assert_eq!(anew.sign_in(&server, "Pat", crate::support::PASSWORD).await.status, 200);
        let again = json!({"name": "Robot", "scopes": ["read"]});
        let again = anew.ask(&server, "POST", "/api/account/tokens", again).await.status;
        assert_eq!(again == 201, !is_in, "{to}: its name is free where it is gone");
        server.stop().await.expect("a clean stop");
    }
}

#[tokio::test]
async fn only_whoever_has_the_owners_key_gets_a_backup_and_one_at_a_time() {
    let server = TestServer::start().await;
    say(&server, 3).await;
    let mut olga = Browser::with_account(&server, "Olga", "owner").await;
    // An owner's account must not read what others say among themselves; the machine's owner can anyway.
    assert_eq!(olga.ask(&server, "POST", "/api/backup", json!({})).await.status, 403);
    let refused = server.request("POST", "/api/backup").by_owner().json(json!({"recipient": "age1x"})).send().await;
    assert_eq!(refused.status, 400);
    let made = server.request("POST", "/api/backup").by_owner().json(json!({})).send().await;
    assert_eq!(made.status, 200);
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("a.backup");
    fs::write(&path, &made.bytes).expect("written");
    let found = backup::verify(&path, None, |_| ()).expect("whole");
    assert!(found.contents.rows > 3);
    // It counts once its end was sent.
    let counted = Instant::now() + PATIENCE;
    while server.request("GET", "/api/overview").by_owner().send().await.json()["backup"]["bytes"] != made.bytes.len() {
        assert!(Instant::now() < counted, "the backup was not recorded");
    }
    let metrics = server.request("GET", "/metrics").by_owner().send().await.text();
    assert!(metrics.contains("chatbot_backup_age_seconds "), "{metrics}");
}

#[tokio::test]
async fn an_encrypted_backup_is_opened_by_its_key_alone() {
    let (_dir, at) = folder();
    let server = lived_in(&at("data")).await;
    let recipient = age_key(&at("key"));
    age_key(&at("other"));
    let (data_dir, backup) = (at("data"), at("a.backup.age"));
    let arguments: [&Path; 5] = [&backup, "--data-dir".as_ref(), &data_dir, "--recipient".as_ref(), recipient.as_ref()];
    printed(command("backup", &arguments)).await;
    server.stop().await.expect("a clean stop");
    let bytes = fs::read(&backup).expect("readable");
    assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
    let to = at("to");
    let asked: [&Path; 3] = [&backup, "--to".as_ref(), &to];
    assert!(complaint(command("restore", &asked)).await.contains("--identity"));
    let with = |key: &str| {
        let mut command = command("restore", &asked);
        command.arg("--identity").arg(at(key));
        command
    };
    assert!(complaint(with("other")).await.contains("none of the keys"));
    assert!(!to.exists());
    printed(with("key")).await;
    audit(&to.join("store")).expect("no contradiction");
    // The same without a server.
    printed(command("backup", &arguments)).await;
    let identities = Identities::read(&at("key")).expect("a key");
    backup::verify(&backup, Some(&identities), |_| ()).expect("whole");
}

/// Where the blocks of a backup begin, behind its header.
fn blocks(bytes: &[u8]) -> Vec<usize> {
    let number = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().expect("a number")) as usize;
    let (mut at, mut blocks) = (14 + number(10) + 4, Vec::new());
    while at + 32 < bytes.len() {
        blocks.push(at);
        at += 21 + number(at + 13);
    }
    blocks.push(at);
    blocks
}

#[tokio::test]
async fn two_hundred_damaged_backups_are_refused_and_nothing_is_touched() {
    let (_dir, at) = folder();
    let server = lived_in(&at("data")).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for number in 0..200 {
        ann.say("long", &format!("{number} {}", uuid::Uuid::new_v4().simple().to_string().repeat(100))).await;
    }
    let recipient = age_key(&at("key"));
    age_key(&at("other"));
    let (data_dir, plain, sealed) = (at("data"), at("plain"), at("sealed"));
    back_up(&data_dir, &plain).await;
    let arguments: [&Path; 5] = [&sealed, "--data-dir".as_ref(), &data_dir, "--recipient".as_ref(), recipient.as_ref()];
    printed(command("backup", &arguments)).await;
    server.stop().await.expect("a clean stop");
    let (plain, sealed) = (fs::read(plain).expect("readable"), fs::read(sealed).expect("readable"));
    let blocks = blocks(&plain);
    assert!(blocks.len() > 6, "{} blocks", blocks.len());
    let (identities, other) =
        (Identities::read(&at("key")).expect("a key"), Identities::read(&at("other")).expect("a key"));
    let to = at("to");
    fs::create_dir(&to).expect("a folder");
    fs::write(to.join("notes.txt"), "mine").expect("written");
    let mut dice = Dice(2026);
    let mut told = BTreeMap::<String, usize>::new();
    for number in 0..200 {
        let is_sealed = number % 4 == 3;
        let whole = if is_sealed { &sealed } else { &plain };
        let mut bytes = whole.clone();
        let mut key = is_sealed.then_some(&identities);
        match number % 5 {
            0 => bytes.truncate(dice.below(whole.len())),
            1 => bytes[dice.below(whole.len())] ^= 1 << dice.below(8),
            2 if is_sealed => key = Some(&other),
            2 => {
                let block = dice.below(blocks.len() - 2);
                let (one, next) = (blocks[block]..blocks[block + 1], blocks[block + 1]..blocks[block + 2]);
                let exchanged = [&whole[next.clone()], &whole[one.clone()]].concat();
                bytes[one.start..next.end].copy_from_slice(&exchanged);
            }
            3 if is_sealed => bytes.extend_from_slice(b"more"),
            3 => bytes[8] = 2 + dice.below(200) as u8,
            _ => {
                let (start, length) = (dice.below(whole.len() - 600), 1 + dice.below(500));
                bytes.drain(start..start + length);
            }
        }
        let damaged = at("damaged");
        fs::write(&damaged, &bytes).expect("written");
        let restoring = Restoring { backup: &damaged, identities: key, sign_ins: SignIns::Kept };
        let error = backup::restore(&restoring, &to, |_| ()).expect_err("refused");
        assert!(!matches!(error, BackupError::Store(_) | BackupError::Target(_)), "{number}: {error}");
        let kind = error.to_string().split_whitespace().take(7).collect::<Vec<_>>().join(" ");
        *told.entry(kind).or_default() += 1;
        let left: Vec<_> = fs::read_dir(&to).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left, ["notes.txt"], "{number}: {error}");
    }
    assert!(told.len() >= 4, "each has its reason: {told:?}");
    // The undamaged ones are restored beside what is there.
    fs::write(at("damaged"), &plain).expect("written");
    let restoring = Restoring { backup: &at("damaged"), identities: None, sign_ins: SignIns::Kept };
    backup::restore(&restoring, &to, |_| ()).expect("restored");
    assert_eq!(fs::read_to_string(to.join("notes.txt")).expect("there"), "mine");
    audit(&to.join("store")).expect("no contradiction");
}

#[tokio::test]
async fn without_room_for_it_nothing_is_restored_and_it_can_be_done_again() {
    let (_dir, at) = folder();
    let server = lived_in(&at("data")).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for number in 0..100 {
        ann.say("long", &format!("{number} {}", uuid::Uuid::new_v4().simple().to_string().repeat(100))).await;
    }
    back_up(&at("data"), &at("a.backup")).await;
    server.stop().await.expect("a clean stop");
    let to = at("to");
    // No file may become longer than this (in blocks of 512 bytes), so that writing fails, once at one place, once at another.
    for blocks in [1, 4, 64, 200] {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" restore \"$1\" --to \"$2\""));
        command.arg(env!("CARGO_BIN_EXE_chatbot")).arg(at("a.backup")).arg(&to).stderr(Stdio::piped());
        let said = complaint(command).await;
        assert!(said.contains("was not restored"), "{said}");
        assert!(!to.join("store").exists() && !to.join("restoring").exists(), "{blocks}");
    }
    restore(&at("a.backup"), &to).await;
    audit(&to.join("store")).expect("no contradiction");
}

/// Kills backups and restores `rounds` times each: always the old state or the new.
async fn kill_again_and_again(rounds: usize, seed: u64) {
    let (_dir, at) = folder();
    let process = {
        let server = lived_in(&at("data")).await;
        let (mut ann, _) = server.member("Ann", "lobby").await;
        for number in 0..300 {
            ann.say("long", &format!("{number} {}", uuid::Uuid::new_v4().simple().to_string().repeat(100))).await;
        }
        server.stop().await.expect("a clean stop");
        ServerProcess::start(&at("data"), &[])
    };
    let (data_dir, backup, to) = (at("data"), at("a.backup"), at("to"));
    let start = std::time::Instant::now();
    back_up(&data_dir, &backup).await;
    // It takes a second to see that a server has the folder.
    let moments = start.elapsed().min(Duration::from_millis(900))..start.elapsed() * 5 / 4;
    let mut dice = Dice(seed);
    let mut kept = fs::read(&backup).expect("readable");
    for _ in 0..rounds {
        killed(command("backup", &[&backup, "--data-dir".as_ref(), &data_dir]), &mut dice, moments.clone()).await;
        let now = fs::read(&backup).expect("it is always there");
        if now != kept {
            backup::verify(&backup, None, |_| ()).expect("the new one is whole");
            kept = now;
        }
    }
    // One that was killed leaves the server free for the next.
    back_up(&data_dir, &backup).await;
    assert!(!at("a.backup.part").exists());
    drop(process);

    let start = std::time::Instant::now();
    restore(&backup, &to).await;
    let moments = Duration::ZERO..start.elapsed() * 5 / 4;
    fs::remove_dir_all(&to).expect("removed");
    let mut done = 0;
    for _ in 0..rounds {
        killed(command("restore", &[&backup, "--to".as_ref(), &to]), &mut dice, moments.clone()).await;
        if to.join("store").exists() {
            audit(&to.join("store")).expect("no contradiction");
            assert_eq!(files(&to), files(&data_dir));
            fs::remove_dir_all(&to).expect("removed");
            done += 1;
        }
    }
    println!("{done} of {rounds} restores were complete before they were killed");
    if !to.join("store").exists() {
        restore(&backup, &to).await;
    }
    audit(&to.join("store")).expect("no contradiction");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_leaves_the_old_or_the_new() {
    kill_again_and_again(6, 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: the same 50 times each"]
async fn fifty_kills_leave_the_old_or_the_new() {
    kill_again_and_again(50, 2026).await;
}
