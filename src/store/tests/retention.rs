//! Purging what a room does not keep any more leaves a store that is whole after every commit.

use super::*;
use crate::model::Retention;

const DAY: i64 = 24 * 60 * 60 * 1000;

async fn holds_together(store: &Store) {
    store.audit().await.expect("the store is whole");
}

async fn kept(store: &Store, room: RoomNumber) -> Vec<u64> {
    let messages = store.oldest_messages(room, 1, 10_000, 10_000).await.expect("readable");
    messages.into_iter().map(|(seq, _)| seq).collect()
}

/// One commit of a purge; how many messages it removed.
async fn purge(store: &Store, room: RoomNumber, retention: Retention) -> u64 {
    let (_, record) = store.room_record(room).await.expect("readable");
    store.purge_messages(room, &record, retention, |_| ()).await.expect("purged")
}

#[tokio::test]
async fn every_commit_of_a_purge_leaves_a_whole_store() {
    let (store, _closing) = Store::in_memory().expect("a store");
    let (lobby, garden) = (room(&store, "lobby").await, room(&store, "garden").await);
    for seq in 1..=600 {
        assert_eq!(say(&store, lobby, &format!("message {seq}")).await, Ok(seq));
    }
    assert_eq!(say(&store, garden, "another room").await, Ok(1));
    for seq in [1, 5, 300, 598] {
        assert_eq!(store.delete_message(lobby, seq, |_| ()).await, Ok(true));
    }
    let retention = Retention { days: 0, messages: 10 };
    let mut commits = 0;
    loop {
        let purged = purge(&store, lobby, retention).await;
        holds_together(&store).await;
        if purged == 0 {
            break;
        }
        assert!(purged <= 256, "no commit is giant");
        commits += 1;
    }
    assert_eq!(commits, 3);
    assert_eq!(kept(&store, lobby).await, (591..=600).collect::<Vec<_>>());
    assert_eq!(kept(&store, garden).await, [1]);
    let changed = store.changed_messages(lobby, 0, 0, 100).await.expect("readable").expect("few");
    assert_eq!(changed.iter().map(|(change, _)| change.number).collect::<Vec<_>>(), [598]);
    assert_eq!(store.sizes().await.map(|sizes| (sizes.messages, sizes.purged)), Ok((601, 590)));
    assert_eq!(store.delete_message(lobby, 5, |_| ()).await, Ok(false));
    assert_eq!(say(&store, lobby, "the next").await, Ok(601));

    // All of them, by their age.
    assert_eq!(purge(&store, garden, Retention { days: 1, messages: 0 }).await, 0);
    let record = RoomRecord::new(RoomName::public("attic").expect("a name"), BotMode::Mention, None);
    let (attic, ..) = store.create_room(record).await.expect("a room");
    let old = Message { at: Timestamp(Timestamp::now().0 - 2 * DAY), ..message("old", "id") };
    post(&store, attic, &principal("Ann"), &old, None).await.expect("stored");
    assert_eq!(purge(&store, attic, Retention { days: 3, messages: 0 }).await, 0);
    assert_eq!(purge(&store, attic, Retention { days: 1, messages: 0 }).await, 1);
    holds_together(&store).await;
    assert_eq!((kept(&store, attic).await, store.oldest_kept(attic).await), (vec![], Ok(2)));
    assert_eq!(say(&store, attic, "numbers go on").await, Ok(2));
    let (_, record) = store.room_record(attic).await.expect("readable");
    assert_eq!(store.remove_room(&record, || ()).await, Ok(true));
    store.finish_removals().await.expect("removed");
    holds_together(&store).await;
    assert_eq!(store.purged_rooms().await, Ok(vec![(lobby, 591)]));
}

