//! `sleep`: waits and reports progress. A sample long-running job for trying out progress, cancellation and restarts.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Bot, Failure, Reply, Request};
use crate::jobs::{OnRestart, Policy};
use crate::text::Text;

/// Longest sleep, in seconds.
const LONGEST: f64 = 3600.0;

/// Interval of progress reports.
const STEP: Duration = Duration::from_millis(500);

pub struct Sleep;

#[async_trait]
impl Bot for Sleep {
    fn name(&self) -> &str {
        "sleep"
    }

    fn policy(&self) -> Policy {
        // Work that may be half done must not silently start again.
        let time_limit = Duration::from_secs_f64(LONGEST + 60.0);
        Policy { time_limit, on_restart: OnRestart::Interrupt, ..Policy::SLOW }
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let (seconds, name) = parse(&request.job.arguments).map_err(Failure::bad_arguments)?;
        let (start, whole) = (Instant::now(), Duration::from_secs_f64(seconds));
        while start.elapsed() < whole {
            let percent = 100.0 * start.elapsed().as_secs_f64() / seconds;
            request.output.progress(Some(percent as u8), None);
            let left = whole.saturating_sub(start.elapsed());
            tokio::time::sleep(left.min(STEP)).await;
        }
        Ok(Reply::Words(match name {
            "" => Text::new("sleep-done").with("seconds", seconds),
            name => Text::new("sleep-done-named").with("seconds", seconds).with("name", name),
        }))
    }
}

/// Seconds and a name.
fn parse(arguments: &str) -> Result<(f64, &str), Text> {
    let (first, name) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    if first.is_empty() {
        return Err(Text::new("sleep-nothing"));
    }
    let seconds: f64 = first.parse().map_err(|_| Text::new("sleep-not-a-number").with("found", first))?;
    if !(0.0..=LONGEST).contains(&seconds) {
        return Err(Text::new("sleep-out-of-range").with("max", LONGEST));
    }
    Ok((seconds, name.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_a_name_are_read() {
        assert_eq!(parse("10"), Ok((10.0, "")));
        assert_eq!(parse("0.5 一个 任务"), Ok((0.5, "一个 任务")));
        for arguments in ["", "ten", "-1", "NaN", "inf", "3601", "1e99"] {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
