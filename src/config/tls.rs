//! `[tls]`: whether this server encrypts connections itself, and where its certificate comes from.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::tls::{AcmeSettings, Files, Proof, Source};

/// The port of HTTPS where there is a domain and no other is named.
pub const HTTPS_PORT: u16 = 443;

/// The port of plain HTTP, from which browsers are sent to [`HTTPS_PORT`].
const HTTP_PORT: u16 = 80;

/// Certificates that are got by ACME stay in this folder of the data folder.
const FOLDER: &str = "tls";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file with the certificate and the chain behind it; empty for none.
    pub cert: PathBuf,
    /// PEM file with its key.
    pub key: PathBuf,
    /// Names for which certificates are got by ACME.
    pub domains: Vec<String>,
    /// Where the certificate authority may write to; empty for nowhere.
    pub email: String,
    /// URL of the certificate authority's ACME directory.
    pub directory: String,
    /// PEM file of a private certificate authority's own certificate; empty for a public one.
    pub ca_file: PathBuf,
    /// Ways to prove that the domains lead here, in the order in which they are tried.
    pub challenges: Vec<Proof>,
    /// Port for plain HTTP, from which browsers are sent to HTTPS; 0 for 80 beside 443, and none beside others.
    pub redirect_port: u16,
    /// Whether the server is its own certificate authority, for a home network.
    pub local: bool,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            cert: PathBuf::new(),
            key: PathBuf::new(),
            domains: Vec::new(),
            email: String::new(),
            directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
            ca_file: PathBuf::new(),
            challenges: vec![Proof::TlsAlpn01, Proof::Http01],
            redirect_port: 0,
            local: false,
        }
    }
}

impl TlsConfig {
    /// Whether this server encrypts connections itself.
    pub fn is_on(&self) -> bool {
        self.local || is_given(&self.cert) || !self.domains.is_empty()
    }

    /// Where certificates come from.
    pub fn source(&self, data_dir: &Path) -> Option<Source> {
        if is_given(&self.cert) {
            return Some(Source::Files(Files { cert: self.cert.clone(), key: self.key.clone() }));
        }
        if self.local {
            return Some(Source::Local(Self::folder(data_dir)));
        }
        let settings = || AcmeSettings {
            names: self.domains.clone(),
            email: self.email.clone(),
            directory: self.directory.clone(),
            ca_file: Some(self.ca_file.clone()).filter(|file| is_given(file)),
            proofs: self.challenges.clone(),
            folder: Self::folder(data_dir),
        };
        self.is_on().then(|| Source::Acme(settings()))
    }

    /// Where certificates and keys are kept that the server got or made itself.
    pub fn folder(data_dir: &Path) -> PathBuf {
        data_dir.join(FOLDER)
    }

    /// The port for plain HTTP beside one for HTTPS, and whether it is named in the settings: without one that is not, things go
    /// on.
    pub fn redirect_port(&self, https_port: u16) -> Option<(u16, bool)> {
        match self.redirect_port {
            _ if !self.is_on() => None,
            0 => (https_port == HTTPS_PORT).then_some((HTTP_PORT, false)),
            port => Some((port, true)),
        }
    }

    /// Whether the server listens where a certificate authority asks: at the ports of HTTPS and HTTP, whatever it is told.
    pub fn is_where_asked(&self, https_port: u16) -> bool {
        https_port == HTTPS_PORT || self.redirect_port(https_port).is_some_and(|(port, _)| port == HTTP_PORT)
    }

    /// The address of this server that follows from the domains.
    pub(super) fn public_url(&self, port: u16) -> Option<String> {
        let domain = self.domains.first()?;
        Some(if port == HTTPS_PORT { format!("https://{domain}") } else { format!("https://{domain}:{port}") })
    }

