//! The layers, and the example file against the defaults.

use super::*;
use crate::model::Role;

fn from_file(text: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("c.toml");
    std::fs::write(&file, text).expect("written");
    let loaded = load(&Sources { file: Some(file), ..Sources::default() });
    loaded
        .map(|config| Config { file: None, ..config })
        .map_err(|error| error.to_string().rsplit('/').next().unwrap_or_default().to_owned())
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
fn a_domain_brings_the_usual_port_and_the_public_address_unless_others_are_given() {
    let load = |flags: &[(&'static str, &str)]| {
        let flags = flags.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let config = load(&Sources { flags, ..Sources::default() }).expect("valid");
        (config.server.port, config.http.public_url)
    };
    let domains = ("tls.domains", "chat.example.com,www.example.com");
    assert_eq!(load(&[domains]), (443, "https://chat.example.com".to_owned()));
    assert_eq!(load(&[domains, ("server.port", "8000")]), (8000, "https://chat.example.com:8000".to_owned()));
    let elsewhere = ("http.public_url", "https://www.example.com");
    assert_eq!(load(&[domains, elsewhere]), (443, "https://www.example.com".to_owned()));
    assert_eq!(load(&[("tls.cert", "c.pem"), ("tls.key", "k.pem")]), (8000, String::new()));
}

#[test]
fn every_fault_is_found_at_once() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("c.toml");
    let lines = "[server]\nprot = 1\nhost = \"x\"\n[http]\npublic_url = \"chat\"\n[language_model]\nmodel = \"m\"\n\
                 temperature = 3\n[[webhooks]]\nname = \"?\"\nurl = \"x\"\nevents = []";
    std::fs::write(&file, lines).expect("written");
    let environment = vec![("CHATBOT_JOBS__WORKERS".into(), "x".into())];
    let examined = examine(&Sources { file: Some(file), environment, flags: vec![("server.port", "70000".into())] });
    let faults: Vec<String> = examined.faults.iter().map(ToString::to_string).collect();
    let named = [
        "server.prot",
        "webhooks",
        "jobs.workers",
        "--port",
        "server.host",
        "http.public_url",
        "language_model.base_url",
    ];
    for name in named {
        assert_eq!(faults.iter().filter(|fault| fault.contains(name)).count(), 1, "{name}: {faults:#?}");
    }
    assert_eq!(faults.len(), named.len(), "{faults:#?}");
    assert_eq!((examined.config.server.port, examined.config.server.host), (8000, String::new()));
}

#[test]
fn a_key_of_digits_stays_as_it_is() {
    let config = from_environment("CHATBOT_ACCOUNTS__OWNER_KEY", "12345678901234567890123").expect("valid");
    assert_eq!(config.accounts.owner_key, "12345678901234567890123");
    let config =
        from_environment("CHATBOT_HTTP__ALLOWED_ORIGINS", "https://a.example, http://b.example:8080").expect("valid");
    assert_eq!(config.http.allowed_origins, ["https://a.example", "http://b.example:8080"]);
}

fn command(lines: &str) -> Result<CommandConfig, String> {
    let text = format!("[[commands]]\nname = \"tide\"\nhelp = \"tells the tide\"\n{lines}");
    from_file(&text).map(|config| config.commands.into_iter().next().expect("one command"))
}

#[test]
fn a_command_is_read_with_paths_from_the_files_folder() {
    let tide = command("run = [\"./tide.sh\", \"a/b\"]\ndir = \"tools\"").expect("valid");
    assert!(tide.dir.is_absolute() && tide.dir.ends_with("tools"), "{:?}", tide.dir);
    assert!(tide.run[0].ends_with("/tools/./tide.sh"), "{:?}", tide.run);
    assert_eq!((tide.run[1].as_str(), tide.time_limit_seconds, tide.retries), ("a/b", 60, 0));
    let python = command("run = [\"python3\"]\nhelp.x = 1").expect_err("twice");
    assert!(python.contains("line 5"), "{python}");
    assert_eq!(command("run = [\"python3\"]").expect("valid").run, ["python3"]);
}

#[test]
fn a_command_speaks_the_languages_it_is_given() {
    let text = "[[commands]]\nname = \"tide\"\nrun = [\"x\"]\nhelp = { en = \"tide\", zh-Hant = \"潮汐\" }";
    let help = from_file(text).expect("valid").commands.remove(0).help;
    let words = crate::text::Locale::ALL.map(|locale| help.in_locale(locale));
    assert_eq!(words, ["tide", "潮汐", "潮汐"]);
    let wrong = from_file(&text.replace("en =", "fr =")).expect_err("no such language");
    assert_eq!(wrong, "c.toml, line 4: expected a text, or texts under en, zh-Hans and zh-Hant");
}

#[test]
fn wrong_commands_are_named() {
    let check = |lines: &str, words: &str| match command(lines) {
        Ok(_) => panic!("accepted, but expected: {words}"),
        Err(error) => assert!(error.contains(words), "{error}"),
    };
    check("", "commands.tide.run: either run or url must be given");
    check("run = [\"x\"]\nurl = \"https://example.com\"", "commands.tide.run: either run or url must be given");
    check("run = []", "commands.tide.run: either");
    check("run = \"x\"", "c.toml, line 4: invalid type");
    check("run = [\"x\"]\nretires = 2", "c.toml, line 5: unknown field `retires`");
    check("run = [\"x\"]\ntime_limit_seconds = 0", "commands.tide.time_limit_seconds: must be 1 to 86400");
    check("run = [\"x\"]\nsecret = \"0123456789abcdef\"", "commands.tide.secret: only signs");
    check("run = [\"x\"]\nwords = \"(\"", "commands.tide.words: regex parse error");
    check("url = \"https://example.com\"\nwords = \".*\"", "commands.tide.words: is for the arguments of a program");
    check("url = \"ftp://example.com\"", "weather");
    check("url = \"https://example.com\"\nsecret = \"short\"", "commands.tide.secret: must have at least 16");
    check("run = [\"x\"]\n[[commands]]\nname = \"tide\"\nhelp = \"x\"\nrun = [\"x\"]", "commands.tide: is there twice");
    for name in ["Tide", "ti de", "-tide", "潮", ""] {
        let text = format!("[[commands]]\nname = {name:?}\nhelp = \"x\"\nrun = [\"x\"]");
        assert!(from_file(&text).is_err_and(|error| error.contains("lower-case")), "{name:?}");
    }
}

#[test]
fn commands_have_permissions() {
    let config = from_file(
        "[command_permissions.status]\nallow = \"moderators\"\n[command_permissions.sum]\nrooms = [\"ops\", \"@bot\"]",
    );
    let permissions = config.expect("valid").command_permissions;
    let rule = |name: &str| permissions[name].rule().expect("valid");
    assert_eq!((rule("status").allow, rule("status").rooms.len()), (Role::Moderator, 0));
    assert_eq!((rule("sum").allow, rule("sum").rooms), (Role::Guest, vec!["@bot".to_owned(), "ops".to_owned()]));
    let tide = command("run = [\"x\"]\nrooms = [\"harbour\"]").expect("valid");
    assert_eq!(tide.rule().expect("valid").rooms, ["harbour"]);
    let own = "[[commands]]\nname = \"tide\"\nhelp = \"x\"\nrun = [\"x\"]\n";
    for (text, words) in [
        ("[command_permissions.sum]\nallow = \"friends\"", "unknown variant `friends`"),
        ("[command_permissions.sum]\nrole = \"members\"", "unknown field `role`"),
        ("[command_permissions.sum]\nrooms = [\"a b\"]", "command_permissions.sum.rooms: A room's name"),
        (&format!("{own}rooms = [\"a b\"]"), "commands.tide.rooms: A room's name"),
        (&format!("{own}[command_permissions.tide]"), "command_permissions.tide: is a command of this file"),
    ] {
        let error = from_file(text).expect_err(words);
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_commands_secret_may_come_from_the_environment() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("c.toml");
    let text = "[[commands]]\nname = \"high-tide\"\nhelp = \"x\"\nurl = \"https://example.com\"";
    std::fs::write(&file, text).expect("written");
    let with = |name: &str| {
        let environment = vec![(name.into(), "0123456789abcdef".into())];
        load(&Sources { file: Some(file.clone()), environment, ..Sources::default() })
    };
    let config = with("CHATBOT_COMMANDS__HIGH_TIDE__SECRET").expect("valid");
    assert_eq!(config.commands[0].secret, "0123456789abcdef");
    assert!(with("CHATBOT_COMMANDS__TIDE__SECRET").is_err());
    assert!(with("CHATBOT_COMMANDS__HIGH_TIDE__URL").is_err());
}

#[test]
fn the_examples_commands_hold_with_their_comment_marks_taken_away() {
    let example = include_str!("../../config.example.toml");
    let commented = example.lines().skip_while(|line| *line != "# [[commands]]");
    let text: String = commented.map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or_default())).collect();
    let commands = from_file(&text).expect("valid").commands;
    let shown = CommandConfig { run: commands[0].run.clone(), ..command("run = [\"x\"]").expect("valid") };
    let shown = CommandConfig {
        name: commands[0].name.clone(),
        help: commands[0].help.clone(),
        arguments: commands[0].arguments.clone(),
        example: commands[0].example.clone(),
        environment: commands[0].environment.clone(),
        dir: commands[0].dir.clone(),
        ..shown
    };
    assert_eq!(commands[0], shown, "what is shown of the limits are the defaults");
    assert_eq!(commands[1].name, "weather");
}

