//! What the dispatcher promises, without store or workers.

use std::num::NonZeroU32;
use std::time::Duration;

use super::super::policy::Lane;
use super::*;
use crate::model::{JobRequest, Principal};
use crate::text::Locale;

const CONCURRENCY: Concurrency = Concurrency { workers: 8, per_person: 2, per_room: 4 };

fn jobs(capacity: usize, policies: &[(&str, Policy)]) -> Arc<Dispatcher> {
    let jobs = Arc::new(Dispatcher::new(capacity, CONCURRENCY, Arc::default()));
    jobs.set_policies(policies.iter().map(|(name, policy)| ((*name).to_owned(), *policy)).collect());
    jobs
}

fn job(principal: &str, name: &str, room: &str) -> Job {
    let handle = Handle::new(principal).expect("a handle");
    let room = RoomName::public(room).expect("a name");
    let request = JobRequest { name: name.into(), arguments: String::new() };
    Job::queued(request, Principal::named(&handle), handle, Some(room), Locale::English)
}

fn enqueue(jobs: &Dispatcher, job: Job) -> JobId {
    let id = job.id.clone();
    let permit = jobs.places().reserve(jobs.policy(&job.name).lane, &job.principal, usize::MAX).expect("a place");
    jobs.enqueue([QueuedJob { stored: StoredJob::new(job, 1), log: Vec::new(), permit }]);
    id
}

/// What the workers would begin at once.
fn begun(jobs: &Dispatcher) -> Vec<JobId> {
    use futures_util::FutureExt;
    std::iter::from_fn(|| jobs.next().now_or_never().flatten()).filter(|id| jobs.begin(id).is_some()).collect()
}

#[test]
fn one_person_or_room_does_not_take_all_the_workers() {
    let jobs = jobs(100, &[("sleep", Policy::SLOW)]);
    let of_ann: Vec<_> = (0..5).map(|_| enqueue(&jobs, job("Ann", "sleep", "lobby"))).collect();
    assert_eq!(begun(&jobs), of_ann[..2]);
    let of_others: Vec<_> = ["Bob", "Eve", "Zoe"].map(|who| enqueue(&jobs, job(who, "sleep", "lobby"))).into();
    assert_eq!(begun(&jobs), of_others[..2], "four of a room at a time");
    let elsewhere = enqueue(&jobs, job("Zoe", "sleep", "garden"));
    assert_eq!(begun(&jobs), [elsewhere]);
    let quick = enqueue(&jobs, job("Ann", "sum", "lobby"));
    assert_eq!(begun(&jobs), [quick], "what takes no time is not held up");
    jobs.close(&of_ann[0]);
    assert_eq!(begun(&jobs), [of_others[2].clone()], "Ann had a turn after Zoe's last");
}

#[test]
fn slow_work_leaves_workers_for_the_quick() {
    let jobs = jobs(100, &[("sleep", Policy::SLOW)]);
    for (room, who) in (0..20).map(|index| (format!("room-{}", index % 5), format!("Visitor {index}"))) {
        enqueue(&jobs, job(&who, "sleep", &room));
    }
    assert_eq!(begun(&jobs).len(), 6);
    let quick: Vec<_> = (0..3).map(|_| enqueue(&jobs, job("Ann", "sum", "lobby"))).collect();
    assert_eq!(begun(&jobs), quick[..2], "eight workers in all");
    assert_eq!(jobs.counts(), Counts { queued: 15, running: 8, open: 23 });
}

#[test]
fn a_command_runs_as_often_at_a_time_as_it_may() {
    let jobs = jobs(100, &[("render", Policy { at_once: Some(1), ..Policy::SLOW })]);
    let first = enqueue(&jobs, job("Ann", "render", "lobby"));
    let second = enqueue(&jobs, job("Bob", "render", "garden"));
    assert_eq!(begun(&jobs), std::slice::from_ref(&first));
    jobs.close(&first);
    assert_eq!(begun(&jobs), [second]);
}

#[tokio::test]
async fn a_command_is_begun_no_more_often_than_its_rate() {
    let per_minute = NonZeroU32::new(600);
    let jobs = jobs(2000, &[("ask", Policy { per_minute, ..Policy::QUICK })]);
    let keeping = tokio::spawn({
        let jobs = jobs.clone();
        async move { jobs.keep_rates().await }
    });
    let all: Vec<_> = (0..602).map(|_| enqueue(&jobs, job("Ann", "ask", "lobby"))).collect();
    for id in &all[..600] {
        assert_eq!(jobs.next().await.as_ref(), Some(id), "as many as in a minute go at once");
        jobs.close(id);
    }
    for id in &all[600..] {
        let next = tokio::time::timeout(Duration::from_secs(10), jobs.next()).await.expect("let through in the end");
        assert_eq!(next.as_ref(), Some(id));
        jobs.close(id);
    }
    keeping.abort();
}

