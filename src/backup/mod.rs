//! Backups: everything that is stored, as it was at one commit, in one file; and stores made from them.
//!
//! A backup has the rows of all tables and the files that they refer to. What is derived from these, indexes and vectors, is
//! not in it and is made anew. Its `format` knows nothing of the engine that the rows come from.

mod format;
mod make;
mod restore;
mod seal;
mod service;
mod targets;

use std::io;

pub use format::{Contents, Header};
pub use make::{Made, NewFile, Watched, make, make_file};
pub use restore::{Restored, Restoring, restore, skim, verify};
pub use seal::{Identities, Recipient};
pub use service::{Backups, Chunks, Plan, Status};
pub use targets::{Bucket, BucketSettings, Target, newest_in};

use crate::model::Timestamp;
use crate::store::EngineError;

/// Why a backup could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("this is no backup of chatbot")]
    NoBackup,
    #[error("this backup has format {0}, and this version of chatbot knows {known}: use the version that made it", known = format::VERSION)]
    Version(u16),
    #[error(
        "this backup has schema {found}, and this version of chatbot knows {known}: a newer version made it, use that one"
    )]
    Schema { found: usize, known: usize },
    #[error(
        "this backup has a table that this version of chatbot does not know ({0}): a newer version made it, use that one"
    )]
    Table(u8),
    /// It has its content in blobs, which were not given.
    #[error("this backup needs the folder \"blobs\" that was written beside it")]
    Blobs,
    /// It is not what was written.
    #[error("this backup is damaged: {0}")]
    Damaged(String),
    #[error("this backup is encrypted: name the file with its key by --identity")]
    Encrypted,
    #[error("none of the keys in the identity file opens this backup")]
    WrongKey,
    #[error("this backup is not encrypted; leave out --identity if you trust where it comes from")]
    NotEncrypted,
    #[error("{0}")]
    Recipient(String),
    #[error("{0}")]
    Target(String),
    #[error("the server is stopping")]
    Stopping,
    #[error(transparent)]
    Store(#[from] EngineError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The name of a backup of that moment. The names of several are in their order.
pub fn file_name(at: Timestamp, is_encrypted: bool) -> String {
    let at: String = at.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    // Without fractions of a second.
    let at = at.split(['.', 'Z']).next().unwrap_or_default();
    format!("chatbot-{at}Z.backup{}", if is_encrypted { ".age" } else { "" })
}

/// Whether it is a name as [`file_name`] makes them.
fn is_file_name(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("chatbot-") else { return false };
    let Some((at, ending)) = rest.split_once('.') else { return false };
    let digits = at.bytes().filter(u8::is_ascii_digit).count();
    matches!(ending, "backup" | "backup.age") && at.len() == 16 && digits == 14
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_time_and_known_again() {
        let names = [false, true].map(|is_encrypted| file_name(Timestamp(1_700_000_000_120), is_encrypted));
        assert_eq!(names, ["chatbot-20231114T221320Z.backup", "chatbot-20231114T221320Z.backup.age"]);
        assert!(names.iter().all(|name| is_file_name(name)));
        for other in ["chatbot-20231114T221320Z.backup.part", "chatbot-x.backup", "chatbot-2023.backup", "notes"] {
            assert!(!is_file_name(other), "{other}");
        }
    }
}
