//! The WebSocket endpoints: from the HTTP request to the connection's task.
//!
//! `connection` moves frames, [`full`] and [`simple`] know what they mean.

mod connection;
mod full;
mod pace;
mod simple;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use parking_lot::{Mutex, MutexGuard};
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};
use warp::filters::BoxedFilter;
use warp::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use warp::http::{HeaderMap, HeaderValue, StatusCode};
use warp::reply::Response;
use warp::{Filter, Reply};

use super::App;
use super::caller::{Caller, caller};
use super::limits::Permit;
use super::refusals::Refusal;
use super::stream::Stream;
use crate::accounts::{Action, Connections, SessionChange, SessionId, SignedIn};
use crate::bots::Bots;
use crate::budgets::{Cost, Spender};
use crate::groups::{Outbox, OutboxId, Reader};
use crate::model::{PRIVATE_ROOM, Principal, Role, RoomName, SanctionSubject};
use crate::protocol::{CloseReason, ServerFrame};
use crate::telemetry::{Operation, Origin, SpanKind, TraceSpan, metrics, took, within};
use crate::text::{Locale, Text};
use connection::{Connection, SocketLimits};
use full::FullClient;

/// The open WebSockets, for frames to all clients.
#[derive(Default)]
pub struct Sockets {
    open: Mutex<HashMap<OutboxId, Open>>,
    tasks: TaskTracker,
}

struct Open {
    outbox: Arc<Outbox>,
    /// Whose connection it is, if somebody is signed in.
    session: Option<Arc<OpenSession>>,
    /// The language in which the commands were sent and the role of whoever reads them, once they were.
    reader: Option<(Locale, Role)>,
    whose: Whose,
}

/// Who has a connection, by digests: there may be very many.
#[derive(Clone, Copy)]
struct Whose {
    person: u64,
    /// For whom it acts, if it is a program's.
    account: Option<u64>,
    subscriber: Option<u64>,
    address: IpAddr,
}

impl Whose {
    fn new(caller: &Caller) -> Self {
        let subscriber = caller.address_digest().map(hash);
        let account = caller.acts_for().map(hash);
        Self { person: hash(caller.principal()), account, subscriber, address: caller.address }
    }

    /// Whether a sanction of that subject is about the connection. One that is closed for nothing opens again.
    fn is_meant(&self, subject: &SanctionSubject) -> bool {
        match subject {
            SanctionSubject::Person(person) => {
                let person = hash(person);
                person == self.person || Some(person) == self.account
            }
            SanctionSubject::Address(address) => Some(hash(address)) == self.subscriber,
            SanctionSubject::Network(network) => network.contains(&self.address),
        }
    }
}

fn hash(value: &impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}

/// The session of a connection.
struct OpenSession {
    subject: Principal,
    id: SessionId,
}

impl Connections for Sockets {
    fn follow(&self, change: &SessionChange) {
        let reason_for = |open: &Open| match (change, open.session.as_deref()) {
            (SessionChange::Ended(subject, ids), Some(session)) => {
                let is_ended = ids.as_ref().is_none_or(|ids| ids.contains(&session.id));
                (session.subject == *subject && is_ended).then_some(CloseReason::SignedOut)
            }
            (SessionChange::Changed(subject), Some(session)) => {
                (session.subject == *subject).then_some(CloseReason::GoingAway)
            }
            (SessionChange::Guests, None) => Some(CloseReason::GoingAway),
            (SessionChange::Of(subject), _) => open.whose.is_meant(subject).then_some(CloseReason::GoingAway),
            (SessionChange::Guests, Some(_)) | (_, None) => None,
        };
        for open in self.open().values() {
            if let Some(reason) = reason_for(open) {
                open.outbox.close(reason);
            }
        }
    }

    fn tell(&self, person: &Principal, frame: Bytes) {
        let person = hash(person);
        for open in self.open().values().filter(|open| open.whose.person == person && open.reader.is_some()) {
            open.outbox.push(frame.clone());
        }
    }
}

