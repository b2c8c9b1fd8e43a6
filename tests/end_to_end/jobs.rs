//! Commands: asked, watched, cancelled, answered.

use serde_json::{Value, json};

use crate::support::{Client, TestServer};

/// Asks the bot for something in the lobby; the job's id.
async fn ask(client: &mut Client, line: &str) -> String {
    client.send(json!({"room": "lobby", "message": line})).await;
    let loading = client.expect("loading").await;
    loading["job"].as_str().expect("an id").to_owned()
}

/// The state a job's frame tells, of that job only.
async fn state(client: &mut Client, job: &str, state: &str) -> Value {
    let frame = client.expect_where("job", |frame| frame["job"]["id"] == job && frame["job"]["state"] == state).await;
    frame["job"].clone()
}

async fn answer(client: &mut Client, job: &str) -> Value {
    client.expect_where("message", |frame| frame["job"] == job && frame["role"] == "bot").await
}

#[tokio::test]
async fn a_command_is_shown_as_message_loading_job_and_answer() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let (mut bob, _) = server.member("Bob", "lobby").await;
    ann.send(json!({"room": "lobby", "message": "/sum 12 32"})).await;
    for client in [&mut ann, &mut bob] {
        let (mut kinds, mut job) = (Vec::new(), None);
        while kinds.last().is_none_or(|kind| kind != "completed") {
            let frame = client.next().await.expect("open");
            match frame["type"].as_str().expect("a type") {
                "message" if frame["role"] == "user" => {
                    job = Some(frame["job"].clone());
                    kinds.push("asked".to_owned());
                }
                "loading" => {
                    assert_eq!(Some(&frame["job"]), job.as_ref());
                    assert_eq!(frame["message"], "Working on: sum 12 32");
                    kinds.push("loading".to_owned());
                }
                "message" => {
                    assert_eq!((&frame["message"], &frame["handle"]), (&json!("12 + 32 = 44"), &json!("bot")));
                    assert_eq!((&frame["query"], &frame["reply_to"]), (&json!("sum 12 32"), &json!(1)));
                    assert_eq!((&frame["job_state"], Some(&frame["job"])), (&json!("completed"), job.as_ref()));
                    assert!(frame["took_ms"].is_u64());
                    kinds.push("answer".to_owned());
                }
                "job" => kinds.push(frame["job"]["state"].as_str().expect("a state").to_owned()),
                _ => {}
            }
        }
        assert_eq!(kinds, ["asked", "loading", "queued", "answer", "completed"]);
    }
}

#[tokio::test]
async fn long_work_says_how_far_it_is() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let job = ask(&mut ann, "/sleep 1.6 tea").await;
    let running = state(&mut ann, &job, "running").await;
    assert_eq!((&running["attempt"], &running["line"]), (&json!(1), &json!("sleep 1.6 tea")));
    let mut progress = Vec::new();
    loop {
        let frame = ann.expect("job").await;
        if frame["job"]["state"] == "completed" {
            assert_eq!(frame["job"]["progress"], 100);
            assert_eq!(frame["job"]["result"], "tea: done after 1.6 s.");
            break;
        }
        progress.extend(frame["job"]["progress"].as_u64());
    }
    assert!(
        progress.len() >= 2 && progress.is_sorted() && progress.iter().all(|percent| *percent < 100),
        "{progress:?}"
    );
}

#[tokio::test]
async fn who_joins_meanwhile_sees_the_unfinished_jobs() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let job = ask(&mut ann, "/sleep 600").await;
    state(&mut ann, &job, "running").await;
    let (_bob, joined) = server.member("Bob", "lobby").await;
    assert_eq!((&joined["jobs"][0]["id"], &joined["jobs"][0]["state"]), (&json!(job), &json!("running")));
    let (_cid, elsewhere) = server.member("Cid", "garden").await;
    assert_eq!(elsewhere["jobs"], json!([]));
    ann.send(json!({"type": "cancel", "job": job})).await;
    answer(&mut ann, &job).await;
    state(&mut ann, &job, "cancelled").await;
    let (_dan, joined) = server.member("Dan", "lobby").await;
    assert_eq!(joined["jobs"], json!([]));
}

#[tokio::test]
async fn the_author_cancels_a_running_job_and_strangers_cannot() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let (mut bob, _) = server.member("Bob", "lobby").await;
    let job = ask(&mut ann, "/sleep 600").await;
    state(&mut ann, &job, "running").await;
    assert_eq!(bob.refused(json!({"type": "cancel", "job": job})).await, "forbidden");
    let stranger = server.request("POST", &format!("/api/jobs/{job}/cancel")).send().await;
    assert_eq!(stranger.refusal(), (403, "forbidden".into()));
    ann.send(json!({"type": "cancel", "job": job})).await;
    for client in [&mut ann, &mut bob] {
        let told = answer(client, &job).await;
        assert_eq!((&told["message"], &told["job_state"]), (&json!("Cancelled: sleep 600"), &json!("cancelled")));
        state(client, &job, "cancelled").await;
    }
    ann.send(json!({"type": "cancel", "job": job})).await;
    assert_eq!(state(&mut ann, &job, "cancelled").await["error"]["code"], "cancelled", "an ended job stays as it is");
}

