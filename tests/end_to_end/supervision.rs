//! A server for those that start it: sockets that are handed over, what a service manager is told, `chatbot health`.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::net::UnixStream;

use crate::command::chatbot_on;
use crate::raw::{Raw, TEXT, frame, upgrade};
use crate::support::{OWNER_KEY, PATIENCE, Request};

/// A server that is killed when this is dropped.
struct Running(Child);

impl Running {
    /// Waits until it is well.
    fn start(command: &mut Command, data: &Path) -> Self {
        let running = Self(command.stdout(Stdio::null()).spawn().expect("it starts"));
        let start = Instant::now();
        while chatbot_on(data, &["health"]).code != Some(0) {
            assert!(start.elapsed() < PATIENCE, "it is never well");
        }
        running
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).expect("it runs");
    }

    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

fn serve(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatbot"));
    command.args(["serve", "--host", "127.0.0.1", "--port", "0", "--data-dir"]).arg(data);
    command.env("CHATBOT_LOG__LEVEL", "warn").env("CHATBOT_ACCOUNTS__OWNER_KEY", OWNER_KEY);
    command
}

#[tokio::test]
async fn health_is_an_exit_code() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let said = chatbot_on(&data, &["health"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("no chatbot runs on the data folder"), "{}", said.err);
    let mut running = Running::start(&mut serve(&data), &data);
    assert_eq!(chatbot_on(&data, &["health"]).out(), "ok\n");
    running.kill();
    let said = chatbot_on(&data, &["health", "--timeout", "1"]);
    assert!(said.error().contains("nobody answers"));
}

#[tokio::test]
async fn a_unix_socket_serves_a_proxy_whose_word_on_the_client_counts() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, path) = (dir.path().join("data"), dir.path().join("chat.sock"));
    let mut command = serve(&data);
    command.env("CHATBOT_SERVER__SOCKET", &path);
    let mut running = Running::start(&mut command, &data);
    let mode = std::fs::metadata(&path).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o660);

    let mut raw = Raw(UnixStream::connect(&path).await.expect("a connection"));
    let forwarded = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n";
    raw.write(upgrade("/ws", forwarded).replace("localhost", "anything.example").as_bytes()).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 101"));
    raw.write(&frame(TEXT, br#"{"type":"join","room":"lobby"}"#)).await;
    raw.expect("joined").await;

    let mut page = Raw(UnixStream::connect(&path).await.expect("a connection"));
    page.write(format!("GET / HTTP/1.1\r\nHost: chat.example\r\n{forwarded}\r\n").as_bytes()).await;
    let head = page.head().await;
    assert!(head.contains("__Host-chatbot_visitor") && head.contains("strict-transport-security"), "{head}");

    // Killed, it leaves the file behind, which the next one replaces; of one that lives it takes nothing.
    running.kill();
    let running = Running::start(&mut command, &data);
    let mut second = serve(&dir.path().join("other"));
    let ended = second.env("CHATBOT_SERVER__SOCKET", &path).output().expect("it ends");
    assert!(String::from_utf8_lossy(&ended.stderr).contains("cannot listen at"), "{ended:?}");
    drop(running);
    std::fs::remove_file(&path).expect("left behind");
    std::fs::write(&path, "mine").expect("written");
    let ended = second.output().expect("it ends");
    assert_eq!((ended.status.code(), std::fs::read(&path).expect("still there").as_slice()), (Some(1), &b"mine"[..]));
}

#[tokio::test]
async fn a_socket_that_is_handed_over_is_served() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    // As systemd does it: the socket is number 3, and the number of the process is in the environment.
    let script =
        "exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=chatbot.socket; exec \"$0\" \"$@\"";
    let inner = serve(&data);
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(inner.get_program()).args(inner.get_args());
    command.env("CHATBOT_LOG__LEVEL", "warn").stdin(Stdio::from(OwnedFd::from(listener)));
    let _running = Running::start(&mut command, &data);
    assert_eq!(Request::new("GET", &format!("http://{address}/healthz")).send().await.json()["status"], json!("ok"));
}

#[tokio::test]
async fn a_service_manager_is_told_when_the_server_is_ready_alive_reloading_and_stopping() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, path) = (dir.path().join("data"), dir.path().join("notify.sock"));
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut command = serve(&data);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "300000");
    let mut running = Running::start(&mut command, &data);
    let expect = |word: &str| {
        let mut buffer = [0; 1024];
        let start = Instant::now();
        loop {
            assert!(start.elapsed() < PATIENCE, "{word} is never said");
            let length = socket.recv(&mut buffer).expect("it is told something");
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.lines().any(|line| line == word) {
                return text;
            }
        }
    };
    let ready = expect("READY=1");
    assert!(ready.contains("STATUS=listening on 127.0.0.1:"), "{ready}");
    expect("WATCHDOG=1");
    expect("WATCHDOG=1");
    running.signal(Signal::HUP);
    assert!(expect("RELOADING=1").contains("MONOTONIC_USEC="));
    expect("READY=1");
    running.signal(Signal::TERM);
    expect("STOPPING=1");
    assert_eq!(running.0.wait().expect("it ends").code(), Some(0));
}
