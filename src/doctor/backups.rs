//! Backups: whether there are any, where they could be found when the machine is gone, and whether the newest one can be read.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::settings::is_program;
use super::{MIB, absolute, shown, unreadable};
use crate::backup::{self, BackupError, Bucket, Header, Target};
use crate::config::Config;
use crate::model::{Diagnosis, Observed, Timestamp};
use crate::threads::blocking;

/// How old a backup may be that somebody makes by other means than the plan.
const WITHOUT_PLAN: Duration = Duration::from_secs(8 * 24 * 60 * 60);

/// By how much later a backup of the plan may be complete.
const LATE: Duration = Duration::from_secs(60 * 60);

/// For an answer of a store for backups.
const PATIENCE: Duration = Duration::from_secs(8);

/// Up to which size a backup is read as a whole; of larger ones only what tells that they are complete.
pub const READ_WHOLE: u64 = 64 * MIB;

/// Examines the target of the plan. `read_whole`: up to which size the newest backup is read as a whole.
pub async fn look(config: &Arc<Config>, read_whole: u64) -> Vec<Diagnosis> {
    // What is wrong with it, the examination of the settings tells.
    let settings = config.clone();
    let Ok(Ok(Some(plan))) = blocking(move || settings.backup.build()).await else { return Vec::new() };
    let mut findings = Vec::new();
    if plan.recipient.is_none() && !matches!(plan.target, Target::Folder(_)) {
        findings.push(Diagnosis::warning("backup-plain"));
    }
    match plan.target {
        Target::Folder(dir) => {
            let data = absolute(config);
            let looked = blocking(move || folder(&dir, &data, read_whole)).await;
            findings.extend(looked.unwrap_or_else(|unfinished| vec![unreadable(&unfinished)]));
        }
        Target::Bucket(bucket) => findings.extend(of_bucket(*bucket).await),
        Target::Program(words) => {
            let program = words.first().filter(|program| !is_program(program));
            findings.extend(program.map(|program| Diagnosis::fault("backup-program").with("program", program)));
        }
    }
    findings
}

/// What a running server knows of its backups.
pub fn of_running(config: &Config, observed: &Observed) -> Vec<Diagnosis> {
    let failed = observed.backup_failed_at.map(|at| Diagnosis::fault("backup-failed").with("at", at));
    failed.map_or_else(|| vec![age(config, observed.last_backup)], |failed| vec![failed])
}

/// Whether the last backup was made in time.
pub fn age(config: &Config, last: Option<Timestamp>) -> Diagnosis {
    let old = |at: Timestamp, most: Duration| u128::from(Timestamp::now().since(at)) > most.as_millis();
    match (config.backup.interval(), last) {
        (None, Some(at)) if !old(at, WITHOUT_PLAN) => Diagnosis::fine("backup-fine").with("at", at),
        (None, _) => Diagnosis::warning("backup-none"),
        (Some(_), None) => Diagnosis::warning("backup-never"),
        (Some(every), Some(at)) if old(at, every * 2 + LATE) => {
            Diagnosis::fault("backup-old").with("at", at).with("every", &config.backup.every)
        }
        (Some(_), Some(at)) => Diagnosis::fine("backup-fine").with("at", at),
    }
}

fn folder(dir: &Path, data: &Path, read_whole: u64) -> Vec<Diagnosis> {
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let finding = |finding: Diagnosis| finding.with("dir", shown(&dir));
    let Ok(found) = fs::metadata(&dir) else { return vec![finding(Diagnosis::warning("backup-folder-missing"))] };
    let written = if found.is_dir() { tempfile::tempfile_in(&dir).map(drop) } else { Err(not_a_folder()) };
    if let Err(problem) = written {
        return vec![finding(Diagnosis::fault("backup-unwritable").with("problem", problem))];
    }
    let mut findings = Vec::new();
    if dir.starts_with(data) {
        findings.push(finding(Diagnosis::warning("backup-inside")));
    } else if fs::metadata(data).is_ok_and(|data| data.dev() == found.dev()) {
        findings.push(finding(Diagnosis::warning("backup-same-disk")));
    }
    match backup::newest_in(&dir) {
        Err(problem) => findings.push(finding(Diagnosis::fault("backup-unwritable").with("problem", problem))),
        Ok(None) => {}
        Ok(Some(newest)) => findings.extend(of_newest(&newest, &dir, read_whole)),
    }
    findings
}

fn not_a_folder() -> std::io::Error {
    std::io::ErrorKind::NotADirectory.into()
}

fn of_newest(newest: &Path, dir: &Path, read_whole: u64) -> Vec<Diagnosis> {
    let mut findings = Vec::new();
    let finding = |finding: Diagnosis| finding.with("file", shown(newest));
    let Ok(found) = fs::metadata(newest) else { return findings };
    // Blobs may be as many as files of years.
    let is_read_whole = |header: &Header| header.blobs.is_none() && found.len() <= read_whole;
    let read = match backup::skim(newest) {
        Ok(header) if is_read_whole(&header) => backup::verify(newest, None, |_| ()).map(drop),
        skimmed => skimmed.map(drop),
    };
    match read {
        // Only who has the key can read it.
        Ok(()) | Err(BackupError::Encrypted) => {}
        Err(problem) => findings.push(finding(Diagnosis::fault("backup-damaged").with("problem", problem))),
    }
    if found.permissions().mode() & 0o007 != 0 {
        findings.push(finding(Diagnosis::warning("backup-open")));
    }
    let free = rustix::fs::statvfs(dir).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    if let Some(free) = free.ok().filter(|free| *free / 2 < found.len()) {
        let finding = Diagnosis::warning("backup-space").with("dir", shown(dir));
        findings.push(finding.with("free", free / MIB).with("size", found.len() / MIB));
    }
    findings
}

async fn of_bucket(bucket: Bucket) -> Option<Diagnosis> {
    let tried = tokio::time::timeout(PATIENCE, bucket.try_out()).await;
    let problem = match tried {
        Ok(Ok(())) => return None,
        Ok(Err(problem)) => problem.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    Some(Diagnosis::fault("backup-unreachable").with("problem", problem))
}