#[tokio::test]
async fn the_owner_cancels_anybodys_job_and_the_room_is_told() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let mut owner = server.owner().await;
    for by_request in [false, true] {
        let job = ask(&mut ann, "/sleep 600").await;
        state(&mut ann, &job, "running").await;
        if by_request {
            let request = server.request("POST", &format!("/api/jobs/{job}/cancel")).by_owner();
            assert_eq!(request.send().await.status, 200);
        } else {
            owner.send(json!({"type": "cancel", "job": job})).await;
            assert_eq!(owner.expect("job").await["job"]["id"], job);
        }
        let told = answer(&mut ann, &job).await;
        assert!(told["message"].as_str().is_some_and(|words| words.starts_with("Cancelled by ")), "{told}");
        assert_eq!(told["job_state"], "cancelled");
    }
}

/// A server on which one slow job can run, and does, and so many more can wait.
async fn with_room_for(waiting: usize) -> (TestServer, Client, String) {
    let server = TestServer::with(|config| {
        config.jobs.workers = 2;
        config.jobs.queue = waiting;
    })
    .await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let running = ask(&mut ann, "/sleep 600").await;
    state(&mut ann, &running, "running").await;
    (server, ann, running)
}

#[tokio::test]
async fn a_full_queue_says_busy_at_once_and_stores_nothing() {
    let (server, mut ann, running) = with_room_for(1).await;
    let waiting = ask(&mut ann, "/sleep 600").await;
    ann.send(json!({"room": "lobby", "message": "/sleep 0", "id": "third"})).await;
    let error = ann.expect("error").await;
    assert_eq!((&error["code"], &error["id"], &error["room"]), (&json!("busy"), &json!("third"), &json!("lobby")));
    let post = server.request("POST", "/api/rooms/lobby/messages").json(json!({"message": "/sleep 0"}));
    assert_eq!(post.send().await.refusal(), (503, "busy".into()));
    assert_eq!(ann.say("lobby", "/sum 1 2").await, 3, "long work does not shut out short");
    ann.send(json!({"type": "cancel", "job": running})).await;
    state(&mut ann, &waiting, "running").await;
    ann.send(json!({"room": "lobby", "message": "/sleep 0", "id": "third"})).await;
    ann.expect_where("ack", |frame| frame["id"] == "third").await;
    ann.send(json!({"type": "cancel", "job": waiting})).await;
    answer(&mut ann, &waiting).await;
}

#[tokio::test]
async fn a_repeated_command_is_acknowledged_although_the_queue_is_full() {
    let (_server, mut ann, running) = with_room_for(1).await;
    let command = json!({"room": "lobby", "message": "/sleep 600", "id": "once"});
    ann.send(command.clone()).await;
    let first = ann.expect_where("ack", |frame| frame["id"] == "once").await;
    ann.send(command).await;
    assert_eq!(ann.expect_where("ack", |frame| frame["id"] == "once").await, first);
    ann.send(json!({"type": "cancel", "job": running})).await;
}

#[tokio::test]
async fn a_waiting_job_is_cancelled_at_once_and_gives_its_place_back() {
    let (_server, mut ann, running) = with_room_for(1).await;
    let waiting = ask(&mut ann, "/sleep 600 second").await;
    ann.send(json!({"type": "cancel", "job": waiting})).await;
    assert_eq!(answer(&mut ann, &waiting).await["job_state"], "cancelled");
    ann.send(json!({"type": "cancel", "job": running})).await;
    assert_eq!(answer(&mut ann, &running).await["job_state"], "cancelled");
    let next = ask(&mut ann, "/sleep 0").await;
    assert_eq!(answer(&mut ann, &next).await["message"], "Slept 0 s.", "the cancelled one does not run");
}

#[tokio::test]
async fn long_work_of_one_does_not_delay_another() {
    let server = TestServer::with(|config| config.jobs.workers = 2).await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    let mut sleeping = Vec::new();
    for _ in 0..4 {
        sleeping.push(ask(&mut ann, "/sleep 10").await);
    }
    let (mut bob, _) = server.member("Bob", "lobby").await;
    bob.send(json!({"room": "lobby", "message": "/sum 1 2"})).await;
    let frame = bob.expect_where("message", |frame| frame["role"] == "bot").await;
    assert_eq!(frame["message"], "1 + 2 = 3", "no sleep ends before it");
    for job in sleeping {
        ann.send(json!({"type": "cancel", "job": job})).await;
    }
}

