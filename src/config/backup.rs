//! `[backup]`: backups that the server makes by itself.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::language_model::read_key;
use crate::backup::{Bucket, BucketSettings, Plan, Recipient, Target};
use crate::fetch::Key;

/// How a place in an S3-compatible store begins.
const BUCKET: &str = "s3://";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupConfig {
    /// How often, such as `6h` or `1d`; empty for never.
    pub every: String,
    /// How many are kept; 0 for all.
    pub keep: usize,
    /// A folder, or `s3://bucket/folder`.
    pub to: String,
    /// A program with its arguments, instead of `to`; it reads a backup from its standard input.
    pub run: Vec<String>,
    /// Whether what has not changed is kept once for all backups.
    pub incremental: bool,
    /// Public key of age for which backups are encrypted; empty for none.
    pub recipient: String,
    pub s3_endpoint: String,
    pub s3_region: String,
    pub s3_key_id: String,
    pub s3_secret: Key,
    /// File with the secret; empty for none.
    pub s3_secret_file: PathBuf,
}

impl Default for BackupConfig {
    fn default() -> Self {
        Self {
            every: String::new(),
            keep: 7,
            to: String::new(),
            run: Vec::new(),
            incremental: false,
            recipient: String::new(),
            s3_endpoint: "https://s3.amazonaws.com".into(),
            s3_region: "us-east-1".into(),
            s3_key_id: String::new(),
            s3_secret: Key::default(),
            s3_secret_file: PathBuf::new(),
        }
    }
}

impl BackupConfig {
    /// Validates constraints that the types do not express.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        self.recipient()?;
        let Some(_) = self.every()? else { return Ok(()) };
        match (self.to.is_empty(), self.run.is_empty()) {
            (true, true) => {
                return Err(("backup.to", "must say where backups go (or backup.run, to which program)".into()));
            }
            (false, false) => return Err(("backup.run", "cannot be given together with backup.to".into())),
            (true, false) if self.incremental => {
                return Err(("backup.incremental", "needs backup.to: a program gets whole backups".into()));
            }
            _ => {}
        }
        if self.to.starts_with(BUCKET) {
            if !self.s3_secret.is_empty() && !self.s3_secret_file.as_os_str().is_empty() {
                return Err(("backup.s3_secret_file", "cannot be given together with a secret".into()));
            }
            // The file with the secret is read later, when the server starts.
            let is_later = self.s3_secret.is_empty() && !self.s3_secret_file.as_os_str().is_empty();
            let placeholder = Key::new("later");
            self.bucket(if is_later { &placeholder } else { &self.s3_secret })?;
        }
        Ok(())
    }

    /// The folder that backups go to, if it is one.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        (!self.to.is_empty() && !self.to.starts_with(BUCKET)).then(|| self.to.clone().into())
    }

    /// How much time is between two backups of the plan, if there is one.
    pub fn interval(&self) -> Option<Duration> {
        self.every().ok().flatten()
    }

    /// For whom backups are encrypted.
    ///
    /// # Errors
    /// The setting and the problem.
    pub fn recipient(&self) -> Result<Option<Recipient>, (&'static str, String)> {
        let recipient = Some(&self.recipient).filter(|text| !text.is_empty()).map(|text| text.parse());
        recipient.transpose().map_err(|error: crate::backup::BackupError| ("backup.recipient", error.to_string()))
    }

    /// The plan, if there is one. Reads the file with the secret, if one is set.
    ///
    /// # Errors
    /// The setting and the problem; never contains the secret.
    pub fn build(&self) -> Result<Option<Plan>, (&'static str, String)> {
        let Some(every) = self.every()? else { return Ok(None) };
        let target = if !self.run.is_empty() {
            Target::Program(self.run.clone())
        } else if let Some(folder) = self.folder() {
            Target::Folder(folder)
        } else if self.s3_secret_file.as_os_str().is_empty() {
            Target::Bucket(Box::new(self.bucket(&self.s3_secret)?))
        } else {
            Target::Bucket(Box::new(self.bucket(&read_key("backup.s3_secret_file", &self.s3_secret_file)?)?))
        };
        Ok(Some(Plan { every, keep: self.keep, target, recipient: self.recipient()?, incremental: self.incremental }))
    }

    fn bucket(&self, secret: &Key) -> Result<Bucket, (&'static str, String)> {
        let (to, endpoint, region) = (self.to.as_str(), self.s3_endpoint.as_str(), self.s3_region.as_str());
        Bucket::new(&BucketSettings { to, endpoint, region, key_id: &self.s3_key_id, secret })
    }

    fn every(&self) -> Result<Option<Duration>, (&'static str, String)> {
        if self.every.is_empty() {
            return Ok(None);
        }
        let every = span(&self.every).filter(|every| *every >= Duration::from_secs(60));
        every.map(Some).ok_or(("backup.every", "is not a time such as 30m, 6h or 1d".into()))
    }
}

