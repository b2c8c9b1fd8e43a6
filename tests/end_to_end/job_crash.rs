//! `kill -9` while thousands of jobs wait and run: each ends as its command's policy demands, and a file that the jobs write
//! shows how often each ran.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Client, Request, ServerProcess};

const JOBS: usize = 5_000;
const KILLS: usize = 20;

/// Jobs that one page of the list holds.
const PAGE: usize = 500;

/// Between two looks at what has been done.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Longest time in which nothing gets done.
const STANDSTILL: Duration = Duration::from_secs(60);

struct Setup {
    dir: TempDir,
}

impl Setup {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let command = |name: &str, policy: &str| {
            let run = json!(["sh", "-c", "echo \"$0 $1\" >> runs", name]);
            format!(
                "[[commands]]\nname = {name:?}\nhelp = \"counts\"\nallow = \"guests\"\nrun = {run}\ndir = \"work\"\n{policy}\n"
            )
        };
        let settings = format!(
            "[limits]\nmessages_per_second = 0\n[jobs]\nqueue = {JOBS}\nper_person = {JOBS}\nper_person_at_once = 16\n\
             per_room_at_once = 16\n{}{}{}",
            command("again", "on_restart = \"run_again\""),
            command("once", "on_restart = \"interrupt\""),
            command("once-quick", "on_restart = \"interrupt\"\nquick = true"),
        );
        std::fs::create_dir(dir.path().join("work")).expect("a folder");
        std::fs::write(dir.path().join("config.toml"), settings).expect("written");
        Self { dir }
    }

    /// Every index says what the records say.
    fn audit(&self) {
        chatbot::store::audit(&self.dir.path().join("data/store")).expect("indexes that agree");
    }

    fn server(&self) -> ServerProcess {
        ServerProcess::configured(0, &self.dir.path().join("data"), &self.dir.path().join("config.toml"))
    }

    fn runs(&self) -> PathBuf {
        self.dir.path().join("work/runs")
    }
}

/// Asks for all the jobs and waits until all are stored.
async fn ask_for_all(server: &ServerProcess) {
    let mut ann = Client::connect(server.address(), "/ws", &[]).await;
    ann.send(json!({"type": "hello", "handle": "Ann"})).await;
    for number in 0..JOBS {
        let name = ["again", "once", "once-quick"][number % 3];
        let message = format!("/{name} {number}");
        ann.send(json!({"room": "lobby", "message": message, "id": format!("id-{number}")})).await;
    }
    for _ in 0..JOBS {
        ann.expect("ack").await;
    }
}

/// How often each job began, by its line.
fn counts(runs: &Path) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for line in std::fs::read_to_string(runs).unwrap_or_default().lines() {
        *counts.entry(line.to_owned()).or_default() += 1;
    }
    counts
}

fn runs_of(setup: &Setup) -> usize {
    counts(&setup.runs()).values().sum()
}

/// Waits until `done` says so; it has to get on.
async fn wait_until(mut done: impl AsyncFnMut() -> (usize, bool)) {
    let (mut last, mut since) = (0, std::time::Instant::now());
    loop {
        let (progress, is_done) = done().await;
        if is_done {
            return;
        }
        if progress != last {
            (last, since) = (progress, std::time::Instant::now());
        }
        assert!(since.elapsed() < STANDSTILL, "nothing gets done any more, at {last}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn open_jobs(server: &ServerProcess) -> usize {
    let health = Request::new("GET", &format!("http://{}/healthz", server.address())).send().await.json();
    health["jobs_open"].as_u64().expect("a number") as usize
}

/// All jobs, by their line.
async fn all_jobs(server: &ServerProcess) -> HashMap<String, Value> {
    let (mut jobs, mut before) = (HashMap::new(), String::new());
    loop {
        let path = format!("http://{}/api/jobs?limit={PAGE}{before}", server.address());
        let page = Request::new("GET", &path).by_owner().send().await.json();
        let list = page["jobs"].as_array().expect("a list");
        for job in list {
            let line = job["line"].as_str().expect("text").to_owned();
            assert!(jobs.insert(line, job.clone()).is_none(), "a job is there once");
        }
        match list.last() {
            Some(last) if page["more"] == true => before = format!("&before={}", last["id"].as_str().expect("an id")),
            _ => return jobs,
        }
    }
}

#[tokio::test]
async fn every_job_ends_as_its_policy_demands_however_often_the_server_is_killed() {
    let setup = Setup::new();
    let mut server = setup.server();
    ask_for_all(&server).await;
    for _ in 0..KILLS {
        // Counted from each start, so that no job is among the first to run at every kill.
        let enough = runs_of(&setup) + JOBS / (2 * KILLS);
        wait_until(async || {
            let runs = runs_of(&setup);
            (runs, runs >= enough)
        })
        .await;
        server.kill();
        server = setup.server();
    }
    wait_until(async || {
        let open = open_jobs(&server).await;
        (open, open == 0)
    })
    .await;

    let (jobs, runs) = (all_jobs(&server).await, counts(&setup.runs()));
    assert_eq!(jobs.len(), JOBS);
    let mut interrupted = 0;
    for (line, job) in &jobs {
        let runs = runs.get(line).copied().unwrap_or(0);
        match (job["name"].as_str(), job["state"].as_str()) {
            (Some("again"), Some("completed")) => assert!((1..=KILLS + 1).contains(&runs), "{line} ran {runs} times"),
            (Some("once" | "once-quick"), Some("completed")) => assert_eq!(runs, 1, "{line}"),
            (Some("once" | "once-quick"), Some("interrupted")) => {
                assert!(runs <= 1, "{line} ran {runs} times");
                interrupted += 1;
            }
            _ => panic!("{job}"),
        }
    }
    assert!((1..=KILLS * 16).contains(&interrupted), "{interrupted} were running at some kill");
    server.kill();
    setup.audit();
}