#[tokio::test]
async fn unknown_commands_are_answered_with_what_was_probably_meant() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for (line, words) in [
        ("/smu 1 2", "I do not know \"smu\". Did you mean \"sum\"?"),
        ("@bot hlep", "I do not know \"hlep\". Did you mean \"help\"?"),
        ("/xyzzy", "I do not know \"xyzzy\". Say \"help\" to see what I can do."),
    ] {
        let job = ask(&mut ann, line).await;
        let told = answer(&mut ann, &job).await;
        assert_eq!((&told["message"], &told["job_state"]), (&json!(words), &json!("failed")), "{line}");
    }
    assert_eq!(ann.say("lobby", "sum 1 2").await, 7, "talk among people is no command");
}

#[tokio::test]
async fn answers_are_in_the_askers_language() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    ann.send(json!({"type": "hello", "locale": "zh-TW"})).await;
    let commands = ann.expect("welcome").await["commands"].take();
    let sum = commands.as_array().and_then(|all| all.iter().find(|command| command["name"] == "sum")).cloned();
    assert_eq!(sum.expect("a command")["usage"], "sum <數> <數> …");
    let job = ask(&mut ann, "／sum １２ ３２").await;
    assert_eq!(answer(&mut ann, &job).await["message"], "12 + 32 = 44");
    let job = ask(&mut ann, "/sum 一 二").await;
    let told = answer(&mut ann, &job).await;
    assert!(told["message"].as_str().is_some_and(|words| words.contains("不是可以相加的數")), "{told}");
}

#[tokio::test]
async fn a_private_job_is_nobody_elses_business() {
    let server = TestServer::start().await;
    let cookie = |letter: &str| format!("chatbot_visitor={}", letter.repeat(40));
    let (ann_cookie, bob_cookie) = (cookie("a"), cookie("b"));
    let mut ann = Client::connect(server.address(), "/ws", &[("cookie", &ann_cookie)]).await;
    ann.send(json!({"type": "join", "room": "@bot"})).await;
    ann.expect("joined").await;
    ann.send(json!({"room": "@bot", "message": "sleep 600"})).await;
    let job = ann.expect("loading").await["job"].as_str().expect("an id").to_owned();
    let mut bob = Client::connect(server.address(), "/ws", &[("cookie", &bob_cookie)]).await;
    assert_eq!(bob.refused(json!({"type": "cancel", "job": job})).await, "not_found");
    let path = format!("/api/jobs/{job}");
    let as_bob = server.request("GET", &path).header("cookie", &bob_cookie).send().await;
    assert_eq!(as_bob.refusal(), (404, "not_found".into()));
    let as_bob = server.request("GET", "/api/jobs").header("cookie", &bob_cookie).send().await;
    assert_eq!(as_bob.json(), json!({"jobs": [], "more": false}));
    let as_ann = server.request("GET", &path).header("cookie", &ann_cookie).send().await.json();
    assert_eq!((&as_ann["id"], &as_ann["room"]), (&json!(job), &json!("@bot")));
    let as_ann = server.request("GET", "/api/jobs?state=running").header("cookie", &ann_cookie);
    let as_owner = server.request("GET", "/api/jobs?limit=1").by_owner();
    for list in [as_ann.send().await.json(), as_owner.send().await.json()] {
        assert_eq!(list["jobs"][0]["id"], job);
    }
    let cancelling = server.request("POST", &format!("{path}/cancel")).header("cookie", &ann_cookie).send().await;
    assert_eq!(cancelling.status, 200);
    assert_eq!(answer(&mut ann, &job).await["job_state"], "cancelled");
}

#[tokio::test]
async fn a_command_sent_twice_runs_once() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for _ in 0..2 {
        ann.send(json!({"room": "lobby", "message": "/sum 1 2", "id": "same"})).await;
        assert_eq!(ann.expect("ack").await["seq"], 1);
    }
    assert_eq!(ann.say("lobby", "and now?").await, 3);
    let jobs = server.request("GET", "/api/jobs").by_owner().send().await.json();
    assert_eq!(jobs["jobs"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn answers_of_any_length_and_content_are_stored() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for (letter, kept) in [("x", 'x'), ("\"", '"'), ("字", '字'), ("🏔", '🏔'), ("\u{1}\u{1f}=", '=')] {
        let job = ask(&mut ann, &format!("/echo {}", letter.repeat(7990 / letter.chars().count()))).await;
        let told = answer(&mut ann, &job).await;
        assert!(told["message"].as_str().is_some_and(|words| words.starts_with(kept)), "{letter:?}");
    }
}
