//! What the command line asks a running server, beside starting one.

pub mod ask;
pub mod documents;
pub mod jobs;

mod client;
mod form;
mod output;
mod table;
