//! Certificates by ACME (RFC 8555): the first one, and its renewal for as long as the server runs. Home of `instant-acme`.

mod folder;
mod http;
mod order;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use self::folder::{Folder, SavedCertificate};
use self::http::Http;
use self::order::{Attempt, Failure};
use super::Proof;
use super::certificate::Certificate;
use super::health::Health;
use super::shown::Shown;
use crate::fetch::Sender;
use crate::model::Timestamp;
use crate::threads;

/// The wall clock is looked at this often: it may be set, or the machine sleep.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// What certificates are asked for, and where.
#[derive(Clone, Debug)]
pub struct Settings {
    /// DNS names.
    pub names: Vec<String>,
    /// Where the authority may write to; empty for nowhere.
    pub email: String,
    /// URL of the authority's directory.
    pub directory: String,
    /// PEM file with the certificate by which the authority's own server is trusted beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// The ways to prove that the names lead here, in the order in which they are tried.
    pub proofs: Vec<Proof>,
    pub folder: PathBuf,
}

/// Keeps a certificate valid.
pub struct Renewal {
    settings: Settings,
    folder: Folder,
    sender: Sender,
    shown: Arc<Shown>,
    health: Arc<Health>,
}

impl Renewal {
    /// Shows the certificate that was got before, if there is one.
    ///
    /// # Errors
    /// In words, if the certificate for the authority cannot be used.
    pub async fn open(settings: Settings, shown: Arc<Shown>, health: Arc<Health>) -> Result<Self, String> {
        let (folder, sender) = (Folder::new(settings.folder.clone()), sender(settings.ca_file.clone()).await?);
        let this = Self { settings, folder, sender, shown, health };
        if let Some(saved) = this.folder.read::<SavedCertificate>(&this.settings.directory).await {
            match Certificate::from_pem(saved.chain.as_bytes(), saved.key.as_bytes()) {
                Ok(certificate) => this.shown.show(certificate),
                Err((_, error)) => tracing::warn!(%error, "the kept certificate cannot be used; getting another"),
            }
        }
        Ok(this)
    }

    /// Gets the first certificate, and each after it, until it is dropped.
    pub async fn keep_up(self) {
        let mut failures = 0;
        let mut not_before = Timestamp(0);
        loop {
            let at = self.due().max(not_before);
            if Timestamp::now() < at {
                self.health.renews_at(at);
                let wait = Duration::from_millis(at.since(Timestamp::now())).min(LOOK_EVERY);
                // A millisecond more, so that it is due then.
                tokio::time::sleep(wait + Duration::from_millis(1)).await;
                continue;
            }
            let http = Http::new(self.sender.clone());
            let attempted = self.attempt(&http).await;
            let said = http.said();
            if let Some(ahead) = said.clock_ahead {
                self.health.clock_ahead(ahead);
            }
            match attempted {
                Ok(()) => (failures, not_before) = (0, Timestamp(0)),
                Err(failure) => {
                    failures += 1;
                    let wait = i64::try_from(wait(&failure, failures).as_millis()).unwrap_or(i64::MAX);
                    let now = Timestamp::now();
                    not_before = Timestamp(now.0.saturating_add(wait)).max(said.retry_at.unwrap_or(now));
                    self.report(&failure, not_before);
                }
            }
        }
    }

    /// When a certificate is to be got: after two thirds of the life of the one there is.
    fn due(&self) -> Timestamp {
        let current = self.shown.current().filter(|current| current.is_for(&self.settings.names));
        current.map_or(Timestamp(0), |current| {
            let after = i64::try_from(current.life() / 3 * 2).unwrap_or(i64::MAX);
            Timestamp(current.not_before.0.saturating_add(after))
        })
    }

    async fn attempt(&self, http: &Http) -> Result<(), Failure> {
        let attempt = Attempt { settings: &self.settings, folder: &self.folder, shown: &self.shown, http };
        let saved = attempt.run().await?;
        let unusable = |problem: &dyn std::fmt::Display| Failure::Refused(format!("the new certificate: {problem}"));
        let certificate = Certificate::from_pem(saved.chain.as_bytes(), saved.key.as_bytes());
        let certificate = certificate.map_err(|(_, error)| unusable(&error))?;
        if !certificate.is_for(&self.settings.names) || certificate.not_after <= Timestamp::now() {
            return Err(unusable(&"it is not for these names, or not valid now"));
        }
        // One that is not on disk is asked for again at the next start; it is good all the same.
        if let Err(error) = self.folder.write(&saved).await {
            tracing::error!(%error, "cannot keep the new certificate");
        }
        tracing::info!(names = ?certificate.names, not_after = %certificate.not_after, "got a certificate");
        self.shown.show(certificate);
        self.health.is_well();
        Ok(())
    }

    /// Louder towards the end: then somebody must act.
    fn report(&self, failure: &Failure, next: Timestamp) {
        self.health.has(failure.to_string());
        let current = self.shown.current();
        let now = Timestamp::now();
        let not_after = current.as_ref().map(|current| current.not_after.to_string());
        let names = self.settings.names.join(", ");
        if current.is_some_and(|current| current.not_after.since(now) > current.life() / 6) {
            tracing::warn!(%failure, names, not_after, %next, "the certificate was not renewed");
        } else {
            let shown = if not_after.is_some() {
                "the certificate ends soon"
            } else {
                "browsers are shown one of the server's own"
            };
            tracing::error!(%failure, names, not_after, %next, "there is no new certificate; {shown}");
        }
    }
}

async fn sender(ca_file: Option<PathBuf>) -> Result<Sender, String> {
    let Some(file) = ca_file else { return Sender::new() };
    let shown = file.display().to_string();
    let read = threads::blocking(move || fs::read(&file)).await.map_err(|error| error.to_string())?;
    let pem = read.map_err(|error| format!("cannot read {shown}: {error}"))?;
    Sender::trusting(&pem).map_err(|error| format!("cannot use {shown}: {error}"))
}

/// How long to wait after so many failures in a row. Whoever cannot be reached is soon asked again; a refusal counts there: five
/// failed proofs for a name in an hour, at the best-known authority.
fn wait(failure: &Failure, failures: u32) -> Duration {
    let (first, most) = match failure {
        Failure::Unreachable(_) => (Duration::from_secs(5), Duration::from_secs(60 * 60)),
        _ => (Duration::from_secs(10 * 60), Duration::from_secs(12 * 60 * 60)),
    };
    let doubled = first.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(most);
    // Servers that failed together do not come back together.
    let mut byte = [128];
    let _ = getrandom::fill(&mut byte);
    doubled.mul_f64(0.75 + f64::from(byte[0]) / 512.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_an_end_and_a_refusal_makes_longer_ones() {
        let away = Failure::Unreachable(String::new());
        let refused = Failure::Refused(String::new());
        for (failure, failures, seconds) in [
            (&away, 1, 5.0),
            (&away, 3, 20.0),
            (&away, 100, 3600.0),
            (&refused, 1, 600.0),
            (&refused, 2, 1200.0),
            (&refused, 50, 43_200.0),
        ] {
            let waited = wait(failure, failures).as_secs_f64() / seconds;
            assert!((0.75..1.25).contains(&waited), "{failure:?} {failures}: {waited}");
        }
    }
}
