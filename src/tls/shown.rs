//! Which certificate a handshake shows.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use tokio_rustls::rustls::crypto::ring::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::certificate::Certificate;

/// A name for this server that only it and commands on the same machine know of. No name in the DNS ends so.
pub const OWN_NAME: &str = "chatbot.internal";

/// The protocol of a handshake by which a certificate authority sees that a name leads here (RFC 8737).
pub const CHALLENGE_PROTOCOL: &[u8] = b"acme-tls/1";

/// The certificates there are.
#[derive(Debug)]
pub struct Shown {
    /// For everybody; until there is one, the own one is.
    current: RwLock<Option<Arc<Certificate>>>,
    own: Own,
    /// By name: what a certificate authority wants to see.
    challenges: Mutex<HashMap<String, Arc<CertifiedKey>>>,
    /// By token: what it wants to be answered over plain HTTP (RFC 8555, 8.3).
    answers: Mutex<HashMap<String, String>>,
}

/// A certificate that this server made for itself, new at each start.
#[derive(Debug)]
struct Own {
    certified: Arc<CertifiedKey>,
    pem: String,
}

/// A challenge that is open until this is dropped.
pub struct Challenge<'a> {
    shown: &'a Shown,
    name: String,
}

impl Shown {
    /// `names` are those for which there will be a certificate.
    ///
    /// # Errors
    /// If a name is none, or the system gives no random numbers.
    pub fn new(names: &[String]) -> Result<Self, rcgen::Error> {
        let names: Vec<_> = [OWN_NAME.to_owned()].into_iter().chain(names.iter().cloned()).collect();
        let (key, params) = (KeyPair::generate()?, CertificateParams::new(names)?);
        let pem = params.self_signed(&key)?.pem();
        let own = Own { certified: certified(&params, &key)?, pem };
        Ok(Self { current: RwLock::default(), own, challenges: Mutex::default(), answers: Mutex::default() })
    }

    pub fn current(&self) -> Option<Arc<Certificate>> {
        self.current.read().clone()
    }

    /// Shows this one from the next handshake on.
    pub fn show(&self, certificate: impl Into<Arc<Certificate>>) {
        *self.current.write() = Some(certificate.into());
    }

    /// The certificate for [`OWN_NAME`], in the PEM format.
    pub fn own_pem(&self) -> &str {
        &self.own.pem
    }

    /// What is to be answered to a token of a certificate authority.
    pub fn answer(&self, token: &str) -> Option<String> {
        self.answers.lock().get(token).cloned()
    }

    /// Shows who asks for a name by the challenge's protocol the certificate that a certificate authority wants to see there.
    ///
    /// # Errors
    /// If the name is none, or the system gives no random numbers.
    pub fn challenge(&self, name: &str, digest: &[u8]) -> Result<Challenge<'_>, rcgen::Error> {
        let (key, mut params) = (KeyPair::generate()?, CertificateParams::new([name.to_owned()])?);
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        self.challenges.lock().insert(name.to_owned(), certified(&params, &key)?);
        Ok(Challenge { shown: self, name: name.to_owned() })
    }

    /// Gives that answer to whoever asks for a token over plain HTTP.
    pub fn promise(&self, token: &str, answer: &str) -> Challenge<'_> {
        self.answers.lock().insert(token.to_owned(), answer.to_owned());
        Challenge { shown: self, name: token.to_owned() }
    }
}

impl Drop for Challenge<'_> {
    fn drop(&mut self) {
        self.shown.challenges.lock().remove(&self.name);
        self.shown.answers.lock().remove(&self.name);
    }
}

/// Not by way of [`Certificate`]: the extension of a challenge is critical, and nobody but an authority understands it.
fn certified(params: &CertificateParams, key: &KeyPair) -> Result<Arc<CertifiedKey>, rcgen::Error> {
    let signing = any_supported_type(&PrivateKeyDer::Pkcs8(key.serialize_der().into()));
    let signing = signing.map_err(|_| rcgen::Error::CouldNotParseKeyPair)?;
    Ok(Arc::new(CertifiedKey::new(vec![params.self_signed(key)?.der().clone()], signing)))
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name();
        if hello.alpn().is_some_and(|mut protocols| protocols.any(|one| one == CHALLENGE_PROTOCOL)) {
            return self.challenges.lock().get(&name?.to_ascii_lowercase()).cloned();
        }
        let current = self.current().filter(|_| name != Some(OWN_NAME));
        Some(current.map_or_else(|| self.own.certified.clone(), |current| current.certified.clone()))
    }
}
