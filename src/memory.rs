//! Keeps the process small: the allocator and its settings, and the release of what is free to the OS.

use std::time::Duration;

use crate::threads::blocking;

/// Delay after startup, when memory that only startup needed can be released.
const STARTED: Duration = Duration::from_secs(2);

/// How often memory is looked at.
const EVERY: Duration = Duration::from_secs(10);

/// With less resident memory than this, in bytes, there is little to release.
const SMALL: u64 = 16 * 1024 * 1024;

/// The allocator. Beside glibc's, a server that is posted to needs a fifth less CPU time with it (`load post`).
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Settings of the allocator, which reads them before `main`:
///
/// - two arenas rather than four for each core: threads that come and go leave pieces in all of them;
/// - pages that are free go back to the OS within a tenth of a second (rather than ten seconds), and at once rather than when it asks for them;
///   a thread does that, which sleeps while nothing is freed;
/// - threads keep freed blocks of up to 8 KB for themselves (rather than 32 KB).
#[cfg(not(target_env = "msvc"))]
#[unsafe(export_name = "_rjem_malloc_conf")]
static SETTINGS: Option<&'static libc::c_char> = {
    let settings = c"narenas:2,dirty_decay_ms:100,muzzy_decay_ms:0,background_thread:true,max_background_threads:1,lg_tcache_max:13";
    // SAFETY: the pointer is to the first byte of a string that is never freed.
    Some(unsafe { &*settings.as_ptr() })
};

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
pub fn resident() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// Releases what is free on the heap, and unmaps the program's code. Takes a few milliseconds.
pub fn give_back() {
    free_heap();
    unmap_code();
}

/// Releases what is free on the heap. The allocator does so only while it is called. Takes a few milliseconds.
pub fn free_heap() {
    // SAFETY: takes no arguments and may be called from any thread; it frees only pages without any block in use (jemalloc(3);
    // 4096 stands for all arenas).
    #[cfg(not(target_env = "msvc"))]
    unsafe {
        use std::ptr::null_mut;
        tikv_jemalloc_sys::mallctl(c"arena.4096.purge".as_ptr(), null_mut(), null_mut(), null_mut(), 0);
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

    #[cfg(not(target_env = "msvc"))]
    #[test]
    fn the_allocator_has_read_its_settings() {
        let mut arenas = 0u32;
        let mut length = size_of_val(&arenas);
        // SAFETY: this setting is an unsigned number (jemalloc(3)), and the length says how much space there is for it.
        let error = unsafe {
            let value = (&raw mut arenas).cast();
            tikv_jemalloc_sys::mallctl(c"opt.narenas".as_ptr(), value, &raw mut length, std::ptr::null_mut(), 0)
        };
        assert_eq!((error, arenas), (0, 2));
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
