//! Gives memory back to the system after a crowd has left: the C library keeps it otherwise, and a small machine needs it.

use std::time::Duration;

/// How often the crowd is counted.
const EVERY: Duration = Duration::from_secs(10);

/// Fewer than this are no crowd: what they leave behind is small and soon used again.
const CROWD: usize = 500;

/// Watches the number that `count` gives, and gives memory back whenever it has fallen to half of its highest.
pub async fn give_back_after_crowds(count: impl Fn() -> usize) {
    let mut highest = 0;
    loop {
        tokio::time::sleep(EVERY).await;
        let now = count();
        highest = highest.max(now);
        if highest >= CROWD && now <= highest / 2 {
            highest = now;
            // Walks over the whole heap: a few milliseconds that no worker has to spare.
            if tokio::task::spawn_blocking(give_back).await.is_err() {
                return;
            }
        }
    }
}

/// Gives back what is free. Walks over the whole heap: a few milliseconds.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn give_back() {
    // SAFETY: malloc_trim may be called at any time from any thread (malloc_trim(3)); it frees only what nobody uses.
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries do so by themselves, or not at all.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}
