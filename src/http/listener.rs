//! The accept loop, with limits and timeouts that apply to all routes.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio_util::task::TaskTracker;
use warp::Reply;
use warp::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use warp::http::{HeaderMap, Method};
use warp::reply::Response;

use super::App;
use super::api::RouteName;
use super::caller;
use super::limits::TooMany;
use super::methods::Endpoints;
use super::peer::Peer;
use super::refusals::Form;
use super::stream::Stream;
use super::{encoding, hosts, redirects, refusals, request_id};
use crate::budgets::{Cost, Spender};
use crate::model::{Payer, Role};
use crate::telemetry::{Operation, Origin, SpanContext, SpanKind, TraceSpan, metrics, took, within};
use crate::tls::{Accepted, Tls};

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
    prepare(&socket)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Sets what connections of a listening socket need.
///
/// # Errors
/// If it is none for streams.
pub fn prepare(socket: &Socket) -> io::Result<()> {
    if socket.r#type()? != Type::STREAM {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a socket for streams"));
    }
    socket.set_nonblocking(true)?;
    if socket.domain()? != Domain::UNIX {
        socket.set_send_buffer_size(SEND_BUFFER)?;
        // Inherited by every connection: a small frame must not wait for the next one.
        socket.set_tcp_nodelay(true)?;
    }
    Ok(())
}

/// Listens at a path, for the server's user and group. A socket that nobody listens at any more is replaced.
///
/// # Errors
/// If somebody does, or something else is there.
pub fn bind_unix(path: &Path) -> io::Result<std::os::unix::net::UnixListener> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if is_socket {
        match std::os::unix::net::UnixStream::connect(path) {
            // Of a server that was killed, or stopped: the file stays.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)?,
            _ => return Err(io::ErrorKind::AddrInUse.into()),
        }
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    prepare(&socket)?;
    socket.bind(&SockAddr::unix(path)?)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Where connections come in.
pub enum Door {
    /// To everything; encrypted where this server does that.
    Main(TcpListener),
    /// To everything, for a proxy on the same machine.
    Unix(UnixListener),
    /// To HTTPS: whoever comes by plain HTTP is sent there.
    Redirect(TcpListener),
}

impl Door {
    /// The next connection, and whose it is; a proxy on the same machine has no address.
    async fn accept(&self) -> io::Result<(Stream, Option<IpAddr>)> {
        match self {
            Self::Main(listener) | Self::Redirect(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok((Stream::Tcp(stream), Some(address.ip().to_canonical())))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                // Not inherited here.
                SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER)?;
                Ok((Stream::Unix(stream), None))
            }
        }
    }
}

/// Accepts connections and serves the routes on them.
pub struct Listener {
    app: Arc<App>,
    endpoints: Endpoints,
    /// Tracks the connections' tasks.
    connections: TaskTracker,
}

impl Listener {
    pub fn new(app: Arc<App>, connections: TaskTracker) -> Arc<Self> {
        let endpoints = Endpoints::new(super::routes(&app), &app.settings.allowed_origins);
        Arc::new(Self { app, endpoints, connections })
    }

