//! What the groups of every broker promise: [`Group`]. A broker of several processes is held to the same.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::protocol::CloseReason;

#[tokio::test(flavor = "multi_thread")]
async fn a_local_broker_keeps_the_contract() {
    contract(|| LocalBroker::new(TaskTracker::new())).await;
}

/// Every promise, each of a broker of its own.
async fn contract(make: impl Fn() -> Arc<dyn Broker>) {
    members_get_their_share_in_order(make()).await;
    who_comes_later_gets_what_comes_later(make()).await;
    what_comes_again_or_late_is_not_delivered(make()).await;
    nothing_is_delivered_behind_a_gap(make()).await;
    a_full_outbox_is_closed_without_an_effect_on_others(make()).await;
    for _ in 0..10 {
        whoever_comes_and_goes_misses_nothing(make()).await;
    }
}

/// Nothing was changed.
fn at(number: u64) -> Progress {
    Progress { number, version: number }
}

fn publish(group: &Arc<dyn Group>, frame: &str, audience: Audience, progress: Progress) {
    let frame = Bytes::from(format!("{frame};"));
    group.clone().publish(Publication { frame, audience, progress });
}

/// One record more.
fn publish_new(group: &Arc<dyn Group>, number: u64) {
    publish(group, &number.to_string(), Audience::Everyone, at(number));
}

/// Says something that is not stored, which everybody hears last.
fn publish_end(group: &Arc<dyn Group>) {
    publish(group, "end", Audience::Everyone, Progress::default());
}

/// The frames in what was drained.
fn frames(drained: &Drained) -> Vec<String> {
    let texts = drained.frames.iter().map(|block| String::from_utf8_lossy(block).into_owned());
    texts.collect::<String>().split_terminator(';').map(str::to_owned).collect()
}

/// What an outbox gets up to the end, and whether it was closed instead.
async fn heard(outbox: &Outbox) -> (Vec<String>, Option<CloseReason>) {
    heard_until("end", outbox).await
}

async fn heard_until(end: &str, outbox: &Outbox) -> (Vec<String>, Option<CloseReason>) {
    let mut all = Vec::new();
    loop {
        let drained = tokio::time::timeout(Duration::from_secs(10), outbox.drain()).await.expect("delivered");
        all.extend(frames(&drained));
        if all.last().is_some_and(|last| last == end) {
            all.pop();
            return (all, None);
        }
        if drained.close.is_some() {
            return (all, drained.close);
        }
    }
}

async fn members_get_their_share_in_order(broker: Arc<dyn Broker>) {
    let group = broker.open("lobby", at(0));
    let (ann, bob, script) = (Outbox::new(Reader::Full), Outbox::new(Reader::Full), Outbox::new(Reader::Simple));
    let subscriptions = [&ann, &bob, &script].map(|member| group.clone().subscribe(member.clone()));
    assert!(subscriptions.iter().all(|subscription| subscription.since() == at(0)));
    publish(&group, "a", Audience::Everyone, at(1));
    publish(&group, "b", Audience::FullExcept(ann.id()), at(2));
    publish(&group, "c", Audience::Full, Progress { number: 0, version: 3 });
    publish(&group, "d", Audience::Everyone, Progress { number: 3, version: 4 });
    publish_end(&group);
    assert_eq!(heard(&ann).await.0.concat(), "acd");
    assert_eq!(heard(&bob).await.0.concat(), "abcd");
    assert_eq!(heard(&script).await.0.concat(), "ad");
    assert_eq!(group.delivered(), Progress { number: 3, version: 4 });
    assert_eq!(group.backlog(), 0);
}

async fn who_comes_later_gets_what_comes_later(broker: Arc<dyn Broker>) {
    let group = broker.open("lobby", at(7));
    let early = Outbox::new(Reader::Full);
    let subscription = group.clone().subscribe(early.clone());
    assert_eq!(subscription.since(), at(7));
    publish_new(&group, 8);
    publish_end(&group);
    assert_eq!(heard(&early).await.0.concat(), "8");
    let late = Outbox::new(Reader::Full);
    let late_subscription = group.clone().subscribe(late.clone());
    assert_eq!(late_subscription.since(), at(8));
    drop(subscription);
    publish_new(&group, 9);
    publish_end(&group);
    assert_eq!(heard(&late).await.0.concat(), "9");
    assert!(early.take().frames.is_empty(), "it has left");
}

async fn what_comes_again_or_late_is_not_delivered(broker: Arc<dyn Broker>) {
    let group = broker.open("lobby", at(3));
    let ann = Outbox::new(Reader::Full);
    let _subscription = group.clone().subscribe(ann.clone());
    for number in [4, 5, 5, 4, 2, 6, 4] {
        publish_new(&group, number);
    }
    publish_end(&group);
    assert_eq!(heard(&ann).await, (["4", "5", "6"].map(str::to_owned).into(), None));
    assert_eq!(group.delivered(), at(6));
}

async fn nothing_is_delivered_behind_a_gap(broker: Arc<dyn Broker>) {
    let group = broker.open("lobby", at(0));
    let ann = Outbox::new(Reader::Full);
    let _subscription = group.clone().subscribe(ann.clone());
    for number in [1, 3, 2] {
        publish_new(&group, number);
    }
    publish_end(&group);
    let (all, closed) = heard(&ann).await;
    assert!(["1", "2", "3"].iter().zip(&all).all(|(expected, found)| expected == found), "{all:?}");
    match closed {
        None => assert_eq!(all.len(), 3, "what came late was waited for"),
        Some(reason) => assert_eq!(reason, CloseReason::TooSlow, "the client is to catch up"),
    }
    // All three are in the store: whoever comes now finds there what it is not sent.
    let bob = Outbox::new(Reader::Full);
    let subscription = group.clone().subscribe(bob.clone());
    publish_new(&group, 4);
    publish(&group, "over", Audience::Everyone, Progress::default());
    let (mut all, closed) = heard_until("over", &bob).await;
    all.retain(|frame| frame != "end");
    let expected: Vec<_> = (subscription.since().number + 1..=4).map(|number| number.to_string()).collect();
    assert_eq!((all, closed), (expected, None));
}

