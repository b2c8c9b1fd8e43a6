//! A certificate in files that somebody else renews.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::Notify;

use super::certificate::{Certificate, CertificateError, Part};
use super::shown::Shown;
use crate::threads;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(60);

/// Longest file that is read, in bytes: chains take a few thousand.
const MOST_BYTES: u64 = 1024 * 1024;

/// The two files, in the PEM format; one file may be both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The certificate and the chain behind it.
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// Why there is no certificate in the files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilesError {
    #[error("cannot read {}: {problem}", file.display())]
    Unreadable { file: PathBuf, problem: String },
    #[error("cannot use {}: {problem}", file.display())]
    Unusable { file: PathBuf, problem: CertificateError },
}

/// What is in the files.
#[derive(PartialEq, Eq)]
struct Content {
    cert: Vec<u8>,
    key: Vec<u8>,
}

/// Follows the files.
pub struct Watch {
    files: Files,
    /// What was read last, whether or not it could be used: what is wrong is said once.
    last: Result<Content, FilesError>,
}

impl Files {
    /// The certificate in the files. Blocks.
    ///
    /// # Errors
    /// If they cannot be read or used.
    pub fn certificate(&self) -> Result<Certificate, FilesError> {
        self.parse(&self.content()?)
    }

    /// Shows the certificate in the files.
    ///
    /// # Errors
    /// In words, if they cannot be read or used.
    pub async fn watch(self, shown: &Shown) -> Result<Watch, String> {
        let content = self.read().await.map_err(|error| error.to_string())?;
        shown.show(self.parse(&content).map_err(|error| error.to_string())?);
        Ok(Watch { files: self, last: Ok(content) })
    }

    async fn read(&self) -> Result<Content, FilesError> {
        let files = self.clone();
        threads::blocking(move || files.content()).await.map_err(|error| unreadable(&self.cert, &error))?
    }

    fn content(&self) -> Result<Content, FilesError> {
        Ok(Content { cert: read(&self.cert)?, key: read(&self.key)? })
    }

    fn parse(&self, content: &Content) -> Result<Certificate, FilesError> {
        Certificate::from_pem(&content.cert, &content.key).map_err(|(part, problem)| {
            let file = match part {
                Part::Chain => &self.cert,
                Part::Key => &self.key,
            };
            FilesError::Unusable { file: file.clone(), problem }
        })
    }
}

fn read(file: &Path) -> Result<Vec<u8>, FilesError> {
    if fs::metadata(file).map_err(|error| unreadable(file, &error))?.len() > MOST_BYTES {
        return Err(unreadable(file, &"it is too long for a certificate"));
    }
    fs::read(file).map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &Path, problem: &dyn std::fmt::Display) -> FilesError {
    FilesError::Unreadable { file: file.to_owned(), problem: problem.to_string() }
}

impl Watch {
    /// Looks at the files from time to time, and when told to. `note` is told what is wrong with them, or that nothing is.
    pub async fn keep_up(mut self, shown: &Shown, now: &Notify, note: impl Fn(Option<String>)) {
        loop {
            let _ = tokio::time::timeout(EVERY, now.notified()).await;
            self.look(shown, &note).await;
        }
    }

    /// Shows what is in the files, if that has changed and can be used. A file may just have been replaced, and the other not yet.
    async fn look(&mut self, shown: &Shown, note: &impl Fn(Option<String>)) {
        let content = self.files.read().await;
        if content == self.last {
            return;
        }
        let parsed = content.as_ref().map_err(FilesError::clone).and_then(|content| self.files.parse(content));
        match parsed {
            Ok(certificate) => {
                tracing::info!(names = ?certificate.names, not_after = %certificate.not_after, "certificate read again");
                shown.show(certificate);
                note(None);
            }
            Err(error) => {
                let problem = error.to_string();
                tracing::warn!(problem, "certificate not read again; the one before stays in use");
                note(Some(problem));
            }
        }
        self.last = content;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn write(dir: &Path, name: &str) -> (String, String) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        fs::write(dir.join("cert.pem"), &cert).expect("written");
        fs::write(dir.join("key.pem"), &key).expect("written");
        (cert, key)
    }

    #[tokio::test]
    async fn a_changed_certificate_is_shown_once_both_files_fit_each_other() {
        let dir = tempfile::tempdir().expect("a folder");
        let files = Files { cert: dir.path().join("cert.pem"), key: dir.path().join("key.pem") };
        let shown = Shown::new(&[]).expect("a certificate");
        assert!(files.clone().watch(&shown).await.is_err_and(|problem| problem.contains("cert.pem")));
        write(dir.path(), "first.example");
        let mut watch = files.watch(&shown).await.expect("a certificate");
        let names = || shown.current().expect("one is shown").names.clone();
        let noted = RefCell::new(Vec::new());
        let note = |problem: Option<String>| noted.borrow_mut().push(problem.is_some());

        watch.look(&shown, &note).await;
        assert_eq!((names(), noted.borrow().clone()), (vec!["first.example".to_owned()], vec![]), "nothing changed");
        let (_, key) = write(dir.path(), "second.example");
        fs::write(dir.path().join("key.pem"), "not there yet").expect("written");
        watch.look(&shown, &note).await;
        watch.look(&shown, &note).await;
        assert_eq!((names(), noted.borrow().clone()), (vec!["first.example".to_owned()], vec![true]), "said once");
        fs::write(dir.path().join("key.pem"), key).expect("written");
        watch.look(&shown, &note).await;
        assert_eq!((names(), noted.borrow().clone()), (vec!["second.example".to_owned()], vec![true, false]));
        fs::remove_file(dir.path().join("cert.pem")).expect("removed");
        watch.look(&shown, &note).await;
        assert_eq!((names(), noted.borrow().clone()), (vec!["second.example".to_owned()], vec![true, false, true]));
    }
}
