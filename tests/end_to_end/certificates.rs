//! Certificates for tests, and clients that trust them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::{Client, PATIENCE, Request};

/// A certificate that is its own authority, and its key, in files.
pub struct Files {
    pub cert: PathBuf,
    pub key: PathBuf,
    pub pem: String,
}

impl Files {
    /// For these names, in place of what is in the files.
    pub fn write(dir: &Path, names: &[&str]) -> Self {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let (cert, key, pem) = (dir.join("cert.pem"), dir.join("key.pem"), made.cert.pem());
        std::fs::write(&cert, &pem).expect("written");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
        Self { cert, key, pem }
    }
}

/// Somebody who reaches a server by a name, and trusts the certificates of an authority.
pub struct Visitor {
    address: SocketAddr,
    name: String,
    root: String,
}

impl Visitor {
    pub fn new(address: SocketAddr, name: &str, root: &str) -> Self {
        Self { address, name: name.to_owned(), root: root.to_owned() }
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://{}:{}{path}", self.name, self.address.port())
    }

    fn http(&self) -> reqwest::Client {
        let root = reqwest::Certificate::from_pem(self.root.as_bytes()).expect("PEM");
        let builder = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
        let builder = builder.tls_built_in_root_certs(false).add_root_certificate(root);
        let builder = builder.redirect(reqwest::redirect::Policy::none());
        builder.resolve(&self.name, self.address).build().expect("a client")
    }

    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::by(&self.http(), method, &self.url(path))
    }

    /// By plain HTTP, to a port of the same machine.
    pub fn plain(&self, method: &str, port: u16, path: &str) -> Request {
        Request::by(&self.http(), method, &format!("http://{}:{port}{path}", self.name))
    }

    /// The handshake; `None` if it fails, as it does with a certificate that is not trusted.
    pub async fn try_connect(&self) -> Option<TlsStream<TcpStream>> {
        self.over(TcpStream::connect(self.address).await.expect("a connection")).await
    }

    /// As [`Visitor::try_connect`], over a connection that there is.
    pub async fn over(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.root.as_bytes()).expect("PEM")).expect("a root");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions");
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from(self.name.clone()).expect("a name");
        let connected = TlsConnector::from(Arc::new(config)).connect(name, stream);
        tokio::time::timeout(PATIENCE, connected).await.expect("an answer in time").ok()
    }

    /// The certificate that it is shown, if it trusts that.
    pub async fn certificate(&self) -> Option<Vec<u8>> {
        let stream = self.try_connect().await?;
        let (_, session) = stream.get_ref();
        Some(session.peer_certificates()?.first()?.to_vec())
    }

    /// A full client that has said hello.
    pub async fn client(&self, handle: &str) -> Client {
        let stream = self.try_connect().await.expect("a handshake");
        let url = self.url("/ws").replacen("https", "wss", 1);
        let mut client = Client::over(stream, &url, &[("origin", &self.url(""))]).await.expect("a WebSocket");
        client.send(serde_json::json!({"type": "hello", "handle": handle, "locale": "en"})).await;
        client.expect("welcome").await;
        client
    }
}
