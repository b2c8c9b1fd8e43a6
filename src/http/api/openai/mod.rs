//! `/v1`: the interface of OpenAI, for programs that know no other. Answers from documents are its chat completions.

mod chat;
mod embeddings;
mod models;

use std::sync::Arc;

use super::App;
use super::route::Route;

/// Bytes of a request: programs send their whole conversation.
const MAX_BODY: usize = 512 * 1024;

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    [models::routes(app), chat::routes(app), embeddings::routes(app)].into_iter().flatten().collect()
}
