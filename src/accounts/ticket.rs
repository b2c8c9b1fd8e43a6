//! What a client keeps for the server from one request to the next: signed, so that it cannot be changed, and of a short life. The
//! server keeps nothing, so nobody can fill its memory with requests that never come to an end.

use data_encoding::BASE64URL_NOPAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::model::Timestamp;
use crate::store::Store;
use crate::text::Text;

/// How long it is valid, in milliseconds.
const LIFE: u64 = 10 * 60 * 1000;

#[derive(Serialize, Deserialize)]
struct Ticket<T> {
    issued_at: Timestamp,
    content: T,
}

/// A text with the content, for this purpose alone. The client can read it.
pub fn issue(store: &Store, purpose: &str, content: impl Serialize) -> Result<String, Text> {
    let ticket = Ticket { issued_at: Timestamp::now(), content };
    let json = serde_json::to_vec(&ticket).map_err(|error| {
        tracing::error!(%error, "a ticket that JSON cannot hold");
        Text::new("error-store_failed")
    })?;
    let body = BASE64URL_NOPAD.encode(&json);
    let signature = store.sign(&["ticket", purpose, &body]);
    Ok(format!("{body}.{signature}"))
}

/// The content of a ticket for this purpose, and when it was issued. It can be redeemed any number of times.
pub fn redeem<T: DeserializeOwned>(store: &Store, purpose: &str, ticket: &str) -> Result<(T, Timestamp), Text> {
    let over = || Text::new("error-bad_ticket");
    let (body, signature) = ticket.split_once('.').ok_or_else(over)?;
    let is_text = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_text(body) || !is_same(signature, &store.sign(&["ticket", purpose, body])) {
        return Err(over());
    }
    let json = BASE64URL_NOPAD.decode(body.as_bytes()).map_err(|_| over())?;
    let Ticket { issued_at, content } = serde_json::from_slice(&json).map_err(|_| over())?;
    if Timestamp::now().since(issued_at) > LIFE { Err(over()) } else { Ok((content, issued_at)) }
}

fn is_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
