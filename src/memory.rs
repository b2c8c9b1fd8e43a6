//! Keeps the process small: limits what the C library's allocator holds, and releases to the OS what is free.

use std::time::Duration;

use crate::threads::blocking;

/// Delay after startup, when memory that only startup needed can be released.
const STARTED: Duration = Duration::from_secs(2);

/// How often memory is looked at.
const EVERY: Duration = Duration::from_secs(10);

/// With less resident memory than this, in bytes, there is little to release.
const SMALL: u64 = 16 * 1024 * 1024;

/// Heaps of the allocator. By default it takes eight for each core, and threads that come and go leave pieces in all of them.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HEAPS: libc::c_int = 2;

/// From so many bytes on, memory comes from the OS and goes back to it when it is freed. By default this limit grows with what
/// is freed, and long buffers stay.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 128 * 1024;

/// Limits the C library's allocator. To be called before there are other threads.
pub fn limit_heaps() {
    // SAFETY: mallopt only sets parameters of the allocator (mallopt(3)).
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, HEAPS);
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}

/// Releases what the start took; then, again and again while the process is large, what is not in use.
pub async fn release_from_time_to_time() {
    tokio::time::sleep(STARTED).await;
    // Blocks for a few milliseconds.
    while blocking(give_back).await.is_ok() {
        tokio::time::sleep(EVERY).await;
        while resident().is_some_and(|bytes| bytes <= SMALL) {
            tokio::time::sleep(EVERY).await;
        }
    }
}

/// Bytes of this process in memory, where that is known.
fn resident() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// Releases what is free on the heap, and unmaps the program's code. Takes a few milliseconds.
pub fn give_back() {
    free_heap();
    unmap_code();
}

/// Releases what is free on the heap. The C library keeps it otherwise; others than this one release it by themselves, or not
/// at all. Takes a few milliseconds.
pub fn free_heap() {
    // SAFETY: malloc_trim may be called at any time from any thread (malloc_trim(3)); it frees only what nobody uses.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0)
    };
}

/// Unmaps the pages of this program's file that are only read; each is mapped again, from the page cache, when it is used, which
/// takes some hundred page faults of a microsecond.
///
/// Linux maps sixteen pages around each page fault ("fault around"), and startup touches pages all over the file: it executes
/// 3.6 MB of code and leaves 9.5 MB mapped (by callgrind).
#[cfg(all(target_os = "linux", any(target_env = "gnu", target_env = "musl")))]
fn unmap_code() {
    // SAFETY: the callback has the type that dl_iterate_phdr(3) asks for and ignores its last argument.
    unsafe { libc::dl_iterate_phdr(Some(unmap_object), std::ptr::null_mut()) };
}

#[cfg(not(all(target_os = "linux", any(target_env = "gnu", target_env = "musl"))))]
fn unmap_code() {}

/// Takes an object's segments (the first object is the program) and ends the iteration.
#[cfg(all(target_os = "linux", any(target_env = "gnu", target_env = "musl")))]
unsafe extern "C" fn unmap_object(info: *mut libc::dl_phdr_info, _: usize, _: *mut libc::c_void) -> libc::c_int {
    use rustix::mm::{Advice, madvise};

    // SAFETY: the C library passes a valid object with as many program headers as it says, for as long as this call takes.
    let (base, headers) = unsafe {
        let info = &*info;
        (info.dlpi_addr as usize, std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)))
    };
    let page = rustix::param::page_size();
    for segment in headers.iter().filter(|it| it.p_type == libc::PT_LOAD && it.p_flags & libc::PF_W == 0) {
        // A page at an edge may be shared with what is written.
        let start = (base + segment.p_vaddr as usize).next_multiple_of(page);
        let end = (base + segment.p_vaddr as usize + segment.p_memsz as usize) / page * page;
        let length = end.saturating_sub(start);
        // SAFETY: a private mapping of a file that was never written to: its pages come back from the file as they were.
        if let Err(error) = unsafe { madvise(start as *mut _, length, Advice::LinuxDontNeed) } {
            tracing::debug!(%error, "the program's code stays mapped");
        }
    }
    // Not the libraries: other programs have them mapped too.
    1
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::ops::Range;

    use super::*;

    /// Where this program's file is mapped that is not written to, and how many kilobytes of it are there now.
    fn code() -> Vec<(Range<usize>, u64)> {
        let program = std::env::current_exe().expect("this program's path");
        let program = program.to_str().expect("a path in UTF-8");
        let maps = std::fs::read_to_string("/proc/self/smaps").expect("this process's mappings");
        let mut found = Vec::new();
        let mut addresses = None;
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("Rss:"), Some(kilobytes)) => {
                    let kilobytes = kilobytes.parse().expect("a number");
                    found.extend(addresses.take().map(|addresses| (addresses, kilobytes)));
                }
                // A mapping's first line: addresses, permissions, offset, device, inode, path.
                (Some(range), Some(permissions)) if !range.ends_with(':') => {
                    let address = |text| usize::from_str_radix(text, 16).expect("an address");
                    let range = range.split_once('-').map(|(start, end)| address(start)..address(end));
                    let is_code = permissions.starts_with("r-") && line.ends_with(program);
                    addresses = range.filter(|_| is_code);
                }
                _ => {}
            }
        }
        found
    }

    fn mapped() -> u64 {
        code().iter().map(|(_, kilobytes)| kilobytes).sum()
    }

    /// Set in the process that has this test to itself.
    const ALONE: &str = "CHATBOT_TEST_ALONE";

    #[test]
    fn code_is_unmapped_and_comes_back_when_it_is_used() {
        if std::env::var_os(ALONE).is_some() {
            return unmap_and_use();
        }
        // Other tests use code, and map it again, at the same time.
        let name = "memory::tests::code_is_unmapped_and_comes_back_when_it_is_used";
        let program = std::env::current_exe().expect("this program's path");
        let mut alone = std::process::Command::new(program);
        let output = alone.args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().expect("started");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn unmap_and_use() {
        let parse = || serde_json::from_str::<serde_json::Value>("[1, 2]").expect("two numbers").to_string();
        assert_eq!(parse(), "[1,2]");
        for (addresses, _) in code() {
            for page in addresses.step_by(rustix::param::page_size()) {
                // SAFETY: reads a byte of a readable mapping of a file that is there as long as the process.
                unsafe { (page as *const u8).read_volatile() };
            }
        }
        let before = mapped();
        give_back();
        let after = mapped();
        assert!(after < before / 2, "{before} kB were mapped, and {after} still are");
        assert_eq!(parse(), "[1,2]");
    }
}
