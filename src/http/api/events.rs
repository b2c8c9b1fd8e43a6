//! Replies that go on, such as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use tokio::sync::mpsc;
use warp::Reply;
use warp::http::header::{CONTENT_TYPE, HeaderValue};
use warp::reply::Response;

use super::App;

/// After so long without a word, a stream says that it goes on: proxies close connections that are silent.
pub const SILENCE: Duration = Duration::from_secs(15);

/// What it says then.
pub const STILL_AT_WORK: &[u8] = b": still at work\n\n";

/// Events that wait for a client that reads slowly.
const EVENTS: usize = 8;

/// A reply with the events that `write` sends. They are closed when the client leaves.
pub fn event_stream<W>(app: &App, write: impl FnOnce(mpsc::Sender<Bytes>) -> W) -> Response
where
    W: Future<Output = ()> + Send + 'static,
{
    going_on(app, "text/event-stream", write)
}

/// A reply of that type, with what `write` sends.
pub fn going_on<W>(app: &App, media_type: &'static str, write: impl FnOnce(mpsc::Sender<Bytes>) -> W) -> Response
where
    W: Future<Output = ()> + Send + 'static,
{
    let (sender, mut events) = mpsc::channel(EVENTS);
    app.tasks.spawn(write(sender));
    let events = stream::poll_fn(move |context| events.poll_recv(context).map(|event| event.map(Ok::<_, Infallible>)));
    let mut response = warp::reply::stream(events).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    // nginx would collect the events otherwise.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// One event.
pub fn event(data: &impl Serialize) -> Bytes {
    // Plain data: it cannot fail.
    format!("data: {}\n\n", serde_json::to_string(data).unwrap_or_default()).into()
}
