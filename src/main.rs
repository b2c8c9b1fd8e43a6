//! The program: runs what the command line asks for, and turns an error into an exit code.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("chatbot: {error:#}");
            ExitCode::FAILURE
        }
    }
}
