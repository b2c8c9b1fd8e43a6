//! The server under test as a child process: started, measured from outside through `/proc`, stopped.
//!
//! The product and the plain loop are started alike, so that their figures compare.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};

use crate::group;
use crate::machine::Pinned;
use crate::shared::Process;

/// Enough for an upgrade of a full store, too.
const START_LIMIT: Duration = Duration::from_secs(180);
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// What is measured, or what it is measured against.
pub enum Program {
    Chatbot {
        binary: PathBuf,
        data_dir: PathBuf,
        limits: Limits,
        /// Folders of control groups that it is in.
        groups: Vec<PathBuf>,
    },
    /// This very program, as the plain epoll loop.
    PlainLoop,
}

/// What the server allows each client.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Limits {
    /// Whatever the load needs.
    Off,
    /// What a guest may do; the load says as a proxy which address each client has.
    Default,
}

/// Opens the server to whoever administers it.
pub const OWNER_KEY: &str = "the owner's key of the benches";

pub struct Server {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
    pub started_in: Duration,
}

impl Server {
    /// Starts the program and waits until it answers. `scratch` takes its log.
    pub fn start(program: &Program, scratch: &Path) -> Result<Self, Box<dyn Error>> {
        let address = free_address()?;
        let log = scratch.join("server.log");
        let output = File::create(&log)?;
        let mut command = program.command(address)?;
        command.current_dir(scratch).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let start = Instant::now();
        let child =
            command.spawn().map_err(|error| format!("could not start {}: {error}", command.get_program().display()))?;
        let mut server = Self { child, address, log, started_in: Duration::ZERO };
        server.wait_until_healthy(start)?;
        server.started_in = start.elapsed();
        Ok(server)
    }

    /// The same, on one core.
    pub fn start_on(core: usize, program: &Program, scratch: &Path) -> Result<Self, Box<dyn Error>> {
        // A child inherits the affinity, so that no thread of it ever runs elsewhere.
        let _pinned = Pinned::to(core)?;
        Self::start(program, scratch)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn process(&self) -> Process {
        Process::of(self.child.id())
    }

    /// How many sockets the process has open, the listening one included.
    pub fn open_sockets(&self) -> Result<usize, Box<dyn Error>> {
        let descriptors = fs::read_dir(self.process().descriptors())?;
        Ok(descriptors
            .flatten()
            .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
            .filter(|target| target.as_os_str().as_encoded_bytes().starts_with(b"socket:"))
            .count())
    }

    /// Asks the server to end as an init system does, and waits. Returns how long that took.
    pub fn stop(mut self) -> Result<Duration, Box<dyn Error>> {
        let start = Instant::now();
        let pid = Pid::from_raw(self.child.id().try_into()?).ok_or("a process has no number")?;
        kill_process(pid, Signal::TERM)?;
        while start.elapsed() < STOP_LIMIT {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(start.elapsed()),
                Some(status) => {
                    return Err(self.failure(&format!("ended on SIGTERM with {status}")));
                }
                None => thread::sleep(Duration::from_millis(1)),
            }
        }
        Err(self.failure(&format!("still runs {} s after SIGTERM", STOP_LIMIT.as_secs())))
    }

    fn wait_until_healthy(&mut self, start: Instant) -> Result<(), Box<dyn Error>> {
        while start.elapsed() < START_LIMIT {
            if let Some(status) = self.child.try_wait()? {
                return Err(self.failure(&format!("ended at once with {status}")));
            }
            if is_healthy(self.address) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(self.failure(&format!("not healthy after {} s", START_LIMIT.as_secs())))
    }

    fn failure(&self, what: &str) -> Box<dyn Error> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let mut last_lines: Vec<_> = log.lines().rev().take(20).collect();
        last_lines.reverse();
        format!("the server {what}\n{}", last_lines.join("\n")).into()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when the process has already been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program to become, with its arguments.
#[derive(clap::Args)]
pub struct ChildOptions {
    /// Folder of a control group to join first
    #[arg(long)]
    group: Vec<PathBuf>,
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// Replaces this process by another program, which the kernel kills when the bench ends in whatever way. Returns only if
/// that fails.
pub fn become_child(options: &ChildOptions) -> Box<dyn Error> {
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    if let Err(error) = options.group.iter().try_for_each(|folder| group::join(folder)) {
        return error.into();
    }
    let (program, arguments) = options.command.split_at(1);
    Command::new(&program[0]).args(arguments).exec().into()
}

impl Program {
    /// By way of [`become_child`], which takes about a millisecond of the start.
    fn command(&self, address: SocketAddr) -> Result<Command, Box<dyn Error>> {
        let this = env::current_exe()?;
        let mut command = Command::new(&this);
        let port = address.port().to_string();
        match self {
            Self::PlainLoop => {
                command.arg("child").arg(this).args(["plain-loop", "--port", &port]);
            }
            Self::Chatbot { binary, data_dir, limits, groups } => {
                command.arg("child");
                command.args(groups.iter().flat_map(|group| [OsStr::new("--group"), group.as_os_str()]));
                command.arg(binary).args(["serve", "--host", "127.0.0.1", "--port", &port, "--data-dir"]);
                command.arg(data_dir);
                set_environment(&mut command, *limits);
            }
        }
        Ok(command)
    }
}

/// Defaults, but for the limits if they would refuse the load, whatever the shell has set for the server.
fn set_environment(command: &mut Command, limits: Limits) {
    let inherited = env::vars_os().map(|(name, _)| name);
    for name in inherited.filter(|name| name == "PORT" || name.as_encoded_bytes().starts_with(b"CHATBOT_")) {
        command.env_remove(name);
    }
    command.env("CHATBOT_ROOMS__BOT", "never").env("CHATBOT_ACCOUNTS__OWNER_KEY", OWNER_KEY);
    match limits {
        Limits::Off => command
            .env("CHATBOT_LIMITS__MESSAGES_PER_SECOND", "0")
            .env("CHATBOT_LIMITS__CONNECTIONS_PER_ADDRESS", "0")
            .env("CHATBOT_BUDGETS__FACTOR", "0")
            .env("CHATBOT_LIMITS__CONNECTIONS", "0"),
        Limits::Default => command.env("CHATBOT_HTTP__TRUSTED_PROXIES", "127.0.0.1"),
    };
}

/// A port nobody listens on. Another program could take it before the server does; then the server says so.
fn free_address() -> Result<SocketAddr, Box<dyn Error>> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn is_healthy(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 13];
        stream.read_exact(&mut status)?;
        Ok(status == *b"HTTP/1.1 200 ")
    };
    ask().unwrap_or(false)
}
