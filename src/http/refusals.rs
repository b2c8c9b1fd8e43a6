//! Converts errors to HTTP responses, in the client's language and without internal details.

use std::convert::Infallible;

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use warp::reject::{Reject, Rejection};
use warp::reply::Response;

use crate::text::{Locale, Text};

/// What every error looks like.
#[derive(Serialize, ToSchema)]
pub struct ErrorBody {
    pub error: ErrorDetail,
}

#[derive(Serialize, ToSchema)]
pub struct ErrorDetail {
    /// Stable, for programs.
    pub code: String,
    /// For people, in their language.
    pub message: String,
    /// The id by which the server's log names the request.
    pub request: String,
    /// Of OpenAI's interface alone: what kind of error it is, by OpenAI's names.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// Of `duplicate`: the id of the document that has the same content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

/// An error response. Its text is rendered last, where the client's language is known.
#[derive(Clone, Debug)]
pub struct Refusal {
    status: StatusCode,
    text: Text,
    retry_after: Option<u64>,
}

impl Reject for Refusal {}

impl Refusal {
    pub fn new(status: StatusCode, text: Text) -> Self {
        Self { status, text, retry_after: None }
    }

    /// Why it is refused.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// Tells the client when to come back, in seconds.
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}

impl From<Text> for Refusal {
    fn from(text: Text) -> Self {
        let status = match text.code() {
            "forbidden" => StatusCode::FORBIDDEN,
            "bad_key" | "bad_password" | "bad_code" | "code_needed" | "bad_passkey" => StatusCode::UNAUTHORIZED,
            "not_found" | "bad_invitation" => StatusCode::NOT_FOUND,
            "unknown_host" => StatusCode::MISDIRECTED_REQUEST,
            "wrong_state" | "changed" | "name_taken" | "duplicate" => StatusCode::CONFLICT,
            "too_large" | "too_long" | "file_too_big" => StatusCode::PAYLOAD_TOO_LARGE,
            "too_fast" => StatusCode::TOO_MANY_REQUESTS,
            "busy" => StatusCode::SERVICE_UNAVAILABLE,
            "storage_full" | "room_full" => StatusCode::INSUFFICIENT_STORAGE,
            "store_failed" | "search_failed" | "not_answered" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        let refusal = Self::new(status, text.clone());
        match text.argument("seconds").and_then(|seconds| seconds.parse().ok()) {
            Some(seconds) => refusal.retry_after(seconds),
            None => refusal,
        }
    }
}

impl warp::Reply for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self.status;
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self.text);
        response
    }
}

/// What errors look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Own,
    OpenAi,
    /// Of JSON-RPC.
    Mcp,
}

impl Form {
    /// That of the interface to which a path belongs.
    pub fn of(path: &str) -> Self {
        match path {
            "/mcp" | "/mcp/" => Self::Mcp,
            _ if path.starts_with("/v1/") => Self::OpenAi,
            _ => Self::Own,
        }
    }
}

/// By the names that OpenAI gives kinds of errors.
fn openai_kind(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "authentication_error",
        StatusCode::FORBIDDEN => "permission_error",
        StatusCode::NOT_FOUND => "not_found_error",
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        status if status.is_client_error() => "invalid_request_error",
        _ => "server_error",
    }
}

/// Converts the rejections of requests that matched no route.
pub async fn recover(rejection: Rejection) -> Result<Refusal, Infallible> {
    if let Some(refusal) = rejection.find::<Refusal>() {
        return Ok(refusal.clone());
    }
    let bad = |reason: &dyn std::fmt::Display| Refusal::from(Text::new("error-bad_request").with("reason", reason));
    if rejection.is_not_found() {
        return Ok(Text::new("error-not_found").into());
    }
    if let Some(error) = rejection.find::<warp::reject::InvalidQuery>() {
        return Ok(bad(error));
    }
    if rejection.find::<warp::reject::MethodNotAllowed>().is_some() {
        return Ok(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, Text::new("error-bad_request-method")));
    }
    tracing::debug!(?rejection, "a request that no filter took");
    Ok(bad(&"it is not as this address expects it"))
}

/// Renders an error response in a language, with the id of its request, in the form of the interface to which that was sent.
pub fn in_words(response: &mut Response, locale: Locale, request: &str, form: Form) {
    let Some(text) = response.extensions_mut().remove::<Text>() else { return };
    let status = response.status();
    let (code, message, request) = (text.code().to_owned(), text.in_locale(locale), request.to_owned());
    let document = text.argument("document").map(str::to_owned);
    let body = match form {
        Form::Mcp => serde_json::to_vec(&rpc_error(status, &code, &message, &request)),
        Form::OpenAi | Form::Own => {
            let kind = (form == Form::OpenAi).then(|| openai_kind(status));
            serde_json::to_vec(&ErrorBody { error: ErrorDetail { code, message, request, kind, document } })
        }
    };
    *response.body_mut() = body.unwrap_or_default().into();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9110, 15.5.2.
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
}

/// What JSON-RPC says where no request could be taken: by its codes, the client's fault or the server's.
fn rpc_error(status: StatusCode, code: &str, message: &str, request: &str) -> serde_json::Value {
    let number = if status.is_server_error() { -32603 } else { -32600 };
    json!({"jsonrpc": "2.0", "error": {"code": number, "message": message, "data": {"code": code, "request": request}}})
}
