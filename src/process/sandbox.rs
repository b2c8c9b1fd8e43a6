//! What the kernel denies to a process and to everything that it starts, by Landlock: also to root, and for good. The only module that
//! uses `landlock`.
//!
//! Landlock allows hierarchies and denies the rest. It has come to the kernel in steps: an older one enforces the part that it knows,
//! one without it nothing.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};
use rustix::fs::{Mode, OFlags};

/// The version of Linux 6.2, the first that denies everything by which a file's content can be changed.
const FILES: ABI = ABI::V3;

/// The version of Linux 6.12, the first that denies signals.
const ALL: ABI = ABI::V6;

/// Whether the kernel enforces all of [`Sandbox::hiding`].
pub fn hides_files() -> bool {
    has(FILES)
}

/// Whether the kernel knows the rights to files of this version.
fn has(version: ABI) -> bool {
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    ruleset.handle_access(AccessFs::from_all(version)).and_then(Ruleset::create).is_ok()
}

/// What a process will be denied.
pub struct Sandbox(RulesetCreated);

impl Sandbox {
    /// Denies to read and to change these files and folders, and to read the memory and environment of processes outside. All else
    /// is allowed, except for what would need a rule that includes them: to make, remove and rename something directly in a folder
    /// above them. `hidden` are canonical paths.
    ///
    /// # Errors
    /// If the system fails.
    pub fn hiding(hidden: &[PathBuf]) -> io::Result<Self> {
        // A right to list the folders above would be one to list what they hold.
        let denied = AccessFs::from_all(FILES) & !BitFlags::from(AccessFs::ReadDir);
        let ruleset = Ruleset::default().handle_access(denied).and_then(Ruleset::create).map_err(io::Error::other)?;
        allow_around(ruleset, denied, Path::new("/"), hidden).map(Self)
    }

    /// Denies to change any file, to read these files and folders, TCP connections, and whatever reaches processes outside. Other files
    /// can be read, and programs started. `hidden` are canonical paths.
    ///
    /// # Errors
    /// If the system fails.
    pub fn reading(hidden: &[PathBuf]) -> io::Result<Self> {
        let ruleset = Self::denying_all().map_err(io::Error::other)?;
        allow_around(ruleset, AccessFs::from_read(ALL), Path::new("/"), hidden).map(Self)
    }

    /// Denies all files that are not open, TCP connections, and whatever reaches processes outside.
    ///
    /// # Errors
    /// If the system fails.
    pub fn closed() -> io::Result<Self> {
        Self::denying_all().map(Self).map_err(io::Error::other)
    }

    fn denying_all() -> Result<RulesetCreated, RulesetError> {
        let ruleset = Ruleset::default().handle_access(AccessFs::from_all(ALL))?;
        ruleset.handle_access(AccessNet::from_all(ALL))?.scope(Scope::from_all(ALL))?.create()
    }

    /// Applies to this thread and what it starts from now on, which can also gain no rights from programs that change the user.
    ///
    /// # Errors
    /// If the system fails.
    pub fn enter(self) -> Result<(), RulesetError> {
        self.0.restrict_self().map(drop)
    }
}

/// Allows everything in a folder but what is hidden. One that cannot be listed stays closed as a whole.
fn allow_around(
    mut ruleset: RulesetCreated,
    allowed: BitFlags<AccessFs>,
    folder: &Path,
    hidden: &[PathBuf],
) -> io::Result<RulesetCreated> {
    let Some(entries) = unless_out_of_reach(fs::read_dir(folder))? else { return Ok(ruleset) };
    for entry in entries {
        let path = entry?.path();
        if hidden.contains(&path) {
            continue;
        }
        if hidden.iter().any(|hidden| hidden.starts_with(&path)) {
            ruleset = allow_around(ruleset, allowed, &path, hidden)?;
        } else if let Some(entry) = unless_out_of_reach(open_entry(&path))? {
            ruleset = ruleset.add_rule(PathBeneath::new(entry, allowed)).map_err(io::Error::other)?;
        }
    }
    Ok(ruleset)
}

/// Opens what is there itself: where a link leads may be hidden.
fn open_entry(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?)
}