/// A number of minutes, hours, days or weeks.
fn span(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        _ => return None,
    };
    // A year is more than enough, and far from what a clock can show.
    number.parse::<u64>().ok()?.checked_mul(seconds).filter(|seconds| *seconds <= 366 * 86_400).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daily(to: &str) -> BackupConfig {
        BackupConfig { every: "1d".into(), to: to.into(), ..BackupConfig::default() }
    }

    #[test]
    fn times_are_numbers_with_a_unit() {
        for (text, seconds) in [("30m", 1800), ("6h", 21_600), ("1d", 86_400), ("2w", 1_209_600)] {
            assert_eq!(span(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "h", "6", "6 h", "-1d", "1y", "1天", "99999999999999w"] {
            assert_eq!(span(text), None, "{text}");
        }
    }

    #[test]
    fn a_plan_says_where_to() {
        let check = |config: BackupConfig| config.check().map_err(|(key, _)| key);
        assert_eq!(check(BackupConfig::default()), Ok(()));
        assert!(BackupConfig::default().build().expect("fine").is_none());
        assert_eq!(check(daily("/backups")), Ok(()));
        assert!(daily("/backups").build().expect("fine").is_some());
        assert_eq!(check(daily("")), Err("backup.to"));
        assert_eq!(check(BackupConfig { run: vec!["cat".into()], ..daily("/backups") }), Err("backup.run"));
        assert_eq!(check(BackupConfig { run: vec!["cat".into()], ..daily("") }), Ok(()));
        let program = BackupConfig { run: vec!["cat".into()], incremental: true, ..daily("") };
        assert_eq!(check(program), Err("backup.incremental"));
        assert_eq!(check(BackupConfig { incremental: true, ..daily("/backups") }), Ok(()));
        assert_eq!(check(BackupConfig { every: "often".into(), ..daily("/backups") }), Err("backup.every"));
        assert_eq!(check(BackupConfig { recipient: "age1x".into(), ..daily("/backups") }), Err("backup.recipient"));
    }

    #[test]
    fn a_bucket_needs_a_key_that_nothing_shows() {
        let check = |config: &BackupConfig| config.check().map_err(|(key, _)| key);
        assert_eq!(check(&daily("s3://chat/daily")), Err("backup.s3_key_id"));
        let config = BackupConfig { s3_key_id: "id".into(), s3_secret: Key::new("hidden"), ..daily("s3://chat/daily") };
        assert_eq!(check(&config), Ok(()));
        assert_eq!(check(&BackupConfig { to: "s3://".into(), ..config.clone() }), Err("backup.to"));
        assert_eq!(check(&BackupConfig { s3_endpoint: "s3".into(), ..config.clone() }), Err("backup.s3_endpoint"));
        let shown = format!("{config:?} {:?} {}", config.build(), toml::to_string(&config).expect("TOML"));
        assert!(!shown.contains("hidden"), "{shown}");
        let in_file = BackupConfig { s3_secret: Key::default(), s3_secret_file: "/nowhere".into(), ..config };
        assert_eq!(check(&in_file), Ok(()));
        assert_eq!(in_file.build().map(drop).map_err(|(key, _)| key), Err("backup.s3_secret_file"));
    }
}
