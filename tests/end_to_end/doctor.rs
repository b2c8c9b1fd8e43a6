//! `chatbot doctor` and the same in the page of admins: every fault that is planted is found, with its remedy.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::command::{chatbot, chatbot_on};
use crate::support::{Request, ServerProcess, TestServer};

/// What the doctor says, and how it ended.
struct Examination {
    code: Option<i32>,
    diagnoses: Vec<Value>,
}

impl Examination {
    /// Of a server with that folder and these settings.
    fn of(dir: &Path, settings: &str, environment: &[(&str, &str)]) -> Self {
        let config = dir.with_extension("toml");
        fs::write(&config, settings).expect("written");
        let config = config.to_str().expect("text");
        let said =
            chatbot(environment, &["doctor", "--json", "--config", config, "--data-dir", dir.to_str().expect("text")]);
        let diagnoses =
            serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {} {}", said.out, said.err));
        Self { code: said.code, diagnoses }
    }

    fn names(&self, severity: &str) -> Vec<&str> {
        let of_it = self.diagnoses.iter().filter(|diagnosis| diagnosis["severity"] == severity);
        of_it.filter_map(|diagnosis| diagnosis["name"].as_str()).collect()
    }

    /// The same without what is said of the disk of this test's folder, which may be a container's.
    fn elsewhere(mut self) -> Self {
        self.diagnoses.retain(|diagnosis| !diagnosis["name"].as_str().unwrap_or_default().starts_with("folder-in-"));
        self.code = Some(i32::from(!self.names("fault").is_empty()));
        self
    }

    /// There is that fault or warning; its words and its remedy have these texts in them.
    #[track_caller]
    fn finds(&self, severity: &str, name: &str, words: &str, remedy: &str) {
        let found = self.diagnoses.iter().find(|diagnosis| diagnosis["name"] == name);
        let found = found.unwrap_or_else(|| panic!("{name} is not found: {:#?}", self.diagnoses));
        let (text, advice) = (found["text"].as_str().unwrap_or_default(), found["remedy"].as_str().unwrap_or_default());
        assert!(text.contains(words) && advice.contains(remedy), "{found:#}");
        assert_eq!(found["severity"], severity);
        assert_eq!(self.code, Some(i32::from(!self.names("fault").is_empty())), "{:#?}", self.diagnoses);
    }
}

/// A data folder with a room, a message and a document, of a server that has stopped.
async fn a_folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    fs::create_dir(&data).expect("a folder");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).expect("set");
    let mut server = ServerProcess::start(&data, &[]);
    let url = format!("http://{}/api/rooms/lobby/messages", server.address());
    let said = Request::new("POST", &url).json(serde_json::json!({"message": "the roses bloom"})).send().await;
    assert!((200..300).contains(&said.status), "{}", said.status);
    let file = dir.path().join("ferry.md");
    fs::write(&file, "# Ferry\n\nIt leaves at 7:40.\n").expect("written");
    let added = chatbot_on(&data, &["documents", "add", file.to_str().expect("text")]);
    assert_eq!(added.code, Some(0), "{}", added.err);
    assert_eq!(server.terminate(), Some(0));
    dir
}

const FREE_PORT: &str = "[server]\nport = 0\n";

#[tokio::test]
async fn a_server_without_faults_is_said_to_be_well() {
    let dir = a_folder().await;
    let data = dir.path().join("data");
    let examination = Examination::of(&data, FREE_PORT, &[]).elsewhere();
    assert_eq!((examination.code, examination.names("fault")), (Some(0), vec![]), "{:#?}", examination.diagnoses);
    for name in ["settings-fine", "port-fine", "store-fine"] {
        assert!(examination.names("fine").contains(&name), "{:#?}", examination.diagnoses);
    }
    // In words, and of one that runs.
    let server = ServerProcess::start(&data, &[]);
    let said = chatbot_on(&data, &["doctor"]);
    let line = format!("fine     The server runs at http://{}.", server.address());
    assert!(said.out.contains(&line), "{}{}", said.out, said.err);
}

#[tokio::test]
async fn faults_of_settings_are_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let key = dir.path().join("key");
    fs::write(&key, "secret").expect("written");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("set");
    let settings = format!(
        "[server]\nport = 0\nprot = 1\nhost = \"x\"\n[http]\npublic_url = \"https://chat.example.invalid\"\n\
         [log]\nlevel = \"debug\"\n[language_model]\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\nkey_file = {key:?}\n\
         [open_id]\nissuer = \"http://127.0.0.1:9\"\nclient_id = \"c\"\n\
         [[commands]]\nname = \"tide\"\nhelp = \"x\"\nrun = [\"no-such-program\"]\ndir = \"/no/such/folder\"\n"
    );
    let found = Examination::of(&data, &settings, &[("CHATBOT_JOBS__WORKERS", "many")]);
    found.finds("fault", "settings", "server.prot", "chatbot config show");
    let problems = found.diagnoses.iter().filter(|diagnosis| diagnosis["name"] == "settings").count();
    assert_eq!(problems, 3, "each one: {:#?}", found.diagnoses);
    found.finds("warning", "secret-readable", key.to_str().expect("text"), "chmod o-rwx");
    found.finds("warning", "proxy-unnamed", "https://chat.example.invalid", "http.trusted_proxies");
    found.finds("warning", "log-verbose", "debug", "log.level");
    found.finds("fault", "command-program", "no-such-program", "chmod +x");
    found.finds("fault", "command-folder", "/no/such/folder", "dir");
    found.finds("fault", "model-unreachable", "127.0.0.1", "ollama serve");
    found.finds("fault", "provider-unreachable", "http://127.0.0.1:9", "open_id.issuer");
    found.finds("warning", "folder-missing", "data", "--data-dir");

    let settings =
        "[server]\nport = 0\n[http]\npublic_url = \"http://chat.example.invalid\"\ntrusted_proxies = [\"0.0.0.0/0\"]\n";
    let found = Examination::of(&data, settings, &[]);
    found.finds("fault", "proxies-everybody", "http.trusted_proxies", "127.0.0.1");
    found.finds("warning", "public-plain", "http://chat.example.invalid", "HTTPS");
}