    /// Accepts until the server stops.
    pub async fn run(self: Arc<Self>, door: Door) {
        loop {
            let accepted = tokio::select! {
                () = self.app.stopping.cancelled() => return,
                accepted = door.accept() => accepted,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Usually too many open files; accepting again at once would spin.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Some(peer) = self.admit(address) else { continue };
            let this = self.clone();
            match (&door, stream, &self.app.tls) {
                (Door::Redirect(_), stream, _) => self.connections.spawn(this.redirect(stream, peer)),
                (Door::Main(_), Stream::Tcp(stream), Some(tls)) => {
                    self.connections.spawn(this.encrypt(tls.clone(), stream, peer))
                }
                (_, stream, _) => self.connections.spawn(this.serve(stream, peer)),
            };
        }
    }

    /// Counts a connection. `None` if there are too many, or too often.
    fn admit(&self, address: Option<IpAddr>) -> Option<Peer> {
        let trusted = &self.app.settings.trusted_proxies;
        let is_proxy = address.is_none_or(|address| caller::is_trusted(trusted, address));
        let address = address.unwrap_or(Ipv4Addr::LOCALHOST.into());
        // Behind a proxy all connections have its address; clients are counted when a WebSocket opens.
        let limits = if is_proxy { None } else { Some(&self.app.connections) };
        let permit = match limits.map(|limits| limits.admit(address)).transpose() {
            Ok(permit) => permit.map(Arc::new),
            Err(TooMany) => {
                tracing::debug!(%address, "too many connections");
                metrics().connections_refused.with_label_values(&["too_many"]).inc();
                return None;
            }
        };
        let payer = Payer::Address(self.app.store.address_digest(address));
        let spender = Spender { role: Role::Guest, payer: &payer, room: None };
        if !is_proxy && self.app.budgets.take(Cost::Connections, 1, spender).is_err() {
            tracing::debug!(%address, "connects too often");
            metrics().connections_refused.with_label_values(&["too_often"]).inc();
            return None;
        }
        Some(Peer::new(address, is_proxy, permit))
    }

    /// The handshake, and what follows. The connection has its place already.
    async fn encrypt(self: Arc<Self>, tls: Arc<Tls>, stream: TcpStream, mut peer: Peer) {
        let stopping = self.app.stopping.clone();
        let accepted = stopping.run_until_cancelled(tls.accept(stream)).await;
        let outcome = match &accepted {
            Some(Ok(Accepted::Encrypted(_) | Accepted::Challenge)) => Some("completed"),
            Some(Err(_)) => Some("failed"),
            Some(Ok(Accepted::Plain(_))) | None => None,
        };
        outcome.inspect(|outcome| metrics().tls_handshakes.with_label_values(&[outcome]).inc());
        match accepted {
            Some(Ok(Accepted::Encrypted(stream))) => {
                peer.is_encrypted = true;
                self.serve(Stream::Tls(stream), peer).await;
            }
            // Somebody typed the address without the s.
            Some(Ok(Accepted::Plain(stream))) => self.redirect(Stream::Tcp(stream), peer).await,
            Some(Ok(Accepted::Challenge)) => tracing::info!("a certificate authority has verified a name"),
            Some(Err(error)) => tracing::debug!(%error, address = %peer.address, "no handshake"),
            None => {}
        }
    }

    /// Sends whoever comes by plain HTTP to HTTPS.
    async fn redirect(self: Arc<Self>, stream: Stream, peer: Peer) {
        let service = hyper::service::service_fn(|request: hyper::Request<Incoming>| {
            let id = request_id::of(request.headers(), &peer);
            let mut to_https = redirects::answer(&request, &self.app, &peer, &id);
            request_id::tell(&mut to_https, &id);
            async move { Ok::<_, Infallible>(to_https) }
        });
        self.drive(stream, &peer, service).await;
    }

    async fn serve(self: Arc<Self>, stream: Stream, peer: Peer) {
        let service = hyper::service::service_fn(|mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            let locale = caller::locale(request.headers());
            let settings = &self.app.settings;
            let insists = settings.insists_on_https && hosts::is_https(request.headers(), settings, &peer);
            let checked =
                hosts::is_named_once(&request).and_then(|()| hosts::check(request.headers(), settings, &peer));
            let accepts_gzip = encoding::best(request.headers(), &["gzip"]).is_some();
            let (began, method) = (Instant::now(), method_name(request.method()));
            let id = request_id::of(request.headers(), &peer);
            let form = Form::of(request.uri().path());
            let origin = Origin::Request(id.clone());
            let mut span = TraceSpan::after(trace_of(request.headers(), &peer), SpanKind::Server, method);
            let context = span.context();
            let answer = checked.map(|()| self.endpoints.answer(request));
            let answering = async move {
                let mut response = match answer {
                    Ok(answer) => answer.await?,
                    Err(refusal) => refusal.into_response(),
                };
                refusals::in_words(&mut response, locale, &id, form);
                request_id::tell(&mut response, &id);
                let mut response = encoding::compressed(response, accepts_gzip).await;
                by_default(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
                by_default(&mut response, CACHE_CONTROL, "no-store");
                if insists {
                    by_default(&mut response, STRICT_TRANSPORT_SECURITY, A_YEAR);
                }
                note(method, &response, began.elapsed());
                describe(&mut span, method, &response, &id);
                Ok::<_, Infallible>(response)
            };
            origin.scope(within(context, answering))
        });
        self.drive(stream, &peer, service).await;
    }

    /// Answers one request after the other, within the time that a connection has.
    async fn drive<S>(&self, stream: Stream, peer: &Peer, service: S)
    where
        S: hyper::service::Service<hyper::Request<Incoming>, Response = Response, Error = Infallible>,
    {
        let is_over = peer.permit.as_ref().is_some_and(|permit| permit.is_over());
        let lifetime = if is_over { OVER_TIMEOUT } else { CONNECTION_TIMEOUT };
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

/// Counts a request that is answered.
fn note(method: &str, response: &Response, time: Duration) {
    metrics().http_request_time.observe(time.as_secs_f64());
    metrics().http_requests.with_label_values(&[method, response.status().as_str()]).inc();
    let route = response.extensions().get::<RouteName>();
    if route.is_none_or(|route| !route.may_last()) {
        took(Operation::Request, time, format_args!("{method} {}", route.map_or("page", RouteName::as_str)));
    }
}

/// Where a request is in a trace, as a proxy that is trusted says.
fn trace_of(headers: &HeaderMap, peer: &Peer) -> Option<SpanContext> {
    headers.get("traceparent").filter(|_| peer.is_proxy)?.to_str().ok().and_then(SpanContext::from_header)
}

/// By the names of OpenTelemetry's conventions for HTTP.
fn describe(span: &mut TraceSpan, method: &'static str, response: &Response, id: &str) {
    let (route, status) = (response.extensions().get::<RouteName>(), response.status());
    if let Some(route) = route {
        span.rename(|| format!("{method} {}", route.as_str()));
        span.set("http.route", || route.as_str());
    }
    span.set("http.request.method", || method);
    span.set("http.response.status_code", || u64::from(status.as_u16()));
    span.set("chatbot.request", || id);
    if status.is_server_error() {
        span.fail("server_error");
    }
}

/// The methods that routes have, by their names; whatever else somebody asks by has one name.
fn method_name(method: &Method) -> &'static str {
    const KNOWN: [Method; 7] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    const NAMES: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.iter().position(|known| known == method).map_or("other", |index| NAMES[index])
}

/// Sets a header that the route has not set.
fn by_default(response: &mut Response, name: HeaderName, value: &'static str) {
    response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
}
