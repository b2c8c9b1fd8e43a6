//! Certificates by ACME (RFC 8555): the first one, and its renewal for as long as the server runs. Home of `instant-acme`.

mod advice;
mod folder;
mod http;
mod order;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use self::advice::{Advice, later};
use self::folder::{Folder, SavedCertificate};
use self::http::{Http, Said};
use self::order::{Attempt, Failure};
use super::Proof;
use super::certificate::Certificate;
use super::health::{Health, Problem};
use super::shown::Shown;
use crate::fetch::Sender;
use crate::model::Timestamp;
use crate::threads;

pub use self::folder::SavedFailure;

/// The wall clock is looked at this often: it may be set, or the machine sleep.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// The longest that the authority can make this server wait; a week is the longest that the best-known one does. What is longer
/// comes from a clock that was wrong.
const LONGEST_WAIT: Duration = Duration::from_secs(8 * 24 * 60 * 60);

/// How long a new certificate is kept at least, or a third of the rest of its life: one of which clock or authority say at once
/// that it is old must not be asked for again and again.
const AT_LEAST: Duration = Duration::from_secs(6 * 60 * 60);

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

/// What the folder of a server tells of its certificates, without asking anybody.
#[derive(Debug)]
pub struct Record {
    /// `None` if there is none that can be used.
    pub certificate: Option<Certificate>,
    pub failure: Option<SavedFailure>,
}

impl Record {
    /// Blocks.
    ///
    /// # Errors
    /// If there is something that cannot be read.
    pub fn look(settings: &Settings) -> std::io::Result<Self> {
        let folder = Folder::new(settings.folder.clone());
        let certificate = folder.look::<SavedCertificate>(&settings.directory)?;
        let failure = folder.look::<SavedFailure>(&settings.directory)?;
        Ok(Self { certificate: certificate.and_then(|saved| saved.certificate().ok()), failure })
    }
}

/// Keeps a certificate valid.
pub struct Renewal {
    settings: Settings,
    folder: Folder,
    sender: Sender,
    shown: Arc<Shown>,
    health: Arc<Health>,
    /// Attempts in a row that failed since the start.
    failures: u32,
    /// When the next attempt may be made.
    not_before: Timestamp,
    advice: Advice,
}

impl Renewal {
    /// Shows the certificate that was got before, if there is one.
    ///
    /// # Errors
    /// In words, if the certificate for the authority cannot be used.
    pub async fn open(settings: Settings, shown: Arc<Shown>, health: Arc<Health>) -> Result<Self, String> {
        let (folder, sender) = (Folder::new(settings.folder.clone()), sender(settings.ca_file.clone()).await?);
        if let Some(saved) = folder.read::<SavedCertificate>(&settings.directory).await {
            match saved.certificate() {
                Ok(certificate) => shown.show(certificate),
                Err(error) => tracing::warn!(error, "the kept certificate cannot be used; getting another"),
            }
        }
        let mut not_before = Timestamp(0);
        if let Some(failure) = folder.read::<SavedFailure>(&settings.directory).await {
            // Whoever starts it anew may have mended what was wrong; but what the authority said holds.
            not_before = failure.not_before.filter(|_| failure.names == settings.names).unwrap_or(not_before);
            health.had(Problem { since: failure.since, words: failure.words });
        }
        let advice = Advice::default();
        Ok(Self { settings, folder, sender, shown, health, failures: 0, not_before, advice })
    }

    /// Gets the first certificate, and each after it, until it is dropped.
    pub async fn keep_up(mut self) {
        loop {
            let now = Timestamp::now();
            let at = self.next_at(now);
            if at <= now {
                self.renew().await;
                continue;
            }
            self.health.renews_at(at);
            let mut wake_at = at;
            if self.current().is_some() {
                if self.advice.is_due(now) {
                    self.ask_for_advice().await;
                    continue;
                }
                wake_at = wake_at.min(self.advice.ask_at);
            }
            let wait = Duration::from_millis(wake_at.since(now)).min(LOOK_EVERY);
            // A millisecond more, so that it is due then.
            tokio::time::sleep(wait + Duration::from_millis(1)).await;
        }
    }