#[tokio::test]
async fn faults_of_the_data_folder_and_the_port_are_found() {
    let dir = a_folder().await;
    let data = dir.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let settings = format!("[server]\nhost = \"127.0.0.1\"\nport = {port}\n[store]\nmin_free_mb = 1000000000\n");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).expect("set");
    fs::create_dir(data.join("store-schema-1")).expect("a folder");
    let new = fs::File::create(data.join("new")).expect("a file");
    new.set_modified(SystemTime::now() + Duration::from_secs(3600)).expect("set");
    let found = Examination::of(&data, &settings, &[]);
    found.finds("fault", "port-taken", &port.to_string(), "ss -ltnp");
    found.finds("fault", "space-none", "1000000000", "rooms.keep_days");
    found.finds("warning", "folder-open", "data", "chmod go-rwx");
    found.finds("warning", "store-kept", "store-schema-1", "rm -r");
    found.finds("fault", "clock-behind", "minutes", "set-ntp");
    let found = Examination::of(&data, "[server]\nhost = \"192.0.2.1\"\nport = 0\n", &[]);
    found.finds("fault", "port-address", "192.0.2.1", "server.host");

    let file = dir.path().join("file");
    fs::write(&file, "").expect("written");
    Examination::of(&file, FREE_PORT, &[]).finds("fault", "folder-not", "file", "--data-dir");
    if rustix::process::geteuid().is_root() {
        Examination::of(&data, FREE_PORT, &[]).finds("warning", "user-root", "root", "service install");
        let others = dir.path().join("others");
        fs::create_dir(&others).expect("a folder");
        std::os::unix::fs::chown(&others, Some(12345), None).expect("given away");
        Examination::of(&others, FREE_PORT, &[]).finds("fault", "folder-owner", "12345", "sudo -u \"#12345\"");
    }
}

#[tokio::test]
async fn faults_of_the_data_are_found() {
    let dir = a_folder().await;
    let data = dir.path().join("data");
    let files: Vec<_> =
        fs::read_dir(data.join("files")).expect("files").map(|file| file.expect("a file").path()).collect();
    fs::write(&files[0], "other").expect("damaged");
    Examination::of(&data, FREE_PORT, &[]).finds("fault", "file-damaged", "Ferry", "backup");
    for file in &files {
        fs::remove_file(file).expect("removed");
    }
    Examination::of(&data, FREE_PORT, &[]).finds("fault", "file-missing", "Ferry", "backup");
    fs::remove_file(data.join("index/passages/version")).expect("removed");
    Examination::of(&data, FREE_PORT, &[]).finds("warning", "index-damaged", "passages", "next start");
    fs::remove_dir_all(data.join("index/passages")).expect("removed");
    Examination::of(&data, FREE_PORT, &[]).finds("warning", "index-behind", "1 messages or documents", "next start");

    let databases: Vec<_> = walk(&data.join("store")).into_iter().filter(|file| file.ends_with("db")).collect();
    assert!(!databases.is_empty());
    for file in databases {
        fs::remove_file(file).expect("removed");
    }
    Examination::of(&data, FREE_PORT, &[]).finds("fault", "store-damaged", "store", "backup");
}

fn walk(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn a_server_that_hangs_and_limits_of_the_system_are_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    fs::create_dir(&data).expect("a folder");
    // Takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    fs::write(data.join("server.json"), serde_json::json!({"url": url, "key": "k"}).to_string()).expect("written");
    Examination::of(&data, FREE_PORT, &[]).finds("fault", "server-silent", &url, "restart");

    let program = env!("CARGO_BIN_EXE_chatbot");
    let script = "ulimit -n 300; exec \"$0\" doctor --json --port 0 --data-dir \"$1\"";
    let output =
        Command::new("sh").args(["-c", script, program]).arg(dir.path().join("none")).output().expect("it runs");
    let diagnoses = serde_json::from_slice(&output.stdout).expect("JSON");
    let found = Examination { code: output.status.code(), diagnoses };
    found.finds("warning", "open-files", "300", "LimitNOFILE");
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
