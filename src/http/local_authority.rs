//! `/certificate`: how a device at home comes to trust this server, and the certificate to install. Also over plain HTTP: before that,
//! HTTPS is what the device does not trust.

use std::fmt::Write;
use std::sync::Arc;

use warp::filters::BoxedFilter;
use warp::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use warp::http::{HeaderMap, Method};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::App;
use super::caller;
use crate::text::{Locale, Text};

/// Where the page is.
const PAGE: &str = "/certificate";

/// Where the certificate is, under a name whose ending systems know.
const FILE: &str = "/certificate.crt";

/// The page has no scripts.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "body{font:17px/1.5 system-ui,sans-serif;max-width:40em;margin:2em auto;padding:0 1em;color-scheme:light dark}\
    code{overflow-wrap:anywhere}li{margin:.5em 0}";

/// One paragraph for each kind of device.
const DEVICES: [&str; 5] = ["local-ca-apple", "local-ca-android", "local-ca-windows", "local-ca-mac", "local-ca-linux"];

/// What is answered at a path; `None` if nothing of this is there.
pub fn answer(path: &str, headers: &HeaderMap, app: &App) -> Option<Response> {
    match path {
        PAGE => page(headers, app),
        FILE => file(app),
        _ => None,
    }
}

/// `GET /certificate` and `/certificate.crt`, where this server is its own authority.
pub fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let app = app.clone();
    let asked = warp::method().and(warp::path::full()).and(warp::header::headers_cloned());
    let answered = asked.and_then(move |method: Method, path: FullPath, headers: HeaderMap| {
        let answer = answer(path.as_str(), &headers, &app).filter(|_| method == Method::GET);
        std::future::ready(answer.ok_or_else(warp::reject::not_found))
    });
    answered.boxed()
}

fn file(app: &App) -> Option<Response> {
    let authority = app.tls.as_ref()?.local_authority()?;
    let certificate = authority.certificate().to_owned();
    // Phones ask whether to install what has this type.
    Some(warp::reply::with_header(certificate, CONTENT_TYPE, "application/x-x509-ca-cert").into_response())
}

fn page(headers: &HeaderMap, app: &App) -> Option<Response> {
    let authority = app.tls.as_ref()?.local_authority()?;
    let locale = caller::locale(headers);
    let mut response = html(locale, &authority.fingerprint()).into_response();
    let set = response.headers_mut();
    set.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    set.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Some(response)
}

/// Nothing in it comes from outside.
fn html(locale: Locale, fingerprint: &str) -> String {
    let words = |key| Text::new(key).in_locale(locale);
    let title = words("local-ca-title");
    let mut html = format!(
        "<!doctype html><html lang=\"{}\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><h1>{title}</h1><p>{}</p><p><a href=\"{FILE}\" download>{}</a></p><ul>",
        locale.tag(),
        words("local-ca-why"),
        words("local-ca-download"),
    );
    for device in DEVICES {
        // Writing into a String cannot fail.
        let _ = write!(html, "<li>{}</li>", words(device));
    }
    let _ = write!(html, "</ul><p>{} <code>{fingerprint}</code></p>", words("local-ca-fingerprint"));
    html
}
