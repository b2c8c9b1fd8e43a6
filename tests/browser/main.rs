//! The page in a real browser: what people see and do, from their first visit to the last key.
//!
//! Each test has a server of its own and windows with profiles of their own. Screenshots end up in `target/screenshots`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so what it needs")]

mod driver;
mod others;
mod window;

#[allow(dead_code, reason = "shared with the other tests, each of which uses a part")]
#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod administration;
mod answers;
mod chinese;
mod collections;
mod commands;
mod custom_commands;
mod dashboard;
mod documents;
mod gaps;
mod history;
mod hostile;
mod interruptions;
mod invitations;
mod keyboard;
mod moderation;
mod own_data;
mod owner;
mod pictures;
mod preferences;
mod rooms;
mod search;
mod sign_in;
mod talking;