    /// The certificate there is, if it is for all names.
    fn current(&self) -> Option<Arc<Certificate>> {
        self.shown.current().filter(|current| current.is_for(&self.settings.names))
    }

    /// When a certificate is to be got: when the one there is has become old, or the authority wants it to be replaced.
    fn next_at(&self, now: Timestamp) -> Timestamp {
        let due = self.current().map_or(Timestamp(0), |current| {
            self.advice.renew_at.map_or(current.renew_at(), |at| at.min(current.renew_at()))
        });
        due.max(Some(self.not_before).filter(|at| *at <= later(now, LONGEST_WAIT)).unwrap_or_default())
    }

    async fn renew(&mut self) {
        let http = Http::new(self.sender.clone());
        let attempted = self.attempt(&http).await;
        let said = http.said();
        if let Some(ahead) = said.clock_ahead {
            self.health.clock_ahead(ahead);
        }
        match attempted {
            Ok(certificate) => {
                let now = Timestamp::now();
                let left = Duration::from_millis(certificate.not_after.since(now));
                (self.failures, self.advice) = (0, Advice::default());
                self.not_before = later(now, (left / 3).min(AT_LEAST));
            }
            Err(failure) => {
                self.failures += 1;
                self.not_before = next(&failure, self.failures, said);
                self.report(&failure, said.retry_at).await;
            }
        }
    }

    async fn ask_for_advice(&mut self) {
        let now = Timestamp::now();
        self.advice = self.advice.kept(now);
        let Some(id) = self.current().and_then(|current| current.id.clone()) else { return };
        let http = Http::new(self.sender.clone());
        match self.order(&http).renewal_info(&id).await {
            Ok(None) => {}
            Ok(Some((info, ask_in))) => {
                self.advice = Advice::new(&info, ask_in, now, random());
                let due = self.current().is_some_and(|current| self.advice.renew_at < Some(current.renew_at()));
                if due && self.advice.renew_at <= Some(now) {
                    let explanation = info.explanation_url.as_deref();
                    tracing::warn!(explanation, "the certificate authority wants the certificate to be replaced now");
                }
            }
            Err(error) => tracing::debug!(%error, "the certificate authority does not say when to renew"),
        }
    }

    fn order<'a>(&'a self, http: &'a Http) -> Attempt<'a> {
        Attempt { settings: &self.settings, folder: &self.folder, shown: &self.shown, http }
    }

    async fn attempt(&self, http: &Http) -> Result<Arc<Certificate>, Failure> {
        let replaced = self.current().and_then(|current| current.id.clone());
        let saved = self.order(http).run(replaced.as_ref()).await?;
        let unusable = |problem: &dyn std::fmt::Display| Failure::Refused(format!("the new certificate: {problem}"));
        let certificate = saved.certificate().map_err(|problem| unusable(&problem))?;
        if !certificate.is_for(&self.settings.names) || certificate.not_after <= Timestamp::now() {
            return Err(unusable(&"it is not for these names, or not valid now"));
        }
        // One that is not on disk is asked for again at the next start; it is good all the same.
        if let Err(error) = self.folder.write(&saved).await {
            tracing::error!(%error, "cannot keep the new certificate");
        }
        if let Err(error) = self.folder.remove::<SavedFailure>().await {
            tracing::error!(%error, "cannot remove the note of a failure");
        }
        tracing::info!(names = ?certificate.names, not_after = %certificate.not_after, "got a certificate");
        self.health.is_well();
        let certificate = Arc::new(certificate);
        self.shown.show(certificate.clone());
        Ok(certificate)
    }

