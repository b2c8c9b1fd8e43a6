//! `chatbot jobs`: lists, shows, cancels, retries and drops the jobs of a running server.

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::client::{Client, ServerArgs, in_path};
use super::output::Output;
use super::table::table;

/// Maximum number of jobs per response.
const PAGE: usize = 500;

#[derive(Args)]
pub struct JobsArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Print the server's answers as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: JobsCommand,
}

#[derive(Subcommand)]
enum JobsCommand {
    /// List jobs, newest first
    List {
        /// Only in these states, such as dead,failed
        #[arg(long, value_name = "STATES")]
        state: Option<String>,
        /// Maximum number
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show a job with its changes and its log
    Show { id: String },
    /// Cancel jobs that have not ended
    Cancel {
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Run ended jobs again, and waiting ones now
    Retry {
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Delete ended jobs
    Drop {
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

/// A job in the server's response.
#[derive(Deserialize)]
struct Job {
    id: String,
    line: String,
    handle: String,
    room: String,
    state: String,
    progress: Option<u8>,
    text: Option<String>,
    attempt: u32,
    attempts: u32,
    due_at: Option<Timestamp>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    error: Option<JobError>,
    result: Option<String>,
    #[serde(default)]
    changes: Vec<Change>,
    #[serde(default)]
    log: Vec<LogLine>,
}

#[derive(Deserialize)]
struct JobError {
    code: String,
    message: String,
}

#[derive(Deserialize)]
struct Change {
    at: String,
    state: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct LogLine {
    at: String,
    attempt: u32,
    text: String,
}

/// Runs the subcommand and prints its result.
///
/// # Errors
/// A message for the user. After the first job that is refused, the remaining ones are left unchanged.
pub fn run(arguments: JobsArgs) -> anyhow::Result<()> {
    let client = Client::new(arguments.server)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let output = Output { json: arguments.json };
    runtime.block_on(async {
        match arguments.command {
            JobsCommand::List { state, limit } => output.print(list(&client, state, limit).await?, rows),
            JobsCommand::Show { id } => output.print(client.ask(Method::GET, &path(&id, ""), &[]).await?, details),
            JobsCommand::Cancel { ids } => {
                let said = |job: Job| if job.state == "running" { "told to stop".to_owned() } else { job.standing() };
                output.print_each(&client, &ids, Method::POST, |id| path(id, "/cancel"), said).await
            }
            JobsCommand::Retry { ids } => {
                output.print_each(&client, &ids, Method::POST, |id| path(id, "/retry"), |job: Job| job.standing()).await
            }
            JobsCommand::Drop { ids } => {
                output.print_each(&client, &ids, Method::DELETE, |id| path(id, ""), |()| "dropped".to_owned()).await
            }
        }
    })
}

/// The newest jobs, page by page.
async fn list(client: &Client, state: Option<String>, limit: usize) -> anyhow::Result<Value> {
    let mut jobs: Vec<Value> = Vec::new();
    loop {
        let mut query = vec![("limit", PAGE.min(limit - jobs.len()).to_string())];
        query.extend(state.clone().map(|state| ("state", state)));
        let last = jobs.last().and_then(|job| job["id"].as_str());
        query.extend(last.map(|id| ("before", id.to_owned())));
        let page = client.ask(Method::GET, "/api/jobs", &query).await?;
        let found = page["jobs"].as_array().cloned().unwrap_or_default();
        let goes_on = page["more"] == true && !found.is_empty();
        jobs.extend(found);
        if !goes_on || jobs.len() >= limit {
            return Ok(Value::Array(jobs));
        }
    }
}

fn path(id: &str, action: &str) -> String {
    format!("/api/jobs/{}{action}", in_path(id))
}

impl Job {
    /// Its state, with details for one that has not ended.
    fn standing(&self) -> String {
        let more = match (self.progress, self.due_at) {
            (Some(percent), _) if self.state == "running" => format!(" {percent}%"),
            (_, Some(due)) if self.finished_at.is_none() => {
                format!(" in {}", time(due.duration_since(Timestamp::now())))
            }
            _ => String::new(),
        };
        format!("{}{more}", self.state)
    }

    /// Its run time so far, or in total.
    fn ran(&self) -> Option<SignedDuration> {
        let started = self.started_at?;
        match self.finished_at {
            Some(finished) => Some(finished.duration_since(started)),
            None => (self.state == "running").then(|| Timestamp::now().duration_since(started)),
        }
    }
}

fn rows(jobs: Vec<Job>) -> String {
    let now = Timestamp::now();
    let head = ["ID", "STATE", "AGE", "TIME", "WHO", "ROOM", "COMMAND"].map(str::to_owned);
    let row = |job: Job| {
        let (age, ran) = (time(now.duration_since(job.created_at)), job.ran().map(time).unwrap_or_default());
        let standing = job.standing();
        [job.id, standing, age, ran, job.handle, job.room, job.line]
    };
    table(&std::iter::once(head).chain(jobs.into_iter().map(row)).collect::<Vec<_>>())
}

fn details(job: Job) -> String {
    let state = format!("{}, attempt {} of {}", job.standing(), job.attempt, job.attempts);
    let at = |moment: Option<Timestamp>| moment.map(|moment| moment.to_string());
    let error = job.error.as_ref().map(|error| format!("{}: {}", error.code, error.message));
    let facts = [
        ("id", Some(job.id.clone())),
        ("command", Some(job.line.clone())),
        ("state", Some(state)),
        ("progress", job.text.clone()),
        ("asked by", Some(format!("{} in {}", job.handle, job.room))),
        ("created", at(Some(job.created_at))),
        ("due", at(job.due_at)),
        ("started", at(job.started_at)),
        ("finished", at(job.finished_at)),
        ("time", job.ran().map(time)),
        ("error", error),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?]));
    let changes = job.changes.into_iter().map(|change| [change.at, change.state, change.reason.unwrap_or_default()]);
    let log = job.log.into_iter().map(|line| [line.at, line.attempt.to_string(), line.text]);
    let mut shown = table(&facts.collect::<Vec<_>>());
    let mut add = |title: &str, text: String| {
        if !text.is_empty() {
            shown.push_str(&format!("\n{title}\n{}\n", text.trim_end()));
        }
    };
    add("RESULT", job.result.unwrap_or_default());
    add("CHANGES", table(&changes.collect::<Vec<_>>()));
    add("LOG (with the attempt)", table(&log.collect::<Vec<_>>()));
    shown
}

/// A duration in its two largest units.
fn time(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    match seconds {
        0..10 => format!("{:.1}s", length.as_secs_f64().max(0.0)),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let check = |millis, expected: &str| assert_eq!(time(SignedDuration::from_millis(millis)), expected);
        check(-5, "0.0s");
        check(1_240, "1.2s");
        check(59_900, "59s");
        check(61_000, "1m01s");
        check(7_500_000, "2h05m");
        check(200_000_000, "2d07h");
    }
}
