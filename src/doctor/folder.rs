//! The data folder: whose it is, on which disk, and whether there is space.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{MIB, absolute, shown};
use crate::config::Config;
use crate::model::Diagnosis;

/// File systems that are gone with the machine's power.
const IN_MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

/// File systems of other machines, which may lose locks and syncs.
const REMOTE: [&str; 6] = ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"];

/// Examines the folder. Blocking.
pub fn look(config: &Config) -> Vec<Diagnosis> {
    let dir = absolute(config);
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let existing = dir.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let mut findings = access(&dir);
    let canonical = existing.canonicalize().unwrap_or_else(|_| existing.to_owned());
    findings.extend(Mount::of(&canonical, &mounts).map(|mount| mount.findings(&dir)).unwrap_or_default());
    findings.extend(space(existing, config.store.min_free_mb));
    findings.extend(kept(&dir));
    if findings.is_empty() {
        findings.push(Diagnosis::fine("folder-fine").with("dir", shown(&dir)));
    }
    findings
}

/// Whether the folder is there, this user's, and nobody else's.
fn access(dir: &Path) -> Vec<Diagnosis> {
    let finding = |finding: Diagnosis| vec![finding.with("dir", shown(dir))];
    let Ok(found) = fs::metadata(dir) else { return finding(Diagnosis::warning("folder-missing")) };
    if !found.is_dir() {
        return finding(Diagnosis::fault("folder-not"));
    }
    let user = rustix::process::geteuid().as_raw();
    if found.uid() != user {
        let owner = Diagnosis::fault("folder-owner").with("owner", found.uid()).with("user", user);
        return finding(owner);
    }
    // Also where the file system is read-only, which root finds out only so.
    if let Err(error) = tempfile::tempfile_in(dir) {
        return finding(Diagnosis::fault("folder-unwritable").with("problem", error));
    }
    if found.permissions().mode() & 0o077 != 0 {
        return finding(Diagnosis::warning("folder-open"));
    }
    Vec::new()
}

/// Free space and free places for files.
fn space(existing: &Path, min_free_mb: u64) -> Vec<Diagnosis> {
    let Ok(disk) = rustix::fs::statvfs(existing) else { return Vec::new() };
    let free_mb = disk.f_bavail.saturating_mul(disk.f_frsize) / MIB;
    let mut findings = Vec::new();
    let name = |finding: Diagnosis| finding.with("free", free_mb).with("least", min_free_mb);
    if free_mb < min_free_mb {
        findings.push(name(Diagnosis::fault("space-none")));
    } else if free_mb / 4 < min_free_mb {
        findings.push(name(Diagnosis::warning("space-low")));
    }
    // Some file systems have no such limit and say 0 of 0.
    if disk.f_files > 0 && disk.f_favail < 1_000 {
        findings.push(Diagnosis::fault("files-low").with("free", disk.f_favail));
    }
    findings
}

/// Stores that an upgrade left.
fn kept(dir: &Path) -> Vec<Diagnosis> {
    let is_kept =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("store-schema-"));
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).filter(is_kept);
    entries.map(|path| Diagnosis::warning("store-kept").with("dir", shown(&path))).collect()
}

/// Where a folder is mounted from.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    kind: String,
    source: String,
}

impl Mount {
    /// The mount that a path is on, from `/proc/self/mountinfo`. Of those at one place the last one counts.
    fn of(path: &Path, mountinfo: &str) -> Option<Self> {
        let mounts = mountinfo.lines().filter_map(|line| {
            let (before, after) = line.split_once(" - ")?;
            let point = PathBuf::from(before.split(' ').nth(4)?.replace("\\040", " "));
            let mut words = after.split(' ');
            let mount = Self { kind: words.next()?.to_owned(), source: words.next()?.to_owned() };
            path.starts_with(&point).then(|| (point.components().count(), mount))
        });
        mounts.max_by_key(|(depth, _)| *depth).map(|(_, mount)| mount)
    }

    fn findings(&self, dir: &Path) -> Vec<Diagnosis> {
        let finding = match self.kind.as_str() {
            kind if IN_MEMORY.contains(&kind) => Diagnosis::fault("folder-in-memory"),
            "overlay" => Diagnosis::fault("folder-in-container"),
            kind if REMOTE.contains(&kind) => Diagnosis::warning("folder-remote").with("kind", kind),
            _ if self.source.starts_with("/dev/mmcblk") => Diagnosis::warning("folder-card").with("disk", &self.source),
            _ => return Vec::new(),
        };
        vec![finding.with("dir", shown(dir))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(mount: &str) -> Vec<&'static str> {
        let mountinfo = format!(
            "21 1 179:2 / / rw,noatime shared:1 - ext4 /dev/sda1 rw\n{mount}\n90 21 0:40 / /srv/chat/data2 rw - nfs4 nas:/x rw"
        );
        let mount = Mount::of(Path::new("/srv/chat/data"), &mountinfo).expect("a mount");
        mount.findings(Path::new("/srv/chat/data")).into_iter().map(|finding| finding.name).collect()
    }

    #[test]
    fn disks_that_do_not_keep_data_well_are_told() {
        assert_eq!(on(""), [""; 0]);
        assert_eq!(on("30 21 0:25 / /srv/chat rw shared:5 - tmpfs tmpfs rw"), ["folder-in-memory"]);
        assert_eq!(on("30 21 0:25 / / rw - overlay overlay rw,lowerdir=/x"), ["folder-in-container"]);
        assert_eq!(on("30 21 0:25 / /srv rw - nfs4 nas:/export rw"), ["folder-remote"]);
        assert_eq!(on("30 21 0:25 / /srv rw - cifs //nas/export rw"), ["folder-remote"]);
        assert_eq!(on("30 21 179:2 / /srv rw - ext4 /dev/mmcblk0p2 rw"), ["folder-card"]);
    }

    #[test]
    fn too_little_space_is_told_before_and_when_messages_are_refused() {
        let names = |least| space(Path::new("/"), least).into_iter().map(|finding| finding.name).collect::<Vec<_>>();
        let disk = rustix::fs::statvfs("/").expect("a disk");
        let free = disk.f_bavail * disk.f_frsize / MIB;
        assert_eq!(names(0), [""; 0]);
        assert_eq!(names(free / 2 + 1), ["space-low"]);
        assert_eq!(names(free * 2 + 10), ["space-none"]);
    }
}
