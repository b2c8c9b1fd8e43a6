//! Settings that are possible and yet a risk, and what commands need to run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use reqwest::Url;

use super::shown;
use crate::config::{CommandConfig, Config};
use crate::model::Diagnosis;

/// Examines settings that were read.
pub fn look(config: &Config) -> Vec<Diagnosis> {
    let mut findings = Vec::new();
    findings.extend(readable(config));
    findings.extend(reached_by(config));
    let level = config.log.level.to_lowercase();
    if level.contains("debug") || level.contains("trace") {
        findings.push(Diagnosis::warning("log-verbose").with("level", &config.log.level));
    }
    findings.extend(config.commands.iter().flat_map(command));
    findings
}

/// Files with secrets that other users can read.
fn readable(config: &Config) -> Vec<Diagnosis> {
    let file = config.file.iter().filter(|_| has_secrets(config));
    let secret = config.key_files().chain(file);
    let is_open = |path: &&PathBuf| fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o007 != 0);
    secret.filter(is_open).map(|path| Diagnosis::warning("secret-readable").with("file", shown(path))).collect()
}

fn has_secrets(config: &Config) -> bool {
    let keys = [
        &config.language_model.key,
        &config.embedding.key,
        &config.open_id.client_secret,
        &config.backup.s3_secret,
        &config.traces.key,
    ];
    !config.accounts.owner_key.is_empty()
        || keys.into_iter().any(|key| !key.is_empty())
        || config.commands.iter().any(|command| !command.secret.is_empty())
        || config.webhooks.iter().any(|webhook| !webhook.secret.is_empty())
}

/// How browsers reach the server, as far as the settings tell.
fn reached_by(config: &Config) -> Vec<Diagnosis> {
    let mut findings = Vec::new();
    let proxies = config.trusted_proxies();
    if proxies.iter().any(|network| network.prefix_len() == 0) {
        findings.push(Diagnosis::fault("proxies-everybody"));
    }
    let Ok(url) = Url::parse(&config.http.public_url) else { return findings };
    // Nobody but a proxy comes by a socket.
    let has_port = config.server.socket.as_os_str().is_empty();
    match url.scheme() {
        "https" if proxies.is_empty() && has_port && !config.tls.is_on() => {
            findings.push(Diagnosis::warning("proxy-unnamed").with("url", &url))
        }
        "http" if url.domain().is_some_and(|name| name.contains('.') && !name.ends_with(".local")) => {
            findings.push(Diagnosis::warning("public-plain").with("url", &url));
        }
        _ => {}
    }
    findings
}

/// What a command's program needs.
fn command(command: &CommandConfig) -> Vec<Diagnosis> {
    let Some(program) = command.run.first() else { return Vec::new() };
    let mut findings = Vec::new();
    if !is_program(program) {
        findings.push(Diagnosis::fault("command-program").with("name", &command.name).with("program", program));
    }
    if !command.dir.as_os_str().is_empty() && !command.dir.is_dir() {
        let dir = shown(&command.dir);
        findings.push(Diagnosis::fault("command-folder").with("name", &command.name).with("dir", dir));
    }
    findings
}

/// Whether there is a file that can be executed, at the path or by the name in `PATH`.
pub(super) fn is_program(program: &str) -> bool {
    let is_executable =
        |path: &Path| fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    if program.contains('/') {
        return is_executable(Path::new(program));
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| crate::process::USUAL_PATH.into());
    std::env::split_paths(&path).any(|folder| is_executable(&folder.join(program)))
}
