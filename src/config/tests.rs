//! The layers, and the example file against the defaults.

use super::*;

fn from_file(text: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("c.toml");
    std::fs::write(&file, text).expect("written");
    let loaded = load(&Sources { file: Some(file), ..Sources::default() });
    loaded.map_err(|error| error.to_string().rsplit('/').next().unwrap_or_default().to_owned())
}

fn from_environment(name: &str, value: &str) -> Result<Config, String> {
    let environment = vec![("HOME".into(), "/".into()), (name.into(), value.into())];
    load(&Sources { environment, ..Sources::default() }).map_err(|error| error.to_string())
}

#[test]
fn later_layers_win() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("c.toml");
    std::fs::write(&file, "[server]\nport = 1\nhost = \"::1\"\n[jobs]\nworkers = 3").expect("written");
    let sources = Sources {
        file: Some(file),
        environment: vec![("PORT".into(), "2".into()), ("CHATBOT_JOBS__WORKERS".into(), "4".into())],
        flags: vec![("server.port", "3".into())],
    };
    let config = load(&sources).expect("valid");
    assert_eq!((config.server.port, config.jobs.workers, config.server.host.as_str()), (3, 4, "::1"));
    assert_eq!(config.jobs.queue, Config::default().jobs.queue);
}

#[test]
fn no_file_and_no_environment_give_the_defaults() {
    assert_eq!(load(&Sources::default()), Ok(Config::default()));
}

#[test]
fn the_example_shows_every_key_with_its_default() {
    let example = include_str!("../../config.example.toml");
    assert_eq!(from_file(example), Ok(Config::default()));
    let shown: toml::Table = example.parse().expect("valid TOML");
    assert_eq!(shown, toml::Table::try_from(Config::default()).expect("a table"));
    for (index, line) in example.lines().enumerate().filter(|(_, line)| line.contains(" = ")) {
        let above = example.lines().nth(index - 1).unwrap_or_default();
        assert!(above.starts_with("# "), "no reason above {line:?}");
    }
}

#[test]
fn errors_name_key_place_and_reason() {
    let check = |result: Result<Config, String>, words: &str| match result {
        Ok(_) => panic!("accepted, but expected: {words}"),
        Err(error) => assert_eq!(error, words),
    };
    check(
        from_file("[server]\nprot = 1"),
        "c.toml: there is no setting \"server.prot\"; did you mean \"server.port\"?",
    );
    check(from_file("[server]\nport = \"x\""), "c.toml: server.port must be a whole number, not text");
    check(from_file("port = 1"), "c.toml: there is no setting \"port\"");
    check(from_file("[server"), "c.toml, line 1: unclosed table, expected `]`");
    check(
        from_environment("CHATBOT_JOBS__WORKERS", "x"),
        "CHATBOT_JOBS__WORKERS: jobs.workers must be a whole number, not \"x\"",
    );
    check(
        from_environment("CHATBOT_JOBS__WORKERS", "1"),
        "jobs.workers: must be 2 to 1024 (one is always kept for commands that take no time)",
    );
    check(
        from_environment("CHATBOT_JOBS__WORKER", "1"),
        "CHATBOT_JOBS__WORKER: there is no setting \"jobs.worker\"; did you mean \"jobs.workers\"?",
    );
    check(
        from_environment("CHATBOT_ACCOUNTS__OWNER_KEY", "short"),
        "accounts.owner_key: must have at least 16 characters",
    );
    check(
        from_environment("CHATBOT_SERVER__HOST", "example.com"),
        "server.host: is not an IP address (leave it empty for all addresses)",
    );
    assert!(from_environment("PORT", "70000").is_err_and(|error| error.starts_with("PORT: server.port")));
    assert!(from_environment("CHATBOT_ROOMS__BOT", "often").is_err_and(|error| error.contains("`always`")));
}

#[test]
fn a_key_of_digits_stays_as_it_is() {
    let config = from_environment("CHATBOT_ACCOUNTS__OWNER_KEY", "12345678901234567890123").expect("valid");
    assert_eq!(config.accounts.owner_key, "12345678901234567890123");
    let config =
        from_environment("CHATBOT_HTTP__ALLOWED_ORIGINS", "https://a.example, http://b.example:8080").expect("valid");
    assert_eq!(config.http.allowed_origins, ["https://a.example", "http://b.example:8080"]);
}
