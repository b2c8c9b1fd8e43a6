//! What is answered over plain HTTP where there is HTTPS: go there. And what a certificate authority asks for.

use hyper::Request;
use hyper::body::Incoming;
use warp::Reply;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use warp::http::{HeaderMap, StatusCode};
use warp::reply::Response;

use super::caller;
use super::peer::Peer;
use super::refusals::{Form, Refusal};
use super::{App, Settings, hosts, local_authority, refusals};
use crate::text::Text;

/// Where a certificate authority looks for the answer to a challenge (RFC 8555, 8.3).
const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// The answer to a request over plain HTTP.
pub fn answer(request: &Request<Incoming>, app: &App, peer: &Peer, id: &str) -> Response {
    let headers = request.headers();
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let answered = match path.strip_prefix(CHALLENGES) {
        Some(token) => challenge(token, app),
        None => hosts::check(headers, &app.settings, peer).and_then(|()| of_page(headers, path, app)),
    };
    let mut response = answered.unwrap_or_else(Refusal::into_response);
    refusals::in_words(&mut response, caller::locale(headers), id, Form::Own);
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn challenge(token: &str, app: &App) -> Result<Response, Refusal> {
    let answer = app.tls.as_ref().and_then(|tls| tls.answer(token));
    let answer = answer.ok_or_else(|| Text::new("error-not_found"))?;
    Ok(warp::reply::with_header(answer, CONTENT_TYPE, "application/octet-stream").into_response())
}

/// The certificate of this server's own authority, without which a device does not come over HTTPS; otherwise, go there.
fn of_page(headers: &HeaderMap, path: &str, app: &App) -> Result<Response, Refusal> {
    let certificate = local_authority::answer(path, headers, app);
    certificate.map_or_else(|| to_https(headers, path, &app.settings), Ok)
}

/// Sends a browser to the same page over HTTPS, and a script with the same request.
fn to_https(headers: &HeaderMap, path: &str, settings: &Settings) -> Result<Response, Refusal> {
    let host = hosts::host(headers).or(settings.https_host.as_deref());
    let url = host.map(|host| https_url(host, settings.https_port, path));
    let location = url.and_then(|url| HeaderValue::from_str(&url).ok());
    let location = location.ok_or_else(|| Text::new("error-bad_request-host"))?;
    Ok(warp::reply::with_header(StatusCode::PERMANENT_REDIRECT, LOCATION, location).into_response())
}

fn https_url(host: &str, port: u16, path: &str) -> String {
    match port {
        443 => format!("https://{host}{path}"),
        port => format!("https://{host}:{port}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_port_is_left_out() {
        assert_eq!(https_url("chat.example", 443, "/a?b=c"), "https://chat.example/a?b=c");
        assert_eq!(https_url("[::1]", 8443, "/"), "https://[::1]:8443/");
    }
}