#[tokio::test]
async fn a_slow_rate_does_not_hold_up_another() {
    let rate = |per_minute| Policy { per_minute: NonZeroU32::new(per_minute), ..Policy::QUICK };
    let jobs = jobs(2000, &[("rare", rate(1)), ("often", rate(600))]);
    let keeping = tokio::spawn({
        let jobs = jobs.clone();
        async move { jobs.keep_rates().await }
    });
    let rare: Vec<_> = (0..2).map(|_| enqueue(&jobs, job("Ann", "rare", "lobby"))).collect();
    assert_eq!(jobs.next().await.as_ref(), Some(&rare[0]));
    jobs.close(&rare[0]);
    tokio::task::yield_now().await;
    for id in (0..601).map(|_| enqueue(&jobs, job("Bob", "often", "lobby"))).collect::<Vec<_>>() {
        let next = tokio::time::timeout(Duration::from_secs(10), jobs.next()).await.expect("not in a minute");
        assert_eq!(next.as_ref(), Some(&id));
        jobs.close(&id);
    }
    keeping.abort();
}

#[test]
fn a_raised_limit_holds_for_those_that_wait_already() {
    let one_at_a_time = Policy { at_once: Some(1), ..Policy::SLOW };
    let jobs = jobs(10, &[("render", one_at_a_time)]);
    let both = ["Ann", "Bob"].map(|who| enqueue(&jobs, job(who, "render", "lobby")));
    assert_eq!(begun(&jobs), both[..1]);
    jobs.set_policies([("render".to_owned(), Policy { at_once: Some(2), ..one_at_a_time })].into());
    assert_eq!(begun(&jobs), both[1..]);
}

#[test]
fn a_full_lane_has_no_place_until_a_worker_takes_a_job() {
    let jobs = jobs(1, &[("sleep", Policy::SLOW)]);
    let ids: Vec<_> = (0..2).map(|_| enqueue(&jobs, job("Ann", "sleep", "lobby"))).collect();
    let waiting = enqueue(&jobs, job("Ann", "sleep", "lobby"));
    let principal = job("Ann", "sleep", "lobby").principal;
    let reserve = |lane, most| jobs.places().reserve(lane, &principal, most).map(drop);
    assert_eq!(reserve(Lane::Slow, 9), Err(Full::Lane));
    assert_eq!(reserve(Lane::Quick, 9), Ok(()));
    assert_eq!(reserve(Lane::Quick, 3), Err(Full::Principal));
    assert!(matches!(jobs.cancel(&waiting, Handle::bot()), Some(Cancelled::BeforeStart { .. })));
    jobs.close(&waiting);
    assert_eq!(reserve(Lane::Slow, 9), Ok(()));
    assert_eq!(begun(&jobs), ids);
    assert_eq!(reserve(Lane::Quick, 2), Err(Full::Principal), "those that run count, too");
    assert_eq!(reserve(Lane::Quick, 3), Ok(()));
}

#[test]
fn a_cancelled_job_is_not_begun() {
    let jobs = jobs(10, &[]);
    let id = enqueue(&jobs, job("Ann", "sum", "lobby"));
    assert!(matches!(jobs.cancel(&id, Handle::bot()), Some(Cancelled::BeforeStart { .. })));
    assert!(begun(&jobs).is_empty());
    let running = enqueue(&jobs, job("Ann", "sum", "lobby"));
    assert_eq!(begun(&jobs), std::slice::from_ref(&running));
    assert!(matches!(jobs.cancel(&running, Handle::bot()), Some(Cancelled::WhileRunning(_))));
    jobs.close(&running);
    assert!(jobs.cancel(&running, Handle::bot()).is_none());
    jobs.close(&id);
    assert_eq!(jobs.counts(), Counts { queued: 0, running: 0, open: 0 });
}

#[test]
fn cancelled_jobs_do_not_hold_up_others() {
    let jobs = jobs(10, &[]);
    let handed_over: Vec<_> = (0..8).map(|_| enqueue(&jobs, job("Ann", "sum", "lobby"))).collect();
    let last = enqueue(&jobs, job("Bob", "sum", "lobby"));
    for id in &handed_over {
        assert!(matches!(jobs.cancel(id, Handle::bot()), Some(Cancelled::BeforeStart(_))));
        jobs.close(id);
    }
    assert_eq!(begun(&jobs), [last]);
}

#[test]
fn a_log_keeps_its_last_lines_and_an_answer_its_first_pieces() {
    let jobs = jobs(10, &[]);
    let id = enqueue(&jobs, job("Ann", "sum", "lobby"));
    for line in 0..1000 {
        jobs.add_log(&id, &format!("line {line} {}", "x".repeat(1000)));
    }
    let log = jobs.log(&id).expect("open");
    assert!(log.last().expect("a line").text.starts_with("line 999 "));
    assert!(log.iter().map(|line| line.text.len()).sum::<usize>() <= 16 * 1024);
    for _ in 0..100_000 {
        jobs.add_log(&id, "\u{0}");
    }
    let log = jobs.log(&id).expect("open");
    assert!(serde_json::to_vec(&log).expect("a record").len() <= 20 * 1024, "{} lines", log.len());
    assert!(jobs.partial(&id).is_none());
    assert_eq!(jobs.add_piece(&id, "one "), Some(1));
    assert_eq!(jobs.add_piece(&id, &"x".repeat(100_000)), Some(2));
    assert_eq!(jobs.partial(&id), Some(Partial { text: "one ".into(), n: 2 }));
}