#[tokio::test]
async fn a_room_that_keeps_more_from_now_on_loses_nothing_by_what_it_kept_before() {
    let (store, _closing) = Store::in_memory().expect("a store");
    let lobby = room(&store, "lobby").await;
    for seq in 1..=20 {
        assert_eq!(say(&store, lobby, "words").await, Ok(seq));
    }
    let (_, before) = store.room_record(lobby).await.expect("readable");
    store.update_room(lobby, |record| record.settings.keep_messages = Some(0), |_| ()).await.expect("changed");
    let retention = Retention { days: 0, messages: 5 };
    assert_eq!(store.purge_messages(lobby, &before, retention, |_| panic!("not purged")).await, Ok(0));
    assert_eq!(kept(&store, lobby).await.len(), 20);
}

#[tokio::test]
async fn a_message_and_its_job_go_together_once_the_job_has_ended() {
    let (store, _closing) = Store::in_memory().expect("a store");
    let lobby = room(&store, "lobby").await;
    let mut asking = message("/sum 1 2", "id");
    let job = job_asked_by(&mut asking, "1 2");
    post(&store, lobby, &principal("Ann"), &asking, Some(&job)).await.expect("stored");
    for _ in 0..9 {
        say(&store, lobby, "words").await.expect("stored");
    }
    let retention = Retention { days: 0, messages: 4 };
    assert_eq!(purge(&store, lobby, retention).await, 0, "the job has not ended");
    assert_eq!(store.purge_jobs().await, Ok(0));
    let mut ended = Job { finished_at: Some(Timestamp::now()), ..job.clone() };
    ended.move_to(JobState::Completed, None);
    finish(&store, &job, &ended, (lobby, &message("3", "answer"))).await.expect("stored");
    assert_eq!(purge(&store, lobby, retention).await, 7);
    assert_eq!(store.purge_jobs().await, Ok(1));
    assert!(store.job(&job.id).await.expect("readable").is_none());
    holds_together(&store).await;
    assert_eq!(store.purge_jobs().await, Ok(0));
}

#[tokio::test]
async fn a_message_beyond_the_quota_of_its_room_is_refused_and_the_next_that_fits_is_not() {
    let (store, _closing) = Store::in_memory().expect("a store");
    let lobby = room(&store, "lobby").await;
    let say = async |text: &str, id: &str, quota: u64| {
        let (then, posted) = oneshot::channel();
        let message = message(text, id);
        let new = NewMessage {
            room: lobby,
            message: &message,
            is_repeatable: true,
            temporary: None,
            jobs: &[],
            quota: Some(quota),
            held: None,
        };
        store.post(new, |result| drop(then.send(result))).await;
        posted.await.expect("answered").expect("no failure")
    };
    let first = Posted::New(Counter { number: 1, version: 1 });
    let long = "one ".repeat(50);
    assert_eq!(say(&long, "a", 1_000).await, first);
    let name = RoomName::public("lobby").expect("a name");
    let taken = store.room_bytes(lobby, &name).await.expect("readable").expect("counted");
    assert_eq!(say("two", "b", taken).await, Posted::Full);
    assert_eq!(say(&long, "a", taken).await, Posted::Repeated { seq: 1 }, "what is stored is acknowledged");
    assert_eq!(say("two", "b", 2 * taken).await, Posted::New(Counter { number: 2, version: 2 }));
    let both = store.room_bytes(lobby, &name).await.expect("readable").expect("counted");
    assert!(both > taken && both < 2 * taken);
    assert_eq!(store.delete_message(lobby, 1, |_| ()).await, Ok(true));
    store.audit().await.expect("what is counted is right");
    assert!(store.room_bytes(lobby, &name).await.expect("readable") < Some(both - 150));

    // As it was before bytes were counted.
    let counter = store.counter(lobby).await.expect("readable").encode();
    let key = apply::counter_key(Table::Messages, &lobby.prefix());
    let older = Batch::new(scopes::COUNT_BYTES).put(Table::Counters, key, counter);
    store.commit(older, WriteKind::Maintenance).await.expect("stored");
    assert_eq!(say("three", "c", 0).await, Posted::New(Counter { number: 3, version: 4 }), "nothing is known");
    assert_eq!(store.count_room_bytes().await, Ok(1));
    store.audit().await.expect("what was added up is right");
    assert_eq!(say("four", "d", 100).await, Posted::Full);
}
