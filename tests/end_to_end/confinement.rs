//! What is kept from programs that the server starts, and from others of the same user: its data, its keys and its memory.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use chatbot::process::sandbox;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use serde_json::json;

use crate::custom_commands::{asked, member};
use crate::support::{OWNER_KEY, ServerProcess};

/// Tries to read what is secret and to change what is the server's, and writes to a folder of its own.
const CURIOUS: &str = r#"
for file in data/server.json data/store/* config.toml /proc/$1/environ /proc/$1/mem /proc/$1/root/etc/hostname; do
    cat "$file" && echo "has read $file"
    setsid sh -c 'cat "$0"; echo >> "$0" && echo "has changed $0"' "$file"
done 2>/dev/null
echo x > data/new && echo "has made a file"
mv data work/ && echo "has moved the data"
echo kept > work/note && cat work/note
cat /dev/stdin | wc -l
"#;

#[tokio::test]
async fn a_program_reaches_neither_the_servers_data_nor_its_keys() {
    if !sandbox::hides_files() {
        return eprintln!("not tested: this kernel does not hide files");
    }
    let dir = tempfile::tempdir().expect("a folder");
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("work")).expect("a folder");
    let run = json!(["sh", "-c", CURIOUS, "sh"]);
    let settings = format!("[[commands]]\nname = \"curious\"\nhelp = \"x\"\nallow = \"guests\"\nrun = {run}");
    fs::write(at("config.toml"), settings).expect("written");
    let server = ServerProcess::configured(0, &at("data"), &at("config.toml"));
    let key = fs::read_to_string(at("data/server.json")).expect("this test may read it");
    assert!(key.contains("\"key\""), "{key}");
    let mut ann = member(&server, "Ann").await;
    let (told, state) = asked(&mut ann, &format!("/curious {}", server.id())).await;
    assert_eq!((told.as_str(), state.as_str()), ("kept\n1", "completed"));
    assert_eq!(fs::read_to_string(at("data/server.json")).expect("still there"), key);
}

/// A server of which the test has all of what it says. It has no key but the one in its environment.
struct Serving {
    child: Child,
    log: File,
}

impl Serving {
    /// `program` is its binary. Returns when it serves or has ended.
    fn start(mut program: Command, dir: &Path, settings: &str) -> Self {
        fs::write(dir.join("config.toml"), settings).expect("written");
        let log = tempfile::tempfile().expect("a file");
        program.current_dir(dir).args(["serve", "--host", "127.0.0.1", "--port", "0", "--config", "config.toml"]);
        program.env("CHATBOT_ACCOUNTS__OWNER_KEY", OWNER_KEY).env_remove("PORT").stdout(Stdio::piped());
        let mut child = program.stderr(log.try_clone().expect("a handle")).spawn().expect("it starts");
        let said = BufReader::new(child.stdout.take().expect("piped"));
        let _ = said.lines().map_while(Result::ok).find(|line| line.contains("http://"));
        Self { child, log }
    }

    /// Ends it; what it said on standard error.
    fn log(mut self) -> String {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        self.child.wait().expect("it ends");
        std::io::Seek::rewind(&mut self.log).expect("a file");
        std::io::read_to_string(&self.log).expect("text")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn own_program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_chatbot"))
}

#[test]
fn the_servers_memory_and_environment_are_hidden_from_its_own_user() {
    /// Of "nobody", should root run this test.
    const NOBODY: u32 = 65534;
    let dir = tempfile::tempdir().expect("a folder");
    // By its handle: another user may have no way to the file.
    let binary = File::open(env!("CARGO_BIN_EXE_chatbot")).expect("the program");
    let mut program = Command::new(format!("/proc/self/fd/{}", binary.as_raw_fd()));
    if geteuid().is_root() {
        chown(dir.path(), Some(NOBODY), Some(NOBODY)).expect("root may");
        program.uid(NOBODY).gid(NOBODY);
    }
    let serving = Serving::start(program, dir.path(), "");
    let about = |file: &str| fs::metadata(format!("/proc/{}/{file}", serving.child.id())).expect("it runs");
    for file in ["environ", "mem", "maps", "fd"] {
        assert_eq!(about(file).uid(), 0, "{file}");
    }
    let status = fs::read_to_string(format!("/proc/{}/status", serving.child.id())).expect("anybody may read it");
    let user = if geteuid().is_root() { NOBODY } else { geteuid().as_raw() };
    assert!(status.contains(&format!("Uid:\t{user}\t")), "{status}");
}

#[test]
fn a_server_that_runs_programs_as_root_is_warned_of() {
    let dir = tempfile::tempdir().expect("a folder");
    let warns = |settings: &str| Serving::start(own_program(), dir.path(), settings).log().contains("run as root");
    let program = "[[commands]]\nname = \"say\"\nhelp = \"x\"\nrun = [\"echo\"]";
    assert_eq!(warns(program), geteuid().is_root());
    assert!(!warns("[[commands]]\nname = \"say\"\nhelp = \"x\"\nurl = \"https://example.com\""));
}

#[test]
fn a_command_in_the_data_folder_is_refused_at_the_start() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(dir.path().join("data/scripts")).expect("a folder");
    for place in ["data", "data/scripts"] {
        let settings = format!("[[commands]]\nname = \"say\"\nhelp = \"x\"\nrun = [\"echo\"]\ndir = {place:?}");
        let log = Serving::start(own_program(), dir.path(), &settings).log();
        assert!(log.contains("commands.say: dir: is in the data folder"), "{log}");
    }
}