/// `None` for what has gone meanwhile, or is denied to the server, too.
fn unless_out_of_reach<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::process::Command;
    use std::thread;

    use super::*;

    /// Does something in a thread of its own, which alone is restricted, if the kernel has that version.
    fn inside(version: ABI, sandbox: impl FnOnce() -> io::Result<Sandbox> + Send, act: impl FnOnce() + Send) {
        if !has(version) {
            return eprintln!("not tested: this kernel's Landlock is older than version {version}");
        }
        thread::scope(|scope| {
            let restricted = || {
                sandbox().expect("a sandbox").enter().expect("entered");
                act();
            };
            scope.spawn(restricted).join().expect("no panic");
        });
    }

    fn is_denied<T: std::fmt::Debug>(result: io::Result<T>) -> bool {
        matches!(&result, Err(error) if error.kind() == ErrorKind::PermissionDenied)
    }

    #[test]
    fn what_is_hidden_can_neither_be_read_nor_changed_by_any_way_and_all_else_is_as_before() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().canonicalize().expect("a path");
        let at = |name: &str| root.join(name);
        for folder in ["data/files", "work"] {
            fs::create_dir_all(at(folder)).expect("a folder");
        }
        for file in ["data/files/secret", "config", "script", "work/note"] {
            fs::write(at(file), "text").expect("written");
        }
        std::os::unix::fs::symlink(at("data"), at("link")).expect("a link");
        std::os::unix::fs::symlink(&root, at("work/up")).expect("a link");
        inside(
            FILES,
            || Sandbox::hiding(&[at("data"), at("config")]),
            || {
                for path in ["data/files/secret", "config", "link/files/secret", "work/up/data/files/secret"] {
                    assert!(is_denied(fs::read(at(path))), "{path}");
                    assert!(is_denied(fs::write(at(path), "")), "{path}");
                    assert!(is_denied(fs::remove_file(at(path))), "{path}");
                    assert!(fs::rename(at(path), at("work/taken")).is_err(), "{path}");
                    assert!(fs::hard_link(at(path), at("work/linked")).is_err(), "{path}");
                    let secret = Command::new("sh").args(["-c", "cat \"$1\"", "sh"]).arg(at(path)).output();
                    assert_eq!(secret.expect("it runs").stdout, b"", "nor by what it starts: {path}");
                }
                assert!(is_denied(fs::write(at("data/new"), "")));
                assert!(fs::rename(at("data"), at("work/data")).is_err());
                assert!(is_denied(fs::write(at("new"), "")), "in a folder above");

                assert_eq!(fs::read(at("script")).expect("read"), b"text");
                fs::write(at("script"), "more").expect("changed");
                fs::create_dir(at("work/deep")).expect("made");
                fs::write(at("work/deep/new"), "text").expect("made");
                fs::rename(at("work/deep/new"), at("work/moved")).expect("moved to another folder");
                fs::remove_file(at("work/moved")).expect("removed");
            },
        );
        assert_eq!(fs::read(at("data/files/secret")).expect("read"), b"text");
    }

    #[test]
    fn what_only_reads_changes_nothing_and_reaches_nobody() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().canonicalize().expect("a path");
        let at = |name: &str| root.join(name);
        fs::create_dir(at("data")).expect("a folder");
        for file in ["data/secret", "file"] {
            fs::write(at(file), "text").expect("written");
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        inside(
            ALL,
            || Sandbox::reading(&[at("data")]),
            || {
                assert_eq!(fs::read(at("file")).expect("read"), b"text");
                let started = Command::new("/bin/cat").arg(at("file")).output();
                assert_eq!(started.expect("it runs").stdout, b"text");
                assert!(is_denied(fs::read(at("data/secret"))));
                assert!(is_denied(fs::write(at("file"), "")));
                assert!(is_denied(fs::write(at("new"), "")));
                assert!(is_denied(fs::remove_file(at("file"))));
                assert!(is_denied(TcpStream::connect(address)));
            },
        );
    }

    #[test]
    fn in_a_closed_one_nothing_is_reached_but_what_is_open() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("file");
        fs::write(&file, "text").expect("written");
        let mut open = fs::File::open(&file).expect("opened");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        inside(ALL, Sandbox::closed, || {
            assert_eq!(io::read_to_string(&mut open).expect("read"), "text");
            assert!(is_denied(fs::read(&file)));
            assert!(is_denied(fs::read_dir(dir.path())));
            assert!(is_denied(fs::remove_file(&file)));
            assert!(is_denied(fs::write(dir.path().join("new"), "")));
            assert!(is_denied(Command::new("/bin/true").spawn()));
            assert!(is_denied(TcpStream::connect(address)));
        });
        assert!(file.exists());
    }
}
