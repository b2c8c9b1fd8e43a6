//! Which runs become one: several of about one size, so that there are few of them and no row is written often; and all of them, where
//! much was removed.

/// So many runs of about one size become one.
const TOGETHER: usize = 4;

/// A run is of the next size when it is this many times as large.
const STEP: u64 = 4;

/// A quarter of all rows may say that others were removed; then all runs become one, which has neither.
const REMOVED: u64 = 4;

/// Whether so many of the rows of all runs say that others were removed that merging all of them is worth it.
pub(super) fn are_removed(removed: u64, rows: u64) -> bool {
    removed > 0 && removed * REMOVED >= rows
}

/// How many of the newest runs are to become one, by their sizes in bytes, newest first.
pub(super) fn to_merge(sizes: &[u64], unit: u64) -> usize {
    let step = |bytes: u64| (bytes / unit.max(1)).checked_ilog(STEP).map_or(0, |step| step + 1);
    let mut largest = 0;
    let mut together = 0;
    let mut alike = 0;
    for (number, &bytes) in sizes.iter().enumerate() {
        match step(bytes) {
            step if step > largest => (largest, alike) = (step, 1),
            step if step == largest => alike += 1,
            _ => {}
        }
        if alike >= TOGETHER {
            together = number + 1;
        }
    }
    together
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_runs_of_about_one_size_become_one() {
        assert_eq!(to_merge(&[], 10), 0);
        assert_eq!(to_merge(&[4, 3, 5], 10), 0);
        assert_eq!(to_merge(&[4, 3, 5, 6], 10), 4);
        assert_eq!(to_merge(&[4, 3, 5, 6, 900], 10), 4);
        assert_eq!(to_merge(&[4, 30, 31, 32], 10), 0);
        assert_eq!(to_merge(&[4, 30, 31, 32, 33, 5000], 10), 5);
        assert_eq!(to_merge(&[900, 4, 4], 10), 0);
    }

    #[test]
    fn the_number_of_runs_grows_with_the_logarithm_of_what_is_stored() {
        let mut sizes: Vec<u64> = Vec::new();
        let mut written = 0;
        for _ in 0..1000 {
            sizes.insert(0, 5);
            while let together @ 1.. = to_merge(&sizes, 10) {
                let merged = sizes.drain(..together).sum();
                written += merged;
                sizes.insert(0, merged);
            }
        }
        assert!(sizes.len() <= 16, "{sizes:?}");
        assert_eq!(sizes.iter().sum::<u64>(), 5000);
        assert!(written < 6 * 5000, "each row was written {} times", written / 5000);
    }
}
