//! The accept loop, with limits and timeouts that apply to all routes.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use tower_service::Service;
use warp::Reply;
use warp::filters::BoxedFilter;
use warp::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use warp::reply::Response;

use super::App;
use super::caller::{self, Peer};
use super::limits::TooMany;
use super::{hosts, refusals};
use crate::budgets::{Cost, Spender};
use crate::model::{Payer, Role};

/// Timeout for a request's headers, and between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);

/// Maximum lifetime of a connection that is not a WebSocket: slow readers or writers cannot hold one for ever. It begins again
/// while an answer is under way that ends by itself when its reader is slow.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(300);

/// Lifetime of a connection above its address's limit: enough for an error response or a health check.
const OVER_TIMEOUT: Duration = Duration::from_secs(5);

/// Time for the request in progress when a connection is shut down.
const FINISH_TIMEOUT: Duration = Duration::from_secs(2);

/// The kernel's buffer per connection: without this bound it grew to 3.8 MB for a client that does not read.
const SEND_BUFFER: usize = 64 * 1024;

/// Backlog of the listening socket.
const BACKLOG: i32 = 4096;

/// How long browsers that came over HTTPS come over nothing else. Of other hosts of the domain this server knows nothing.
const A_YEAR: &str = "max-age=31536000";

/// hyper's maximum read buffer, which bounds a request's headers.
const HEAD_BYTES: usize = 16 * 1024;

/// Listens on one address, or on all of them, IPv4 and IPv6.
pub fn bind(host: Option<IpAddr>, port: u16) -> io::Result<std::net::TcpListener> {
    match host {
        Some(host) => listen(SocketAddr::new(host, port), false),
        // The machine may have no IPv6.
        None => listen(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port), true).or_else(|error| {
            if error.kind() == io::ErrorKind::AddrInUse {
                return Err(error);
            }
            listen(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port), false)
        }),
    }
}

fn listen(address: SocketAddr, both: bool) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!both)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    // Inherited by every connection: a small frame must not wait for the next one.
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Accepts connections and serves the routes on them.
pub struct Listener {
    app: Arc<App>,
    routes: BoxedFilter<(Response,)>,
    /// Tracks the connections' tasks.
    connections: TaskTracker,
}

impl Listener {
    pub fn new(app: Arc<App>, connections: TaskTracker) -> Self {
        let routes = super::routes(&app);
        Self { app, routes, connections }
    }

    /// Accepts until the server stops.
    pub async fn run(self, listener: TcpListener) {
        let this = Arc::new(self);
        loop {
            let accepted = tokio::select! {
                () = this.app.stopping.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => this.admit(stream, address.ip().to_canonical()),
                Err(error) => {
                    // Usually too many open files; accepting again at once would spin.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn admit(self: &Arc<Self>, stream: TcpStream, address: IpAddr) {
        let is_proxy = self.app.settings.trusted_proxies.iter().any(|network| network.contains(&address));
        // Behind a proxy all connections have its address; clients are counted when a WebSocket opens.
        let limits = if is_proxy { None } else { Some(&self.app.connections) };
        let permit = match limits.map(|limits| limits.admit(address)).transpose() {
            Ok(permit) => permit.map(Arc::new),
            Err(TooMany) => return tracing::debug!(%address, "too many connections"),
        };
        let payer = Payer::Address(self.app.store.address_digest(address));
        let spender = Spender { role: Role::Guest, payer: &payer, room: None };
        if !is_proxy && self.app.budgets.take(Cost::Connections, 1, spender).is_err() {
            return tracing::debug!(%address, "connects too often");
        }
        let peer = Peer::new(address, permit);
        self.connections.spawn(self.clone().serve(stream, peer));
    }

    async fn serve(self: Arc<Self>, stream: TcpStream, peer: Peer) {
        let is_over = peer.permit.as_ref().is_some_and(|permit| permit.is_over());
        let lifetime = if is_over { OVER_TIMEOUT } else { CONNECTION_TIMEOUT };
        let service = hyper::service::service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(peer.clone());
            let locale = caller::locale(request.headers());
            let is_https = hosts::is_https(request.headers(), &self.app.settings, peer.address);
            let checked = hosts::check(request.headers(), &self.app.settings, peer.address);
            let answer = checked.map(|()| warp::service(self.routes.clone()).call(request));
            async move {
                let mut response = match answer {
                    Ok(answer) => answer.await?,
                    Err(refusal) => refusal.into_response(),
                };
                refusals::in_words(&mut response, locale);
                by_default(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
                by_default(&mut response, CACHE_CONTROL, "no-store");
                if is_https {
                    by_default(&mut response, STRICT_TRANSPORT_SECURITY, A_YEAR);
                }
                Ok::<_, Infallible>(response)
            }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(HEAD_BYTES);
        let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
        let outlived = async {
            loop {
                tokio::time::sleep(lifetime).await;
                if !peer.is_lasting() {
                    break;
                }
            }
        };
        let served = tokio::select! {
            served = connection.as_mut() => Some(served),
            () = self.app.stopping.cancelled() => None,
            () = outlived => None,
        };
        let served = match served {
            Some(served) => served,
            None => {
                connection.as_mut().graceful_shutdown();
                tokio::time::timeout(FINISH_TIMEOUT, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, "connection ended");
        }
    }
}

/// Sets a header that the route has not set.
fn by_default(response: &mut Response, name: HeaderName, value: &'static str) {
    response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
}
