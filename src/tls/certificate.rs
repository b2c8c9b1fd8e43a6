//! A certificate with its key, and what is to be known of it.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, InconsistentKeys};
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate};

use crate::model::Timestamp;

/// A certificate, the chain behind it, and its key.
#[derive(Debug)]
pub struct Certificate {
    /// As handshakes need it. Does not show the key in `Debug`.
    pub(super) certified: Arc<CertifiedKey>,
    /// DNS names, in lower case, and addresses that it is valid for.
    pub names: Vec<String>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// Whether the chain behind it is there, or it needs none.
    pub has_chain: bool,
    pub(super) id: Option<CertificateId>,
}

/// By which the authority that issued a certificate knows it (RFC 9773, 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateId {
    /// The identifier of the authority's key.
    pub authority: Vec<u8>,
    pub serial: Vec<u8>,
}

/// Why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("there is no certificate in it")]
    NoCertificate,
    #[error("there is no private key in it, or one that is protected by a password")]
    NoKey,
    #[error("it is not in the PEM format")]
    NotPem,
    #[error("the certificate cannot be read")]
    Unreadable,
    #[error("the key is of a kind that is not supported (RSA, ECDSA on P-256 or P-384, and Ed25519 are)")]
    UnknownKey,
    #[error("the certificate is for another key")]
    OtherKey,
}

/// Which of the two texts an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Chain,
    Key,
}

impl Certificate {
    /// Reads the certificate with its chain, and the key, both in the PEM format; they may be the same text.
    ///
    /// # Errors
    /// Says of which of the two it cannot be used, and why.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, (Part, CertificateError)> {
        let certificates = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
        let certificates = certificates.map_err(|_| (Part::Chain, CertificateError::NotPem))?;
        let first = certificates.first().ok_or((Part::Chain, CertificateError::NoCertificate))?;
        let unreadable = |_| (Part::Chain, CertificateError::Unreadable);
        let (_, parsed) = X509Certificate::from_der(first).map_err(unreadable)?;
        let milliseconds = |seconds: i64| Timestamp(seconds.saturating_mul(1000));
        let validity = parsed.validity();
        let (not_before, not_after) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        let (names, id) = (names(&parsed), id(&parsed));
        let has_chain = certificates.len() > 1 || parsed.issuer() == parsed.subject();
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| (Part::Key, key_error(&error)))?;
        let certified = CertifiedKey::from_der(certificates, key, &ring::default_provider());
        let certified = certified.map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => (Part::Key, CertificateError::OtherKey),
            Error::InvalidCertificate(_) => (Part::Chain, CertificateError::Unreadable),
            _ => (Part::Key, CertificateError::UnknownKey),
        })?;
        let (not_before, not_after) = (milliseconds(not_before), milliseconds(not_after));
        Ok(Self { certified: Arc::new(certified), names, not_before, not_after, has_chain, id })
    }

    /// Whether it is valid for all these names.
    pub fn is_for(&self, names: &[String]) -> bool {
        names.iter().all(|name| self.names.contains(name))
    }

    /// Whether browsers accept it for this name or address, which may be one of those that a star in it stands for.
    pub fn covers(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let starred = name.split_once('.').map(|(_, domain)| format!("*.{domain}"));
        self.names.iter().any(|own| *own == name || Some(own) == starred.as_ref())
    }

    /// How long it is valid, in milliseconds.
    pub fn life(&self) -> u64 {
        self.not_after.since(self.not_before)
    }

    /// When it is time for another one: after two thirds of its life.
    pub fn renew_at(&self) -> Timestamp {
        let after = i64::try_from(self.life() / 3 * 2).unwrap_or(i64::MAX);
        Timestamp(self.not_before.0.saturating_add(after))
    }
}

fn key_error(error: &pem::Error) -> CertificateError {
    match error {
        pem::Error::NoItemsFound => CertificateError::NoKey,
        _ => CertificateError::NotPem,
    }
}

/// The DNS names and addresses among the alternative names; browsers look at nothing else.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(alternative)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    };
    alternative.value.general_names.iter().filter_map(name).collect()
}

fn id(certificate: &X509Certificate<'_>) -> Option<CertificateId> {
    let authority = certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(identifier) => identifier.key_identifier.as_ref(),
        _ => None,
    })?;
    Some(CertificateId { authority: authority.0.to_vec(), serial: certificate.raw_serial().to_vec() })
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = || <[u8; 4]>::try_from(bytes).ok().map(|bytes| std::net::IpAddr::from(bytes).to_string());
    let v6 = || <[u8; 16]>::try_from(bytes).ok().map(|bytes| std::net::IpAddr::from(bytes).to_string());
    v4().or_else(v6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(names: &[&str]) -> (String, String) {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn names_and_validity_are_read() {
        let (chain, key) = made(&["Chat.Example", "192.0.2.7", "2001:db8::1"]);
        let certificate = Certificate::from_pem(chain.as_bytes(), key.as_bytes()).expect("a certificate");
        assert_eq!(certificate.names, ["chat.example", "192.0.2.7", "2001:db8::1"]);
        assert!(certificate.is_for(&["chat.example".to_owned()]) && !certificate.is_for(&["a.example".to_owned()]));
        let now = Timestamp::now();
        assert!(certificate.not_before < now && now < certificate.not_after);
        assert_eq!(certificate.renew_at().since(certificate.not_before), certificate.life() / 3 * 2);
        assert!(certificate.has_chain, "its own authority");
        let both = format!("{key}{chain}");
        assert!(Certificate::from_pem(both.as_bytes(), both.as_bytes()).is_ok(), "one file for both");
    }

    #[test]
    fn a_star_stands_for_one_label() {
        let (chain, key) = made(&["chat.example", "*.chat.example"]);
        let certificate = Certificate::from_pem(chain.as_bytes(), key.as_bytes()).expect("a certificate");
        for (name, expected) in [
            ("chat.example", true),
            ("Chat.example", true),
            ("www.chat.example", true),
            ("a.www.chat.example", false),
            ("example", false),
        ] {
            assert_eq!(certificate.covers(name), expected, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_and_why() {
        let ((chain, key), (other, _)) = (made(&["a.example"]), made(&["b.example"]));
        let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let not_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        for (chain, key, expected) in [
            ("", key.as_str(), (Part::Chain, CertificateError::NoCertificate)),
            (key.as_str(), key.as_str(), (Part::Chain, CertificateError::NoCertificate)),
            (not_der, key.as_str(), (Part::Chain, CertificateError::Unreadable)),
            (chain.as_str(), "", (Part::Key, CertificateError::NoKey)),
            (chain.as_str(), chain.as_str(), (Part::Key, CertificateError::NoKey)),
            (chain.as_str(), locked, (Part::Key, CertificateError::NoKey)),
            (chain.as_str(), not_key, (Part::Key, CertificateError::UnknownKey)),
            (other.as_str(), key.as_str(), (Part::Key, CertificateError::OtherKey)),
        ] {
            let refused = Certificate::from_pem(chain.as_bytes(), key.as_bytes()).map(|made| made.names);
            assert_eq!(refused, Err(expected));
        }
    }
}
