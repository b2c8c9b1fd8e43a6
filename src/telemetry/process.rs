//! What the kernel counts of this process.

use std::fs;

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Numbers of this process; `None` where this system does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessNumbers {
    /// Time that its threads had on processors.
    pub cpu_seconds: f64,
    /// Bytes of memory that are resident.
    pub resident: Option<u64>,
    /// Bytes of its address space.
    pub virtual_memory: Option<u64>,
    /// Files, sockets included. Only root may count those of a process that hides its memory.
    pub open_files: Option<usize>,
    /// How many it may have.
    pub most_files: Option<u64>,
    pub threads: Option<usize>,
}

/// How much of the machine this process uses now. Blocks, for microseconds and about one per open file.
pub fn process_numbers() -> ProcessNumbers {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let page = rustix::param::page_size() as u64;
    let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let mut pages = pages.split_whitespace().map(|pages| pages.parse::<u64>().ok().map(|pages| pages * page));
    let entries = |dir: &str| fs::read_dir(dir).ok().map(Iterator::count);
    ProcessNumbers {
        cpu_seconds: cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9,
        virtual_memory: pages.next().flatten(),
        resident: pages.next().flatten(),
        open_files: entries("/proc/self/fd"),
        most_files: getrlimit(Resource::Nofile).current,
        threads: entries("/proc/self/task"),
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_what_the_process_does() {
        let before = process_numbers();
        let files: Vec<_> = (0..10).map(|_| fs::File::open("/dev/null").expect("opened")).collect();
        let mut sum = 0_u64;
        while process_numbers().cpu_seconds < before.cpu_seconds + 0.01 {
            sum = sum.wrapping_add(1);
        }
        let now = process_numbers();
        assert!(now.resident > Some(0) && now.virtual_memory >= now.resident && now.threads >= Some(1), "{now:?}");
        // Other tests open and close files at the same time.
        assert!(now.open_files >= Some(files.len()) && now.most_files.is_none_or(|most| most > 10), "{now:?} {sum}");
    }
}
