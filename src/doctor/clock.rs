//! The clock: whether it can be right, and whether something keeps it right.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::model::{Diagnosis, Timestamp};

/// How far ahead of the clock files may be that were just written elsewhere, or before a correction.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Examines the clock. Blocking.
pub fn look(data_dir: &Path) -> Vec<Diagnosis> {
    let behind = newest(data_dir).and_then(|newest| newest.duration_since(SystemTime::now()).ok());
    if let Some(behind) = behind.filter(|behind| *behind > TOLERANCE) {
        return vec![Diagnosis::fault("clock-behind").with("minutes", behind.as_secs() / 60)];
    }
    vec![if is_kept() { Diagnosis::fine("clock-fine") } else { Diagnosis::warning("clock-unkept") }]
}

/// What the time of another machine says of this one's. `theirs` was just received.
pub fn compare(theirs: Timestamp, host: &str) -> Option<Diagnosis> {
    let seconds = (Timestamp::now().seconds() - theirs.seconds()).unsigned_abs();
    (seconds > 2 * 60).then(|| differs(seconds, host))
}

/// Of a clock that differs from another machine's by so much.
pub fn differs(seconds: u64, host: &str) -> Diagnosis {
    Diagnosis::warning("clock-off").with("seconds", seconds).with("host", host)
}

/// When something in the folder was changed last.
fn newest(data_dir: &Path) -> Option<SystemTime> {
    let changed = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.metadata().ok()?.modified().ok()).max()
    };
    changed(data_dir).max(changed(&data_dir.join("store")))
}

/// Whether something synchronizes the clock with the world's, as the kernel knows.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "rustix has no adjtimex")]
fn is_kept() -> bool {
    // SAFETY: a plain structure of numbers, for which zeros are values; with no modes set, the call only reads.
    let state = unsafe {
        let mut time: libc::timex = std::mem::zeroed();
        libc::adjtimex(&raw mut time)
    };
    // Where it cannot be asked, as in some containers, the host sees to the clock.
    state != libc::TIME_ERROR
}

#[cfg(not(target_os = "linux"))]
fn is_kept() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_behind_its_own_files_or_far_from_others_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = fs::File::create(dir.path().join("a")).expect("a file");
        let names = |dir: &Path| look(dir).into_iter().map(|finding| finding.name).collect::<Vec<_>>();
        assert_ne!(names(dir.path()), ["clock-behind"]);
        file.set_modified(SystemTime::now() + 3 * TOLERANCE).expect("set");
        assert_eq!(names(dir.path()), ["clock-behind"]);

        let now = Timestamp::now();
        assert_eq!(compare(now, "a"), None);
        for theirs in [Timestamp(now.0 + 200_000), Timestamp(now.0 - 200_000)] {
            assert_eq!(compare(theirs, "a").map(|finding| finding.name), Some("clock-off"));
        }
    }
}
