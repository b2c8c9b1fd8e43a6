//! `/api/jobs/{id}/callback/{token}`, the one-time address at which the answer to a command may be posted.

use std::sync::Arc;

use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::{Answer, App, ErrorBody, body, settle, trusted_caller, with_app};
use crate::bots::own::Said;
use crate::model::JobId;
use crate::text::Text;

pub fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let answering = warp::path!("api" / "jobs" / String / "callback" / String).and(warp::post());
    let answering = answering.and(trusted_caller(app)).and(body(app)).and(with_app(app));
    answering
        .map(|id: String, token: String, _caller, said: Said, app| answer(&id, &token, said, &app))
        .map(settle)
        .boxed()
}

/// The answer to a command, or how far it is; what ends it is taken once.
#[utoipa::path(post, path = "/api/jobs/{id}/callback/{token}", request_body = Said,
    params(("id" = String, Path), ("token" = String, Path)),
    responses((status = 204), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
fn answer(id: &str, token: &str, said: Said, app: &Arc<App>) -> Answer {
    if said.says_nothing() {
        return Err(Text::new("error-missing_field").with("field", "result").into());
    }
    let is_expected = JobId::parse(id).is_some_and(|job| app.callbacks.answer(&job, token, said));
    if is_expected { Ok(StatusCode::NO_CONTENT.into_response()) } else { Err(Text::new("error-not_found-job").into()) }
}
