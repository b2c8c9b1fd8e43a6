//! The whole program through its doors: a real server, real WebSockets, real HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so what it needs")]

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with the tests in the browser")]
mod support;

#[path = "../support/clock.rs"]
mod clock;

#[path = "../support/files.rs"]
mod files;

#[path = "../support/schema_1.rs"]
mod schema_1;

#[path = "../support/web_site.rs"]
mod web_site;

mod accounts;
mod acme;
mod acme_trouble;
mod alerts;
mod answers;
mod api;
mod authority;
mod backup;
mod backup_targets;
mod budgets;
mod catch_up;
mod certificates;
mod collections;
mod command;
mod command_permissions;
mod compact;
mod config_cli;
mod confinement;
mod cookieless;
mod crash;
mod custom_commands;
mod doctor;
mod document_changes_crash;
mod document_crash;
mod documents;
mod documents_cli;
mod documents_sync;
mod duplicates;
mod extract;
mod extract_pdf;
mod filter;
mod fixtures;
mod frames;
mod gaps;
mod hooks;
mod http_rules;
mod index_crash;
mod invitations;
mod job_crash;
mod job_promises;
mod job_runtime;
mod jobs;
mod jobs_cli;
mod language_model;
mod licenses;
mod limits;
mod log;
mod mcp;
mod merges;
mod model_answers;
mod model_refusals;
mod moderation;
mod open_id;
mod openai;
mod origins;
mod owner;
mod page;
mod pdf_order;
mod personal_data;
mod personas;
mod planted_faults;
mod presence;
mod programs;
mod proxies;
mod quotas;
mod raw;
mod reactions;
mod real_model;
mod restarts;
mod retention;
mod role_table;
mod room_access;
mod rooms;
mod scans;
mod schedules;
mod search;
mod second_factor;
mod settings_page;
mod simple;
mod site_sync;
mod slow_readers;
mod stats;
mod status;
mod stored;
mod supervision;
mod tls;
mod tokens;
mod traces;
mod transfer;
mod update;
mod upgrade;
mod user_cli;
mod vectors_crash;
mod watching;
mod webhooks;
