//! The machine: its limits for this user, its memory, and what its kernel enforces.

use std::fs;

use super::MIB;
use crate::config::Config;
use crate::model::Diagnosis;
#[cfg(target_os = "linux")]
use crate::process::sandbox;

/// Open files beside connections: the store, the index, programs of commands.
const OTHER_FILES: u64 = 256;

/// With less memory than this, in MiB, a peak ends the process unless there is swap.
const SMALL: u64 = 1024;

/// What the server needs to start and to answer, in MiB.
const NEEDED: u64 = 64;

/// What the machine is like.
struct System {
    is_root: bool,
    /// Maximum number of open files; `None` for no limit.
    open_files: Option<u64>,
    /// Memory that this process may have, in MiB, and what of it is free.
    memory: u64,
    available: u64,
    swap: u64,
    /// Whether the kernel can deny files to programs of commands.
    denies_files: bool,
    /// Whether it can deny system calls to what reads documents.
    denies_calls: bool,
}

/// Examines this machine. Blocking.
pub fn look(config: &Config) -> Vec<Diagnosis> {
    System::now().findings(config)
}

impl System {
    fn now() -> Self {
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let (memory, available) = (of_meminfo(&meminfo, "MemTotal"), of_meminfo(&meminfo, "MemAvailable"));
        let limit = memory_limit().unwrap_or(u64::MAX);
        Self {
            is_root: rustix::process::geteuid().is_root(),
            open_files: rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum,
            memory: memory.min(limit),
            available: available.min(limit),
            swap: of_meminfo(&meminfo, "SwapTotal"),
            #[cfg(target_os = "linux")]
            denies_files: sandbox::hides_files(),
            #[cfg(not(target_os = "linux"))]
            denies_files: false,
            denies_calls: fs::metadata("/proc/sys/kernel/seccomp/actions_avail").is_ok(),
        }
    }

    fn findings(&self, config: &Config) -> Vec<Diagnosis> {
        let mut findings = Vec::new();
        if self.is_root {
            findings.push(Diagnosis::warning("user-root"));
        }
        let wanted = config.limits.connections as u64 + OTHER_FILES;
        if let Some(files) = self.open_files.filter(|files| *files < wanted) {
            findings.push(Diagnosis::warning("open-files").with("files", files).with("wanted", wanted));
        }
        if self.available < NEEDED {
            findings.push(Diagnosis::fault("memory-none").with("free", self.available).with("needed", NEEDED));
        }
        if self.memory < SMALL && self.swap == 0 {
            findings.push(Diagnosis::warning("memory-small").with("memory", self.memory));
        }
        let runs_programs = config.commands.iter().any(|command| !command.run.is_empty());
        if !self.denies_files && runs_programs {
            findings.push(Diagnosis::warning("kernel-files"));
        }
        if !self.denies_calls {
            findings.push(Diagnosis::warning("kernel-calls"));
        }
        if findings.is_empty() {
            findings.push(Diagnosis::fine("system-fine").with("memory", self.memory));
        }
        findings
    }
}

/// A value of `/proc/meminfo`, in MiB; the most there can be where it says nothing.
fn of_meminfo(meminfo: &str, name: &str) -> u64 {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.map_or(u64::MAX, |kilobytes| kilobytes / 1024)
}

/// The memory that the control group of this process may have, in MiB.
fn memory_limit() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::"))?.trim_start_matches('/');
    let limits = [format!("/sys/fs/cgroup/{group}/memory.max"), "/sys/fs/cgroup/memory.max".to_owned()];
    let bytes = limits.iter().find_map(|path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok());
    bytes.map(|bytes| bytes / MIB)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, load};

    const GOOD: System = System {
        is_root: false,
        open_files: Some(1 << 20),
        memory: 4096,
        available: 2048,
        swap: 0,
        denies_files: true,
        denies_calls: true,
    };

    fn names(system: &System, config: &Config) -> Vec<&'static str> {
        system.findings(config).into_iter().map(|finding| finding.name).collect()
    }

    #[test]
    fn every_limit_of_a_machine_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("c.toml");
        fs::write(&file, "[[commands]]\nname = \"x\"\nhelp = \"x\"\nrun = [\"true\"]").expect("written");
        let config = load(&Sources { file: Some(file), ..Sources::default() }).expect("valid");
        assert_eq!(names(&GOOD, &config), ["system-fine"]);
        assert_eq!(names(&System { is_root: true, ..GOOD }, &config), ["user-root"]);
        assert_eq!(names(&System { open_files: Some(4096), ..GOOD }, &config), ["open-files"]);
        assert_eq!(names(&System { open_files: None, ..GOOD }, &config), ["system-fine"]);
        assert_eq!(names(&System { available: 20, ..GOOD }, &config), ["memory-none"]);
        assert_eq!(names(&System { memory: 512, ..GOOD }, &config), ["memory-small"]);
        assert_eq!(names(&System { memory: 512, swap: 512, ..GOOD }, &config), ["system-fine"]);
        assert_eq!(names(&System { denies_files: false, ..GOOD }, &config), ["kernel-files"]);
        assert_eq!(names(&System { denies_files: false, ..GOOD }, &Config::default()), ["system-fine"]);
        assert_eq!(names(&System { denies_calls: false, ..GOOD }, &config), ["kernel-calls"]);
    }

    #[test]
    fn memory_is_read_as_the_kernel_writes_it() {
        let meminfo = "MemTotal:         512000 kB\nMemFree:  1 kB\nSwapTotal:             0 kB\n";
        assert_eq!((of_meminfo(meminfo, "MemTotal"), of_meminfo(meminfo, "SwapTotal")), (500, 0));
        assert_eq!(of_meminfo(meminfo, "MemAvailable"), u64::MAX);
    }
}
