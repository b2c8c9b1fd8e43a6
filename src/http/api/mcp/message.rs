//! JSON-RPC 2.0, as far as MCP uses it: one request or notification at a time.

use serde_json::{Map, Value, json};
use warp::http::StatusCode;
use warp::reply::Response;

use super::super::json as reply;

/// A request, or a notification, which has no id and gets no answer.
pub struct Message {
    /// A text or an integer.
    pub id: Option<Value>,
    pub method: String,
    pub params: Map<String, Value>,
}

impl Message {
    /// Parses the body of a request.
    ///
    /// # Errors
    /// For everything else, also lists of messages and responses: the server never asks its clients.
    pub fn parse(body: &[u8]) -> Result<Self, Fault> {
        let value: Value = serde_json::from_slice(body).map_err(|error| Fault::parse(error.to_string()))?;
        let Value::Object(mut message) = value else { return Err(Fault::invalid("a message is one object")) };
        if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return Err(Fault::invalid("jsonrpc must be \"2.0\""));
        }
        let id = message.remove("id");
        if id.as_ref().is_some_and(|id| !(id.is_string() || id.is_i64() || id.is_u64())) {
            return Err(Fault::invalid("id must be a string or an integer"));
        }
        let Some(Value::String(method)) = message.remove("method") else {
            return Err(Fault::invalid("method must be a string"));
        };
        let params = match message.remove("params") {
            None => Map::new(),
            Some(Value::Object(params)) => params,
            Some(_) => return Err(Fault::invalid("params must be an object").about(id)),
        };
        Ok(Self { id, method, params })
    }

    /// A field of the parameters' `_meta`.
    pub fn meta(&self, name: &str) -> Option<&Value> {
        self.params.get("_meta")?.get(name)
    }
}

/// Why a message is refused. Told to programs, in English.
#[derive(Debug)]
pub struct Fault {
    status: StatusCode,
    code: i64,
    message: String,
    data: Option<Value>,
    id: Option<Value>,
}

impl Fault {
    pub fn new(status: StatusCode, code: i64, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), data: None, id: None }
    }

    fn parse(reason: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, -32700, format!("Parse error: {reason}"))
    }

    fn invalid(reason: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, -32600, format!("Invalid request: {reason}"))
    }

    /// Parameters that the method cannot be called with.
    pub fn params(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::OK, -32602, reason)
    }

    /// With more about it.
    pub fn with(self, data: Value) -> Self {
        Self { data: Some(data), ..self }
    }

    /// Of the request with this id.
    pub fn about(self, id: Option<Value>) -> Self {
        Self { id, ..self }
    }

    pub fn into_response(self) -> Response {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(data) = self.data {
            error["data"] = data;
        }
        let mut body = json!({"jsonrpc": "2.0", "error": error});
        if let Some(id) = self.id {
            body["id"] = id;
        }
        reply(self.status, &body)
    }
}

/// The answer to a request.
pub fn answer(id: &Value, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

/// A notification of the server.
pub fn notification(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_single_requests_and_notifications_are_messages() {
        for (body, code) in [
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, None),
            (r#"{"jsonrpc":"2.0","id":"a","method":"ping","params":{}}"#, None),
            (r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, None),
            ("", Some(-32700)),
            ("{", Some(-32700)),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, Some(-32600)),
            ("[]", Some(-32600)),
            ("null", Some(-32600)),
            ("{}", Some(-32600)),
            (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, Some(-32600)),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, Some(-32600)),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, Some(-32600)),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, Some(-32600)),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, Some(-32600)),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#, Some(-32600)),
            (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, Some(-32600)),
        ] {
            assert_eq!(Message::parse(body.as_bytes()).err().map(|fault| fault.code), code, "{body}");
        }
        let deep = "[".repeat(100_000);
        assert!(Message::parse(deep.as_bytes()).is_err(), "nesting is bounded");
    }
}
