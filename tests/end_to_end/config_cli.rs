//! `chatbot config`, `man` and `completions`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::command::chatbot;

#[test]
fn a_file_with_all_settings_is_written_once_and_is_fine() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("c.toml");
    let path = file.to_str().expect("text");
    assert!(chatbot(&[], &["config", "init", path]).out().contains("--config"));
    assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&file).expect("read"), include_str!("../../config.example.toml"));
    assert!(chatbot(&[], &["config", "init", path]).error().contains("exists already"));
    assert_eq!(chatbot(&[], &["config", "check", "--config", path]).out(), "the settings are fine\n");
    assert_eq!(chatbot(&[], &["config", "init", "-"]).out(), include_str!("../../config.example.toml"));
}

#[test]
fn every_fault_is_said_and_what_counts_is_shown_without_secrets() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("c.toml");
    fs::write(&file, "[server]\nprot = 1\n[jobs]\nworkers = 0\n[language_model]\nbase_url = \"http://a/v1\"\nmodel = \"m\"\nkey_file = \"/no\"")
        .expect("written");
    let path = file.to_str().expect("text");
    let said = chatbot(&[], &["config", "check", "--config", path, "--port", "x"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    let lines: Vec<&str> = said.err.lines().collect();
    assert_eq!(lines.len(), 4, "{}", said.err);
    for name in ["server.prot", "--port", "jobs.workers", "language_model.key_file"] {
        assert!(lines.iter().any(|line| line.starts_with("chatbot: ") && line.contains(name)), "{name}: {}", said.err);
    }

    let secret = "sixteen characters";
    fs::write(&file, format!("[accounts]\nowner_key = {secret:?}")).expect("written");
    let shown = chatbot(&[], &["config", "show", "--config", path, "--port", "8123"]).out();
    assert!(!shown.contains(secret) && shown.contains("owner_key = (hidden)"), "{shown}");
    let line = shown.lines().find(|line| line.starts_with("port = 8123")).expect("the port");
    assert!(line.ends_with("# --port"), "{line}");
}

#[test]
fn man_pages_and_completions_name_every_command() {
    let page = chatbot(&[], &["man"]).out();
    assert!(page.contains(".TH chatbot 1") && page.contains("doctor"), "{page}");
    let dir = tempfile::tempdir().expect("a folder");
    chatbot(&[], &["man", "--dir", dir.path().to_str().expect("text")]).out();
    let page = fs::read_to_string(dir.path().join("chatbot-serve.1")).expect("a page");
    assert!(page.contains("data\\-dir"), "{page}");
    for shell in ["bash", "zsh", "fish"] {
        assert!(chatbot(&[], &["completions", shell]).out().contains("doctor"), "{shell}");
    }
}
