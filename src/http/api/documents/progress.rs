//! How far a file is whose pages have to be recognised, for clients that want to know: a reply of lines of JSON, of which the last one
//! is what the reply would be otherwise.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use warp::http::StatusCode;
use warp::http::header::{ACCEPT, HeaderMap};

use super::super::events::{SILENCE, going_on};
use super::super::{Answer, App, Caller, Refusal, json as reply};
use crate::documents::Recognising;

/// The type of such a reply, by which a client asks for one.
const LINES: &str = "application/x-ndjson";

/// Tells how far a file is, if the client wants to know.
#[derive(Clone)]
pub struct Teller(Option<mpsc::Sender<Bytes>>);

impl Teller {
    /// To nobody.
    pub fn silent() -> Self {
        Self(None)
    }

    /// A client that does not read misses it.
    pub fn tell(&self, Recognising { page, pages }: Recognising) {
        if let Some(lines) = &self.0 {
            let _ = lines.try_send(line(&json!({"recognising": {"page": page, "pages": pages}})));
        }
    }
}

fn line(value: &Value) -> Bytes {
    format!("{value}\n").into()
}

/// Answers with what `work` comes to. It ends if the client leaves.
pub async fn progressively<T, W>(
    app: &Arc<App>,
    caller: &Caller,
    headers: &HeaderMap,
    status: StatusCode,
    work: impl FnOnce(Teller) -> W,
) -> Answer
where
    T: Serialize + Send,
    W: Future<Output = Result<T, Refusal>> + Send + 'static,
{
    let (lasting, locale) = (caller.peer.last(), caller.locale);
    if !headers.get_all(ACCEPT).iter().any(|value| value.to_str().is_ok_and(|value| value.contains(LINES))) {
        return Ok(reply(status, &work(Teller::silent()).await?));
    }
    let write = |lines: mpsc::Sender<Bytes>| {
        let working = work(Teller(Some(lines.clone())));
        async move {
            let mut working = std::pin::pin!(working);
            let done = loop {
                tokio::select! {
                    done = &mut working => break done,
                    () = lines.closed() => return,
                    // Proxies close connections that are silent.
                    () = tokio::time::sleep(SILENCE) => drop(lines.try_send(Bytes::from_static(b"\n"))),
                }
            };
            let last = match done {
                Ok(value) => json!({"done": value}),
                Err(refusal) => {
                    let text = refusal.text();
                    let mut error = json!({"code": text.code(), "message": text.in_locale(locale)});
                    if let Some(document) = text.argument("document") {
                        error["document"] = document.into();
                    }
                    json!({"error": error})
                }
            };
            let _ = lines.send(line(&last)).await;
            drop(lasting);
        }
    };
    Ok(going_on(app, LINES, write))
}
