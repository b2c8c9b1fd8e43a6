//! chatbot: real-time rooms whose bots do real work, in one program.
//!
//! In reading order, lower floors last; imports point down only:
//!
//! - [`server`] builds every part and stops them in order; [`config`] is what it builds them from.
//! - [`http`] is the edge: page, API, WebSockets. It decides nothing.
//! - [`bots`] are the commands and the workers that run them.
//! - [`answers`] makes answers of passages, with or without a language model.
//! - [`search`] is the one search box.
//! - [`chat`] is the rooms: joining, saying, being answered.
//! - [`llm`] has a language model write.
//! - [`accounts`] says who may do what; [`jobs`] is work in motion; [`schedule`] reads when something is to happen;
//!   [`fetch`] reaches other machines, [`process`] runs other programs.
//! - [`documents`] turns files into text, and text into passages.
//! - [`retrieval`] finds passages by their words and by their meaning; [`embedding`] turns texts into vectors that lie close
//!   together when they mean the same.
//! - [`local`] lets commands on the same machine in.
//! - [`index`] finds by words what the store keeps.
//! - [`analysis`] is text as search sees it.
//! - [`groups`] delivers frames to connections; [`store`] keeps everything.
//! - [`threads`] runs what blocks, [`durable`] writes files that are whole.
//! - [`memory`] releases memory to the OS; [`protocol`] are the frames, [`model`] the things they speak of, [`text`] the words.

pub mod accounts;
pub mod analysis;
pub mod answers;
pub mod bots;
pub mod chat;
pub mod config;
pub mod documents;
pub mod durable;
pub mod embedding;
pub mod fetch;
pub mod groups;
pub mod http;
pub mod index;
pub mod jobs;
pub mod library;
pub mod llm;
pub mod local;
#[allow(unsafe_code, reason = "the heap and the program's own pages belong to the C library and the kernel")]
pub mod memory;
pub mod model;
pub mod process;
pub mod protocol;
pub mod retrieval;
pub mod schedule;
pub mod search;
pub mod server;
pub mod store;
pub mod text;
pub mod threads;