    /// Tells log, page and doctor. Louder towards the end: then somebody must act.
    async fn report(&self, failure: &Failure, retry_at: Option<Timestamp>) {
        let since = self.health.has(failure.to_string());
        let saved = SavedFailure {
            directory: self.settings.directory.clone(),
            names: self.settings.names.clone(),
            since,
            words: failure.to_string(),
            next_at: self.not_before,
            not_before: retry_at,
        };
        if let Err(error) = self.folder.write(&saved).await {
            tracing::error!(%error, "cannot note the failure");
        }
        let current = self.shown.current();
        let (now, next) = (Timestamp::now(), self.not_before);
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

impl SavedCertificate {
    fn certificate(&self) -> Result<Certificate, String> {
        let parsed = Certificate::from_pem(self.chain.as_bytes(), self.key.as_bytes());
        parsed.map_err(|(_, error)| error.to_string())
    }
}

async fn sender(ca_file: Option<PathBuf>) -> Result<Sender, String> {
    let Some(file) = ca_file else { return Sender::new() };
    let shown = file.display().to_string();
    let read = threads::blocking(move || fs::read(&file)).await.map_err(|error| error.to_string())?;
    let pem = read.map_err(|error| format!("cannot read {shown}: {error}"))?;
    Sender::trusting(&pem).map_err(|error| format!("cannot use {shown}: {error}"))
}

/// When to try again after so many failures in a row.
fn next(failure: &Failure, failures: u32, said: Said) -> Timestamp {
    let own = later(Timestamp::now(), wait(failure, failures, said.retry_at.is_some()));
    // Nobody says so in earnest: a clock, or the answer, is wrong.
    said.retry_at.map_or(own, |at| at.max(own).min(later(Timestamp::now(), LONGEST_WAIT)))
}

/// How long to wait after so many failures in a row. Whoever cannot be reached, or says how long to wait, is soon asked again; a
/// refusal counts there: five failed proofs for a name in an hour, at the best-known authority.
fn wait(failure: &Failure, failures: u32, is_told: bool) -> Duration {
    let (first, most) = match failure {
        Failure::Unreachable(_) | Failure::Passing(_) => (Duration::from_secs(5), Duration::from_secs(60 * 60)),
        Failure::RateLimited(_) if is_told => (Duration::from_secs(5), Duration::from_secs(60 * 60)),
        _ => (Duration::from_secs(10 * 60), Duration::from_secs(12 * 60 * 60)),
    };
    let doubled = first.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(most);
    // Servers that failed together do not come back together.
    doubled.mul_f64(0.75 + random() / 2.0)
}

/// From 0 to 1.
fn random() -> f64 {
    let mut byte = [128];
    let _ = getrandom::fill(&mut byte);
    f64::from(byte[0]) / 256.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_an_end_and_a_refusal_makes_longer_ones() {
        let away = Failure::Unreachable(String::new());
        let refused = Failure::Refused(String::new());
        let limited = Failure::RateLimited(String::new());
        assert!((450.0..750.0).contains(&wait(&limited, 1, false).as_secs_f64()));
        let (now, told) = (Timestamp::now(), |at| Said { retry_at: Some(at), ..Said::default() });
        let in_an_hour = later(now, Duration::from_secs(60 * 60));
        assert_eq!(next(&limited, 1, told(in_an_hour)), in_an_hour, "not before the authority wants it");
        assert!(next(&limited, 1, told(now)) > later(now, Duration::from_secs(3)), "not at once, whatever it says");
        for (failure, failures, seconds) in [
            (&away, 1, 5.0),
            (&away, 3, 20.0),
            (&away, 100, 3600.0),
            (&refused, 1, 600.0),
            (&refused, 2, 1200.0),
            (&refused, 50, 43_200.0),
        ] {
            let waited = wait(failure, failures, false).as_secs_f64() / seconds;
            assert!((0.75..1.25).contains(&waited), "{failure:?} {failures}: {waited}");
        }
    }
}
