//! A note of a backup.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A backup that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupNote {
    /// When it was complete.
    pub at: Timestamp,
    /// Its size.
    pub bytes: u64,
}
