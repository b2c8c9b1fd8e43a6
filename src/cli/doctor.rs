//! `chatbot doctor`: examines a server of this machine, whether it runs or not.

use std::fmt::Write;
use std::process::ExitCode;

use chatbot::doctor;
use chatbot::model::{DiagnosisView, Severity};
use chatbot::text::Locale;
use clap::Args;

use super::output;
use super::serve::ServeArgs;

#[derive(Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    serve: ServeArgs,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
    /// Print only warnings and faults
    #[arg(long)]
    quiet: bool,
}

/// Examines and prints what was found; fails if there is a fault.
///
/// # Errors
/// When it cannot be printed.
pub fn run(arguments: DoctorArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let found = runtime.block_on(doctor::from_outside(&arguments.serve.sources(), Locale::English));
    let has_fault = found.iter().any(|view| view.severity == Severity::Fault);
    let is_shown = |view: &&DiagnosisView| !arguments.quiet || view.severity > Severity::Fine;
    let views: Vec<_> = found.iter().filter(is_shown).collect();
    if arguments.json {
        output::write(&format!("{}\n", serde_json::to_string_pretty(&views)?))?;
    } else {
        output::write(&(text(&views) + &summary(&found)))?;
    }
    Ok(if has_fault { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn text(views: &[&DiagnosisView]) -> String {
    let mut text = String::new();
    for view in views {
        let label = match view.severity {
            Severity::Fine => "fine",
            Severity::Warning => "warning",
            Severity::Fault => "FAULT",
        };
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{label:<8} {}", view.text);
        if let Some(remedy) = &view.remedy {
            let _ = writeln!(text, "{:<8} -> {remedy}", "");
        }
    }
    text
}

fn summary(found: &[DiagnosisView]) -> String {
    let count = |severity| found.iter().filter(|view| view.severity == severity).count();
    match (count(Severity::Fault), count(Severity::Warning)) {
        (0, 0) => "\nAll is well.\n".to_owned(),
        (faults, warnings) => format!("\nFaults: {faults}. Warnings: {warnings}.\n"),
    }
}
