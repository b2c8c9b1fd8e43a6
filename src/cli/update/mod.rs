//! `chatbot update`: replaces this program by a newer release.
//!
//! Whenever it is interrupted, the program that is there is the old one or the new one, and whole.

mod release;
mod trial;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use chatbot::config::{self, Config, Sources};
use chatbot::durable;
use chatbot::local::LocalAccess;
use clap::Args;

use self::release::{Release, Version};
use super::output;

/// How long a server may take to become ready after its restart; upgrading a store of some million messages takes minutes.
const READY: Duration = Duration::from_secs(10 * 60);

/// How often is looked whether it is.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Args)]
pub struct UpdateArgs {
    /// Configuration file of the server
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data directory of the server [default: as for serve]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Only say whether there is a newer release
    #[arg(long)]
    check: bool,
    /// URL of the folder with the release [default: update.url of the settings]
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Public key of whoever signed it [default: update.signer of the settings]
    #[arg(long, value_name = "KEY")]
    signer: Option<String>,
    /// Command that restarts the server [default: systemctl restart chatbot.service, if that runs]
    #[arg(long, value_name = "COMMAND")]
    restart: Option<String>,
}

/// Looks for a newer release and installs it.
///
/// # Errors
/// Why there is none, or why the old program stays.
pub fn run(arguments: UpdateArgs) -> anyhow::Result<()> {
    let flags = arguments.data_dir.map(|dir| ("server.data_dir", dir)).into_iter().collect();
    let config = config::load(&Sources { file: arguments.config, environment: config::environment(), flags })?;
    let url = arguments.from.as_deref().or(config.update.url());
    let url = url.context("it is not known where releases are; set update.url, or name their folder with --from")?;
    let signer = arguments.signer.as_deref().or(config.update.signer());
    let signer =
        signer.context("it is not known whose signature to trust; set update.signer, or give it with --signer")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let release = Release::newest(url, signer).await?;
        let this = Version::own();
        if release.version <= this {
            return output::write(&format!("{this} is the newest version ({} is released)\n", release.version));
        }
        if arguments.check {
            return output::write(&format!("{} is released; this is {this}\n", release.version));
        }
        install(&release, &config, arguments.restart).await
    })
}

async fn install(release: &Release, config: &Config, restart: Option<String>) -> anyhow::Result<()> {
    let program = Program::this()?;
    // Says at once if nothing can be written there.
    program.forget_new().with_context(|| program.cannot_change())?;
    let new = File::create(&program.new).with_context(|| program.cannot_change())?;
    let tried = async {
        release.download(new).await?;
        trial::run(&program.new, config).await.context("the new program does not work here; the old one stays")
    };
    if let Err(error) = tried.await {
        program.forget_new()?;
        return Err(error);
    }
    program.replace().with_context(|| program.cannot_change())?;
    output::write(&format!("{} is installed; the old program is {}\n", release.version, program.old.display()))?;

    let dir = &config.server.data_dir;
    let before = LocalAccess::find(dir).ok();
    let Some(command) = restart.or_else(service_restart) else {
        return match before {
            Some(_) => output::write("Restart the server, so that it runs the new program.\n"),
            None => Ok(()),
        };
    };
    let Err(problem) = restarted(&command, dir, before.as_ref()).await else {
        return output::write("The server runs again, and is ready.\n");
    };
    program.put_back().context("the server does not start with the new program, and the old one cannot be put back")?;
    let old_runs = restarted(&command, dir, before.as_ref()).await.is_ok();
    let now = if old_runs { "runs again" } else { "does not start either; see its log" };
    bail!("the server does not start with {}: {problem:#}. The old program is back, and {now}", release.version)
}

/// The file of this program, and those beside it.
struct Program {
    path: PathBuf,
    new: PathBuf,
    old: PathBuf,
}

impl Program {
    fn this() -> anyhow::Result<Self> {
        let path =
            std::env::current_exe().and_then(|path| path.canonicalize()).context("cannot find this program's file")?;
        let beside = |ending: &str| {
            let mut name = path.clone().into_os_string();
            name.push(ending);
            PathBuf::from(name)
        };
        Ok(Self { new: beside(".new"), old: beside(".old"), path })
    }

    fn cannot_change(&self) -> String {
        let path = self.path.display();
        format!("cannot replace {path}; if a package or the system's administrator put it there, let them upgrade it")
    }

    /// Removes what an interrupted update left.
    fn forget_new(&self) -> io::Result<()> {
        absent(fs::remove_file(&self.new))
    }

    /// Puts the new program in the place of the old one, which stays beside it. At every moment one of them is there.
    fn replace(&self) -> io::Result<()> {
        absent(fs::remove_file(&self.old))?;
        fs::hard_link(&self.path, &self.old)?;
        durable::put(&File::open(&self.new)?, &self.new, &self.path)
    }

    fn put_back(&self) -> io::Result<()> {
        durable::put(&File::open(&self.old)?, &self.old, &self.path)
    }
}

fn absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// The command that restarts the service, if it runs.
fn service_restart() -> Option<String> {
    let active = std::process::Command::new("systemctl").args(["is-active", "--quiet", "chatbot.service"]).status();
    active.is_ok_and(|status| status.success()).then(|| "systemctl restart chatbot.service".to_owned())
}

/// Restarts the server, and waits until it is ready.
async fn restarted(command: &str, dir: &Path, before: Option<&LocalAccess>) -> anyhow::Result<()> {
    let ended = tokio::process::Command::new("sh").args(["-c", command]).status().await;
    let status = ended.with_context(|| format!("cannot run {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed ({status})");
    }
    let until = Instant::now() + READY;
    loop {
        // Each start announces another key.
        let access = LocalAccess::find(dir).ok().filter(|access| Some(access) != before);
        if let Some(access) = access
            && trial::is_ready(&access.url).await
        {
            return Ok(());
        }
        if Instant::now() > until {
            bail!("it is not ready after {} seconds", READY.as_secs());
        }
        if let Some(problem) = service_has_failed() {
            bail!("{problem}");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether systemd has given the service up.
fn service_has_failed() -> Option<String> {
    let failed = std::process::Command::new("systemctl").args(["is-failed", "--quiet", "chatbot.service"]).status();
    failed.is_ok_and(|status| status.success()).then(|| "chatbot.service has failed".to_owned())
}
