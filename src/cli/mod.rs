//! What the command line asks a running server, beside starting one.

pub mod jobs;

mod client;
mod table;
