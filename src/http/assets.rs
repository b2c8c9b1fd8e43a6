//! The page and its parts, embedded at build time: the only home of `rust_embed`.
//!
//! `build.rs` adds compressed variants of every file, and a hash of all files to the path below `/assets/`.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use rust_embed::{EmbeddedFile, RustEmbed};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, SET_COOKIE, VARY,
};
use warp::http::{HeaderMap, StatusCode};
use warp::path::Tail;
use warp::reply::Response;

use super::caller::{Caller, VISITOR_COOKIE, caller, cookie_name, has_cookie, set_cookie, visitor_token};
use super::{App, encoding};
use crate::accounts::random_token;
use crate::licenses;

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/web"]
struct Web;

/// The hash of all assets, part of their addresses.
const HASH: &str = env!("CHATBOT_ASSETS_HASH");

/// Allows only the page's own scripts, and no embedding in other pages.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const IMMUTABLE: &str = "public, max-age=31536000, immutable";

const A_DAY: &str = "public, max-age=86400";

/// A year, in seconds.
const VISITOR_COOKIE_DAYS: i64 = 365;

pub fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    page(app).or(asset()).unify().or(third_party_licenses()).unify().boxed()
}

/// `GET /`, `/bot`, `/room/{room}`, `/jobs`, `/jobs/{part}`, `/documents`, `/documents/{id}`, `/admin`, `/admin/{part}` and
/// others: the page. It finds out itself what to show.
fn page(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let path = warp::path::end().or(warp::path!("bot")).unify();
    let path = path.or(warp::path!("room" / String).map(|_| ()).untuple_one()).unify();
    let path = path.or(warp::path!("jobs")).unify();
    let path = path.or(warp::path!("jobs" / String).map(|_| ()).untuple_one()).unify();
    let path = path.or(warp::path!("documents")).unify();
    let path = path
        .or(warp::path!("join"))
        .unify()
        .or(warp::path!("sign-in"))
        .unify()
        .or(warp::path!("account"))
        .unify()
        .or(warp::path!("people"))
        .unify();
    let path = path.or(warp::path!("documents" / String).map(|_| ()).untuple_one()).unify();
    let path =
        path.or(warp::path!("admin")).unify().or(warp::path!("admin" / String).map(|_| ()).untuple_one()).unify();
    let headers = warp::header::headers_cloned();
    path.and(warp::get()).and(caller(app)).and(headers).map(|caller: Caller, headers| index(&caller, &headers)).boxed()
}

fn index(caller: &Caller, headers: &HeaderMap) -> Response {
    let mut response = embedded("index.html", headers, "private, no-cache");
    let name = cookie_name(VISITOR_COOKIE, caller.is_secure);
    // Kept for a visitor who has it under another name.
    let is_known = caller.visitor.is_recognized();
    let known = visitor_token(headers, caller.is_secure).ok().flatten().filter(|_| is_known);
    if known.is_none() || !has_cookie(headers, &name) {
        let token = known.unwrap_or_else(random_token);
        if let Some(cookie) = set_cookie(VISITOR_COOKIE, &token, VISITOR_COOKIE_DAYS, "Lax", caller.is_secure) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
    }
    response
}

/// `GET /assets/{hash}/{file}`, cached indefinitely: another build has another hash. `GET /favicon.ico`.
fn asset() -> BoxedFilter<(Response,)> {
    let hashed = warp::path("assets").and(warp::path(HASH)).and(warp::path::tail());
    let hashed = hashed.and(warp::get()).and(warp::header::headers_cloned());
    let hashed = hashed.and_then(|tail: Tail, headers: HeaderMap| {
        let found = Web::get(tail.as_str()).is_some() && tail.as_str() != "index.html";
        std::future::ready(if found {
            Ok(embedded(tail.as_str(), &headers, IMMUTABLE))
        } else {
            Err(warp::reject::not_found())
        })
    });
    let icon = warp::path!("favicon.ico").and(warp::get()).and(warp::header::headers_cloned());
    let icon = icon.map(|headers: HeaderMap| embedded("icons/icon.svg", &headers, A_DAY));
    hashed.or(icon).unify().boxed()
}

/// `GET /licenses`: the licences of others' software, as text.
fn third_party_licenses() -> BoxedFilter<(Response,)> {
    let at = warp::path!("licenses").and(warp::get()).and(warp::header::headers_cloned());
    at.map(|headers: HeaderMap| {
        if encoding::best(&headers, &["gzip"]).is_some() {
            file(Bytes::from_static(licenses::COMPRESSED), "licenses.txt", A_DAY, Some("gzip"))
        } else {
            file(licenses::text().into(), "licenses.txt", A_DAY, None)
        }
    })
    .boxed()
}

/// An embedded file in the smallest encoding that the client accepts.
fn embedded(path: &str, headers: &HeaderMap, cache: &'static str) -> Response {
    let Some((embedded, encoding)) = smallest(path, headers) else {
        // Unreachable: only existing paths are passed in.
        let mut missing = Response::default();
        *missing.status_mut() = StatusCode::NOT_FOUND;
        return missing;
    };
    let etag = format!("\"{}\"", HEXLOWER.encode(&embedded.metadata.sha256_hash()[..12]));
    let is_known = headers
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == etag));
    let body = match embedded.data {
        _ if is_known => Bytes::new(),
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    let mut response = file(body, path, cache, encoding);
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

/// A file with the headers of its kind.
fn file(body: Bytes, path: &str, cache: &'static str, encoding: Option<&'static str>) -> Response {
    let mut response = Response::new(body.into());
    let set = response.headers_mut();
    set.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    set.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    set.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Some(encoding) = encoding {
        set.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    for (name, value) in [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        set.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn smallest(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let encoding = encoding::best(headers, &["br", "gzip"]);
    let ending = encoding.map(|encoding| if encoding == "br" { "br" } else { "gz" });
    let packed = ending.and_then(|ending| Web::get(&format!("{path}.{ending}")));
    match packed {
        Some(file) => Some((file, encoding)),
        None => Web::get(path).map(|file| (file, None)),
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
