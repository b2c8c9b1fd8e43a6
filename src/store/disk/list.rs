//! Which files of a store are its layers: a list that is replaced as a whole.
//!
//! What is not on it was begun and not finished, or is not needed any more, and is removed at opening. So a kill at any moment
//! costs at most work that is done again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::database;
use super::{damaged, io_error, not_writable, remove_if_there, sync_dir};
use crate::store::engine::EngineError;

/// The list.
const LIST: &str = "layers";

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct List {
    /// The next number for a head or a run.
    pub next: u64,
    pub heads: Vec<u64>,
    pub runs: Vec<u64>,
    /// How many rows of a run say that something was removed.
    #[serde(default)]
    pub removed: BTreeMap<u64, u64>,
}

/// The file that is written to in a store that is not open.
pub(super) fn written_file(dir: &Path) -> Option<PathBuf> {
    let newest = read_list(dir).ok()??.heads.first().copied()?;
    Some(database::file(&head_dir(dir, newest)))
}

pub(super) fn head_dir(dir: &Path, id: u64) -> PathBuf {
    dir.join(format!("head-{id}"))
}

pub(super) fn run_path(dir: &Path, id: u64) -> PathBuf {
    dir.join(format!("run-{id}"))
}

pub(super) fn read_list(dir: &Path) -> Result<Option<List>, EngineError> {
    match fs::read(dir.join(LIST)) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(list) => Ok(Some(list)),
            Err(_) => Err(damaged(dir, "its list of layers is unreadable")),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(&error)),
    }
}

/// Replaces the list, durably.
pub(super) fn write_list(dir: &Path, list: &List) -> Result<(), EngineError> {
    let (path, half) = (dir.join(LIST), dir.join("layers.half"));
    let bytes = serde_json::to_vec(list).map_err(|error| EngineError::Io(error.to_string()))?;
    let written = File::create(&half).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&half, &path)
    });
    written.map_err(|error| not_writable(&path, &error))?;
    sync_dir(dir)
}

/// Removes layers that are not on the list.
pub(super) fn remove_unlisted(dir: &Path, list: &List) -> Result<(), EngineError> {
    let id = |name: &str, kind: &str| name.strip_prefix(kind).and_then(|id| id.parse::<u64>().ok());
    for entry in fs::read_dir(dir).map_err(|error| io_error(&error))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if id(&name, "head-").is_some_and(|id| !list.heads.contains(&id)) {
            database::remove_files(&entry.path())?;
        } else if id(&name, "run-").is_some_and(|id| !list.runs.contains(&id)) {
            remove_if_there(&entry.path())?;
        }
    }
    Ok(())
}
