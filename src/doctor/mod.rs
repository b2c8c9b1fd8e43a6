//! Examines whether a server can do its work, and says what to do where it cannot: from outside, also of one that does not run
//! (`chatbot doctor`), and from inside, for the page of those who look after it.
//!
//! Each module looks at one thing and returns findings. Nothing is changed, but that the store of a server which does not run is
//! opened and closed as at a start.

mod backups;
mod clock;
mod content;
mod folder;
mod network;
mod recognition;
mod settings;
mod system;
mod tls;

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{Config, ConfigError, Examined, Sources, examine};
use crate::model::{Diagnosis, DiagnosisView, Observed, Severity};
use crate::text::Locale;
use crate::threads::blocking;

const MIB: u64 = 1024 * 1024;

/// This program, which keeps others.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// Examines the server that would have these settings, whether it runs or not. One that runs is asked what it says of itself, too.
pub async fn from_outside(sources: &Sources, locale: Locale) -> Vec<DiagnosisView> {
    let Examined { config, mut faults, .. } = examine(sources);
    faults.extend(config.unusable());
    let config = Arc::new(config);
    let mut findings = of_settings(&faults, &config);
    findings.extend(of_machine(config.clone()).await);
    let network::Found { diagnoses, running } = network::server(&config).await;
    findings.extend(diagnoses);
    findings.extend(network::others(&config, running.is_some()).await);
    findings.extend(tls::look(&config, running.is_some()).await);
    findings.extend(backups::look(&config, backups::READ_WHOLE).await);
    let Some(running) = running else {
        let looked = blocking(move || content::look(&config)).await;
        findings.extend(looked.unwrap_or_else(|unfinished| vec![unreadable(&unfinished)]));
        return findings.iter().map(|finding| finding.view(locale)).collect();
    };
    let mut views: Vec<_> = findings.iter().map(|finding| finding.view(locale)).collect();
    let of_itself = running.examined(locale).await.into_iter();
    let is_new = |view: &DiagnosisView| findings.iter().all(|finding| finding.name != view.name);
    views.extend(of_itself.filter(|view| view.severity > Severity::Fine && is_new(view)));
    views
}

/// Examines this process's server, but for what only a server that does not run shows.
pub async fn from_inside(config: Arc<Config>, observed: Observed) -> Vec<Diagnosis> {
    let settings = config.clone();
    // It looks at the files that they name.
    let looked = blocking(move || of_settings(&settings.unusable(), &settings)).await;
    let mut findings = looked.unwrap_or_else(|unfinished| vec![unreadable(&unfinished)]);
    findings.extend(of_machine(config.clone()).await);
    findings.extend(network::others(&config, true).await);
    findings.extend(tls::look(&config, true).await);
    findings.extend(backups::look(&config, 0).await);
    findings.extend(backups::of_running(&config, &observed));
    findings.extend(observed.unknown_proxy.map(|address| Diagnosis::warning("proxy-seen").with("address", address)));
    findings.extend(observed.clock_ahead.map(|seconds| clock::differs(seconds.unsigned_abs(), &config.tls.directory)));
    findings
}

fn of_settings(faults: &[ConfigError], config: &Config) -> Vec<Diagnosis> {
    let mut findings: Vec<Diagnosis> =
        faults.iter().map(|fault| Diagnosis::fault("settings").with("problem", fault)).collect();
    findings.extend(settings::look(config));
    if findings.is_empty() {
        findings.push(Diagnosis::fine("settings-fine"));
    }
    findings
}

/// What the machine is like, and the folder on it.
async fn of_machine(config: Arc<Config>) -> Vec<Diagnosis> {
    let looked = config.clone();
    let looked = blocking(move || {
        let mut findings = folder::look(&looked);
        findings.extend(system::look(&looked));
        findings.extend(clock::look(&looked.server.data_dir));
        findings
    });
    let mut findings = looked.await.unwrap_or_else(|unfinished| vec![unreadable(&unfinished)]);
    findings.extend(recognition::look(&config).await);
    findings
}

fn unreadable(problem: &impl std::fmt::Display) -> Diagnosis {
    Diagnosis::fault("not-examined").with("problem", problem)
}

/// A path as it is in messages.
fn shown(path: &std::path::Path) -> std::path::Display<'_> {
    path.display()
}

/// The data folder as an absolute path.
fn absolute(config: &Config) -> PathBuf {
    std::path::absolute(&config.server.data_dir).unwrap_or_else(|_| config.server.data_dir.clone())
}

#[cfg(test)]
mod tests {
    use crate::text::{Locale, Text};

    #[test]
    fn every_finding_has_words_and_a_remedy() {
        let mut found = 0;
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/doctor")).expect("the sources") {
            let source = std::fs::read_to_string(entry.expect("an entry").path()).expect("a source");
            for (kind, has_remedy) in [("fine", false), ("warning", true), ("fault", true)] {
                for part in source.split(&format!("Diagnosis::{kind}(\"")).skip(1) {
                    let name = part.split('"').next().unwrap_or_default();
                    let endings: &[&str] = if has_remedy { &["", "-do"] } else { &[""] };
                    for ending in endings {
                        let key = format!("doctor-{name}{ending}");
                        for locale in Locale::ALL {
                            assert_ne!(Text::new(key.clone()).in_locale(locale), key);
                        }
                    }
                    found += 1;
                }
            }
        }
        assert!(found > 75, "{found}");
    }
}
