//! Runs programs under limits, and ends them together with all their descendants.
//!
//! Each program is run by a [`keeper`]: this binary again, as a small supervisor process that adopts all descendants of the
//! program. However a run ends, even if it is dropped or the server is killed, a second later
//! no process or zombie of it is left. Independent of jobs and bots: text goes in, lines come out.

#[cfg(target_os = "linux")]
pub mod keeper;
mod lines;
#[cfg(target_os = "linux")]
pub mod sandbox;
pub mod syscalls;

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio_util::task::TaskTracker;

use lines::Lines;

/// Maximum number of bytes of standard error that are reported; the rest is discarded.
const MOST_LOG: usize = 64 * 1024;

/// Default `PATH` of programs.
pub const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Program {
    /// A name to look for in `PATH`, or a path.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// The working directory, and the program's `HOME`.
    pub dir: PathBuf,
    /// In addition to `PATH`, `HOME`, `LANG` and `TMPDIR`; nothing is inherited.
    pub environment: Vec<(String, String)>,
    /// Files and folders that it can neither read nor change, nor can anything that it starts; canonical paths.
    pub hidden: Vec<PathBuf>,
    /// Whether it can only read: it changes no file and has no network, as far as the kernel denies it.
    pub only_reads: bool,
    pub limits: ProcessLimits,
}

/// What a program gets on its standard input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Input {
    Text(String),
    /// The content of a file, also of one that is hidden from it.
    File(PathBuf),
}

impl From<String> for Input {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Limits of a program.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ProcessLimits {
    /// Maximum size of standard output, in bytes.
    pub output: usize,
    /// Maximum writable memory per process, in bytes (`RLIMIT_DATA`); `None` for no limit. Reserved memory, as language runtimes
    /// use by the gigabyte, does not count.
    pub memory: Option<u64>,
}

/// An event of a running program.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Lines on standard output, as many as were read at a time. Very long ones are split.
    Output(Vec<String>),
    /// The same on standard error.
    Log(Vec<String>),
    /// It has ended; no event follows.
    Ended(End),
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    Exit(i32),
    Signal(i32),
    /// It exceeded the output limit and is being ended.
    TooMuchOutput,
    /// There is no such program.
    NoProgram,
    /// The working directory is not there.
    NoFolder,
    /// The file is not executable.
    NotExecutable,
    /// The operating system could not start it; with the error number.
    NotStarted(i32),
}

/// The order to a keeper.
#[derive(Serialize, Deserialize)]
struct Order {
    program: Program,
    input: Input,
}

/// Starts programs and ensures that they end.
#[derive(Clone)]
pub struct Programs {
    keeper: PathBuf,
    endings: TaskTracker,
}

impl Programs {
    /// `keeper` is the path of this binary, which is started as keeper.
    pub fn new(keeper: PathBuf) -> Self {
        Self { keeper, endings: TaskTracker::new() }
    }

    /// Starts a program with something on its standard input. A program that cannot be started is reported by [`Event::Ended`].
    ///
    /// # Errors
    /// If the system cannot create a process.
    pub async fn start(&self, program: &Program, input: impl Into<Input>) -> io::Result<Running> {
        let input = input.into();
        let (mut control, keepers_end) = UnixStream::pair()?;
        let keepers_end = keepers_end.into_std()?;
        keepers_end.set_nonblocking(false)?;
        let mut command = Command::new(&self.keeper);
        // In a separate process group, it receives no signals from the server's terminal.
        command.arg0("keeper").arg("keep-program").env_clear().process_group(0);
        command.stdin(OwnedFd::from(keepers_end)).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut keeper = command.spawn()?;
        // Closes this process's copy of the keeper's end of the socket.
        drop(command);
        let (Some(output), Some(log)) = (keeper.stdout.take(), keeper.stderr.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let mut order = serde_json::to_vec(&Order { program: with_environment(program), input })?;
        order.push(b'\n');
        // If the keeper has exited already, its report says so.
        let _ = control.write_all(&order).await;
        Ok(Running {
            output: Lines::new(output),
            log: Lines::new(log),
            report: Lines::new(control),
            output_limit: program.limits.output,
            end: None,
            keeper: Some(keeper),
            endings: self.endings.clone(),
        })
    }

    /// Returns once all programs whose [`Running`] was dropped have ended.
    pub async fn all_ended(&self) {
        self.endings.close();
        self.endings.wait().await;
    }
}

/// A running program. On drop it receives SIGTERM, and soon after SIGKILL.
pub struct Running {
    output: Lines<ChildStdout>,
    log: Lines<ChildStderr>,
    /// Closing this end tells the keeper to end the program.
    report: Lines<UnixStream>,
    output_limit: usize,
    end: Option<End>,
    keeper: Option<Child>,
    endings: TaskTracker,
}

impl Running {
    /// The next event. A program whose output is not read blocks.
    pub async fn next(&mut self) -> Event {
        while !(self.output.is_over() && self.log.is_over() && self.report.is_over()) {
            tokio::select! {
                lines = self.output.next(), if !self.output.is_over() => {
                    if self.output.bytes_read() > self.output_limit {
                        return Event::Ended(End::TooMuchOutput);
                    }
                    if !lines.is_empty() {
                        return Event::Output(lines);
                    }
                }
                lines = self.log.next(), if !self.log.is_over() => {
                    if !lines.is_empty() && self.log.bytes_read() <= MOST_LOG {
                        return Event::Log(lines);
                    }
                }
                lines = self.report.next(), if !self.report.is_over() => {
                    let report = lines.first().and_then(|line| serde_json::from_str(line).ok());
                    self.end = self.end.or(report);
                }
            }
        }
        // A keeper without a report was killed, together with its program.
        Event::Ended(self.end.unwrap_or(End::Signal(rustix::process::Signal::KILL.as_raw())))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // While it cleans up, writing to a closed pipe would kill it.
        let (output, log) = (drain(self.output.take()), drain(self.log.take()));
        if let Some(mut keeper) = self.keeper.take() {
            self.endings.spawn(async move {
                let (_, _, ended) = tokio::join!(output, log, keeper.wait());
                if let Err(error) = ended {
                    tracing::error!(%error, "cannot tell whether a program has ended");
                }
            });
        }
    }
}

async fn drain(pipe: Option<impl AsyncRead + Unpin>) {
    if let Some(mut pipe) = pipe {
        // A read error means that the pipe is closed, too.
        let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    }
}

fn with_environment(program: &Program) -> Program {
    let path = std::env::var("PATH").unwrap_or_else(|_| USUAL_PATH.to_owned());
    let temporary = std::env::temp_dir().to_string_lossy().into_owned();
    let home = program.dir.to_string_lossy().into_owned();
    let basic = [("PATH", path), ("HOME", home), ("LANG", "C.UTF-8".into()), ("TMPDIR", temporary)];
    // What Python prints is seen as it is printed.
    let unbuffered = ("PYTHONUNBUFFERED", "1".to_owned());
    let basic = basic.into_iter().chain([unbuffered]).map(|(name, value)| (name.to_owned(), value));
    Program { environment: basic.chain(program.environment.clone()).collect(), ..program.clone() }
}
