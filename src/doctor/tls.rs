//! The certificate: whether browsers accept it, whether there will be another one in time, and whether its names lead here.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::{absolute, shown, unreadable};
use crate::config::{Config, TlsConfig};
use crate::fetch::{Sender, is_public, own_addresses};
use crate::http;
use crate::model::{Diagnosis, Timestamp, whole_days};
use crate::threads::blocking;
use crate::tls::{
    AcmeRecord, AcmeSettings, Certificate, CertificateError, ENDS_SOON_MS, Files, FilesError, LocalAuthority,
    SavedFailure, Source,
};

/// For the look-up of a name.
const LOOK_UP: Duration = Duration::from_secs(5);

/// How long after its time a renewal is late; a server that was started late needs a moment.
const LATE: u64 = 24 * 60 * 60 * 1000;

/// Examines the certificate. `runs`: whether the server does.
pub async fn look(config: &Arc<Config>, runs: bool) -> Vec<Diagnosis> {
    let Some(source) = config.tls.source(&absolute(config)) else { return Vec::new() };
    let settings = config.clone();
    let looked = blocking(move || {
        let mut findings = match &source {
            Source::Files(files) => of_files(files, &settings),
            Source::Acme(acme) => of_acme(acme, runs),
            Source::Local(folder) => of_local(folder),
        };
        findings.extend(kept_open(&TlsConfig::folder(&absolute(&settings))));
        if !runs {
            findings.extend(redirect_port(&settings));
        }
        let is_valid = findings.iter().any(|finding| finding.name == "certificate-fine");
        (findings, is_valid)
    });
    let (mut findings, is_valid) = looked.await.unwrap_or_else(|unfinished| (vec![unreadable(&unfinished)], false));
    if !is_valid && !config.tls.domains.is_empty() {
        findings.extend(elsewhere_than_asked(config));
    }
    findings.extend(names(&config.tls.domains, is_valid).await);
    findings
}

/// A certificate that somebody else renews.
fn of_files(files: &Files, config: &Config) -> Vec<Diagnosis> {
    let certificate = match files.certificate() {
        Ok(certificate) => certificate,
        Err(FilesError::Unusable { file, problem: CertificateError::OtherKey }) => {
            let finding = Diagnosis::fault("certificate-other-key");
            return vec![finding.with("key", shown(&file)).with("cert", shown(&files.cert))];
        }
        Err(FilesError::Unusable { file, problem }) => {
            return vec![Diagnosis::fault("certificate-unusable").with("file", shown(&file)).with("problem", problem)];
        }
        Err(FilesError::Unreadable { file, problem }) => {
            return vec![
                Diagnosis::fault("certificate-unreadable").with("file", shown(&file)).with("problem", problem),
            ];
        }
    };
    let now = Timestamp::now();
    let mut findings = Vec::new();
    findings.extend(validity(&certificate, now));
    if findings.is_empty() && certificate.not_after.since(now) < ENDS_SOON_MS {
        let left = whole_days(certificate.not_after.since(now));
        findings.push(Diagnosis::warning("certificate-ends").with("days", left).with("file", shown(&files.cert)));
    }
    let public = config.https_host().map(|(host, _)| host);
    let missing: Vec<_> = public.into_iter().filter(|host| !certificate.covers(bare(host))).collect();
    if let Some(host) = missing.first() {
        let finding = Diagnosis::fault("certificate-names").with("host", host);
        findings.push(finding.with("names", certificate.names.join(", ")));
    }
    if !certificate.has_chain {
        findings.push(Diagnosis::warning("certificate-chain").with("file", shown(&files.cert)));
    }
    or_fine(findings, &certificate, now)
}

