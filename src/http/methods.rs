//! What holds for the methods of all routes: what can be read has a head, what is asked for by another method is told which there are,
//! and pages of other sites learn whether they may ask.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use hyper::Request;
use hyper::body::Incoming;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer, ExposeHeaders};
use tower_layer::Layer;
use tower_service::Service;
use warp::filters::BoxedFilter;
use warp::http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CONTENT_RANGE, ETAG, HeaderName, HeaderValue, RANGE,
    RETRY_AFTER, UPGRADE,
};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::api::MethodTable;
use super::request_id;

/// How long a browser remembers what pages of another site may do.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// The methods that pages of other sites may use.
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// What of an answer those pages may read beside its body.
const EXPOSED: [HeaderName; 5] = [RETRY_AFTER, request_id::HEADER, ETAG, CONTENT_RANGE, ACCEPT_RANGES];

/// What answers a request.
pub struct Endpoints {
    routes: BoxedFilter<(Response,)>,
    /// What is told to pages of other sites; `None` if there are none that may ask.
    cors: Option<CorsLayer>,
    methods: MethodTable,
}

impl Endpoints {
    /// `allowed_origins` are those whose pages may ask.
    pub fn new((routes, methods): (BoxedFilter<(Response,)>, MethodTable), allowed_origins: &[String]) -> Self {
        let origins: Vec<HeaderValue> = allowed_origins.iter().filter_map(|origin| origin.parse().ok()).collect();
        let cors = (!origins.is_empty()).then(|| {
            CorsLayer::new()
                .allow_origin(AllowOrigin::list(origins))
                .allow_credentials(true)
                .allow_methods(METHODS)
                .allow_headers(AllowHeaders::mirror_request())
                .expose_headers(ExposeHeaders::list(EXPOSED))
                .max_age(REMEMBERED)
        });
        Self { routes, cors, methods }
    }

    /// The answer to a request.
    pub fn answer(&self, mut request: Request<Incoming>) -> BoxFuture<'_, Result<Response, Infallible>> {
        let (asked, path) = (request.method().clone(), request.uri().path().to_owned());
        // hyper leaves out the body.
        if asked == Method::HEAD && !request.headers().contains_key(UPGRADE) {
            *request.method_mut() = Method::GET;
            // Parts are for GET alone (RFC 9110, 14.2).
            request.headers_mut().remove(RANGE);
        }
        let is_preflight = request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let mut routes = warp::service(self.routes.clone());
        let answering = match &self.cors {
            Some(layer) if asked != Method::OPTIONS || is_preflight => layer.layer(routes).call(request).boxed(),
            _ => routes.call(request).boxed(),
        };
        async move {
            let mut response = answering.await?;
            if response.status() == StatusCode::METHOD_NOT_ALLOWED {
                if asked == Method::OPTIONS {
                    response = Response::default();
                    *response.status_mut() = StatusCode::NO_CONTENT;
                }
                response.headers_mut().insert(ALLOW, self.allowed(&path));
            }
            Ok(response)
        }
        .boxed()
    }

    /// The methods of a path that exists. What is not in the interface is the page, or a socket.
    fn allowed(&self, path: &str) -> HeaderValue {
        let mut methods = self.methods.at(path);
        if methods.is_empty() {
            methods = vec![Method::GET, Method::HEAD];
        }
        methods.push(Method::OPTIONS);
        let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
        HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static("GET"))
    }
}
