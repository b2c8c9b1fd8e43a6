//! The supervisor process of one program. As child subreaper it adopts all orphaned descendants of the program. None can escape
//! it; when it has no child any more, nothing is left.
//!
//! It receives its order on standard input, a socket, and reports the program's end there. When the server closes the socket,
//! deliberately or by dying, it ends all processes. Single-threaded, with blocking calls.

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
use rustix::thread::{CapabilitySet, CapabilitySets};

use super::sandbox::Sandbox;
use super::{End, Input, Order, Program, syscalls};

/// Time between SIGTERM and SIGKILL.
const GRACE: Timespec = Timespec { tv_sec: 0, tv_nsec: 400_000_000 };

/// Interval of reaping orphans.
const ORPHANS_EVERY: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Polling interval of the process table while all processes are being ended.
const PAUSE: Duration = Duration::from_millis(5);

/// Limit of open files per process; more would be unsafe for programs that use `select`.
const MOST_FILES: u64 = 1024;

/// Runs the program of the order on standard input; returns when it and all its descendants have ended.
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
    // The server may be gone.
    let _ = control.write_all(b"\n");
    Ok(())
}

#[expect(unsafe_code, reason = "what runs between fork and exec")]
fn start(program: &Program, input: &Input) -> io::Result<Pid> {
    let input = match input {
        Input::Text(text) => readable(text)?,
        // That it is not there says nothing of the program.
        Input::File(path) => File::open(path).map_err(io::Error::other)?.into(),
    };
    let mut command = Command::new(&program.program);
    command.args(&program.arguments).current_dir(&program.dir).stdin(Stdio::from(input));
    command.env_clear().envs(program.environment.iter().map(|(name, value)| (name, value)));
    let (keeper, memory) = (rustix::process::getpid(), program.limits.memory);
    let mut sandbox = match (program.only_reads, program.hidden.is_empty()) {
        (true, _) => Some(Sandbox::reading(&program.hidden)?),
        (false, false) => Some(Sandbox::hiding(&program.hidden)?),
        (false, true) => None,
    };
    let without_sockets = program.only_reads.then(syscalls::without_sockets).transpose()?;
    // SAFETY: between fork and exec only what is async-signal-safe is allowed; both make system calls and nothing else.
    unsafe {
        command.pre_exec(move || {
            confine(keeper, memory, sandbox.take())?;
            without_sockets.as_ref().map_or(Ok(()), syscalls::Filter::enter)
        });
    }
    // It is reaped together with all other children.
    Ok(Pid::from_child(&command.spawn()?))
}

/// An in-memory file: a program that does not read it blocks nobody.
fn readable(input: &str) -> io::Result<OwnedFd> {
    let mut file = File::from(rustix::fs::memfd_create("input", MemfdFlags::CLOEXEC)?);
    file.write_all(input.as_bytes())?;
    file.rewind()?;
    Ok(file.into())
}

/// Runs in the child process, between fork and exec.
fn confine(keeper: Pid, memory: Option<u64>, sandbox: Option<Sandbox>) -> io::Result<()> {
    // In a separate session, neither it nor a descendant can join the keeper's process group and escape the kill.
    rustix::process::setsid()?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    if rustix::process::getppid() != Some(keeper) {
        return Err(rustix::io::Errno::SRCH.into());
    }
    limit(Resource::Core, 0)?;
    limit(Resource::Nofile, MOST_FILES)?;
    memory.map_or(Ok(()), |memory| limit(Resource::Data, memory))?;
    // Nothing gains rights that the server does not have, as by sudo: a keeper could not end what has another user.
    rustix::thread::set_no_new_privs(true)?;
    drop_capabilities()?;
    sandbox.map_or(Ok(()), Sandbox::enter).map_err(|_| rustix::io::Errno::PERM.into())
}

/// Takes from root, too, the rights to the memory and environment of other processes.
fn drop_capabilities() -> io::Result<()> {
    let kept = (CapabilitySet::SYS_PTRACE | CapabilitySet::PERFMON | CapabilitySet::SYS_ADMIN).complement();
    let CapabilitySets { effective, permitted, inheritable } = rustix::thread::capabilities(None)?;
    let sets =
        CapabilitySets { effective: effective & kept, permitted: permitted & kept, inheritable: inheritable & kept };
    Ok(rustix::thread::set_capabilities(None, sets)?)
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

/// Waits until the program ends or must end, then ends all remaining processes.
fn run(id: Pid, control: &UnixStream) -> io::Result<End> {
    let exit = rustix::process::pidfd_open(id, PidfdFlags::empty())?;
    let mut children = Children { program: id, end: None };
    while children.reap() && children.end.is_none() {
        let mut awaited = [PollFd::new(control, PollFlags::IN), PollFd::new(&exit, PollFlags::IN)];
        rustix::event::poll(&mut awaited, Some(&ORPHANS_EVERY))?;
        // The server never sends more: the socket was closed.
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
    /// Reaps dead children; returns whether any are alive.
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

/// Signals a whole process group atomically: single processes could escape by forking.
fn signal_group(id: Pid, signal: Signal) {
    // Fails if the group is empty.
    let _ = rustix::process::kill_process_group(id, signal);
}

/// The process groups of this process's descendants.
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
