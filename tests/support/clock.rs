//! A clock that tests set, for a server of a process of its own.

use std::path::{Path, PathBuf};

use crate::support::ServerProcess;

/// Seconds.
pub const HOUR: i64 = 3600;

/// The clock of a server process, which a file moves.
pub struct Clock {
    file: PathBuf,
    seconds: i64,
}

impl Clock {
    /// Debian's libfaketime, which `tests/run` installs.
    fn library() -> String {
        let folders = std::fs::read_dir("/usr/lib").expect("a system").flatten();
        let mut libraries = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
        let library = libraries.find(|path| path.exists()).expect("libfaketime (Debian's package faketime)");
        library.to_str().expect("a path").to_owned()
    }

    /// One that is right, by a file in this folder.
    pub fn new(dir: &Path) -> Self {
        let clock = Self { file: dir.join("clock"), seconds: 0 };
        clock.write();
        clock
    }

    fn write(&self) {
        // Renamed into place: the server reads it at any moment.
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{:+}\n", self.seconds)).expect("written");
        std::fs::rename(&new, &self.file).expect("in place");
    }

    /// Sets it forth, or back.
    pub fn jump(&mut self, seconds: i64) {
        self.seconds += seconds;
        self.write();
    }

    /// What a process needs in its environment to go by this clock.
    pub fn environment(&self) -> Vec<(String, String)> {
        let (library, file) = (Self::library(), self.file.to_str().expect("a path").to_owned());
        let environment = [
            ("LD_PRELOAD", library),
            ("FAKETIME_TIMESTAMP_FILE", file),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ];
        environment.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// A server by this clock, with the settings in `config.toml` beside it, if there are any.
    pub fn start(&self, dir: &Path) -> ServerProcess {
        let environment = self.environment();
        let environment: Vec<_> = environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let config = self.file.with_file_name("config.toml");
        ServerProcess::launch(0, dir, config.exists().then_some(config.as_path()), &environment)
    }
}
