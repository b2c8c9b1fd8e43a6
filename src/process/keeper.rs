//! The process between the server and one program. It adopts all orphans among the program's descendants, so none can leave
//! its sight, and knows that nothing is left when it has no child any more.
//!
//! It gets its order on standard input, a socket, and writes the program's end there; when the other side closes the socket,
//! whether on purpose or by dying, it ends everything. A single thread that may block.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::MemfdFlags;
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal, WaitOptions, WaitStatus};

use super::{End, Order, Program};

/// Between the request to end and the end by force.
const GRACE: Timespec = Timespec { tv_sec: 0, tv_nsec: 400_000_000 };

/// How often orphans are looked after that have died.
const ORPHANS_EVERY: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Between two looks at the process table while everything is being ended.
const PAUSE: Duration = Duration::from_millis(5);

/// Open files of each process; more is not even safe for programs that use `select`.
const MOST_FILES: u64 = 1024;

/// Runs one program as ordered on standard input, and returns when it is gone with all its descendants.
pub fn keep() -> io::Result<()> {
    let mut control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut order = String::new();
    BufReader::new(&control).read_line(&mut order)?;
    let Order { program, input } = serde_json::from_str(&order)?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let end = match start(&program, &input) {
        Ok(id) => run(id, &control)?,
        Err(error) => not_started(&error, &program),
    };
    serde_json::to_writer(&control, &end)?;
    // Nobody may be there to read it.
    let _ = control.write_all(b"\n");
    Ok(())
}

#[expect(unsafe_code, reason = "what runs between fork and exec")]
fn start(program: &Program, input: &str) -> io::Result<Pid> {
    let mut command = Command::new(&program.program);
    command.args(&program.arguments).current_dir(&program.dir).stdin(Stdio::from(readable(input)?));
    command.env_clear().envs(program.environment.iter().map(|(name, value)| (name, value)));
    let (keeper, memory) = (rustix::process::getpid(), program.limits.memory);
    // SAFETY: between fork and exec only what is async-signal-safe is allowed; `confine` makes system calls and nothing else.
    unsafe { command.pre_exec(move || confine(keeper, memory)) };
    // It is waited for together with all the others.
    Ok(Pid::from_child(&command.spawn()?))
}

/// A file in memory: a program that does not read it holds up nobody.
fn readable(input: &str) -> io::Result<OwnedFd> {
    let mut file = File::from(rustix::fs::memfd_create("input", MemfdFlags::CLOEXEC)?);
    file.write_all(input.as_bytes())?;
    file.rewind()?;
    Ok(file.into())
}

/// In the new process, before it becomes the program.
fn confine(keeper: Pid, memory: Option<u64>) -> io::Result<()> {
    // In a session of its own, neither it nor a descendant can join the keeper's group and be spared with it.
    rustix::process::setsid()?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    if rustix::process::getppid() != Some(keeper) {
        return Err(rustix::io::Errno::SRCH.into());
    }
    limit(Resource::Core, 0)?;
    limit(Resource::Nofile, MOST_FILES)?;
    memory.map_or(Ok(()), |memory| limit(Resource::Data, memory))
}

/// Lowers a limit, so that it cannot be raised again.
fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let most = rustix::process::getrlimit(resource).maximum.map_or(most, |maximum| maximum.min(most));
    Ok(rustix::process::setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

fn not_started(error: &io::Error, program: &Program) -> End {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory if !program.dir.is_dir() => End::NoFolder,
        ErrorKind::NotFound | ErrorKind::NotADirectory => End::NoProgram,
        ErrorKind::PermissionDenied | ErrorKind::IsADirectory => End::NotExecutable,
        _ if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => End::NotExecutable,
        _ => End::NotStarted(error.raw_os_error().unwrap_or_default()),
    }
}

/// Waits until the program ends or is to end, then ends whatever is left.
fn run(id: Pid, control: &UnixStream) -> io::Result<End> {
    let exit = rustix::process::pidfd_open(id, PidfdFlags::empty())?;
    let mut children = Children { program: id, end: None };
    while children.reap() && children.end.is_none() {
        let mut awaited = [PollFd::new(control, PollFlags::IN), PollFd::new(&exit, PollFlags::IN)];
        rustix::event::poll(&mut awaited, Some(&ORPHANS_EVERY))?;
        // Nothing more is ever said: it was closed.
        if !awaited[0].revents().is_empty() {
            signal_group(id, Signal::TERM);
            rustix::event::poll(&mut [PollFd::new(&exit, PollFlags::IN)], Some(&GRACE))?;
            break;
        }
    }
    while children.reap() {
        descendants_groups().into_iter().for_each(|group| signal_group(group, Signal::KILL));
        std::thread::sleep(PAUSE);
    }
    Ok(children.end.unwrap_or(End::Signal(Signal::KILL.as_raw())))
}

/// The program, and the orphans among its descendants.
struct Children {
    program: Pid,
    end: Option<End>,
}

impl Children {
    /// Takes the dead out of the process table; whether any live.
    fn reap(&mut self) -> bool {
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((id, status))) if id == self.program => self.end = end_of(status),
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }
}

fn end_of(status: WaitStatus) -> Option<End> {
    status.exit_status().map(End::Exit).or(status.terminating_signal().map(End::Signal))
}

/// A whole group, which the kernel does in one step: single processes could evade it by starting others.
fn signal_group(id: Pid, signal: Signal) {
    // Fails where the group is empty by now.
    let _ = rustix::process::kill_process_group(id, signal);
}

/// The groups in which descendants of this process live.
fn descendants_groups() -> HashSet<Pid> {
    let mut children: HashMap<i32, Vec<(i32, i32)>> = HashMap::new();
    for (id, parent, group) in processes() {
        children.entry(parent).or_default().push((id, group));
    }
    let (mut groups, mut to_visit) = (HashSet::new(), vec![rustix::process::getpid().as_raw_pid()]);
    while let Some(parent) = to_visit.pop() {
        for (id, group) in children.remove(&parent).unwrap_or_default() {
            groups.extend(Pid::from_raw(group));
            to_visit.push(id);
        }
    }
    groups
}

/// `(number, parent, group)` of every process.
fn processes() -> impl Iterator<Item = (i32, i32, i32)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| {
        let id = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name may hold anything, brackets too; what follows are state, parent, group (proc_pid_stat(5)).
        let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(1).map_while(|field| field.parse().ok());
        Some((id, fields.next()?, fields.next()?))
    })
}