/// A host without the brackets that a URL has around IPv6.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// A certificate that this server renews, from what is in its folder.
fn of_acme(settings: &AcmeSettings, runs: bool) -> Vec<Diagnosis> {
    let record = match AcmeRecord::look(settings) {
        Ok(record) => record,
        // Whose the folder is, its examination tells.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Vec::new(),
        Err(error) => {
            let finding = Diagnosis::fault("acme-record").with("dir", shown(&settings.folder));
            return vec![finding.with("problem", error)];
        }
    };
    if let Some(problem) = settings.ca_file.as_ref().and_then(|file| untrusted(file)) {
        return vec![problem];
    }
    let now = Timestamp::now();
    let certificate = record.certificate.filter(|certificate| certificate.is_for(&settings.names));
    let mut findings: Vec<_> = certificate.iter().filter_map(|certificate| validity(certificate, now)).collect();
    match (&record.failure, &certificate) {
        (Some(failure), certificate) => findings.push(failing(failure, certificate.as_ref(), now)),
        // One that does not run renews it when it is started.
        (None, Some(certificate)) if runs && findings.is_empty() => findings.extend(overdue(certificate, now)),
        (None, _) => {}
    }
    match certificate {
        Some(certificate) => or_fine(findings, &certificate, now),
        None => findings,
    }
}

/// Why the certificate by which a private authority is trusted cannot be used, if it cannot.
fn untrusted(file: &Path) -> Option<Diagnosis> {
    let read = fs::read(file).map_err(|error| error.to_string());
    let problem = read.and_then(|pem| Sender::trusting(&pem)).err()?;
    Some(Diagnosis::fault("acme-trust").with("file", shown(file)).with("problem", problem))
}

/// What comes of it that there is no newer certificate. In the last sixth of the life of the one there is, somebody must act.
fn failing(failure: &SavedFailure, certificate: Option<&Certificate>, now: Timestamp) -> Diagnosis {
    let left = certificate.map_or(0, |certificate| certificate.not_after.since(now));
    let finding = match certificate {
        _ if left == 0 => Diagnosis::fault("certificate-missing"),
        Some(certificate) if left > certificate.life() / 6 => Diagnosis::warning("certificate-stale"),
        _ => Diagnosis::fault("certificate-stale"),
    };
    let finding = finding.with("days", whole_days(left)).with("problem", &failure.words);
    finding.with("since", failure.since).with("next", failure.next_at)
}

/// Whether it should have been renewed, and was not even tried.
fn overdue(certificate: &Certificate, now: Timestamp) -> Option<Diagnosis> {
    let late = now.since(certificate.renew_at());
    let finding =
        || Diagnosis::warning("certificate-overdue").with("days", whole_days(certificate.not_after.since(now)));
    (late > LATE.min(certificate.life() / 6)).then(|| finding().with("since", whole_days(late)))
}

/// An authority of the server's own; its certificates are made at each start.
fn of_local(folder: &Path) -> Vec<Diagnosis> {
    let problem = LocalAuthority::look(folder).err();
    problem.map(|problem| Diagnosis::fault("local-authority").with("problem", problem)).into_iter().collect()
}

/// Whether a certificate is valid now.
fn validity(certificate: &Certificate, now: Timestamp) -> Option<Diagnosis> {
    if certificate.not_after <= now {
        return Some(Diagnosis::fault("certificate-over").with("at", certificate.not_after));
    }
    (certificate.not_before > now).then(|| Diagnosis::fault("certificate-future").with("at", certificate.not_before))
}

fn or_fine(mut findings: Vec<Diagnosis>, certificate: &Certificate, now: Timestamp) -> Vec<Diagnosis> {
    if findings.is_empty() {
        let finding = Diagnosis::fine("certificate-fine").with("names", certificate.names.join(", "));
        findings.push(finding.with("days", whole_days(certificate.not_after.since(now))));
    }
    findings
}

/// Keys in the server's own folder that other users can read.
fn kept_open(folder: &Path) -> Vec<Diagnosis> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let secret = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let is_open = |path: &Path| fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0);
    secret
        .filter(|path| is_open(path))
        .map(|path| Diagnosis::warning("secret-readable").with("file", shown(&path)))
        .collect()
}

