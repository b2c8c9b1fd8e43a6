//! Files that are there whole or not at all, also after the power failed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Makes sure that there is a folder which only its owner can look into. Blocks.
///
/// # Errors
/// If it cannot be made. One of another user, whose permissions cannot be changed, stays as it is, with a warning.
pub fn private_dir(dir: &Path) -> io::Result<()> {
    const PRIVATE: u32 = 0o700;
    fs::DirBuilder::new().recursive(true).mode(PRIVATE).create(dir)?;
    let mode = fs::metadata(dir)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    match fs::set_permissions(dir, fs::Permissions::from_mode(PRIVATE)) {
        Ok(()) => tracing::info!(dir = %dir.display(), "other users could read the data folder; they no longer can"),
        Err(error) => tracing::warn!(%error, dir = %dir.display(), "other users can read the data folder"),
    }
    Ok(())
}

/// Writes a file that only its owner can read, in place of the one there is. Blocks. Two writers must not write the same.
///
/// Beside it stands a file with the ending `.new` meanwhile. After a crash the next write takes its place, which one with a
/// random name (as of the crate `tempfile`) would need a sweep for.
///
/// # Errors
/// Then the file is as it was before.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = Path::new(&new);
    match fs::remove_file(new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new)?;
    file.write_all(content)?;
    put(&file, new, path)
}

/// Puts a file that is written under its name in the same folder. Blocks.
///
/// # Errors
/// Then it may be under either name.
pub fn put(file: &File, from: &Path, to: &Path) -> io::Result<()> {
    file.sync_all()?;
    fs::rename(from, to)?;
    // The name is in the folder and not in the file.
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_whatever_a_crash_left() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.json");
        fs::write(&path, "old").expect("written");
        fs::write(dir.path().join("a.json.new"), "half and readable for all").expect("written");
        write(&path, b"new").expect("written");
        assert_eq!(fs::read(&path).expect("there"), b"new");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn what_cannot_be_written_leaves_the_old() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a");
        fs::write(&path, "old").expect("written");
        fs::create_dir(dir.path().join("a.new")).expect("a folder in the way");
        assert!(write(&path, b"new").is_err());
        assert_eq!(fs::read(&path).expect("there"), b"old");
    }
}
