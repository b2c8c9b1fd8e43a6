//! TLS: the certificate of this server, where it comes from, and the handshake of a connection.
//!
//! Home of `tokio-rustls`, `rcgen`, `x509-parser`, and in `acme/` of `instant-acme`. Independent of HTTP.

mod acme;
mod certificate;
mod files;
mod health;
mod local;
mod shown;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::Acceptor;
pub use tokio_rustls::server::TlsStream;

use self::acme::Renewal;
use self::files::Watch;
use self::health::Health;
use self::local::LocalUpkeep;
use self::shown::{CHALLENGE_PROTOCOL, Shown};

use crate::threads;

pub use self::acme::{Record as AcmeRecord, SavedFailure, Settings as AcmeSettings};
pub use self::certificate::{Certificate, CertificateError};
pub use self::files::{Files, FilesError};
pub use self::health::{Findings, Problem};
pub use self::local::LocalAuthority;
pub use self::shown::OWN_NAME;

/// Time for a handshake, from the first byte to the last.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Handshakes under way at a time, each with some 40 KiB and up to a few milliseconds of computing. Further ones wait, within their
/// time.
const HANDSHAKES: usize = 256;

/// How long before its end a certificate that others renew should have been replaced, in milliseconds: what the usual programs
/// renew has a month left.
pub const ENDS_SOON_MS: u64 = 14 * 24 * 60 * 60 * 1000;

/// What one connection keeps encrypted while the kernel takes no more, in bytes.
const WRITE_BUFFER: usize = 16 * 1024;

/// The first byte of every TLS connection (RFC 8446, 5.1): a handshake.
const FIRST_BYTE: u8 = 22;

/// A way to prove to a certificate authority that a name leads to this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    /// In a TLS handshake, on port 443.
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
    /// By plain HTTP, on port 80.
    #[serde(rename = "http-01")]
    Http01,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TlsAlpn01 => "tls-alpn-01",
            Self::Http01 => "http-01",
        })
    }
}

/// Where certificates come from.
#[derive(Clone, Debug)]
pub enum Source {
    Files(Files),
    Acme(AcmeSettings),
    /// An authority of the server's own, kept in that folder.
    Local(PathBuf),
}

/// Encrypts connections.
pub struct Tls {
    config: Arc<ServerConfig>,
    shown: Arc<Shown>,
    health: Arc<Health>,
    handshakes: Semaphore,
    /// Makes it look at once whether there is a new certificate.
    look: Notify,
    local: Option<Arc<LocalAuthority>>,
}

/// What sees to it that the certificate stays valid.
pub enum Upkeep {
    Files(Watch),
    Acme(Renewal),
    Local(LocalUpkeep),
}

/// What a connection turned out to be.
pub enum Accepted {
    Encrypted(Box<TlsStream<TcpStream>>),
    /// A certificate authority that has seen what it wanted.
    Challenge,
    /// Whoever speaks plain text.
    Plain(TcpStream),
}

impl Tls {
    /// Ready for connections, with the certificate that there is already.
    ///
    /// # Errors
    /// In words, if a file that the settings name cannot be used.
    pub async fn open(source: Source) -> Result<(Arc<Self>, Upkeep), String> {
        let names = match &source {
            Source::Files(_) | Source::Local(_) => Vec::new(),
            Source::Acme(settings) => settings.names.clone(),
        };
        let shown = Shown::new(&names).map_err(|error| format!("cannot make a certificate: {error}"))?;
        let (shown, health) = (Arc::new(shown), Arc::<Health>::default());
        let mut local = None;
        let upkeep = match source {
            Source::Files(files) => Upkeep::Files(files.watch(&shown).await?),
            Source::Acme(settings) => Upkeep::Acme(Renewal::open(settings, shown.clone(), health.clone()).await?),
            Source::Local(folder) => {
                let opened = threads::blocking(move || LocalAuthority::open(&folder)).await;
                let authority = local.insert(Arc::new(opened.map_err(|error| error.to_string())??));
                Upkeep::Local(LocalUpkeep::open(authority.clone(), shown.clone()).await?)
            }
        };
        let config = config(shown.clone()).map_err(|error| format!("cannot set up TLS: {error}"))?;
        let (config, handshakes) = (Arc::new(config), Semaphore::new(HANDSHAKES));
        Ok((Arc::new(Self { config, shown, health, handshakes, look: Notify::new(), local }), upkeep))
    }

    /// Keeps the certificate valid until it is dropped.
    pub async fn keep_up(&self, upkeep: Upkeep) {
        let note = |problem: Option<String>| match problem {
            Some(problem) => {
                self.health.has(problem);
            }
            None => self.health.is_well(),
        };
        match upkeep {
            Upkeep::Files(watch) => {
                watch.keep_up(&self.shown, &self.look, note).await;
            }
            Upkeep::Acme(renewal) => renewal.keep_up().await,
            Upkeep::Local(upkeep) => upkeep.keep_up(note).await,
        }
    }

    /// Looks at once whether files with the certificate have changed.
    pub fn look_now(&self) {
        self.look.notify_one();
    }

    /// The certificate that is shown; `None` until there is one that is not this server's own.
    pub fn certificate(&self) -> Option<Arc<Certificate>> {
        self.shown.current()
    }

    /// What else there is to know of it.
    pub fn findings(&self) -> Findings {
        self.health.findings()
    }

    /// By which commands on the same machine know this server when they ask for [`OWN_NAME`], in the PEM format.
    pub fn own_certificate(&self) -> &str {
        self.shown.own_pem()
    }

    /// The authority of the server's own, if it is that which certifies it.
    pub fn local_authority(&self) -> Option<&LocalAuthority> {
        self.local.as_deref()
    }

    /// What a certificate authority wants to hear over plain HTTP for that token.
    pub fn answer(&self, token: &str) -> Option<String> {
        self.shown.answer(token)
    }

    /// The handshake of a connection.
    ///
    /// # Errors
    /// If it takes too long, or the client and this server do not agree.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<Accepted> {
        let accepted = tokio::time::timeout(HANDSHAKE_TIMEOUT, self.shake_hands(stream)).await;
        accepted.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    async fn shake_hands(&self, stream: TcpStream) -> io::Result<Accepted> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && first[0] != FIRST_BYTE {
            return Ok(Accepted::Plain(stream));
        }
        // Who has said nothing yet takes no place from others.
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let _place = self.handshakes.acquire().await.map_err(io::Error::other)?;
        let mut stream = hello.into_stream(self.config.clone()).await?;
        let (_, session) = stream.get_mut();
        if session.alpn_protocol() == Some(CHALLENGE_PROTOCOL) {
            return Ok(Accepted::Challenge);
        }
        session.set_buffer_limit(Some(WRITE_BUFFER));
        Ok(Accepted::Encrypted(Box::new(stream)))
    }
}

fn config(shown: Arc<Shown>) -> Result<ServerConfig, tokio_rustls::rustls::Error> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
    let mut config = builder.with_cert_resolver(shown);
    // Clients offer the challenge's protocol only to see a challenge.
    config.alpn_protocols = vec![b"http/1.1".to_vec(), CHALLENGE_PROTOCOL.to_vec()];
    // Whoever comes back needs no signature: a phone saves time, this server computing, and it keeps nothing for it.
    config.ticketer = ring::Ticketer::new()?;
    Ok(config)
}

#[cfg(test)]
mod tests;
