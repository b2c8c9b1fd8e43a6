//! The description of the interface, in the form of OpenAPI 3.1: what the routes say of themselves, and what is the same for all.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::server::Server;
use utoipa::openapi::{Components, Content, OpenApi as Description, Ref, RefOr, Required};
use utoipa::{OpenApi, ToSchema};
use warp::http::StatusCode;

use super::super::caller::{SESSION_COOKIE, VISITOR_COOKIE};
use super::super::refusals::{ErrorBody, ErrorDetail};

/// The responses of whatever else is wrong with a request, or goes wrong here.
const OTHERWISE: [&str; 2] = ["4XX", "5XX"];

/// The content of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it stands for what is streamed")]
pub struct FileContent(Vec<u8>);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "chatbot",
        description = "Rooms, messages and jobs. The frames of the WebSockets are in docs/protocol.md."
    ),
    components(schemas(ErrorBody, ErrorDetail))
)]
struct Begin;

/// The description of these routes together.
pub fn of<'a>(routes: impl Iterator<Item = &'a Description>) -> Description {
    let mut description = Begin::openapi();
    routes.for_each(|route| description.merge(route.clone()));
    description.servers = Some(vec![Server::new("/")]);
    description.security = Some(ways_in());
    let mut components = description.components.take().unwrap_or_default();
    add_security_schemes(&mut components);
    for item in description.paths.paths.values_mut() {
        operations(item).into_iter().flatten().for_each(|operation| complete(operation, &components));
    }
    description.components = Some(components);
    description
}

/// Without anything one is a guest whom nobody knows again.
fn ways_in() -> Vec<SecurityRequirement> {
    let named = ["bearer", "session", "visitor"].map(|name| SecurityRequirement::new(name, [""; 0]));
    std::iter::once(SecurityRequirement::default()).chain(named).collect()
}

fn add_security_schemes(components: &mut Components) {
    let bearer =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A token, or the owner's key")).build();
    let cookie = |name, words| SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(name, words)));
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme("session", cookie(SESSION_COOKIE, "Of somebody who is signed in"));
    components.add_security_scheme("visitor", cookie(VISITOR_COOKIE, "Of a guest's browser"));
}

fn operations(item: &mut PathItem) -> [Option<&mut Operation>; 5] {
    let PathItem { get, post, put, patch, delete, .. } = item;
    [get.as_mut(), post.as_mut(), put.as_mut(), patch.as_mut(), delete.as_mut()]
}

/// Adds what holds for every operation: that bodies in which everything is optional are so themselves, words for each status, and what
/// errors look like.
fn complete(operation: &mut Operation, components: &Components) {
    if let Some(body) = &mut operation.request_body {
        let needs_nothing = body.content.values().all(|content| is_all_optional(content, components));
        body.required = Some(if needs_nothing { Required::False } else { Required::True });
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let status = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok());
            response.description =
                status.and_then(|status| status.canonical_reason()).unwrap_or("Otherwise").to_owned();
        }
    }
    for statuses in OTHERWISE {
        operation.responses.responses.entry(statuses.to_owned()).or_insert_with(|| RefOr::T(error()));
    }
}

fn is_all_optional(content: &Content, components: &Components) -> bool {
    let schema = match &content.schema {
        Some(RefOr::Ref(to)) => to.ref_location.rsplit('/').next().and_then(|name| components.schemas.get(name)),
        other => other.as_ref(),
    };
    matches!(schema, Some(RefOr::T(Schema::Object(object))) if object.required.is_empty())
}

fn error() -> Response {
    let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("ErrorBody"))));
    ResponseBuilder::new().description("It is refused, or failed").content("application/json", content).build()
}
