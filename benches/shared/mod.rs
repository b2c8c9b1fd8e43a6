//! What the benches have in common: how Cargo calls them, and how they read what a process takes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Between two looks at what a process takes.
const SAMPLE_EVERY: Duration = Duration::from_millis(20);

/// How a bench was called.
#[derive(clap::Args)]
pub struct Called {
    /// Cargo gives this to every bench; without it (`cargo test --all-targets`) only what is named runs
    #[arg(long = "bench", global = true, hide = true)]
    pub by_cargo: bool,
}

/// A process, by its folder in `/proc`.
pub struct Process(PathBuf);

impl Process {
    /// This one.
    pub fn own() -> Self {
        Self("/proc/self".into())
    }

    pub fn of(id: u32) -> Self {
        Self(format!("/proc/{id}").into())
    }

    /// Time it has spent on a core, all threads together, ended ones too. Other programs make it no longer, unlike the time on
    /// the clock.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        let stat = fs::read_to_string(self.0.join("stat"))?;
        // The program's name, the second field, stands in parentheses and may hold spaces. Fields 14 and 15 of
        // proc_pid_stat(5) are utime and stime.
        let ticks = stat.rsplit_once(')').and_then(|(_, fields)| {
            let mut fields = fields.split_whitespace().skip(11).map(str::parse::<u64>);
            Some(fields.next()?.ok()? + fields.next()?.ok()?)
        });
        let ticks = ticks.ok_or_else(|| io::Error::other("no times in /proc/PID/stat"))?;
        Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
    }

    /// Bytes of its memory by a line of proc_pid_status(5): `VmRSS` is all that is resident, of which `RssAnon` is its own and
    /// `RssFile` pages of files, which the system may forget and read again; `VmHWM` is the most that was resident. The
    /// kernel's socket buffers are not among them.
    pub fn memory(&self, line: &str) -> io::Result<u64> {
        let status = fs::read_to_string(self.0.join("status"))?;
        let kibibytes = status.lines().find_map(|found| {
            let value = found.strip_prefix(line)?.strip_prefix(':')?;
            value.trim().strip_suffix(" kB")?.parse::<u64>().ok()
        });
        Ok(kibibytes.ok_or_else(|| io::Error::other(format!("no {line} in /proc/PID/status")))? * 1024)
    }

    /// The most that is resident until `is_over`, in bytes.
    pub fn most_memory(&self, is_over: &AtomicBool) -> io::Result<u64> {
        let mut most = 0;
        while !is_over.load(Ordering::Relaxed) {
            most = most.max(self.memory("VmRSS")?);
            thread::sleep(SAMPLE_EVERY);
        }
        Ok(most)
    }

    /// How often its threads, as there are now, have waited and gone on.
    pub fn wake_ups(&self) -> io::Result<u64> {
        let mut sum = 0;
        for task in fs::read_dir(self.0.join("task"))? {
            let status = fs::read_to_string(task?.path().join("status"))?;
            let count = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")?.trim().parse::<u64>().ok());
            sum += count.ok_or_else(|| io::Error::other("no voluntary_ctxt_switches in /proc/PID/task/TID/status"))?;
        }
        Ok(sum)
    }

    /// Bytes that it has caused to be written to a disk.
    pub fn written(&self) -> io::Result<u64> {
        let io = fs::read_to_string(self.0.join("io"))?;
        let bytes = io.lines().find_map(|line| line.strip_prefix("write_bytes:")?.trim().parse().ok());
        bytes.ok_or_else(|| io::Error::other("no write_bytes in /proc/PID/io"))
    }

    /// Where it lists the files that it has open.
    pub fn descriptors(&self) -> PathBuf {
        self.0.join("fd")
    }
}

/// Bytes of those files below a folder that `counts` wants.
pub fn size_of(dir: &Path, counts: &dyn Fn(&Path) -> bool) -> io::Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(dir)? {
        let (path, metadata) = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?)))?;
        size += match metadata.is_dir() {
            true => size_of(&path, counts)?,
            false if counts(&path) => metadata.len(),
            false => 0,
        };
    }
    Ok(size)
}

/// Bytes of all files below a folder.
pub fn size(dir: &Path) -> io::Result<u64> {
    size_of(dir, &|_| true)
}