async fn a_full_outbox_is_closed_without_an_effect_on_others(broker: Arc<dyn Broker>) {
    let group = broker.open("lobby", at(0));
    let (quick, slow) = (Outbox::new(Reader::Full), Outbox::new(Reader::Full));
    let _subscriptions = [&quick, &slow].map(|member| group.clone().subscribe(member.clone()));
    let long = "x".repeat(3 << 20);
    for number in 1..=4 {
        publish(&group, &long, Audience::Everyone, at(number));
        publish_end(&group);
        let (all, closed) = heard(&quick).await;
        assert_eq!((all.len(), closed), (1, None));
    }
    assert_eq!(slow.take().close, Some(CloseReason::TooSlow));
}

/// The store of one room, and what is published of it: each record is published in the order of the versions.
struct Writer {
    group: Arc<dyn Group>,
    stored: Mutex<Vec<Progress>>,
}

impl Writer {
    fn commit(&self, is_new: bool) {
        let mut stored = self.stored.lock();
        let Progress { number, version } = *stored.last().expect("the first");
        let next = Progress { number: number + u64::from(is_new), version: version + 1 };
        stored.push(next);
        let (audience, number) = if is_new { (Audience::Everyone, next.number) } else { (Audience::Full, 0) };
        publish(&self.group, &format!("v{}", next.version), audience, Progress { number, ..next });
    }
}

/// A small generator of numbers that do not repeat soon.
fn random(state: &AtomicU64) -> u64 {
    let mut next = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    next = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    next ^ (next >> 27)
}

/// What was heard continues `since`: all versions once and in order, and each publisher's other frames in order. Returns the
/// last version.
fn assert_continues(since: Progress, heard: &[String]) -> u64 {
    let mut version = since.version;
    let mut others = std::collections::HashMap::new();
    for frame in heard {
        if let Some(found) = frame.strip_prefix('v') {
            version += 1;
            assert_eq!(found.parse(), Ok(version), "since {since:?}: {heard:?}");
        } else {
            let (publisher, count) = frame.split_once('-').expect("of a publisher");
            let count: u64 = count.parse().expect("a number");
            assert!(others.insert(publisher, count).is_none_or(|before| before < count), "{heard:?}");
        }
    }
    version
}

/// Publishes until it is done with its share: records, changes of them, and what is not stored.
fn keep_publishing(writer: &Writer, publisher: usize, chance: &AtomicU64) {
    for count in 0..400 {
        match random(chance) % 4 {
            0 => publish(&writer.group, &format!("p{publisher}-{count}"), Audience::Full, Progress::default()),
            1 => writer.commit(false),
            _ => writer.commit(true),
        }
    }
}

/// Subscribes, listens for a while and leaves, again and again.
async fn come_and_go(writer: Arc<Writer>, over: CancellationToken, chance: Arc<AtomicU64>) {
    let outbox = Outbox::new(Reader::Full);
    while !over.is_cancelled() {
        let subscription = writer.group.clone().subscribe(outbox.clone());
        let since = subscription.since();
        let is_stored = writer.stored.lock().contains(&since);
        assert!(is_stored, "{since:?} is not in the store");
        let mut all = Vec::new();
        for _ in 0..random(&chance) % 4 {
            let Some(drained) = over.run_until_cancelled(outbox.drain()).await else { break };
            all.extend(frames(&drained));
        }
        drop(subscription);
        all.extend(frames(&outbox.take()));
        assert_continues(since, &all);
        tokio::task::yield_now().await;
        assert!(outbox.take().frames.is_empty(), "it has left");
    }
}

async fn whoever_comes_and_goes_misses_nothing(broker: Arc<dyn Broker>) {
    let before = Progress { number: 7, version: 9 };
    let group = broker.open("lobby", before);
    let writer = Arc::new(Writer { group: group.clone(), stored: Mutex::new(vec![before]) });
    let (over, chance) = (CancellationToken::new(), Arc::new(AtomicU64::new(getrandom::u64().expect("a seed"))));
    let stayed = [Reader::Full, Reader::Full].map(Outbox::new);
    let subscriptions = stayed.each_ref().map(|outbox| group.clone().subscribe(outbox.clone()));
    let guests: Vec<_> =
        (0..4).map(|_| tokio::spawn(come_and_go(writer.clone(), over.clone(), chance.clone()))).collect();
    let publishers = [0, 1, 2].map(|publisher| {
        let (writer, chance) = (writer.clone(), chance.clone());
        tokio::task::spawn_blocking(move || keep_publishing(&writer, publisher, &chance))
    });
    for publisher in publishers {
        publisher.await.expect("published");
    }
    over.cancel();
    for guest in guests {
        guest.await.expect("kept");
    }
    publish_end(&group);
    let last = *writer.stored.lock().last().expect("the last");
    for (outbox, subscription) in stayed.iter().zip(&subscriptions) {
        let (all, closed) = heard(outbox).await;
        assert_eq!((assert_continues(subscription.since(), &all), closed), (last.version, None));
    }
    assert_eq!((group.delivered(), group.backlog()), (last, 0));
}
