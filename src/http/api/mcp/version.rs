//! Which revision of the protocol a request is of.
//!
//! Since 2026-07-28 every request says it, in its body and its headers, and there is neither a handshake nor a session. Clients of the
//! revisions before begin with `initialize`; as this server gives no session to them, their requests stand alone, too.

use data_encoding::BASE64;
use serde_json::{Value, json};
use warp::http::StatusCode;
use warp::http::header::HeaderMap;

use super::message::{Fault, Message};

/// Newest first.
pub const SUPPORTED: [&str; 3] = [STATELESS, "2025-11-25", "2025-06-18"];

const STATELESS: &str = "2026-07-28";

/// By which a request says what it is of.
const DECLARED: &str = "io.modelcontextprotocol/protocolVersion";

const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// How a client talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// Each request says all about itself; whoever leaves cancels what it asked for.
    Stateless,
    /// Begun by `initialize`; a lost connection cancels nothing.
    Handshake,
}

impl Era {
    /// How the client of this message talks.
    ///
    /// # Errors
    /// For an unknown revision, and for a request that is not as its revision wants it.
    pub fn of(message: &Message, headers: &HeaderMap) -> Result<Self, Fault> {
        let header = text_of(headers, "mcp-protocol-version")?;
        let declared = match message.meta(DECLARED) {
            None => None,
            Some(Value::String(version)) => Some(version.as_str()),
            Some(_) => return Err(malformed(&format!("_meta[\"{DECLARED}\"] must be a string"))),
        };
        match (declared, header) {
            // Headers of notifications are not defined.
            _ if message.id.is_none() => Ok(Self::Handshake),
            (Some(declared), header) => {
                agrees("MCP-Protocol-Version", header, declared)?;
                if declared != STATELESS {
                    return Err(unsupported(declared));
                }
                check(message, headers).map(|()| Self::Stateless)
            }
            (None, Some(STATELESS)) => Err(malformed(&format!("_meta[\"{DECLARED}\"] is missing"))),
            (None, Some(header)) if !SUPPORTED.contains(&header) => Err(unsupported(header)),
            (None, _) => Ok(Self::Handshake),
        }
    }
}

/// The revision that a client which begins with `initialize` is answered in: its own, or else the newest one that does so.
pub fn agreed(wanted: Option<&str>) -> &'static str {
    let known = SUPPORTED.iter().filter(|version| **version != STATELESS);
    let newest = SUPPORTED[1];
    known.copied().find(|version| Some(*version) == wanted).unwrap_or(newest)
}

/// What a request without a handshake has to say beside its revision.
fn check(message: &Message, headers: &HeaderMap) -> Result<(), Fault> {
    if !message.meta(CAPABILITIES).is_some_and(Value::is_object) {
        return Err(malformed(&format!("_meta[\"{CAPABILITIES}\"] must be an object")));
    }
    agrees("Mcp-Method", text_of(headers, "mcp-method")?, &message.method)?;
    if message.method != "tools/call" {
        return Ok(());
    }
    let name = text_of(headers, "mcp-name")?.map(decoded).transpose()?;
    agrees("Mcp-Name", name.as_deref(), message.params.get("name").and_then(Value::as_str).unwrap_or_default())
}

/// Checks what a header repeats of the body: whatever stands between may have decided by the header.
fn agrees(name: &str, header: Option<&str>, body: &str) -> Result<(), Fault> {
    match header {
        Some(header) if header == body => Ok(()),
        Some(_) => Err(mismatch(&format!("{name} is another than in the body"))),
        None => Err(mismatch(&format!("{name} is missing"))),
    }
}

/// A header's value in its encoding for what headers cannot hold.
fn decoded(value: &str) -> Result<String, Fault> {
    let Some(coded) = value.strip_prefix("=?base64?").and_then(|value| value.strip_suffix("?=")) else {
        return Ok(value.to_owned());
    };
    let text = BASE64.decode(coded.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| mismatch("Mcp-Name is not valid Base64"))
}

/// A header's only value: of several, whatever stands between may have looked at another one.
fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Fault> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.to_str());
    match (first.transpose(), values.next()) {
        (Ok(text), None) => Ok(text),
        (Ok(_), Some(_)) => Err(mismatch(&format!("{name} is there twice"))),
        (Err(_), _) => Err(mismatch(&format!("{name} has characters that it must not have"))),
    }
}

fn malformed(reason: &str) -> Fault {
    Fault::new(StatusCode::BAD_REQUEST, -32602, format!("Invalid params: {reason}"))
}

fn mismatch(reason: &str) -> Fault {
    Fault::new(StatusCode::BAD_REQUEST, -32020, format!("Header mismatch: {reason}"))
}

fn unsupported(requested: &str) -> Fault {
    let fault = Fault::new(StatusCode::BAD_REQUEST, -32022, "Unsupported protocol version");
    fault.with(json!({"supported": SUPPORTED, "requested": requested}))
}

#[cfg(test)]
mod tests {
    use warp::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn era(version: Option<&str>, method: &str, headers: &[(&'static str, &str)]) -> Result<Era, String> {
        let mut params = json!({"name": "尋找", "_meta": {CAPABILITIES: {}}});
        if let Some(version) = version {
            params["_meta"][DECLARED] = version.into();
        }
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let message = Message::parse(body.as_bytes()).expect("a message");
        let pairs = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header")));
        Era::of(&message, &pairs.collect()).map_err(|fault| format!("{fault:?}"))
    }

    #[test]
    fn a_request_without_a_handshake_says_the_same_in_body_and_headers() {
        const VERSION: (&str, &str) = ("mcp-protocol-version", STATELESS);
        let modern = |headers: &[_]| era(Some(STATELESS), "tools/call", headers);
        let method = ("mcp-method", "tools/call");
        assert_eq!(modern(&[VERSION, method, ("mcp-name", "=?base64?5bCL5om+?=")]), Ok(Era::Stateless));
        for headers in [
            &[][..],
            &[VERSION],
            &[VERSION, method],
            &[VERSION, method, ("mcp-name", "search")],
            &[VERSION, method, ("mcp-name", "=?base64?!?=")],
            &[VERSION, ("mcp-method", "tools/list"), ("mcp-name", "=?base64?5bCL5om+?=")],
            &[("mcp-protocol-version", "2025-11-25"), method, ("mcp-name", "=?base64?5bCL5om+?=")],
        ] {
            assert!(modern(headers).is_err_and(|fault| fault.contains("-32020")), "{headers:?}");
        }
        let without_body = era(None, "tools/list", &[VERSION]);
        assert!(without_body.is_err_and(|fault| fault.contains("-32602")));
    }

    #[test]
    fn an_unknown_revision_is_answered_with_those_that_there_are() {
        for (declared, header) in [(Some("1900-01-01"), "1900-01-01"), (None, "2024-11-05"), (None, "x")] {
            let fault = era(declared, "tools/list", &[("mcp-protocol-version", header)]).expect_err("refused");
            assert!(fault.contains("-32022") && fault.contains(STATELESS), "{fault}");
        }
        assert_eq!(era(None, "tools/list", &[("mcp-protocol-version", "2025-06-18")]), Ok(Era::Handshake));
        assert_eq!(era(None, "initialize", &[]), Ok(Era::Handshake));
        for (wanted, expected) in [
            (Some("2025-06-18"), "2025-06-18"),
            (Some("2025-11-25"), "2025-11-25"),
            (Some("2024-11-05"), "2025-11-25"),
            (Some(STATELESS), "2025-11-25"),
            (None, "2025-11-25"),
        ] {
            assert_eq!(agreed(wanted), expected, "{wanted:?}");
        }
    }
}
