//! `chatbot update`, with releases that a server on this machine has: whatever happens, a whole program is in its place.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::stored::Dice;
use crate::support::PATIENCE;

const NEW: &str = "9.8.7";

/// A folder of releases on the web, and a program that was installed before.
struct Place {
    dir: tempfile::TempDir,
    url: String,
    /// While set, downloads of programs stop in their middle.
    stalls: Arc<AtomicBool>,
    /// Set once one has.
    stalled: Arc<AtomicBool>,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        for folder in ["web", "bin", "data"] {
            fs::create_dir(dir.path().join(folder)).expect("a folder");
        }
        let program = dir.path().join("bin/chatbot");
        let built = env!("CARGO_BIN_EXE_chatbot");
        fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(drop)).expect("installed");
        let make_key =
            Command::new("minisign").args(["-G", "-W", "-p", "key.pub", "-s", "key"]).current_dir(dir.path()).output();
        assert!(make_key.expect("minisign is installed by tests/run").status.success());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/latest", listener.local_addr().expect("an address"));
        let (stalls, stalled) = <(Arc<AtomicBool>, Arc<AtomicBool>)>::default();
        let (web, stall) = (dir.path().join("web"), (stalls.clone(), stalled.clone()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (web, stall) = (web.clone(), stall.clone());
                std::thread::spawn(move || serve(stream, &web, &stall));
            }
        });
        Self { dir, url, stalls, stalled }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Releases a program that is this script, `$REAL` being a program that works.
    fn release(&self, version: &str, script: &str) {
        let target = if cfg!(target_arch = "aarch64") { "aarch64" } else { "x86_64" };
        let name = format!("chatbot-{version}-{target}-unknown-linux-musl.xz");
        let script = format!("#!/bin/sh\nREAL={}\n{script}\n", env!("CARGO_BIN_EXE_chatbot"));
        fs::write(self.path("web/program"), script).expect("written");
        let packed = Command::new("xz").args(["-0", "--stdout"]).arg(self.path("web/program")).output();
        let packed = packed.expect("xz is installed by tests/run").stdout;
        let sum = data_encoding::HEXLOWER.encode(&Sha256::digest(&packed));
        fs::write(self.path("web").join(&name), packed).expect("written");
        fs::write(self.path("web/SHA256SUMS"), format!("{sum}  {name}\n")).expect("written");
        let sign = Command::new("minisign")
            .args(["-S", "-s", "key", "-m", "web/SHA256SUMS"])
            .current_dir(self.dir.path())
            .output();
        assert!(sign.expect("it runs").status.success());
    }

    fn update(&self, arguments: &[&str]) -> Command {
        let key = fs::read_to_string(self.path("key.pub")).expect("a key");
        let mut command = Command::new(self.path("bin/chatbot"));
        command.args(["update", "--from", &self.url, "--signer", key.lines().last().unwrap_or_default()]);
        command.args(arguments).arg("--data-dir").arg(self.path("data"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn updated(&self, arguments: &[&str]) -> (bool, String) {
        let Output { status, stdout, stderr } = self.update(arguments).output().expect("it runs");
        (status.success(), [stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("text")).concat())
    }

    fn version(&self) -> String {
        let output = Command::new(self.path("bin/chatbot")).arg("--version").output().expect("it runs");
        assert!(output.status.success(), "a whole program is there");
        String::from_utf8(output.stdout).expect("text").split_whitespace().nth(1).unwrap_or_default().to_owned()
    }

    fn is_old(&self) -> bool {
        self.version() == env!("CARGO_PKG_VERSION") && !self.path("bin/chatbot.new").exists()
    }
}

/// Answers one request for a file.
fn serve(mut stream: TcpStream, web: &Path, (stalls, stalled): &(Arc<AtomicBool>, Arc<AtomicBool>)) {
    let mut line = String::new();
    let mut lines = BufReader::new(stream.try_clone().expect("a handle"));
    let _ = lines.read_line(&mut line);
    let name = line.split_whitespace().nth(1).and_then(|path| path.strip_prefix("/latest/")).unwrap_or_default();
    let Ok(content) = fs::read(web.join(name)) else {
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        return;
    };
    let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", content.len());
    if name.ends_with(".xz") && stalls.load(Ordering::SeqCst) {
        let _ = stream.write_all(&content[..content.len() / 2]);
        stalled.store(true, Ordering::SeqCst);
        // Until the other side goes.
        let _ = lines.lines().last();
        return;
    }
    let _ = stream.write_all(&content);
}

/// Works as the program does, but for its version.
const GOOD: &str = "case $1 in --version) echo 'chatbot 9.8.7' ;; *) exec \"$REAL\" \"$@\" ;; esac";

#[test]
fn a_newer_release_takes_the_place_of_the_program_which_stays_beside_it() {
    let place = Place::new();
    place.release(NEW, GOOD);
    assert_eq!(
        place.updated(&["--check"]),
        (true, format!("{NEW} is released; this is {}\n", env!("CARGO_PKG_VERSION")))
    );
    assert!(place.is_old());
    let (went_well, said) = place.updated(&[]);
    assert!(went_well && said.contains("9.8.7 is installed"), "{said}");
    assert_eq!(place.version(), NEW);
    let old = Command::new(place.path("bin/chatbot.old")).arg("--version").output().expect("it runs");
    assert!(String::from_utf8_lossy(&old.stdout).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn what_is_not_newer_is_left() {
    let place = Place::new();
    place.release("0.0.1", GOOD);
    let (went_well, said) = place.updated(&[]);
    assert!(went_well && said.contains("is the newest version"), "{said}");
    assert!(place.is_old());
}

#[test]
fn what_others_signed_or_what_was_changed_is_refused() {
    let place = Place::new();
    place.release(NEW, GOOD);
    let other = Place::new();
    let key = fs::read_to_string(other.path("key.pub")).expect("a key");
    let output = Command::new(place.path("bin/chatbot"))
        .args(["update", "--from", &place.url, "--signer", key.lines().last().unwrap_or_default()])
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("not signed by whom the settings trust"), "{said}");
    assert!(place.is_old());

    let sums = place.path("web/SHA256SUMS");
    let signed = fs::read_to_string(&sums).expect("read");
    fs::write(&sums, signed.replace(NEW, "9.9.9")).expect("changed");
    let (went_well, said) = place.updated(&[]);
    assert!(!went_well && said.contains("not signed by whom"), "{said}");
    fs::write(&sums, &signed).expect("as it was");

    let program = fs::read_dir(place.path("web")).expect("files").map(|entry| entry.expect("an entry").path());
    let program =
        program.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "xz")).expect("a program");
    let mut content = fs::read(&program).expect("read");
    let last = content.len() - 1;
    content[last] ^= 1;
    fs::write(&program, content).expect("changed");
    let (went_well, said) = place.updated(&[]);
    assert!(!went_well && said.contains("is not what was released"), "{said}");
    assert!(place.is_old());
}

#[test]
fn a_program_that_does_not_work_here_is_not_installed() {
    let place = Place::new();
    for (script, reason) in [
        ("exit 3", "exit status: 3"),
        ("case $1 in --version) echo x ;; serve) exit 4 ;; esac", "ends when it should serve"),
    ] {
        place.release(NEW, script);
        let (went_well, said) = place.updated(&[]);
        assert!(!went_well && said.contains("the old one stays") && said.contains(reason), "{said}");
        assert!(place.is_old());
    }
}

#[test]
fn a_kill_in_the_middle_leaves_the_old_program_and_the_next_update_succeeds() {
    let place = Place::new();
    place.release(NEW, GOOD);
    place.stalls.store(true, Ordering::SeqCst);
    let mut updating: Child = place.update(&[]).spawn().expect("it starts");
    let until = Instant::now() + PATIENCE;
    while !place.stalled.load(Ordering::SeqCst) {
        assert!(Instant::now() < until, "the download does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    updating.kill().expect("killed");
    updating.wait().expect("ended");
    assert_eq!(place.version(), env!("CARGO_PKG_VERSION"));
    place.stalls.store(false, Ordering::SeqCst);
    let (went_well, said) = place.updated(&[]);
    assert!(went_well, "{said}");
    assert_eq!(place.version(), NEW);
}

/// Kills updates `rounds` times at random moments: always a whole program is there, the old one or the new.
fn kill_again_and_again(rounds: u32, seed: u64) {
    let place = Place::new();
    place.release(NEW, GOOD);
    let start = Instant::now();
    assert!(place.updated(&[]).0);
    let takes = start.elapsed();
    let (mut dice, mut updated) = (Dice(seed), 0);
    for _ in 0..rounds {
        // The old one again.
        fs::rename(place.path("bin/chatbot.old"), place.path("bin/chatbot")).expect("it stays beside the new one");
        let moment = takes.mul_f64(dice.below(1250) as f64 / 1000.0);
        let mut updating = place.update(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(moment);
        // It may have ended.
        let _ = updating.kill();
        updating.wait().expect("ended");
        if place.version() == NEW {
            updated += 1;
        } else {
            assert_eq!(place.version(), env!("CARGO_PKG_VERSION"));
            let (went_well, said) = place.updated(&[]);
            assert!(went_well, "{said}");
        }
        assert_eq!(place.version(), NEW);
    }
    println!("{updated} of {rounds} updates were complete before they were killed");
}

#[test]
fn a_kill_at_any_moment_leaves_the_old_program_or_the_new() {
    kill_again_and_again(5, 11);
}

#[test]
#[ignore = "takes minutes: the same 50 times"]
fn fifty_kills_leave_the_old_program_or_the_new() {
    kill_again_and_again(50, 2028);
}

/// What stands for the system's supervisor: ends the server and starts the program that is there now.
fn supervisor(place: &Place) -> PathBuf {
    let script = format!(
        "#!/bin/sh\n[ ! -e {dir}/pid ] || kill $(cat {dir}/pid)\n\
         while [ -e {dir}/data/server.json ]; do sleep 0.05; done\n\
         {dir}/bin/chatbot serve --host 127.0.0.1 --port 0 --data-dir {dir}/data >{dir}/log 2>&1 &\necho $! >{dir}/pid\nsleep 1\nkill -0 $!\n",
        dir = place.dir.path().display()
    );
    let path = place.path("restart");
    fs::write(&path, script).expect("written");
    fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("set");
    path
}

/// Ends the server that the supervisor started.
struct Running<'a>(&'a Place);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let id = fs::read_to_string(self.0.path("pid")).unwrap_or_default();
        let _ = Command::new("kill").arg(id.trim()).status();
    }
}

#[test]
fn a_server_is_restarted_and_gets_the_old_program_back_if_the_new_one_does_not_start() {
    let place = Place::new();
    let restart = supervisor(&place);
    assert!(Command::new(&restart).status().expect("it runs").success());
    let _running = Running(&place);
    let command = restart.to_str().expect("text").to_owned();

    // Passes the trial, on a folder of its own, but not on that of the server.
    let fails =
        format!("case \"$*\" in *{0}*) exit 5 ;; *) exec \"$REAL\" \"$@\" ;; esac", place.path("data").display());
    place.release(NEW, &fails);
    let (went_well, said) = place.updated(&["--restart", &command]);
    assert!(!went_well && said.contains("The old program is back, and runs again"), "{said}");
    assert_eq!(place.version(), env!("CARGO_PKG_VERSION"));

    place.release(NEW, GOOD);
    let (went_well, said) = place.updated(&["--restart", &command]);
    assert!(went_well && said.contains("The server runs again, and is ready."), "{said}");
    assert_eq!(place.version(), NEW);
}
