//! chatbot: real-time rooms whose bots do real work, in one program.
//!
//! In reading order, from upper to lower layers; modules import only from lower layers:
//!
//! - [`doctor`] examines whether a server can do its work.
//! - [`server`] builds every part and stops them in order; [`config`] is what it builds them from.
//! - [`http`] is the HTTP layer: page, API, WebSockets. It contains no business logic.
//! - [`alerts`] makes texts of what other programs post.
//! - [`bots`] are the commands and the workers that run them.
//! - [`answers`] builds answers from passages, with or without a language model.
//! - [`search`] is search over messages.
//! - [`chat`] are the rooms: joining, posting, answers.
//! - [`llm`] is the client for language models, [`open_id`] that for the identity provider, [`open_telemetry`] that for a collector of traces.
//! - [`accounts`] is authorization; [`jobs`] are queued and running jobs; [`schedule`] parses times and recurrences;
//!   [`fetch`] is the HTTP client, [`process`] runs other programs.
//! - [`backup`] makes backups, and stores from them.
//! - [`transfer`] exports history, and imports that of other chats.
//! - [`documents`] extracts text from files and splits it into passages.
//! - [`retrieval`] finds passages by words and by meaning; [`embedding`] computes vectors of texts, which are close
//!   together when they mean the same.
//! - [`supervisor`] speaks with systemd, or another service manager; [`tls`] encrypts connections, and sees to the certificate; [`local`] lets commands on the same machine in.
//! - [`index`] finds by words what the store keeps.
//! - [`analysis`] is text as search sees it.
//! - [`groups`] delivers frames to connections; [`store`] keeps everything.
//! - [`telemetry`] is what the process tells of its own work.
//! - [`threads`] runs what blocks, [`durable`] writes files that are whole.
//! - [`licenses`] says whose software is in the program.
//! - [`memory`] releases memory to the OS; [`protocol`] are the frames, [`model`] the things they speak of, [`text`] the words.

pub mod accounts;
pub mod alerts;
pub mod analysis;
pub mod answers;
pub mod backup;
pub mod bots;
pub mod budgets;
pub mod chat;
pub mod config;
pub mod doctor;
pub mod documents;
pub mod durable;
pub mod embedding;
pub mod fetch;
pub mod groups;
pub mod http;
pub mod index;
pub mod jobs;
pub mod library;
pub mod licenses;
pub mod llm;
pub mod local;
#[allow(unsafe_code, reason = "the heap belongs to the allocator, and the program's own pages to the kernel")]
pub mod memory;
pub mod model;
pub mod moderation;
pub mod open_id;
pub mod open_telemetry;
pub mod patterns;
pub mod personal_data;
pub mod process;
pub mod protocol;
pub mod retrieval;
pub mod schedule;
pub mod search;
pub mod server;
pub mod store;
pub mod supervisor;
pub mod telemetry;
pub mod text;
pub mod threads;
pub mod tls;
pub mod transfer;
