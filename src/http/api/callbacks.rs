//! `/api/jobs/{id}/callback/{token}`: the callback URL for the answer of a custom command.

use std::sync::Arc;

use warp::http::StatusCode;
use warp::{Filter, Reply};

use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, open_body_of, trusted_caller, with_app};
use crate::bots::custom::Said;
use crate::model::JobId;
use crate::text::Text;

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(answer).parts(|at| {
        at.and(trusted_caller(app)).and(open_body_of(app.settings.frame_bytes)).and(with_app(app)).then(answer)
    })]
}

/// The answer of a custom command, or its progress; a final response is accepted once.
#[utoipa::path(post, path = "/api/jobs/{id}/callback/{token}", request_body = Said,
    params(("id" = String, Path), ("token" = String, Path)),
    responses((status = 204), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn answer(id: String, token: String, _: Caller, said: Said, app: Arc<App>) -> Answer {
    if said.says_nothing() {
        return Err(Text::new("error-missing_field").with("field", "result").into());
    }
    let is_expected = JobId::parse(&id).is_some_and(|job| app.callbacks.answer(&job, &token, said));
    if is_expected { Ok(StatusCode::NO_CONTENT.into_response()) } else { Err(Text::new("error-not_found-job").into()) }
}
