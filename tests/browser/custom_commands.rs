//! Commands from the settings, as the page shows them.

use std::fs;
use std::path::Path;

use rustix::process::Signal;

use crate::support::ServerProcess;
use crate::window::{Window, hook};

fn write(dir: &Path, name: &str) {
    let script = "for n in 1 2; do echo line $n; while [ ! -e go$n ]; do sleep 0.01; done; done";
    let text = format!(
        "[[commands]]\nname = {name:?}\nhelp = \"tells the tide\"\nallow = \"guests\"\nrun = [\"sh\", \"-c\", {script:?}]\n"
    );
    // In one step: the server may read it at any moment.
    fs::write(dir.join("new"), text).expect("written");
    fs::rename(dir.join("new"), dir.join("config.toml")).expect("renamed");
}

#[tokio::test]
async fn lines_are_seen_as_they_are_printed_and_new_commands_as_they_come() {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "tide");
    let server = ServerProcess::configured(0, &dir.path().join("data"), &dir.path().join("config.toml"));
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.say("/tide").await;
    for line in ["line 1", "line 2"] {
        // Whoever comes in the middle gets what was printed before, and then the rest.
        for _ in 0..2 {
            ann.until(&format!("document.body.innerText.includes('{line}')")).await;
            ann.reload().await;
        }
        fs::write(dir.path().join(line.replace("line ", "go")), "").expect("written");
    }
    ann.hears("line 1\nline 2").await;

    write(dir.path(), "flood");
    server.signal(Signal::HUP);
    ann.press("/flo").await;
    ann.see(&format!("{}[aria-selected='true']", hook("completion-item")), "flood").await;
    ann.close().await;
}
