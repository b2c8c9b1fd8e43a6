//! Faults that are planted, one or several at a time: `chatbot doctor` finds each of them and names the remedy.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{CertificateParams, Issuer, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use crate::certificates::Files;
use crate::clock::{Clock, HOUR};
use crate::command::chatbot;
use crate::doctor::{Examination, FREE_PORT, a_folder};
use crate::support::{ServerProcess, free_port};

/// The severity of faults that were planted and found, by name.
#[derive(Debug, Default)]
struct Planted(BTreeMap<String, &'static str>);

impl Planted {
    /// Examines that folder under these settings. Of each of what is expected: how severe it is, its name, and what is in its words
    /// and its remedy.
    #[track_caller]
    fn find(&mut self, dir: &Path, settings: &str, expected: &[(&'static str, &str, &str, &str)]) -> Examination {
        self.find_in(dir, settings, &[], expected)
    }

    #[track_caller]
    fn find_in(
        &mut self,
        dir: &Path,
        settings: &str,
        environment: &[(&str, &str)],
        expected: &[(&'static str, &str, &str, &str)],
    ) -> Examination {
        let found = Examination::of(dir, settings, environment);
        for (severity, name, words, remedy) in expected {
            found.finds(severity, name, words, remedy);
            self.0.insert((*name).to_owned(), *severity);
        }
        found
    }

    fn count(&self, severity: &str) -> usize {
        self.0.values().filter(|found| **found == severity).count()
    }
}

#[tokio::test]
async fn every_planted_fault_is_found_and_its_remedy_named() {
    let whole = a_folder().await;
    let mut planted = Planted::default();
    of_settings(&mut planted);
    of_the_folder_and_the_port(&mut planted, &copy(&whole));
    of_the_data(&mut planted, &copy(&whole));
    of_other_servers(&mut planted);
    of_the_process(&mut planted);
    of_certificates_in_files(&mut planted);
    of_certificates_by_acme(&mut planted);
    of_backups(&mut planted, &whole);
    // In plain words.
    let said = chatbot(&[], &["doctor", "--quiet", "--host", "192.0.2.1", "--data-dir", "/no/such/folder"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.out.contains("FAULT    It is not possible to listen on 192.0.2.1"), "{}", said.out);
    assert!(said.out.contains("-> Set server.host to an address of this machine"), "{}", said.out);

    let only_as_root = usize::from(rustix::process::geteuid().is_root());
    let (faults, warnings) = (planted.count("fault"), planted.count("warning"));
    assert_eq!((faults, warnings), (38 + only_as_root, 23 + only_as_root), "{planted:#?}");
}

fn of_settings(planted: &mut Planted) {
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
    let found = planted.find_in(
        &data,
        &settings,
        &[("CHATBOT_JOBS__WORKERS", "many")],
        &[
            ("fault", "settings", "server.prot", "chatbot config show"),
            ("warning", "secret-readable", key.to_str().expect("text"), "chmod o-rwx"),
            ("warning", "proxy-unnamed", "https://chat.example.invalid", "http.trusted_proxies"),
            ("warning", "log-verbose", "debug", "log.level"),
            ("fault", "command-program", "no-such-program", "chmod +x"),
            ("fault", "command-folder", "/no/such/folder", "dir"),
            ("fault", "model-unreachable", "127.0.0.1", "ollama serve"),
            ("fault", "provider-unreachable", "http://127.0.0.1:9", "open_id.issuer"),
            ("warning", "folder-missing", "data", "--data-dir"),
        ],
    );
    let problems = found.diagnoses.iter().filter(|diagnosis| diagnosis["name"] == "settings").count();
    assert_eq!(problems, 3, "each one: {:#?}", found.diagnoses);

    let settings =
        "[server]\nport = 0\n[http]\npublic_url = \"http://chat.example.invalid\"\ntrusted_proxies = [\"0.0.0.0/0\"]\n";
    planted.find(
        &data,
        settings,
        &[
            ("fault", "proxies-everybody", "http.trusted_proxies", "127.0.0.1"),
            ("warning", "public-plain", "http://chat.example.invalid", "HTTPS"),
        ],
    );
}

fn of_the_folder_and_the_port(planted: &mut Planted, dir: &tempfile::TempDir) {
    let data = dir.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let settings = format!("[server]\nhost = \"127.0.0.1\"\nport = {port}\n[store]\nmin_free_mb = 1000000000\n");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).expect("set");
    fs::create_dir(data.join("store-schema-1")).expect("a folder");
    let new = fs::File::create(data.join("new")).expect("a file");
    new.set_modified(SystemTime::now() + Duration::from_secs(3600)).expect("set");
    planted.find(
        &data,
        &settings,
        &[
            ("fault", "port-taken", &port.to_string(), "ss -ltnp"),
            ("fault", "space-none", "1000000000", "rooms.keep_days"),
            ("warning", "folder-open", "data", "chmod go-rwx"),
            ("warning", "store-kept", "store-schema-1", "rm -r"),
            ("fault", "clock-behind", "minutes", "set-ntp"),
        ],
    );
    let elsewhere = "[server]\nhost = \"192.0.2.1\"\nport = 0\n";
    planted.find(&data, elsewhere, &[("fault", "port-address", "192.0.2.1", "server.host")]);

    let file = dir.path().join("file");
    fs::write(&file, "").expect("written");
    planted.find(&file, FREE_PORT, &[("fault", "folder-not", "file", "--data-dir")]);
    if rustix::process::geteuid().is_root() {
        planted.find(&data, FREE_PORT, &[("warning", "user-root", "root", "service install")]);
        let others = dir.path().join("others");
        fs::create_dir(&others).expect("a folder");
        std::os::unix::fs::chown(&others, Some(12345), None).expect("given away");
        planted.find(&others, FREE_PORT, &[("fault", "folder-owner", "12345", "sudo -u \"#12345\"")]);
    }
}

fn of_the_data(planted: &mut Planted, dir: &tempfile::TempDir) {
    let data = dir.path().join("data");
    let files: Vec<_> =
        fs::read_dir(data.join("files")).expect("files").map(|file| file.expect("a file").path()).collect();
    fs::write(&files[0], "other").expect("damaged");
    planted.find(&data, FREE_PORT, &[("fault", "file-damaged", "Ferry", "backup")]);
    for file in &files {
        fs::remove_file(file).expect("removed");
    }
    planted.find(&data, FREE_PORT, &[("fault", "file-missing", "Ferry", "backup")]);
    fs::remove_file(data.join("index/passages/version")).expect("removed");
    planted.find(&data, FREE_PORT, &[("warning", "index-damaged", "passages", "next start")]);
    fs::remove_dir_all(data.join("index/passages")).expect("removed");
    planted.find(&data, FREE_PORT, &[("warning", "index-behind", "1 messages or documents", "next start")]);

    // One that was not found.
    let server = ServerProcess::start(&data, &[]);
    fs::remove_file(data.join("server.json")).expect("removed");
    planted.find(&data, FREE_PORT, &[("warning", "store-locked", "store", "fuser")]);
    drop(server);
    let databases: Vec<_> = walk(&data.join("store")).into_iter().filter(|file| file.ends_with("db")).collect();
    assert!(!databases.is_empty());
    for file in databases {
        fs::remove_file(file).expect("removed");
    }
    planted.find(&data, FREE_PORT, &[("fault", "store-damaged", "store", "backup")]);
}

fn of_other_servers(planted: &mut Planted) {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    fs::create_dir(&data).expect("a folder");
    let announce = |url: &str| {
        fs::write(data.join("server.json"), json!({"url": url, "key": "k"}).to_string()).expect("written");
    };
    // Takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    announce(&url);
    planted.find(&data, FREE_PORT, &[("fault", "server-silent", &url, "restart")]);

    let ill = answering("503 Service Unavailable", &json!({"status": "store failed", "version": "0"}));
    announce(&ill);
    let other = answering("404 Not Found", &json!({}));
    let settings = format!(
        "[server]\nport = 0\n[http]\npublic_url = {other:?}\n[language_model]\nbase_url = \"{other}/v1\"\nmodel = \"m\"\n"
    );
    planted.find(
        &data,
        &settings,
        &[
            ("fault", "server-ill", "store failed", "log"),
            ("fault", "public-other", &other, "http.public_url"),
            ("warning", "model-unlisted", "404", "/v1"),
        ],
    );

    announce(&answering("200 OK", &json!({"status": "ok", "version": "0.0.0"})));
    let closed = answering("401 Unauthorized", &json!({}));
    let settings = format!(
        "[server]\nport = 0\n[http]\npublic_url = \"http://127.0.0.1:9\"\n\
         [language_model]\nbase_url = \"{closed}/v1\"\nmodel = \"m\"\n"
    );
    planted.find(
        &data,
        &settings,
        &[
            ("warning", "server-version", "0.0.0", "Restart"),
            ("fault", "public-unreachable", "http://127.0.0.1:9", "port forwarding"),
            ("fault", "model-key", "127.0.0.1", "key_file"),
        ],
    );
    let empty = answering("200 OK", &json!({"data": [{"id": "other"}]}));
    let settings = format!("[server]\nport = 0\n[language_model]\nbase_url = \"{empty}/v1\"\nmodel = \"qwen3:4b\"\n");
    planted.find(&data, &settings, &[("fault", "model-missing", "qwen3:4b", "ollama pull qwen3:4b")]);
}

/// A server that answers every request so.
fn answering(status: &str, body: &Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let body = body.to_string();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                head.extend(byte);
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

fn of_the_process(planted: &mut Planted) {
    let program = env!("CARGO_BIN_EXE_chatbot");
    let script = "ulimit -n 300; exec \"$0\" doctor --json --port 0 --data-dir /no/such/folder";
    let output = Command::new("sh").args(["-c", script, program]).output().expect("it runs");
    let diagnoses = serde_json::from_slice(&output.stdout).expect("JSON");
    let found = Examination { code: output.status.code(), diagnoses };
    found.finds("warning", "open-files", "300", "LimitNOFILE");
    planted.0.insert("open-files".to_owned(), "warning");

    // What only the server itself has seen.
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let server = ServerProcess::start(&data, &[]);
    let mut stream = std::net::TcpStream::connect(server.address()).expect("a connection");
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n",
        server.address()
    );
    stream.write_all(request.as_bytes()).expect("sent");
    stream.read_to_end(&mut Vec::new()).expect("answered");
    planted.find(
        &data,
        FREE_PORT,
        &[
            ("warning", "proxy-seen", "127.0.0.1", "http.trusted_proxies"),
            ("warning", "backup-none", "everything is lost", "backup.every"),
        ],
    );
}

/// Writes a certificate that an authority issued, and its key, in place of those in a folder.
fn issue(dir: &Path, name: &str, from: (i32, u8, u8), to: (i32, u8, u8)) -> Files {
    let authority = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    params.not_before = date_time_ymd(from.0, from.1, from.2);
    params.not_after = date_time_ymd(to.0, to.1, to.2);
    let mut of_authority = CertificateParams::new(Vec::new()).expect("parameters");
    of_authority.distinguished_name.push(rcgen::DnType::CommonName, "an authority");
    let key = KeyPair::generate().expect("a key");
    let pem = params.signed_by(&key, &Issuer::from_params(&of_authority, authority)).expect("a certificate").pem();
    let files = Files { cert: dir.join("cert.pem"), key: dir.join("key.pem"), pem };
    fs::write(&files.cert, &files.pem).expect("written");
    fs::write(&files.key, key.serialize_pem()).expect("written");
    files
}

fn of_certificates_in_files(planted: &mut Planted) {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let settings = format!(
        "[server]\nhost = \"127.0.0.1\"\nport = 0\n[http]\npublic_url = \"https://chat.example.invalid\"\n\
         [tls]\ncert = {cert:?}\nkey = {key:?}\nredirect_port = {port}\n"
    );
    planted.find(
        &data,
        &settings,
        &[
            ("fault", "certificate-unreadable", "cert.pem", "tls.cert"),
            ("fault", "redirect-port", &port.to_string(), "tls.redirect_port"),
        ],
    );
    fs::write(&cert, "no certificate").expect("written");
    fs::write(&key, "no key").expect("written");
    planted.find(&data, &settings, &[("fault", "certificate-unusable", "cert.pem", "PEM")]);
    let first = issue(dir.path(), "www.example.invalid", (2020, 1, 1), (2020, 4, 1));
    planted.find(
        &data,
        &settings,
        &[
            ("fault", "certificate-over", "2020-04-01", "Renew it now"),
            ("fault", "certificate-names", "www.example.invalid", "chat.example.invalid"),
            ("warning", "certificate-chain", "cert.pem", "fullchain.pem"),
        ],
    );
    issue(dir.path(), "chat.example.invalid", (2090, 1, 1), (2090, 4, 1));
    planted.find(&data, &settings, &[("fault", "certificate-future", "2090-01-01", "timedatectl")]);
    fs::write(&cert, first.pem).expect("written");
    planted.find(&data, &settings, &[("fault", "certificate-other-key", "key.pem", "belong together")]);

    // A clock that is some years ahead brings the end near.
    let mut clock = Clock::new(dir.path());
    issue(dir.path(), "chat.example.invalid", (2026, 1, 1), (2090, 1, 10));
    let near = UNIX_EPOCH + Duration::from_secs(3_786_912_000);
    let ahead = near.duration_since(SystemTime::now()).expect("it is before 2090").as_secs();
    clock.jump(i64::try_from(ahead + 60).expect("seconds"));
    let environment = clock.environment();
    let environment: Vec<_> = environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    planted.find_in(
        &data,
        &settings,
        &environment,
        &[("warning", "certificate-ends", "within 9 days", "certbot renew")],
    );

    fs::create_dir_all(data.join("tls")).expect("a folder");
    fs::write(data.join("tls/local.json"), "{").expect("written");
    let settings = "[server]\nport = 0\n[tls]\nlocal = true\n";
    planted.find(&data, settings, &[("fault", "local-authority", "local.json", "trust anew")]);
}

fn of_certificates_by_acme(planted: &mut Planted) {
    const NAME: &str = "chat.example.invalid";
    const DIRECTORY: &str = "https://acme-v02.api.letsencrypt.org/directory";
    let dir = tempfile::tempdir().expect("a folder");
    let tls = dir.path().join("data/tls");
    fs::create_dir_all(&tls).expect("a folder");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let failure = json!({"directory": DIRECTORY, "names": [NAME], "since": 1_700_000_000_000_u64,
        "words": "the certificate authority cannot be reached: no such host", "next_at": now, "not_before": null});
    fs::write(tls.join("failure.json"), failure.to_string()).expect("written");
    let settings = format!("[server]\nport = 0\n[tls]\ndomains = [{NAME:?}]\n");
    let data = dir.path().join("data");
    planted.find(
        &data,
        &settings,
        &[
            ("fault", "certificate-missing", "2023-11-14T22:13:20", "docs/tls.md"),
            ("fault", "domain-unknown", NAME, "A record"),
            ("warning", "acme-ports", "443", "tls.redirect_port"),
        ],
    );
    let keep = |files: &Files| {
        let kept =
            json!({"directory": DIRECTORY, "chain": files.pem, "key": fs::read_to_string(&files.key).expect("a key")});
        fs::write(tls.join("certificate.json"), kept.to_string()).expect("written");
    };
    // Long before its end it is a warning, and in the last sixth of its life a fault.
    keep(&issue(dir.path(), NAME, (2020, 1, 1), (2090, 4, 1)));
    let words = "no such host";
    planted.find(&data, &settings, &[("warning", "certificate-stale", words, "A restart tries at once")]);
    keep(&issue(dir.path(), NAME, (1980, 1, 1), (2028, 1, 1)));
    planted.find(&data, &settings, &[("fault", "certificate-stale", words, "before the certificate ends")]);
    let private = format!("{settings}ca_file = \"/no/such/file\"\n");
    planted.find(&data, &private, &[("fault", "acme-trust", "/no/such/file", "tls.ca_file")]);
    fs::write(tls.join("certificate.json"), "{").expect("written");
    planted.find(&data, &settings, &[("fault", "acme-record", "tls", "delete that folder")]);
}

fn of_backups(planted: &mut Planted, whole: &tempfile::TempDir) {
    let dir = copy(whole);
    let (data, to) = (dir.path().join("data"), dir.path().join("backups"));
    let daily = |to: &Path| format!("[server]\nport = 0\n[backup]\nevery = \"1h\"\nto = {to:?}\n");
    planted.find(&data, &daily(&to), &[("warning", "backup-folder-missing", "backups", "Mount the disk")]);
    fs::write(&to, "").expect("written");
    planted.find(&data, &daily(&to), &[("fault", "backup-unwritable", "backups", "ReadWritePaths")]);
    fs::remove_file(&to).expect("removed");
    fs::create_dir(&to).expect("a folder");
    let newest = to.join("chatbot-20260106T120000Z.backup");
    let good = fs::read(dir.path().join("first.backup")).expect("a backup");
    fs::write(&newest, &good[..good.len() - 40]).expect("written");
    fs::set_permissions(&newest, fs::Permissions::from_mode(0o644)).expect("set");
    planted.find(
        &data,
        &daily(&to),
        &[
            ("warning", "backup-same-disk", "backups", "another disk"),
            ("fault", "backup-damaged", newest.to_str().expect("text"), "chatbot restore FILE --verify"),
            ("warning", "backup-open", newest.to_str().expect("text"), "chmod o-rwx"),
        ],
    );
    fs::write(&newest, &good).expect("written");
    fs::set_permissions(&newest, fs::Permissions::from_mode(0o600)).expect("set");
    let found = Examination::of(&data, &daily(&to), &[]).elsewhere();
    assert_eq!((found.names("fault"), found.names("fine").contains(&"backup-fine")), (vec![], true), "{found:#?}");
    let inside = data.join("backups");
    fs::create_dir(&inside).expect("a folder");
    planted.find(&data, &daily(&inside), &[("warning", "backup-inside", "backups", "another disk")]);

    let mut clock = Clock::new(dir.path());
    clock.jump(4 * HOUR);
    let environment = clock.environment();
    let environment: Vec<_> = environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    planted.find_in(&data, &daily(&to), &environment, &[("fault", "backup-old", "every 1h", "chatbot backup FILE")]);

    let nowhere = free_port();
    let bucket = format!(
        "[server]\nport = 0\n[backup]\nevery = \"1h\"\nto = \"s3://chat/daily\"\n\
         s3_endpoint = \"http://127.0.0.1:{nowhere}\"\ns3_key_id = \"id\"\ns3_secret = \"hidden\"\n"
    );
    let found = planted.find(
        &data,
        &bucket,
        &[
            ("fault", "backup-unreachable", "127.0.0.1", "backup.s3_endpoint"),
            ("warning", "backup-plain", "not encrypted", "age-keygen"),
        ],
    );
    assert!(!format!("{:?}", found.diagnoses).contains("hidden"));
    let refusing = answering("403 Forbidden", &json!("<Error><Code>AccessDenied</Code></Error>"));
    let refused = bucket.replace(&format!("http://127.0.0.1:{nowhere}"), &refusing);
    planted.find(&data, &refused, &[("fault", "backup-unreachable", "403 AccessDenied", "may write to it")]);
    let program = "[server]\nport = 0\n[backup]\nevery = \"1h\"\nrun = [\"no-such-program\", \"x\"]\n";
    planted.find(&data, program, &[("fault", "backup-program", "no-such-program", "backup.run")]);
}

/// A copy of a folder, to be damaged.
fn copy(whole: &tempfile::TempDir) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let copied = Command::new("cp").arg("-a").arg(whole.path().join(".")).arg(dir.path()).status().expect("it runs");
    assert!(copied.success());
    dir
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
