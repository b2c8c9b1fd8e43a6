//! What the bench asks of the machine it runs on: a core for each side, and enough open files.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores of a run in which server and load must not take time from each other.
#[derive(Clone, Copy)]
pub struct Cores {
    pub server: usize,
    pub load: usize,
}

impl Cores {
    /// The first and the last core this process may use; on a machine with one core both are the same.
    pub fn pick() -> io::Result<Self> {
        let allowed = sched_getaffinity(None)?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core));
        let server = cores.next().ok_or_else(|| io::Error::other("no core to run on"))?;
        let load = cores.next_back().unwrap_or(server);
        Ok(Self { server, load })
    }
}

/// Keeps this thread, and whatever it starts meanwhile, on one core until dropped.
pub struct Pinned {
    before: CpuSet,
}

impl Pinned {
    pub fn to(core: usize) -> io::Result<Self> {
        let before = sched_getaffinity(None)?;
        let mut only = CpuSet::new();
        only.set(core);
        sched_setaffinity(None, &only)?;
        Ok(Self { before })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Err(error) = sched_setaffinity(None, &self.before) {
            eprintln!("could not return to all cores: {error}");
        }
    }
}

/// Raises the soft limit of open files to the hard one, for this process and the servers it starts.
pub fn allow_open_files(needed: usize) -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    match limit.maximum {
        Some(maximum) if maximum < needed as u64 => {
            Err(io::Error::other(format!("{needed} open files are needed and {maximum} allowed (see `ulimit -Hn`)")))
        }
        _ => Ok(()),
    }
}
