//! `chatbot man` and `chatbot completions`: made from the command line itself.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, output};

#[derive(Args)]
pub struct ManArgs {
    /// Write the pages of all commands into this folder instead
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Args)]
pub struct CompletionsArgs {
    shell: Shell,
}

/// Prints the man page, or writes those of all commands.
///
/// # Errors
/// When it cannot be written.
pub fn man(arguments: ManArgs) -> anyhow::Result<()> {
    let command = Cli::command();
    if let Some(dir) = arguments.dir {
        return pages(&dir, command).with_context(|| format!("cannot write to {}", dir.display()));
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    output::write(&String::from_utf8(page)?)
}

fn pages(dir: &Path, command: clap::Command) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    clap_mangen::generate_to(command, dir)
}

/// Prints what a shell reads to complete this program's words.
///
/// # Errors
/// When it cannot be written.
pub fn completions(arguments: CompletionsArgs) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "chatbot", &mut script);
    output::write(&String::from_utf8(script)?)
}
