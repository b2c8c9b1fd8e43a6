//! Other programs, run under limits and ended together with all that they started.
//!
//! Between this server and each program stands a [`keeper`]: this program again, as a small process that adopts whatever the
//! other one starts. However a run ends, also when nobody watches it any more or the server is killed, a second later
//! nothing is left of it, neither a process nor a zombie. Knows nothing of jobs or bots: text goes in, lines come out.

#[cfg(target_os = "linux")]
pub mod keeper;
mod lines;

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

/// Bytes on standard error that are told; the rest is read and dropped.
const MOST_LOG: usize = 64 * 1024;

/// Where programs are looked for if this server was not told.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Program {
    /// A name to look for in `PATH`, or a path.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// The working directory, and the program's `HOME`.
    pub dir: PathBuf,
    /// On top of `PATH`, `HOME`, `LANG` and `TMPDIR`: there is nothing else.
    pub environment: Vec<(String, String)>,
    pub limits: Limits,
}

/// What a program may cost.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes on standard output.
    pub output: usize,
    /// Bytes that each process may have to write in; `None` for no limit. What is only reserved, as many language runtimes
    /// do by the gigabyte, does not count.
    pub memory: Option<u64>,
}

/// What a running program does.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Lines on standard output, as many as came at a time. Very long ones are cut.
    Output(Vec<String>),
    /// The same on standard error.
    Log(Vec<String>),
    /// It is over; nothing follows.
    Ended(End),
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    Exit(i32),
    Signal(i32),
    /// It wrote more than it may and is stopped.
    TooMuchOutput,
    /// There is no such program.
    NoProgram,
    /// The working directory is not there.
    NoFolder,
    /// The file is no program, or may not be executed.
    NotExecutable,
    /// The system did not start it, by this error number.
    NotStarted(i32),
}

/// What a keeper is told to do.
#[derive(Serialize, Deserialize)]
struct Order {
    program: Program,
    input: String,
}

/// Starts programs, and sees to it that they end.
#[derive(Clone)]
pub struct Programs {
    keeper: PathBuf,
    endings: TaskTracker,
}

impl Programs {
    /// `keeper` is the file of this program, which is started as the keeper of others.
    pub fn new(keeper: PathBuf) -> Self {
        Self { keeper, endings: TaskTracker::new() }
    }

    /// Starts a program with `input` on its standard input. That it cannot be started is told as its end.
    ///
    /// # Errors
    /// When the system has no resources left for a process.
    pub async fn start(&self, program: &Program, input: String) -> io::Result<Running> {
        let (mut control, keepers_end) = UnixStream::pair()?;
        let keepers_end = keepers_end.into_std()?;
        keepers_end.set_nonblocking(false)?;
        let mut command = Command::new(&self.keeper);
        // In a group of its own, what is typed into the server's terminal does not reach it.
        command.arg0("keeper").arg("keep-program").env_clear().process_group(0);
        command.stdin(OwnedFd::from(keepers_end)).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut keeper = command.spawn()?;
        // Its copy of the keeper's end must not outlive the start.
        drop(command);
        let (Some(output), Some(log)) = (keeper.stdout.take(), keeper.stderr.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let mut order = serde_json::to_vec(&Order { program: with_environment(program), input })?;
        order.push(b'\n');
        // A keeper that has gone already is found with its report.
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

    /// Returns once everything is gone whose [`Running`] was dropped.
    pub async fn all_ended(&self) {
        self.endings.close();
        self.endings.wait().await;
    }
}

/// A program that runs. Dropped, it is asked to end, and soon made to.
pub struct Running {
    output: Lines<ChildStdout>,
    log: Lines<ChildStderr>,
    /// Closed on this side, it tells the keeper to make an end.
    report: Lines<UnixStream>,
    output_limit: usize,
    end: Option<End>,
    keeper: Option<Child>,
    endings: TaskTracker,
}

impl Running {
    /// What it does next. A program whose output is not taken has to wait.
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
        // A keeper without a last word was killed, and its program with it.
        Event::Ended(self.end.unwrap_or(End::Signal(rustix::process::Signal::KILL.as_raw())))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // While it cleans up, a pipe that nobody reads would end it at its next word.
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
        // What ends the reading ends the pipe, too.
        let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    }
}

fn with_environment(program: &Program) -> Program {
    let path = std::env::var("PATH").unwrap_or_else(|_| USUAL_PATH.to_owned());
    let temporary = std::env::temp_dir().to_string_lossy().into_owned();
    let home = program.dir.to_string_lossy().into_owned();
    let basic = [("PATH", path), ("HOME", home), ("LANG", "C.UTF-8".into()), ("TMPDIR", temporary)];
    let basic = basic.map(|(name, value)| (name.to_owned(), value));
    Program { environment: basic.into_iter().chain(program.environment.clone()).collect(), ..program.clone() }
}