/// Whether a server could listen for plain HTTP.
fn redirect_port(config: &Config) -> Option<Diagnosis> {
    let (port, is_named) = config.tls.redirect_port(config.server.port)?;
    let error = http::bind(config.host(), port).err()?;
    // It does without one that nobody named.
    let finding = if is_named { Diagnosis::fault("redirect-port") } else { Diagnosis::warning("redirect-port") };
    Some(finding.with("port", port).with("problem", error))
}

/// Public authorities ask at the usual ports only.
fn elsewhere_than_asked(config: &Config) -> Option<Diagnosis> {
    let port = config.server.port;
    let is_public = config.tls.ca_file.as_os_str().is_empty();
    let is_elsewhere = is_public && !config.tls.is_where_asked(port);
    is_elsewhere.then(|| Diagnosis::warning("acme-ports").with("port", port))
}

/// Whether names lead to this machine.
async fn names(names: &[String], is_valid: bool) -> Vec<Diagnosis> {
    if names.is_empty() {
        return Vec::new();
    }
    let own = blocking(own_addresses).await.ok().and_then(Result::ok).unwrap_or_default();
    let looked = names.iter().take(MOST_NAMES).map(|name| name_leads(name, &own, is_valid));
    join_all(looked).await.into_iter().flatten().collect()
}

/// Names that are looked up; there may be a hundred.
const MOST_NAMES: usize = 10;

async fn name_leads(name: &str, own: &[IpAddr], is_valid: bool) -> Option<Diagnosis> {
    let found = tokio::time::timeout(LOOK_UP, tokio::net::lookup_host((name, 0))).await;
    let addresses: BTreeSet<IpAddr> = match found {
        Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
        Ok(Err(error)) => return Some(unknown(name, &error)),
        Err(late) => return Some(unknown(name, &late)),
    };
    if addresses.is_empty() {
        return Some(unknown(name, &"it has no address"));
    }
    let elsewhere: Vec<_> = addresses.into_iter().filter(|address| leads_elsewhere(*address, own)).collect();
    if elsewhere.is_empty() {
        return None;
    }
    // There may be a router, or an address of the provider's, that leads here.
    let finding = if is_valid { Diagnosis::warning("domain-elsewhere") } else { Diagnosis::fault("domain-elsewhere") };
    let own: Vec<_> = own.iter().copied().filter(|address| is_public(*address)).collect();
    Some(finding.with("name", name).with("addresses", listed(&elsewhere)).with("own", listed(&own)))
}

fn unknown(name: &str, problem: &dyn std::fmt::Display) -> Diagnosis {
    Diagnosis::fault("domain-unknown").with("name", name).with("problem", problem)
}

/// Whether an address is certainly not this machine's: it has public ones of that kind itself, and this is none of them. Behind a
/// router nobody can tell.
fn leads_elsewhere(address: IpAddr, own: &[IpAddr]) -> bool {
    let is_of_kind = |other: &&IpAddr| other.is_ipv4() == address.is_ipv4();
    // What it calls itself by in its own files.
    !address.is_loopback() && !own.contains(&address) && own.iter().filter(is_of_kind).any(|other| is_public(*other))
}

fn listed(addresses: &[IpAddr]) -> String {
    addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_elsewhere_if_this_machine_has_other_public_addresses() {
        let own = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("an address")).collect::<Vec<IpAddr>>();
        let public = own(&["127.0.0.1", "10.0.0.4", "198.51.99.7", "::1", "fe80::1"]);
        let behind_router = own(&["127.0.0.1", "192.168.1.20", "fd00::1"]);
        for (address, expected) in [("198.51.99.7", false), ("198.51.99.8", true), ("127.0.1.1", false)] {
            let address = address.parse().expect("an address");
            assert_eq!(leads_elsewhere(address, &public), expected, "{address}");
            assert!(!leads_elsewhere(address, &behind_router), "{address}");
        }
        // It has no public address of that kind: there may be a tunnel.
        assert!(!leads_elsewhere("2a01:4f8::1".parse().expect("an address"), &public));
    }
}
