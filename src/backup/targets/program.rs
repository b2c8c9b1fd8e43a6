//! A program of the operator's that takes a backup on its standard input, such as `rclone rcat` or `restic backup --stdin`.
//!
//! It is trusted as the server is, and gets everything that is stored anyway. So it is not confined as the programs of commands
//! are; but it does not get the server's settings from the environment.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Upload;
use crate::backup::BackupError;

/// What the server's own variables begin with.
const OWN: &str = "CHATBOT_";

/// In which the program finds the backup's name.
const NAME: &str = "CHATBOT_BACKUP_NAME";

/// How long a program may take.
const TIME_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Bytes of what it said last on standard error that are told.
const TOLD: u64 = 500;

pub(super) struct Running {
    words: String,
    child: Child,
    /// Its standard error.
    log: File,
    /// Ends it when it takes too long, or the server stops.
    watching: JoinHandle<()>,
    is_finished: bool,
}

impl Running {
    /// Starts the program.
    pub fn start(
        words: &[String],
        name: &str,
        runtime: &Handle,
        stopping: &CancellationToken,
    ) -> Result<Self, BackupError> {
        let shown = words.join(" ");
        let (program, arguments) = words.split_first().ok_or_else(|| BackupError::Target("no program".into()))?;
        let log = tempfile::tempfile()?;
        let mut command = Command::new(program);
        for (variable, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(OWN)) {
            command.env_remove(variable);
        }
        // In a group of its own, it gets no signals from the server's terminal, and is ended with what it started.
        command.args(arguments).env(NAME, name).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log.try_clone()?);
        let child = command.spawn().map_err(|error| BackupError::Target(format!("{shown}: {error}")))?;
        let (id, stopping) = (child.id(), stopping.clone());
        let watching = runtime.spawn(async move {
            let _ = tokio::time::timeout(TIME_LIMIT, stopping.cancelled()).await;
            kill(id);
        });
        Ok(Self { words: shown, child, log, watching, is_finished: false })
    }

    /// The end of what it said on standard error.
    fn last_words(&mut self) -> io::Result<String> {
        let length = self.log.metadata()?.len();
        self.log.seek(SeekFrom::Start(length.saturating_sub(TOLD)))?;
        let mut words = Vec::new();
        Read::by_ref(&mut self.log).take(TOLD).read_to_end(&mut words)?;
        Ok(String::from_utf8_lossy(&words).trim().to_owned())
    }
}

/// Its id cannot be another process's yet: nobody has waited for it.
fn kill(id: u32) {
    if let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // It may have ended.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

impl Write for Running {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.child.stdin {
            Some(input) => input.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.child.stdin.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Upload for Running {
    fn finish(mut self: Box<Self>) -> Result<(), BackupError> {
        // Its input ends.
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        self.is_finished = true;
        if status.success() {
            return Ok(());
        }
        let said = self.last_words().unwrap_or_default();
        Err(BackupError::Target(format!("{}: {status}: {said}", self.words)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.watching.abort();
        if !self.is_finished {
            // Before its input ends: it must not take what it got for all.
            kill(self.child.id());
            if let Err(error) = self.child.wait() {
                tracing::warn!(%error, "a program for backups was not waited for");
            }
        }
    }
}