    /// Validates constraints that the types do not express.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let require = |holds: bool, key, reason: &str| if holds { Ok(()) } else { Err((key, reason.to_owned())) };
        let (has_cert, has_key) = (is_given(&self.cert), is_given(&self.key));
        require(has_cert || !has_key, "tls.cert", "is missing, although a key is named")?;
        require(has_key || !has_cert, "tls.key", "is missing, although a certificate is named")?;
        require(!has_cert || self.domains.is_empty(), "tls.domains", "cannot be given together with a certificate")?;
        let is_one = !self.local || (!has_cert && self.domains.is_empty());
        require(is_one, "tls.local", "cannot be used together with domains or a certificate")?;
        for domain in &self.domains {
            let reason = format!("{domain:?} is not a name such as chat.example.com, in lower case and without a port");
            require(is_domain(domain), "tls.domains", &reason)?;
        }
        require(self.domains.len() <= MOST_DOMAINS, "tls.domains", "are more than fit into one certificate (100)")?;
        let is_email = self.email.is_empty()
            || self.email.split_once('@').is_some_and(|(name, host)| {
                !name.is_empty() && host.contains('.') && !self.email.contains(|c: char| c.is_whitespace() || c == ',')
            });
        require(is_email, "tls.email", "is not an address such as ann@example.com")?;
        let is_directory = reqwest::Url::parse(&self.directory).is_ok_and(|url| url.scheme() == "https");
        require(is_directory, "tls.directory", "must be an address that begins with https://")?;
        require(!self.challenges.is_empty(), "tls.challenges", "must have at least one")
    }
}

/// Names in one certificate, at the best-known authority.
const MOST_DOMAINS: usize = 100;

fn is_given(path: &Path) -> bool {
    !path.as_os_str().is_empty()
}

/// Whether it is a name in the DNS, and not an address.
fn is_domain(text: &str) -> bool {
    // Nobody proves more than one name at a time by the two challenges.
    let has_star = text.contains('*');
    let url = reqwest::Url::parse(&format!("http://{text}/"));
    url.is_ok_and(|url| url.port().is_none() && url.domain() == Some(text) && url.path() == "/")
        && !text.ends_with('.')
        && !has_star
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(domains: &[&str]) -> TlsConfig {
        TlsConfig { domains: domains.iter().map(|name| (*name).to_owned()).collect(), ..TlsConfig::default() }
    }

    #[test]
    fn what_cannot_be_a_certificate_is_refused_at_the_start() {
        let check = |config: TlsConfig| config.check().map_err(|(key, _)| key);
        let files = TlsConfig { cert: "c.pem".into(), key: "k.pem".into(), ..TlsConfig::default() };
        assert_eq!(check(TlsConfig::default()), Ok(()));
        assert_eq!(check(files.clone()), Ok(()));
        assert_eq!(check(named(&["chat.example.com", "www.example.com"])), Ok(()));
        assert_eq!(check(TlsConfig { key: PathBuf::new(), ..files.clone() }), Err("tls.key"));
        assert_eq!(check(TlsConfig { cert: PathBuf::new(), ..files.clone() }), Err("tls.cert"));
        assert_eq!(check(TlsConfig { local: true, ..files.clone() }), Err("tls.local"));
        assert_eq!(check(TlsConfig { local: true, ..TlsConfig::default() }), Ok(()));
        assert_eq!(check(TlsConfig { domains: vec!["a.example".into()], ..files }), Err("tls.domains"));
        for wrong in
            ["Chat.example.com", "chat.example.com:443", "192.0.2.7", "[::1]", "*.example.com", "a b", "", "é.example"]
        {
            assert_eq!(check(named(&[wrong])), Err("tls.domains"), "{wrong:?}");
        }
        for wrong in ["ann", "ann@", "@example.com", "a@b.example,c@d.example"] {
            assert_eq!(check(TlsConfig { email: wrong.into(), ..TlsConfig::default() }), Err("tls.email"), "{wrong:?}");
        }
        assert_eq!(check(TlsConfig { directory: "http://a.example".into(), ..named(&[]) }), Err("tls.directory"));
        assert_eq!(check(TlsConfig { challenges: Vec::new(), ..named(&[]) }), Err("tls.challenges"));
    }

    #[test]
    fn plain_http_is_redirected_where_browsers_try_it_or_the_settings_say() {
        let domain = named(&["chat.example.com"]);
        assert_eq!(domain.redirect_port(443), Some((80, false)));
        assert_eq!(domain.redirect_port(8443), None);
        assert_eq!(TlsConfig { redirect_port: 8080, ..domain.clone() }.redirect_port(8443), Some((8080, true)));
        assert!(domain.is_where_asked(443) && !domain.is_where_asked(8443));
        assert!(TlsConfig { redirect_port: 80, ..domain.clone() }.is_where_asked(8443));
        assert_eq!(TlsConfig { redirect_port: 8080, ..TlsConfig::default() }.redirect_port(443), None, "no HTTPS");
        assert_eq!(domain.public_url(443).as_deref(), Some("https://chat.example.com"));
        assert_eq!(domain.public_url(8443).as_deref(), Some("https://chat.example.com:8443"));
        assert_eq!(TlsConfig::default().public_url(443), None);
    }
}
