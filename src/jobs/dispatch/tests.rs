//! What a queue promises, without store or workers: [`JobQueue`].

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use parking_lot::Mutex;

use super::super::policy::Policies;
use super::*;
use crate::model::JobRequest;
use crate::model::Principal;
use crate::text::Locale;

const CONCURRENCY: Concurrency = Concurrency { workers: 8, per_person: 2, per_room: 4 };

/// Makes a queue with so many places in each lane.
type Make<'a> = &'a dyn Fn(usize, Concurrency, Arc<Policies>) -> Arc<dyn JobQueue>;

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_of_one_process_keeps_the_contract() {
    let make = |capacity, concurrency, policies| -> Arc<dyn JobQueue> {
        Arc::new(Dispatcher::new(capacity, concurrency, policies, Arc::default()))
    };
    contract(&make).await;
}

/// Every promise that holds whoever does what at the same moment, each of a queue of its own.
async fn contract(make: Make<'_>) {
    /// Nobody is beyond a limit.
    const WIDE: Concurrency = Concurrency { workers: 8, per_person: 8, per_room: 8 };
    for _ in 0..5 {
        a_job_is_begun_once_or_cancelled_before(make(2000, WIDE, Arc::default())).await;
        places_are_never_too_many_and_come_back(make(10, WIDE, Arc::default())).await;
    }
    a_worker_that_goes_away_takes_no_job_along(&make(10, WIDE, Arc::default()));
    cancelled_jobs_do_not_hold_up_others(&make(10, WIDE, Arc::default()));
}

/// Takes jobs and ends them until there are no more. The rest of the workers does the same.
async fn work(queue: Arc<dyn JobQueue>, begun: Arc<Mutex<Vec<JobId>>>, left: Arc<AtomicUsize>) {
    while left.load(Ordering::Acquire) > 0 {
        // Others may take the last one.
        let Ok(next) = tokio::time::timeout(Duration::from_millis(5), queue.next()).await else { continue };
        let id = next.expect("there is a queue");
        let Some(running) = queue.begin(&id) else { continue };
        assert!(queue.begin(&id).is_none(), "it is begun once");
        begun.lock().push(running.stored.job.id);
        tokio::task::yield_now().await;
        queue.free_worker(&id);
        queue.close(&id);
        left.fetch_sub(1, Ordering::AcqRel);
    }
}

async fn a_job_is_begun_once_or_cancelled_before(queue: Arc<dyn JobQueue>) {
    const JOBS: usize = 400;
    let (begun, left) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(JOBS)));
    let workers: Vec<_> = (0..8).map(|_| tokio::spawn(work(queue.clone(), begun.clone(), left.clone()))).collect();
    let askers = ["Ann", "Bob", "Eve", "Zoe"].map(|who| {
        let (queue, left) = (queue.clone(), left.clone());
        tokio::spawn(async move {
            let mut cancelled = HashSet::new();
            for index in 0..JOBS / 4 {
                let id = enqueue(&queue, job(who, "sum", "lobby"));
                if index % 3 == 0 {
                    tokio::task::yield_now().await;
                    if let Some(Cancelled::BeforeStart(stored)) = queue.cancel(&id, Handle::bot()) {
                        cancelled.insert(stored.job.id);
                        queue.close(&id);
                        left.fetch_sub(1, Ordering::AcqRel);
                    }
                }
            }
            cancelled
        })
    });
    let mut ended = HashSet::new();
    for asker in askers {
        ended.extend(asker.await.expect("asked"));
    }
    for worker in workers {
        worker.await.expect("worked");
    }
    let begun = begun.lock();
    assert!(begun.iter().all(|id| ended.insert(id.clone())), "begun twice, or cancelled before");
    assert_eq!(ended.len(), JOBS, "none is lost");
    assert_eq!(queue.counts(), Counts { queued: 0, running: 0, open: 0 });
}

