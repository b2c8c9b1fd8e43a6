//! What the server listens on: where the settings say, or what the service manager hands over.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use anyhow::{Context, bail};
use socket2::{Domain, Socket};

use crate::config::Config;
use crate::http;
use crate::supervisor;

/// The name of a socket for plain HTTP beside HTTPS, among those that are handed over.
const REDIRECT: &str = "redirect";

/// Sockets on which connections arrive.
pub struct Listeners {
    /// For everything; over TLS if the settings say so.
    pub main: Listening,
    /// For plain HTTP beside HTTPS.
    pub redirect: Option<TcpListener>,
}

/// A listening socket.
pub enum Listening {
    Tcp(TcpListener),
    /// For a proxy on the same machine.
    Unix(UnixListener),
}

/// Where the server can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

impl From<TcpListener> for Listeners {
    fn from(main: TcpListener) -> Self {
        Self { main: Listening::Tcp(main), redirect: None }
    }
}

impl Listening {
    /// # Errors
    /// If the system does not tell.
    pub fn address(&self) -> io::Result<Address> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Address::Tcp),
            Self::Unix(listener) => {
                let address = listener.local_addr()?;
                let path = address.as_pathname().ok_or(io::Error::other("the socket has no path"))?;
                std::path::absolute(path).map(Address::Unix)
            }
        }
    }
}

impl Listeners {
    /// Takes the sockets that the service manager hands over, or else listens where the settings say.
    ///
    /// # Errors
    /// In words, if a port or path that is named there cannot be used, or a socket that is handed over.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let mut handed = supervisor::sockets().context("cannot take the sockets of the service manager")?;
        let redirect = handed.iter().position(|(name, _)| name == REDIRECT).map(|index| handed.swap_remove(index).1);
        let main = match (handed.pop(), &config.server.socket) {
            (Some((name, socket)), _) if handed.is_empty() => {
                adopt(socket).with_context(|| format!("cannot use the socket {name:?} of the service manager"))?
            }
            (Some(_), _) => bail!("the service manager hands over several sockets; name all but one {REDIRECT:?}"),
            (None, path) if !path.as_os_str().is_empty() => {
                Listening::Unix(http::bind_unix(path).with_context(|| format!("cannot listen at {}", path.display()))?)
            }
            (None, _) => Listening::Tcp(open_port(config, config.server.port).map_err(explain)?),
        };
        let redirect = match (redirect, main.address()?) {
            (Some(socket), _) => match adopt(socket)? {
                Listening::Tcp(listener) => Some(listener),
                Listening::Unix(_) => bail!("the socket {REDIRECT:?} of the service manager is for no port"),
            },
            (None, Address::Tcp(address)) => open_redirect(config, address.port())?,
            (None, Address::Unix(_)) => None,
        };
        Ok(Self { main, redirect })
    }
}

fn open_redirect(config: &Config, https_port: u16) -> anyhow::Result<Option<TcpListener>> {
    match config.tls.redirect_port(https_port) {
        None => Ok(None),
        Some((port, true)) => open_port(config, port).map(Some).map_err(explain),
        Some((port, false)) => Ok(match open_port(config, port) {
            Ok(listener) => Some(listener),
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(error, "http:// is not redirected, and no certificate can be got by http-01");
                None
            }
        }),
    }
}

fn open_port(config: &Config, port: u16) -> anyhow::Result<TcpListener> {
    http::bind(config.host(), port).with_context(|| format!("cannot listen on port {port}"))
}

/// A socket that somebody else opened.
fn adopt(socket: Socket) -> io::Result<Listening> {
    http::prepare(&socket)?;
    Ok(match socket.domain()? {
        Domain::UNIX => Listening::Unix(socket.into()),
        _ => Listening::Tcp(socket.into()),
    })
}

/// What to do about a port that only some may use.
fn explain(error: anyhow::Error) -> anyhow::Error {
    let hint = match error.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::PermissionDenied) => {
            "ports below 1024 need a right that a unit of systemd gives by AmbientCapabilities=CAP_NET_BIND_SERVICE, and \"sudo \
             setcap cap_net_bind_service=+ep\" to the program; or choose another with --port, to which your router forwards this one"
        }
        Some(io::ErrorKind::AddrInUse) => {
            "another program listens there, perhaps a web server; stop it, or choose another with --port"
        }
        _ => return error,
    };
    anyhow::anyhow!("{error:#} ({hint})")
}
