//! Commands as people type them.

use std::path::Path;
use std::process::Command;

/// What a command said and how it ended.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// What it printed; it must have gone well.
    pub fn out(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""));
        self.out
    }

    /// The one sentence by which it failed.
    pub fn error(self) -> String {
        assert_eq!((self.code, self.out.as_str()), (Some(1), ""));
        assert!(self.err.starts_with("chatbot: ") && self.err.lines().count() == 1, "{}", self.err);
        self.err
    }
}

/// A command with nothing but that in its environment which could lead it to a server.
pub fn chatbot(environment: &[(&str, &str)], arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatbot"));
    command.args(arguments).env_remove("CHATBOT_KEY").envs(environment.iter().copied());
    let ended = command.output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Said { code: ended.status.code(), out: text(ended.stdout), err: text(ended.stderr) }
}

/// A command to the server on that data folder.
pub fn chatbot_on(dir: &Path, arguments: &[&str]) -> Said {
    chatbot(&[], &[arguments, &["--data-dir", dir.to_str().expect("text")]].concat())
}
