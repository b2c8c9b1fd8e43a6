//! `chatbot restore`: checks a backup, and makes a data folder from it.

use std::path::PathBuf;

use anyhow::Context;
use chatbot::backup::{self, Identities, Restored, Restoring};
use chatbot::config::{self, Sources};
use chatbot::store::SignIns;
use clap::Args;

use super::output;
use super::progress::bar;

#[derive(Args)]
pub struct RestoreArgs {
    backup: PathBuf,
    /// Data folder that is made; it must have no store yet [default: that of the settings]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Configuration file that names the data folder
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    config: Option<PathBuf>,
    /// Only check that the backup is whole
    #[arg(long, conflicts_with_all = ["to", "config", "sign_everybody_out"])]
    verify: bool,
    /// File with the key that opens an encrypted backup, as age-keygen makes it
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Leave out sessions, programs' tokens and the owner's key: everybody has to sign in anew
    #[arg(long)]
    sign_everybody_out: bool,
}

/// Restores or checks a backup.
///
/// # Errors
/// A message for the user.
pub fn run(arguments: RestoreArgs) -> anyhow::Result<()> {
    let RestoreArgs { backup, to, config, verify, identity, sign_everybody_out } = arguments;
    let identities = identity.as_deref().map(Identities::read).transpose()?;
    let length = std::fs::metadata(&backup).with_context(|| format!("cannot read {}", backup.display()))?.len();
    let bar = bar("{msg}  {wide_bar} {bytes}/{total_bytes}", backup.display().to_string());
    let progress = bar.clone();
    let watch = move |bytes| progress.inc(bytes);
    if verify {
        bar.set_length(length);
        let found = backup::verify(&backup, identities.as_ref(), watch);
        bar.finish_and_clear();
        let found = found.with_context(|| backup.display().to_string())?;
        return output::write(&format!("{}: whole\n{}", backup.display(), describe(&found)));
    }
    let to = match to {
        Some(to) => to,
        None => {
            let sources = Sources { file: config, environment: config::environment(), flags: Vec::new() };
            config::load(&sources)?.server.data_dir
        }
    };
    // It is read twice.
    bar.set_length(2 * length);
    let sign_ins = if sign_everybody_out { SignIns::Ended } else { SignIns::Kept };
    let restoring = Restoring { backup: &backup, identities: identities.as_ref(), sign_ins };
    let restored = backup::restore(&restoring, &to, watch);
    bar.finish_and_clear();
    let restored = restored.with_context(|| format!("{} was not restored", backup.display()))?;
    output::write(&format!("{} is restored in {}\n{}", backup.display(), to.display(), describe(&restored)))
}

fn describe(restored: &Restored) -> String {
    let Restored { header, contents } = restored;
    let missing = match contents.missing_files {
        0 => String::new(),
        missing => format!(" ({missing} more were missing or damaged when it was made)"),
    };
    format!(
        "made {} by chatbot {}, at commit {}: {} ({}), {} ({}){missing}\n",
        header.created_at,
        header.program,
        header.commit,
        output::counted(contents.rows, "row"),
        indicatif::HumanBytes(contents.row_bytes),
        output::counted(contents.files, "file"),
        indicatif::HumanBytes(contents.file_bytes),
    )
}