async fn places_are_never_too_many_and_come_back(queue: Arc<dyn JobQueue>) {
    let (held, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let takers: Vec<_> = (0..8)
        .map(|taker| {
            let (queue, held, refused) = (queue.clone(), held.clone(), refused.clone());
            let payer = job(&format!("Visitor {taker}"), "sum", "lobby").payer();
            tokio::task::spawn_blocking(move || {
                for round in 0..500 {
                    let permits: Vec<_> =
                        (0..=round % 4).filter_map(|_| queue.reserve(Lane::Slow, &payer, 3).ok()).collect();
                    assert!(permits.len() <= 3, "no person has more than three");
                    assert!(held.fetch_add(permits.len(), Ordering::AcqRel) + permits.len() <= 10, "ten in all");
                    refused.fetch_add(round % 4 + 1 - permits.len(), Ordering::Relaxed);
                    std::thread::yield_now();
                    held.fetch_sub(permits.len(), Ordering::AcqRel);
                }
            })
        })
        .collect();
    for taker in takers {
        taker.await.expect("took");
    }
    assert!(refused.load(Ordering::Relaxed) > 0, "some found no place");
    let payer = job("Ann", "sum", "lobby").payer();
    let all: Vec<_> = std::iter::from_fn(|| queue.reserve(Lane::Slow, &payer, 99).ok()).collect();
    assert_eq!(all.len(), 10, "all came back");
}

fn a_worker_that_goes_away_takes_no_job_along(queue: &Arc<dyn JobQueue>) {
    let (mut first, mut second) = (queue.next(), queue.next());
    assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
    let id = enqueue(queue, job("Ann", "sum", "lobby"));
    drop(first);
    assert_eq!(second.now_or_never().flatten(), Some(id));
}

fn cancelled_jobs_do_not_hold_up_others(queue: &Arc<dyn JobQueue>) {
    let handed_over: Vec<_> = (0..8).map(|_| enqueue(queue, job("Ann", "sum", "lobby"))).collect();
    let last = enqueue(queue, job("Bob", "sum", "lobby"));
    for id in &handed_over {
        assert!(matches!(queue.cancel(id, Handle::bot()), Some(Cancelled::BeforeStart(_))));
        queue.close(id);
    }
    assert_eq!(begun(queue), [last]);
}

fn jobs(capacity: usize, policies: &[(&str, Policy)]) -> Arc<dyn JobQueue> {
    let all = Arc::<Policies>::default();
    all.replace(policies.iter().map(|(name, policy)| ((*name).to_owned(), *policy)).collect());
    Arc::new(Dispatcher::new(capacity, CONCURRENCY, all, Arc::default()))
}

fn job(principal: &str, name: &str, room: &str) -> Job {
    let handle = Handle::new(principal).expect("a handle");
    let room = RoomName::public(room).expect("a name");
    let request = JobRequest { name: name.into(), arguments: String::new() };
    Job::queued(request, Principal::visitor(&handle.to_string()), handle, Some(room), Locale::English)
}

/// What is called "sum" is quick, all else slow.
fn enqueue(jobs: &Arc<dyn JobQueue>, job: Job) -> JobId {
    let id = job.id.clone();
    let lane = if job.name == "sum" { Lane::Quick } else { Lane::Slow };
    let permit = jobs.reserve(lane, &job.payer(), usize::MAX).expect("a place");
    jobs.enqueue(vec![QueuedJob { stored: StoredJob::new(job, 1), log: Vec::new(), permit, trace: None }]);
    id
}

/// What the workers would begin at once.
fn begun(jobs: &Arc<dyn JobQueue>) -> Vec<JobId> {
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
    let policies = Arc::<Policies>::default();
    policies.replace([("render".to_owned(), one_at_a_time)].into());
    let jobs: Arc<dyn JobQueue> = Arc::new(Dispatcher::new(10, CONCURRENCY, policies.clone(), Arc::default()));
    let both = ["Ann", "Bob"].map(|who| enqueue(&jobs, job(who, "render", "lobby")));
    assert_eq!(begun(&jobs), both[..1]);
    policies.replace([("render".to_owned(), Policy { at_once: Some(2), ..one_at_a_time })].into());
    jobs.apply_policies();
    assert_eq!(begun(&jobs), both[1..]);
}

#[test]
fn a_full_lane_has_no_place_until_a_worker_takes_a_job() {
    let jobs = jobs(1, &[("sleep", Policy::SLOW)]);
    let ids: Vec<_> = (0..2).map(|_| enqueue(&jobs, job("Ann", "sleep", "lobby"))).collect();
    let waiting = enqueue(&jobs, job("Ann", "sleep", "lobby"));
    let payer = job("Ann", "sleep", "lobby").payer();
    let reserve = |lane, most| jobs.reserve(lane, &payer, most).map(drop);
    assert_eq!(reserve(Lane::Slow, 9), Err(Full::Lane));
    assert_eq!(reserve(Lane::Quick, 9), Ok(()));
    assert_eq!(reserve(Lane::Quick, 3), Err(Full::Payer));
    assert!(matches!(jobs.cancel(&waiting, Handle::bot()), Some(Cancelled::BeforeStart { .. })));
    jobs.close(&waiting);
    assert_eq!(reserve(Lane::Slow, 9), Ok(()));
    assert_eq!(begun(&jobs), ids);
    assert_eq!(reserve(Lane::Quick, 2), Err(Full::Payer), "those that run count, too");
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