#[test]
fn webhooks_are_read_and_wrong_ones_are_named() {
    let webhook =
        |lines: &str| from_file(&format!("[[webhooks]]\nname = \"ci\"\n{lines}")).map(|config| config.webhooks);
    let good = "url = \"https://example.com/events\"\nevents = [\"message\", \"job\"]";
    assert_eq!(webhook(good).expect("valid").len(), 1);
    for (lines, words) in [
        ("events = [\"job\"]".to_owned(), "missing field `url`"),
        (good.replace("job", "joy"), "line 4: unknown variant `joy`"),
        (good.replace("https", "ftp"), "webhooks.ci.url: must be a whole http or https address"),
        (format!("{good}\nroom = \"a b\""), "webhooks.ci.room: A room's name"),
        (format!("{good}\npattern = \"(\""), "webhooks.ci.pattern: regex parse error"),
        (format!("{good}\nsecret = \"short\""), "webhooks.ci.secret: must have at least 16"),
        (format!("{good}\n[[webhooks]]\nname = \"ci\"\n{good}"), "webhooks.ci: is there twice"),
        (format!("{good}\nurls = 1"), "unknown field `urls`"),
    ] {
        let error = webhook(&lines).expect_err(words);
        assert!(error.contains(words), "{error}");
    }
}
