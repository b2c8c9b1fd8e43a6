//! `chatbot doctor` and the same in the page of admins. What it finds is planted in `planted_faults.rs`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::certificates::Files;
use crate::command::{chatbot, chatbot_on};
use crate::support::{Request, ServerProcess, TestServer};

/// What the doctor says, and how it ended.
#[derive(Debug)]
pub struct Examination {
    pub code: Option<i32>,
    pub diagnoses: Vec<Value>,
}

impl Examination {
    /// Of a server with that folder and these settings.
    pub fn of(dir: &Path, settings: &str, environment: &[(&str, &str)]) -> Self {
        let config = dir.with_extension("toml");
        fs::write(&config, settings).expect("written");
        let config = config.to_str().expect("text");
        let said =
            chatbot(environment, &["doctor", "--json", "--config", config, "--data-dir", dir.to_str().expect("text")]);
        let diagnoses =
            serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {} {}", said.out, said.err));
        Self { code: said.code, diagnoses }
    }

    pub fn names(&self, severity: &str) -> Vec<&str> {
        let of_it = self.diagnoses.iter().filter(|diagnosis| diagnosis["severity"] == severity);
        of_it.filter_map(|diagnosis| diagnosis["name"].as_str()).collect()
    }

    /// The same without what is said of the disk of this test's folder, which may be a container's.
    pub fn elsewhere(mut self) -> Self {
        self.diagnoses.retain(|diagnosis| !diagnosis["name"].as_str().unwrap_or_default().starts_with("folder-in-"));
        self.code = Some(i32::from(!self.names("fault").is_empty()));
        self
    }

    /// There is that fault or warning; its words and its remedy have these texts in them.
    #[track_caller]
    pub fn finds(&self, severity: &str, name: &str, words: &str, remedy: &str) {
        let found = self.diagnoses.iter().find(|diagnosis| diagnosis["name"] == name);
        let found = found.unwrap_or_else(|| panic!("{name} is not found: {:#?}", self.diagnoses));
        let (text, advice) = (found["text"].as_str().unwrap_or_default(), found["remedy"].as_str().unwrap_or_default());
        assert!(text.contains(words) && advice.contains(remedy), "{found:#}");
        assert_eq!(found["severity"], severity);
        assert_eq!(self.code, Some(i32::from(!self.names("fault").is_empty())), "{:#?}", self.diagnoses);
    }
}

/// A data folder with a room, a message and a document, of a server that has stopped, and a backup of it beside.
pub async fn a_folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    fs::create_dir(&data).expect("a folder");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).expect("set");
    let mut server = ServerProcess::start(&data, &[]);
    let url = format!("http://{}/api/rooms/lobby/messages", server.address());
    let said = Request::new("POST", &url).json(json!({"message": "the roses bloom"})).send().await;
    assert!((200..300).contains(&said.status), "{}", said.status);
    let file = dir.path().join("ferry.md");
    fs::write(&file, "# Ferry\n\nIt leaves at 7:40.\n").expect("written");
    let backup = dir.path().join("first.backup");
    for command in
        [["documents", "add", file.to_str().expect("text")].as_slice(), &["backup", backup.to_str().expect("text")]]
    {
        let ended = chatbot_on(&data, command);
        assert_eq!(ended.code, Some(0), "{command:?} {}", ended.err);
    }
    assert_eq!(server.terminate(), Some(0));
    dir
}

pub const FREE_PORT: &str = "[server]\nport = 0\n";

#[tokio::test]
async fn a_server_without_faults_is_said_to_be_well() {
    let dir = a_folder().await;
    let data = dir.path().join("data");
    let examination = Examination::of(&data, FREE_PORT, &[]).elsewhere();
    assert_eq!((examination.code, examination.names("fault")), (Some(0), vec![]), "{:#?}", examination.diagnoses);
    for name in ["settings-fine", "port-fine", "store-fine", "backup-fine"] {
        assert!(examination.names("fine").contains(&name), "{:#?}", examination.diagnoses);
    }
    // In words, and of one that runs.
    let server = ServerProcess::start(&data, &[]);
    let said = chatbot_on(&data, &["doctor"]);
    let line = format!("fine     The server runs at http://{}.", server.address());
    assert!(said.out.contains(&line), "{}{}", said.out, said.err);
}

#[tokio::test]
async fn a_server_with_https_is_found_by_what_it_shows_to_its_own_machine() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, files) = (dir.path().join("data"), Files::write(dir.path(), &["chat.example.com"]));
    let settings = format!(
        "[server]\nport = 0\n[tls]\ncert = {:?}\nkey = {:?}\n[http]\npublic_url = \"https://chat.example.com\"\n",
        files.cert, files.key
    );
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).expect("set");
    let config = dir.path().join("server.toml");
    fs::write(&config, settings.replace("https://chat.example.com", "")).expect("written");
    let server = ServerProcess::configured(0, &data, &config);
    let found = Examination::of(&data, &settings, &[]);
    let fine = found.names("fine");
    assert!(fine.contains(&"server-fine") && fine.contains(&"certificate-fine"), "{:#?}", found.diagnoses);
    drop(server);
}

#[tokio::test]
async fn admins_see_in_the_page_what_a_running_server_finds_and_others_do_not() {
    let settings = |config: &mut chatbot::config::Config| {
        config.http.trusted_proxies = vec!["0.0.0.0/0".into()];
        config.language_model.base_url = "http://127.0.0.1:9/v1".into();
        config.language_model.model = "m".into();
    };
    let server = TestServer::with(settings).await;
    assert_eq!(server.request("GET", "/api/doctor").send().await.status, 403);
    let answer = server.request("GET", "/api/doctor").by_owner().header("accept-language", "zh-TW").send().await;
    let diagnoses = answer.json()["diagnoses"].as_array().expect("a list").clone();
    let names: Vec<&str> = diagnoses.iter().filter_map(|diagnosis| diagnosis["name"].as_str()).collect();
    assert!(names.contains(&"proxies-everybody") && names.contains(&"model-unreachable"), "{diagnoses:#?}");
    assert_eq!(diagnoses[0]["severity"], "fault", "what is worst comes first");
    let proxies = diagnoses.iter().find(|diagnosis| diagnosis["name"] == "proxies-everybody").expect("found");
    assert!(proxies["remedy"].as_str().is_some_and(|remedy| remedy.contains("反向代理")), "{proxies}");
}
