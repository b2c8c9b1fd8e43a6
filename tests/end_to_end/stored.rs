//! For tests of what is stored: the rows and files in a folder, and commands that work with one, to their end or killed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use chatbot::store::{DiskEngine, Engine, EngineError, Table};

/// Memory for the newest rows of stores that are read, in bytes.
const MEMORY: u64 = 16 << 20;

/// Numbers that are the same in every run.
pub struct Dice(pub u64);

impl Dice {
    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Rows by table and key.
pub type Rows = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

/// All rows of a store that nobody has open, but for those that are another's in every place.
pub fn rows(store: &Path) -> Rows {
    let engine = DiskEngine::open(store, MEMORY).expect("a store");
    let mut rows = Rows::new();
    let visit = |table: Table, key: &[u8], value: &[u8]| {
        if table != Table::Meta || !matches!(key, b"epoch" | b"place" | b"last-backup") {
            rows.insert((table as u8, key.to_vec()), value.to_vec());
        }
        Ok::<_, EngineError>(())
    };
    engine.snapshot().expect("a snapshot").each_row(visit).expect("readable");
    engine.close().expect("closed");
    rows
}

/// The files of a data folder by their names.
pub fn files(data_dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(data_dir.join("files")).expect("a folder").flatten();
    let file = |entry: fs::DirEntry| {
        (entry.file_name().into_string().expect("text"), fs::read(entry.path()).expect("readable"))
    };
    entries.map(file).collect()
}

/// A command of the program, not started.
pub fn command(name: &str, arguments: &[&Path]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatbot"));
    command.arg(name).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command to its end.
pub async fn run(mut command: Command) -> Output {
    let run = tokio::task::spawn_blocking(move || command.output());
    run.await.expect("no panic").expect("the program runs")
}

/// What a command prints that succeeds.
pub async fn printed(command: Command) -> String {
    let shown = format!("{command:?}");
    let output = run(command).await;
    assert!(output.status.success(), "{shown}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// What the command says when it fails.
pub async fn complaint(command: Command) -> String {
    let output = run(command).await;
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).expect("text")
}

/// The folder for a test, and a name in it.
pub fn folder() -> (tempfile::TempDir, impl Fn(&str) -> PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().to_owned();
    (dir, move |name| path.join(name))
}

/// Copies a folder with all in it; what is there is overwritten.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Starts a command and kills it at a random moment of those.
pub async fn killed(mut command: Command, dice: &mut Dice, moments: std::ops::Range<Duration>) {
    let length = (moments.end - moments.start).as_micros() as usize;
    let moment = moments.start + Duration::from_micros(dice.below(length) as u64);
    let mut child: Child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program runs");
    tokio::time::sleep(moment).await;
    // It may have ended.
    let _ = child.kill();
    tokio::task::spawn_blocking(move || child.wait()).await.expect("no panic").expect("it ends");
}

/// A key pair of age: the file with the identity, and the recipient.
pub fn age_key(path: &Path) -> String {
    use age::secrecy::ExposeSecret;
    let identity = age::x25519::Identity::generate();
    fs::write(path, identity.to_string().expose_secret()).expect("written");
    identity.to_public().to_string()
}
