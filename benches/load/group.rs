//! A control group: memory and processor time that a server may take, as if it ran on a small machine. Needs root.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

const ROOT: &str = "/sys/fs/cgroup";
/// Microseconds for which a share of a processor is given at a time.
const PERIOD: u64 = 100_000;

/// Removed when it is dropped, by when no process may be in it.
pub struct Group {
    /// One folder for all limits (version 2), or one for each (version 1).
    folders: Vec<PathBuf>,
    is_one: bool,
}

impl Group {
    /// At most so many bytes of memory, what the system keeps of files for it included, and so much of a processor.
    pub fn new(memory: u64, processors: f64) -> io::Result<Self> {
        let root = Path::new(ROOT);
        let is_one = root.join("cgroup.controllers").exists();
        let name = format!("chatbot-bench-{}", process::id());
        let parents = if is_one { vec![root.to_owned()] } else { vec![root.join("memory"), root.join("cpu")] };
        let group = Self { folders: parents.iter().map(|parent| parent.join(&name)).collect(), is_one };
        for folder in &group.folders {
            fs::create_dir(folder).map_err(|error| explained(folder, &error))?;
        }
        let quota = (processors * PERIOD as f64) as u64;
        if is_one {
            group.set(0, "memory.max", &memory.to_string())?;
            group.set(0, "cpu.max", &format!("{quota} {PERIOD}"))?;
        } else {
            group.set(0, "memory.limit_in_bytes", &memory.to_string())?;
            group.set(1, "cpu.cfs_period_us", &PERIOD.to_string())?;
            group.set(1, "cpu.cfs_quota_us", &quota.to_string())?;
        }
        Ok(group)
    }

    /// Folders that a process joins by [`join`].
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// How often a process in it was killed because it needed more memory.
    pub fn killed(&self) -> io::Result<u64> {
        let file = if self.is_one { "memory.events" } else { "memory.oom_control" };
        let events = fs::read_to_string(self.folders[0].join(file))?;
        let count = events.lines().find_map(|line| line.strip_prefix("oom_kill ")?.parse().ok());
        count.ok_or_else(|| io::Error::other(format!("no oom_kill in {file}")))
    }

    fn set(&self, folder: usize, file: &str, value: &str) -> io::Result<()> {
        let path = self.folders[folder].join(file);
        fs::write(&path, value).map_err(|error| explained(&path, &error))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for folder in &self.folders {
            if let Err(error) = fs::remove_dir(folder) {
                eprintln!("could not remove {}: {error}", folder.display());
            }
        }
    }
}

/// Makes this process one of the group, before it becomes another program.
pub fn join(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("cgroup.procs"), process::id().to_string())
}

fn explained(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("no control group of its own ({}: {error}); it takes root", path.display()))
}
