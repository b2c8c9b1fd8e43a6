//! `chatbot service`: makes this program a service of systemd, for those who have only its file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use chatbot::durable;
use clap::{Args, Subcommand};

use super::config::EXAMPLE;
use super::output;

/// The unit of the packages.
const UNIT: &str = include_str!("../../dist/chatbot.service");

/// The program's path in the unit of the packages.
const PACKAGED: &str = "/usr/bin/chatbot";

/// Where the program is put: a service cannot run one that is in somebody's home.
const PROGRAM: &str = "/usr/local/bin/chatbot";

const UNIT_FILE: &str = "/etc/systemd/system/chatbot.service";
const CONFIG_DIR: &str = "/etc/chatbot";
const CONFIG_FILE: &str = "/etc/chatbot/config.toml";
const DATA_DIR: &str = "/var/lib/chatbot";
const USER: &str = "chatbot";

#[derive(Args)]
pub struct ServiceArgs {
    #[command(subcommand)]
    command: ServiceCommand,
}

#[derive(Subcommand)]
enum ServiceCommand {
    /// Install this program as a service with a user of its own, and start it now and at every boot
    ///
    /// Puts the program into /usr/local/bin, its settings into /etc/chatbot and its data into /var/lib/chatbot. Installed again,
    /// it is upgraded; settings and data stay.
    Install {
        /// Only print the unit
        #[arg(long)]
        print: bool,
    },
    /// Stop the service and remove it; settings and data stay
    Uninstall,
}

/// Runs the subcommand.
///
/// # Errors
/// What could not be done. What was done before stays; the same command goes on with it.
pub fn run(arguments: ServiceArgs) -> anyhow::Result<()> {
    match arguments.command {
        ServiceCommand::Install { print: true } => output::write(&unit()),
        ServiceCommand::Install { print: false } => install(),
        ServiceCommand::Uninstall => uninstall(),
    }
}

fn unit() -> String {
    UNIT.replace(PACKAGED, PROGRAM)
}

fn require_root() -> anyhow::Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("this needs root: sudo chatbot service …");
    }
    if !Path::new("/run/systemd/system").exists() {
        bail!("systemd does not run on this machine; start \"chatbot serve\" by whatever starts its services");
    }
    if Path::new("/usr/lib/systemd/system/chatbot.service").exists() {
        bail!("the package of chatbot has made a service already: systemctl status chatbot");
    }
    Ok(())
}

fn install() -> anyhow::Result<()> {
    require_root()?;
    put_program().with_context(|| format!("cannot put the program at {PROGRAM}"))?;
    if run_quietly("getent", &["passwd", USER]).is_err() {
        let shell = ["--home-dir", DATA_DIR, "--no-create-home", "--shell", "/usr/sbin/nologin", USER];
        run_quietly("useradd", &[&["--system", "--user-group"], &shell[..]].concat())?;
    }
    put_settings().with_context(|| format!("cannot write {CONFIG_FILE}"))?;
    fs::write(UNIT_FILE, unit()).with_context(|| format!("cannot write {UNIT_FILE}"))?;
    run_quietly("systemctl", &["daemon-reload"])?;
    run_quietly("systemctl", &["enable", "chatbot.service"])?;
    run_quietly("systemctl", &["restart", "chatbot.service"])?;
    output::write(&format!(
        "chatbot runs, now and after every boot.\n\n  \
         Settings   {CONFIG_FILE}\n  \
         Data       {DATA_DIR}\n  \
         Log        journalctl -u chatbot\n\n\
         Make the owner's account: sudo -u {USER} chatbot user add NAME --role owner --config {CONFIG_FILE}\n"
    ))
}

/// In one step: a program that runs cannot be written to.
fn put_program() -> anyhow::Result<()> {
    let this = std::env::current_exe()?.canonicalize()?;
    if this == Path::new(PROGRAM) {
        return Ok(());
    }
    let new = format!("{PROGRAM}.new");
    fs::copy(&this, &new)?;
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755))?;
    durable::put(&fs::File::open(&new)?, Path::new(&new), Path::new(PROGRAM))?;
    Ok(())
}

/// Settings for the service, which only root can change and only the service can read. Those that are there stay.
fn put_settings() -> anyhow::Result<()> {
    if Path::new(CONFIG_FILE).exists() {
        return Ok(());
    }
    fs::create_dir_all(CONFIG_DIR)?;
    let own = EXAMPLE.replace("data_dir = \"./data\"", &format!("data_dir = {DATA_DIR:?}"));
    durable::write(Path::new(CONFIG_FILE), own.as_bytes())?;
    run_quietly("chgrp", &[USER, CONFIG_FILE])?;
    fs::set_permissions(CONFIG_FILE, fs::Permissions::from_mode(0o640))?;
    Ok(())
}

fn uninstall() -> anyhow::Result<()> {
    require_root()?;
    if !Path::new(UNIT_FILE).exists() {
        bail!("there is no service of chatbot here");
    }
    run_quietly("systemctl", &["disable", "--now", "chatbot.service"])?;
    fs::remove_file(UNIT_FILE).with_context(|| format!("cannot remove {UNIT_FILE}"))?;
    run_quietly("systemctl", &["daemon-reload"])?;
    output::write(&format!(
        "The service is gone. Its data are still in {DATA_DIR}, its settings in {CONFIG_DIR}, the program at {PROGRAM}.\n"
    ))
}

/// Runs a program of the system.
fn run_quietly(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let ended = Command::new(program).args(arguments).output().with_context(|| format!("cannot run {program}"))?;
    if !ended.status.success() {
        let words = String::from_utf8_lossy(&ended.stderr);
        bail!("{program} {} failed: {}", arguments.join(" "), words.trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_and_the_settings_name_where_this_puts_things() {
        assert!(unit().contains("ExecStart=/usr/local/bin/chatbot serve --config /etc/chatbot/config.toml"));
        assert!(!unit().contains(PACKAGED));
        assert!(EXAMPLE.contains("data_dir = \"./data\""));
    }
}