impl Sockets {
    fn open(&self) -> MutexGuard<'_, HashMap<OutboxId, Open>> {
        self.open.lock()
    }

    /// Number of open connections.
    pub fn count(&self) -> usize {
        self.open().len()
    }

    /// Number of people with an account who are connected.
    pub fn members(&self) -> usize {
        let open = self.open();
        let people = open.values().filter_map(|open| open.session.as_deref()).map(|session| &session.subject);
        people.filter(|subject| **subject != Principal::owner()).collect::<HashSet<_>>().len()
    }

    /// Closes all connections and waits until they are closed.
    pub async fn close(&self, reason: CloseReason) {
        for open in self.open().values() {
            open.outbox.close(reason);
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Sends the changed commands to all clients that have received them before.
    pub fn tell_commands(&self, bots: &Bots) {
        let mut frames = HashMap::new();
        let frame = |(locale, role)| ServerFrame::Commands { commands: &bots.describe(locale, role) }.encode();
        for open in self.open().values() {
            if let Some(reader) = open.reader {
                open.outbox.push(frames.entry(reader).or_insert_with(|| frame(reader)).clone());
            }
        }
    }

    /// Records to whom the commands are being sent.
    fn note_reader(&self, id: OutboxId, locale: Locale, role: Role) {
        if let Some(open) = self.open().get_mut(&id) {
            open.reader = Some((locale, role));
        }
    }
}

/// An entry in the list of open sockets; removed on drop.
struct Listed {
    sockets: Arc<Sockets>,
    outbox: Arc<Outbox>,
}

impl Listed {
    fn new(sockets: &Arc<Sockets>, reader: Reader, signed_in: Option<&SignedIn>, whose: Whose) -> Self {
        let outbox = Outbox::new(reader);
        let session = signed_in
            .map(|signed_in| Arc::new(OpenSession { subject: signed_in.subject(), id: signed_in.session.clone() }));
        metrics().websockets_opened.inc();
        sockets.open().insert(outbox.id(), Open { outbox: outbox.clone(), session, reader: None, whose });
        Self { sockets: sockets.clone(), outbox }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.sockets.open().remove(&self.outbox.id());
    }
}

/// Resources held by a connection for its lifetime.
struct Places {
    _listed: Listed,
    _permit: Option<Arc<Permit>>,
}

/// The endpoint of a connection.
enum WebSocketEndpoint {
    Full,
    Room(RoomName),
    Private,
}

impl WebSocketEndpoint {
    /// What a connection's log entries have in common. At the level of those entries: a span that is on takes memory as long as
    /// the connection lives.
    fn span(&self, address: IpAddr) -> Span {
        match self {
            Self::Full => tracing::debug_span!("connection", %address),
            Self::Room(room) => tracing::debug_span!("connection", %address, room = room.shown()),
            Self::Private => tracing::debug_span!("connection", %address, room = PRIVATE_ROOM),
        }
    }
}

/// `GET /ws`, `/ws/chat/{room}/` and `/ws/chat/`.
pub fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let full = warp::path!("ws").map(|| Ok(WebSocketEndpoint::Full)).boxed();
    // The last slash is optional: warp gives no segment for it.
    let private = warp::path!("ws" / "chat").map(|| Ok(WebSocketEndpoint::Private)).boxed();
    let room = warp::path!("ws" / "chat" / String).map(|room: String| named(&room)).boxed();
    let door = full.or(private).unify().or(room).unify();
    let app_of = app.clone();
    door.and(warp::get())
        .and(caller(app))
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<OnUpgrade>())
        .map(move |door, caller, headers: HeaderMap, upgrade| {
            open(&app_of, door, caller, &headers, upgrade).unwrap_or_else(refused)
        })
        .boxed()
}

fn named(room: &str) -> Result<WebSocketEndpoint, Text> {
    let decoded = percent_encoding::percent_decode_str(room).decode_utf8_lossy();
    RoomName::public(&decoded).map(WebSocketEndpoint::Room)
}

