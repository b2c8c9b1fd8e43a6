//! Local access: commands on the same machine find the running server and its key by a file in the data directory that only
//! the server's user can read.

use std::fmt;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use reqwest::{Certificate, Client, ClientBuilder, Url};
use serde::{Deserialize, Serialize};

use crate::durable;

const FILE: &str = "server.json";

/// Where the server is, and a key that counts as the owner's while it runs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalAccess {
    pub url: String,
    pub key: String,
    /// Where it encrypts connections: how to know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<LocalTls>,
    /// The Unix socket at which it listens, if it listens on no port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
}

/// How a command knows a server that encrypts connections, whatever certificate others are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalTls {
    /// Of the host in the URL, which is no name in the DNS; in the PEM format.
    pub certificate: String,
    /// Where that host is.
    pub addresses: Vec<IpAddr>,
}

impl fmt::Debug for LocalAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalAccess({})", self.url)
    }
}

/// The file; removed on drop. After a crash it remains, with a key that is no longer valid.
#[must_use]
#[derive(Debug)]
pub struct Announced {
    path: PathBuf,
}

impl LocalAccess {
    /// For a server that listens on that address; the loopback address if it listens on all.
    pub fn new(address: SocketAddr, key: String) -> Self {
        let url = if address.ip().is_unspecified() {
            format!("http://localhost:{}", address.port())
        } else {
            format!("http://{address}")
        };
        Self { url, key, tls: None, socket: None }
    }

    /// For a server that listens at that path.
    pub fn at_socket(path: &Path, key: String) -> Self {
        Self { url: "http://localhost".to_owned(), key, tls: None, socket: Some(path.to_owned()) }
    }

    /// For a server that listens on that address and encrypts connections. `certificate` is what it shows to those who ask for
    /// `name`.
    pub fn encrypted(address: SocketAddr, key: String, name: &str, certificate: &str) -> Self {
        let addresses = match address.ip() {
            ip if ip.is_unspecified() => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            ip => vec![ip],
        };
        let tls = Some(LocalTls { certificate: certificate.to_owned(), addresses });
        Self { url: format!("https://{name}:{}", address.port()), key, tls, socket: None }
    }

    /// Writes the file to the data directory. Blocking.
    ///
    /// # Errors
    /// If the directory cannot be written.
    pub fn announce(&self, data_dir: &Path) -> io::Result<Announced> {
        let path = data_dir.join(FILE);
        durable::write(&path, &serde_json::to_vec(self)?)?;
        Ok(Announced { path })
    }

    /// The server that runs on this data directory. Blocking.
    ///
    /// # Errors
    /// A message for the user, if no server runs there or the file is not readable.
    pub fn find(data_dir: &Path) -> anyhow::Result<Self> {
        let path = data_dir.join(FILE);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                anyhow::bail!(
                    "no chatbot runs on the data folder {} (name another with --data-dir, or a server with --url)",
                    data_dir.display()
                )
            }
            read => read.with_context(|| format!("cannot read {}", path.display()))?,
        };
        serde_json::from_slice(&bytes).with_context(|| format!("cannot understand {}", path.display()))
    }

    /// An HTTP client that reaches this server at its URL, and trusts no other. `time_limit` is for a request.
    ///
    /// # Errors
    /// If what the file says of it makes no sense.
    pub fn client(&self, time_limit: Duration) -> anyhow::Result<Client> {
        // A proxy from the environment would not reach this machine.
        let builder = Client::builder().timeout(time_limit).no_proxy();
        let builder = match &self.tls {
            Some(tls) => tls.known_by(builder, &Url::parse(&self.url)?)?,
            None => builder,
        };
        Ok(self.socket.iter().cloned().fold(builder, ClientBuilder::unix_socket).build()?)
    }
}

impl LocalTls {
    fn known_by(&self, builder: ClientBuilder, url: &Url) -> anyhow::Result<ClientBuilder> {
        let certificate = Certificate::from_pem(self.certificate.as_bytes())?;
        // The port is the URL's.
        let addresses: Vec<_> = self.addresses.iter().map(|ip| SocketAddr::new(*ip, 0)).collect();
        let builder = builder.resolve_to_addrs(url.host_str().unwrap_or_default(), &addresses);
        Ok(builder.tls_built_in_root_certs(false).add_root_certificate(certificate))
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "cannot remove the file");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_server_is_found_while_it_is_announced_by_its_own_user_only() {
        let dir = tempfile::tempdir().expect("a folder");
        let address = "127.0.0.1:8000".parse().expect("an address");
        // Left over from a crash, possibly incomplete.
        fs::write(dir.path().join("server.json.new"), "{").expect("written");
        fs::write(dir.path().join("server.json"), "{").expect("written");
        let access = LocalAccess::new(address, "key".into());
        let announced = access.announce(dir.path()).expect("announced");
        assert_eq!(LocalAccess::find(dir.path()).expect("found"), access);
        let mode = fs::metadata(dir.path().join(FILE)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(announced);
        let error = LocalAccess::find(dir.path()).expect_err("gone").to_string();
        assert!(error.starts_with("no chatbot runs on the data folder"), "{error}");
    }

    #[test]
    fn addresses_can_be_connected_to() {
        for (listening, url) in [
            ("[::]:8000", "http://localhost:8000"),
            ("0.0.0.0:80", "http://localhost:80"),
            ("[::1]:1", "http://[::1]:1"),
        ] {
            assert_eq!(LocalAccess::new(listening.parse().expect("an address"), String::new()).url, url);
        }
    }
}
