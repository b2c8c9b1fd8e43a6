//! Gives memory back to the system after the start and after a crowd has left: a small machine needs it.

use std::time::Duration;

/// From this long after the start on, what only the start needed is of no use.
const STARTED: Duration = Duration::from_secs(2);

/// How often the crowd is counted.
const EVERY: Duration = Duration::from_secs(10);

/// Fewer than this are no crowd: what they leave behind is small and soon used again.
const CROWD: usize = 500;

/// Gives back what the start took; then watches the number that `count` gives, and gives memory back whenever it has fallen to
/// half of its highest.
pub async fn give_back_after_crowds(count: impl Fn() -> usize) {
    tokio::time::sleep(STARTED).await;
    // Walks over the whole heap: a few milliseconds that no worker has to spare.
    if tokio::task::spawn_blocking(give_back).await.is_err() {
        return;
    }
    let mut highest = 0;
    loop {
        tokio::time::sleep(EVERY).await;
        let now = count();
        highest = highest.max(now);
        if highest >= CROWD && now <= highest / 2 {
            highest = now;
            if tokio::task::spawn_blocking(give_back).await.is_err() {
                return;
            }
        }
    }
}

/// Gives back what is free, and unmaps the program's code. Takes a few milliseconds.
pub fn give_back() {
    free_heap();
    unmap_code();
}

/// The C library keeps what was freed otherwise. Others than this one give it back by themselves, or not at all.
fn free_heap() {
    // SAFETY: malloc_trim may be called at any time from any thread (malloc_trim(3)); it frees only what nobody uses.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0)
    };
}

/// Unmaps the pages of this program's file that are only read; each is mapped again, from the page cache, when it is used.
///
/// Linux maps sixteen pages for each that is touched ("fault around"), and a start touches a few of every corner: it executes
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
    use super::*;

    /// Kilobytes of this program's file that are mapped here and now, without those that were written to.
    fn mapped() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("what the system says");
        let line = status.lines().find_map(|line| line.strip_prefix("RssFile:")).expect("pages of files");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    #[test]
    fn code_is_unmapped_and_comes_back_when_it_is_used() {
        let parse = || serde_json::from_str::<serde_json::Value>("[1, 2]").expect("two numbers").to_string();
        assert_eq!(parse(), "[1,2]");
        let before = mapped();
        // Other tests map what they use at the same time.
        let is_unmapped = |_| {
            give_back();
            mapped() < before / 2
        };
        assert!((0..10).any(is_unmapped), "{before} kB were mapped, and {} kB still are", mapped());
        assert_eq!(parse(), "[1,2]");
    }
}