/// With what a client needs to know that came without an upgrade (RFC 9110, 15.5.22; RFC 6455, 4.4).
fn refused(refusal: Refusal) -> Response {
    let mut response = refusal.into_response();
    if response.status() == StatusCode::UPGRADE_REQUIRED {
        let set = response.headers_mut();
        set.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        set.insert(UPGRADE, HeaderValue::from_static("websocket"));
        set.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    response
}

/// Answers an upgrade request and starts the connection's task.
fn open(
    app: &Arc<App>,
    door: Result<WebSocketEndpoint, Text>,
    caller: Caller,
    headers: &HeaderMap,
    upgrade: Option<OnUpgrade>,
) -> Result<Response, Refusal> {
    let door = door?;
    caller.check_origin()?;
    caller.actor(None).may(Action::Read)?;
    // Behind a proxy the client's connections are counted here; others were when they were accepted.
    if caller.is_proxied {
        let spender = Spender { role: caller.role, payer: &caller.payer(), room: None };
        app.budgets.take(Cost::Connections, 1, spender).map_err(Text::from)?;
    }
    let (accept, upgrade) = accept_key(headers)
        .zip(upgrade)
        .ok_or_else(|| Refusal::new(StatusCode::UPGRADE_REQUIRED, Text::new("error-bad_request-upgrade")))?;
    app.sockets.tasks.spawn(Origin::keep(take_over(app.clone(), door, caller, upgrade)));
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let set = response.headers_mut();
    set.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    set.insert(UPGRADE, HeaderValue::from_static("websocket"));
    set.insert(SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

/// The answer to a handshake that keeps to RFC 6455, 4.2.1.
fn accept_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let has = |name, word: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
    };
    let key = headers.get(SEC_WEBSOCKET_KEY)?;
    // 16 bytes in base64.
    let is_key = key.len() == 24 && key.as_bytes().ends_with(b"==");
    if !(is_key && has(CONNECTION, "upgrade") && has(UPGRADE, "websocket") && has(SEC_WEBSOCKET_VERSION, "13")) {
        return None;
    }
    HeaderValue::from_str(&tungstenite::handshake::derive_accept_key(key.as_bytes())).ok()
}

/// Takes the connection over from hyper and serves it in a new task, whose memory does not include the state of the
/// upgrade.
async fn take_over(app: Arc<App>, door: WebSocketEndpoint, caller: Caller, upgrade: OnUpgrade) {
    let Some((stream, leftover)) = take_stream(upgrade).await else { return };
    let reader = if matches!(door, WebSocketEndpoint::Full) { Reader::Full } else { Reader::Simple };
    let listed = Listed::new(&app.sockets, reader, caller.signed_in.as_ref(), Whose::new(&caller));
    let limits = SocketLimits { frame_bytes: app.settings.frame_bytes, stall: app.settings.stall };
    let outbox = listed.outbox.clone();
    let listed_id = outbox.id().number();
    if app.stopping.is_cancelled() {
        outbox.close(CloseReason::GoingAway);
    }
    // The session may have ended before the connection was listed.
    if let Some(token) = caller.session.as_ref().filter(|_| caller.signed_in.is_some())
        && !app.sessions.is_open(token).await.unwrap_or(false)
    {
        outbox.close(CloseReason::SignedOut);
    }
    // Behind a proxy the client's address is counted here; otherwise it was when the connection was accepted.
    let permit = match caller.is_proxied {
        true => app.connections.admit(caller.address).ok().map(Arc::new),
        false => caller.peer.permit.clone(),
    };
    let is_admitted = permit.as_ref().is_some_and(|permit| !permit.is_over());
    if caller.role == Role::Guest && caller.visitor.is_recognized() {
        app.jobs.note_seen(caller.visitor.principal.clone());
    }
    // Boxed, because a future stores its arguments twice.
    let connection =
        Box::new(Connection::new(stream, leftover, outbox, limits, Places { _listed: listed, _permit: permit }));
    let tasks = &app.sockets.clone().tasks;
    let span = door.span(caller.address);
    let origin = Origin::Connection(listed_id);
    tracing::debug!(connection = %origin, "a WebSocket is open");
    match door {
        _ if !is_admitted => tasks.spawn(origin.scope(connection.refuse(CloseReason::TooMany).instrument(span))),
        WebSocketEndpoint::Full => {
            tasks.spawn(origin.scope(full::serve(connection, FullClient::new(app, &caller)).instrument(span)))
        }
        WebSocketEndpoint::Room(room) => {
            tasks.spawn(origin.scope(simple::serve(connection, app, caller, Some(room)).instrument(span)))
        }
        WebSocketEndpoint::Private => {
            tasks.spawn(origin.scope(simple::serve(connection, app, caller, None).instrument(span)))
        }
    };
}

/// Handles a frame, as a span of its own, and warns if that took long.
async fn timed<T>(frame: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let mut span = TraceSpan::begin(SpanKind::Server, "frame");
    span.set("chatbot.connection", || Origin::current().map_or(String::new(), |origin| origin.to_string()));
    let handled = within(span.context(), frame).await;
    took(Operation::Frame, began.elapsed(), "a frame of a client");
    handled
}

/// An error in a client's language.
fn error_frame(error: &Text, locale: Locale, id: Option<&str>, room: Option<&str>) -> Bytes {
    ServerFrame::Error { code: error.code(), message: &error.in_locale(locale), id, room }.encode()
}

/// The connection below hyper's, and what of it was read already. hyper's buffer is dropped with the rest.
async fn take_stream(upgrade: OnUpgrade) -> Option<(Stream, Vec<u8>)> {
    let upgraded = upgrade.await.ok()?;
    let Parts { io, read_buf, .. } = upgraded.downcast::<TokioIo<Stream>>().ok()?;
    Some((io.into_inner(), read_buf.to_vec()))
}
