//! Every batch keeps to the tables of its scope, and every scope is of use.

use std::collections::HashSet;

use super::collections::{collection, document};
use super::*;
use crate::model::{
    Access, Account, AccountId, AnsweredBy, AuditEntry, BackupNote, Citations, CollectionName, CommandRule, Document,
    Emoji, Erasure, GapId, HeldMessage, Hook, HookId, Identity, Invitation, InvitationId, JobMinute, LeftMessages,
    Merge, MergeId, MissedRuns, ModerationSettings, NextRun, Reaction, Report, Retention, Rhythm, Role, RoomKind,
    RoomRecord, Sanction, SanctionId, SanctionKind, SanctionSubject, Schedule, ScheduleId, Token, TokenId, TokenScope,
    UsedIn,
};

/// When jobs are due that wait for their time.
const DUE: Timestamp = Timestamp(5_000);

#[tokio::test]
async fn batches_touch_the_tables_of_their_scope_and_every_scope_is_used() {
    let (store, _closing, faults) = Store::with_faults(|reason| panic!("{reason}")).expect("a store");
    let lobby = room(&store, "lobby").await;
    change_rooms(&store, lobby).await;
    change_gaps(&store, room(&store, "gaps").await).await;
    change_messages(&store, lobby).await;
    purge_messages(&store, lobby).await;
    hold_messages(&store, lobby).await;
    change_jobs(&store, lobby).await;
    change_schedules(&store).await;
    change_documents(&store).await;
    change_accounts(&store).await;
    change_the_rest(&store).await;
    let flushed = tokio::task::spawn_blocking(move || store.flush());
    flushed.await.expect("not cancelled").expect("durable");
    let touched = faults.touched();
    for scope in scopes::ALL {
        let found = touched.get(scope.name()).unwrap_or_else(|| panic!("nothing makes a batch of {}", scope.name()));
        let declared: HashSet<Table> = scope.tables().expect("not any").iter().copied().collect();
        assert_eq!(*found, declared, "{}", scope.name());
    }
    assert_eq!(touched.len(), scopes::ALL.len(), "{:?}", touched.keys());
}

#[test]
#[should_panic = "FIND_SENT touches Jobs"]
fn a_table_that_is_not_of_the_scope_is_noticed() {
    drop(Batch::new(scopes::FIND_SENT).if_absent(Table::SentIds, "id").if_absent(Table::Jobs, "id"));
}

/// A job in the lobby, and the message that asks for it.
fn asked(line: &str) -> (Message, Job) {
    let mut asking = message("/sum 1 2", SendId::fresh().as_str());
    let job = job_asked_by(&mut asking, line);
    (asking, job)
}

fn later(job: Job) -> Job {
    job.scheduled(DUE)
}

fn unique(job: Job) -> Job {
    Job { unique_key: Some(job.id.as_str().to_owned()), ..job }
}

fn ended(job: &Job, state: JobState) -> Job {
    let mut ended = Job { finished_at: Some(Timestamp::now()), ..job.clone() };
    ended.move_to(state, None);
    ended
}

fn log() -> [LogLine; 1] {
    [LogLine { at: Timestamp(1), attempt: 1, text: "line".into() }]
}

async fn end(store: &Store, end: JobEnd<'_>) {
    let (done, ended) = oneshot::channel();
    store.finish_job(end, |result| drop(done.send(result))).await;
    let ended = ended.await.expect("answered");
    assert!(matches!(ended, Ok(Ended::Stored { .. })), "{ended:?}");
}

async fn change_rooms(store: &Store, lobby: RoomNumber) {
    let answers_always = |record: &mut RoomRecord| record.settings.bot = BotMode::Always;
    store.update_room(lobby, answers_always, |_| ()).await.expect("changed");
    let empty = RoomRecord::new(RoomName::public("empty").expect("a name"), BotMode::Mention, None);
    let (_, empty, _) = store.create_room(empty).await.expect("created");
    assert_eq!(store.remove_empty_room(&empty).await, Ok(true));
    let members = vec![principal("Ann"), principal("Bob")];
    let closed = RoomName::public("closed").expect("a name");
    let closed = RoomRecord {
        kind: RoomKind::Closed,
        members,
        ..RoomRecord::new(closed, BotMode::Mention, Some(&principal("Ann")))
    };
    let (number, ..) = store.create_room(closed).await.expect("created");
    let names = async |who: &str| store.rooms_of(&principal(who)).await.expect("readable").len();
    assert_eq!((names("Ann").await, names("Bob").await, names("Cid").await), (1, 1, 0));
    let swap = |record: &mut RoomRecord| record.members = vec![principal("Ann"), principal("Cid")];
    store.update_room(number, swap, |_| ()).await.expect("changed");
    assert_eq!((names("Ann").await, names("Bob").await, names("Cid").await), (1, 0, 1));
    let (_, closed) = store.room_record(number).await.expect("readable");
    assert_eq!(store.remove_room(&closed, || ()).await, Ok(true));
    assert_eq!(names("Ann").await, 0);
    store.finish_removals().await.expect("removed");

    let (name, visitor) = (RoomName::temporary(), principal("Visitor"));
    let record = RoomRecord::new(name.clone(), BotMode::Mention, Some(&visitor));
    let (number, ..) = store.create_room(record).await.expect("created");
    let (message, (_, soon), (_, later_job)) = (message("hello", "id"), asked("soon"), asked("later"));
    let jobs = [unique(soon), later(later_job)];
    let new = NewMessage {
        room: number,
        message: &message,
        is_repeatable: true,
        temporary: Some(&name),
        jobs: &jobs,
        quota: None,
        held: None,
    };
    let (then, posted) = oneshot::channel();
    store.post(new, |result| drop(then.send(result))).await;
    posted.await.expect("answered").expect("stored");
    assert_eq!(store.delete_message(number, 1, |_| ()).await, Ok(true));
    assert_eq!(store.remove_temporary_room(&name).await, Ok(true));
}

async fn change_gaps(store: &Store, lobby: RoomNumber) {
    let ann = principal("Ann");
    post(store, lobby, &ann, &message("an answer", "id"), None).await.expect("stored");
    let from = store.message(lobby, 1).await.expect("readable").expect("there");
    let (emoji, handle) = (Emoji::parse("👎").expect("an emoji"), Handle::new("Ann").expect("a handle"));
    let reactions = from.reactions.with(Reaction { emoji, by: ann, handle }, |_| true).expect("there is room");
    let to = Message { reactions, ..from.clone() };
    let (id, asked) = (GapId::of("why"), "Why?");
    let rated = |from: &Message, to: &Message| {
        let (from, to) = (from.clone(), to.clone());
        async move { store.change_reactions(lobby, 1, (&from, &to), Some((&GapId::of("why"), asked)), |_| ()).await }
    };
    assert_eq!(rated(&from, &to).await, Ok(true));
    assert_eq!(rated(&from, &to).await, Ok(false), "it is another now");
    assert_eq!(store.change_gap(&id, asked, |gap| gap.asked(asked)).await, Ok(true));
    let gap = store.gap(&id).await.expect("readable").expect("there");
    assert_eq!((gap.rated_bad, gap.unanswered), (1, 1));
    assert_eq!(store.dismiss_gap(&id).await, Ok(true));
    assert_eq!(store.remove_gap(&id).await, Ok(true));
    assert_eq!(store.remove_gap(&id).await, Ok(false));
    assert_eq!(rated(&to, &from).await, Ok(true), "what is not there is not closed again");
    assert_eq!(store.gaps().await, Ok(Vec::new()));
    // What is deleted is forgotten there, too.
    let citations = Citations::new(asked, AnsweredBy::Nothing, Vec::new(), None);
    let (query, citations) = (asked.to_owned(), Some(Arc::new(citations)));
    let answer = Answer { reply_to: 1, state: JobState::Completed, took_ms: 1, query, citations };
    let answering = Message { answer: Some(answer), ..message("nothing", "answer") };
    post(store, lobby, &principal("Bot"), &answering, None).await.expect("stored");
    assert_eq!(store.change_gap(&GapId::of(asked), asked, |gap| gap.asked(asked)).await, Ok(true));
    assert_eq!(store.delete_message(lobby, 2, |_| ()).await, Ok(true));
    assert_eq!(store.gaps().await, Ok(Vec::new()));
    let (none, one) = (Default::default(), ["sum".to_owned()].into());
    assert_eq!(store.change_paused_commands(&none, &one, || ()).await, Ok(true));
    assert_eq!(store.change_paused_commands(&none, &one, || ()).await, Ok(false));
    assert_eq!(store.change_paused_commands(&one, &none, || ()).await, Ok(true));
    assert_eq!(store.change_gap(&id, asked, |gap| gap.asked(asked)).await, Ok(true));
    assert_eq!(store.prune_gaps(Timestamp(Timestamp::now().0 + 1)).await, Ok(1));
}

async fn change_messages(store: &Store, lobby: RoomNumber) {
    let (first, open) = asked("open");
    let (waiting_for, waiting) = asked("waiting");
    let (answered, done) = asked("done");
    for (message, job) in [(&first, open), (&waiting_for, later(waiting)), (&answered, done.clone())] {
        post(store, lobby, &principal("Ann"), message, Some(&job)).await.expect("stored");
    }
    finish(store, &done, &ended(&done, JobState::Completed), (lobby, &message("3", "answer"))).await.expect("stored");
    let kept = store.message(lobby, 1).await.expect("readable").expect("there");
    let gone = Erasure {
        principals: vec![principal("Ann")],
        account: None,
        name: None,
        messages: LeftMessages::Keep,
        at: Timestamp::now(),
    };
    assert_eq!(store.disown_messages(lobby, vec![(1, kept.clone())], &gone, |_| ()).await, Ok(true));
    assert_eq!(store.disown_messages(lobby, vec![(1, kept)], &gone, |_| ()).await, Ok(false), "it is nobody's now");
    for seq in 1..=4 {
        assert_eq!(store.delete_message(lobby, seq, |_| ()).await, Ok(true));
    }
    assert_eq!(store.find_sent(lobby, &principal("Ann"), &first.id).await, Ok(Some(1)));
    let tomorrow = Timestamp(Timestamp::now().0 + 48 * 60 * 60 * 1000);
    assert!(store.prune_sent_ids(tomorrow).await.expect("pruned") > 0);
}

async fn purge_messages(store: &Store, lobby: RoomNumber) {
    let (_, record) = store.room_record(lobby).await.expect("readable");
    let name = RoomName::public("attic").expect("a name");
    let (attic, record, _) = store.create_room(RoomRecord { name, ..record }).await.expect("created");
    for text in ["old", "new"] {
        say(store, attic, text).await.expect("stored");
    }
    assert_eq!(store.delete_message(attic, 1, |_| ()).await, Ok(true));
    let newest = Retention { days: 0, messages: 1 };
    assert_eq!(store.purge_messages(attic, &record, newest, |oldest| assert_eq!(oldest, 2)).await, Ok(1));

    // As a counter was before bytes were counted.
    let name = RoomName::public("attic").expect("a name");
    let bytes = store.room_bytes(attic, &name).await;
    assert!(bytes.as_ref().is_ok_and(|bytes| bytes.is_some_and(|bytes| bytes > 100)), "{bytes:?}");
    let counter = store.counter(attic).await.expect("readable").encode();
    let key = apply::counter_key(Table::Messages, &attic.prefix());
    let older = Batch::new(scopes::COUNT_BYTES).put(Table::Counters, key, counter);
    store.commit(older, WriteKind::Maintenance).await.expect("stored");
    assert_eq!(store.room_bytes(attic, &name).await, Ok(None));
    say(store, attic, "not counted").await.expect("stored");
    assert_eq!(store.room_bytes(attic, &name).await, Ok(None));
    assert_eq!(store.count_room_bytes().await, Ok(1));
    assert!(store.room_bytes(attic, &name).await.ok() > bytes.ok());
}

async fn hold_messages(store: &Store, lobby: RoomNumber) {
    let limits = HeldLimits { in_all: 2, per_payer: 2 };
    let held = |text: &str| HeldMessage {
        room: RoomName::public("lobby").expect("a name"),
        message: message(text, text),
        request: None,
        locale: Locale::English,
        zone: None,
        finding: None,
        place: 0,
        payer_place: 0,
    };
    let hold = async |text: &str| store.hold(lobby, held(text), limits, |_, _| ()).await.expect("answered");
    let (Holding::New(one), Holding::New(two)) = (hold("one").await, hold("two").await) else { panic!("not held") };
    assert_eq!((hold("one").await, hold("three").await), (Holding::Before(one.clone()), Holding::TooMany));
    let found: HashSet<_> = store.held_in(lobby).await.expect("readable").into_iter().map(|held| held.id).collect();
    assert_eq!(found, HashSet::from([one.clone(), two.clone()]));
    let one = store.held(&one).await.expect("readable").expect("it waits");
    let (then, posted) = oneshot::channel();
    let (message, held) = (&one.record.message, Some(&one));
    let new = NewMessage { room: lobby, message, is_repeatable: true, temporary: None, jobs: &[], quota: None, held };
    store.post(new, |result| drop(then.send(result))).await;
    let Ok(Posted::New(counter)) = posted.await.expect("answered") else { panic!("not posted") };
    assert_eq!(hold("one").await, Holding::Posted(counter.number));
    let two = store.held(&two).await.expect("readable").expect("it waits");
    assert_eq!(store.remove_held(&two, || ()).await, Ok(true));
    assert_eq!(store.remove_held(&two, || ()).await, Ok(false));
    assert!(store.held_messages().await.expect("readable").is_empty());
    assert!(matches!(hold("four").await, Holding::New(_)), "the places are free again");
}

async fn change_jobs(store: &Store, lobby: RoomNumber) {
    let [one, two, three] = ["one", "two", "three"].map(|line| asked(line).1);
    let (one, two, three) = (unique(one), later(two), unique(three));
    for job in [&one, &two, &three] {
        assert_eq!(store.add_job(job, 1, || ()).await, Ok(true));
    }
    store.keep_log(&one.id, &log()).await.expect("stored");
    let change = async |from: &Job, to: &Job| {
        let from = StoredJob::new(from.clone(), 1);
        let change = JobChange { from: &from, to, log: &log(), schedule: None };
        assert_eq!(store.change_job(change, || ()).await, Ok(true));
    };
    change(&one, &ended(&one, JobState::Dead)).await;
    let mut ready = two.clone();
    ready.move_to(JobState::Queued, None);
    change(&two, &ready).await;
    let dead = store.job(&one.id).await.expect("readable").expect("stored");
    assert_eq!(store.remove_job(&dead).await, Ok(true));

    let (from, to) = (StoredJob::new(three.clone(), 1), ended(&three, JobState::Dead));
    let (answer, cause) = (message("3", "another answer"), asked("cause").1);
    let change = JobChange { from: &from, to: &to, log: &log(), schedule: None };
    let answer = Some((lobby, &answer));
    end(store, JobEnd { change, answer, causes: std::slice::from_ref(&cause), is_erased: false }).await;
}

/// A schedule as it is, its next run, and the change by which another one takes that one's place.
async fn next_run(store: &Store, id: &ScheduleId) -> (StoredJob, ScheduleChange) {
    let from = store.schedule(id).await.expect("readable").expect("stored");
    let next = from.schedule.next.clone().expect("it has a run");
    let was = store.job(&next.job).await.expect("readable").expect("stored");
    let run = from.schedule.run(JobId::fresh(), DUE);
    let to = Schedule { next: Some(NextRun { job: run.id.clone(), at: DUE }), ..from.schedule.clone() };
    (was, ScheduleChange { from, to: Some(to), run: Some(run) })
}

async fn change_schedules(store: &Store) {
    let asked_by = asked("every").1;
    let schedule = Schedule {
        id: ScheduleId::asked_by(&asked_by.id),
        number: 0,
        place: 0,
        rhythm: Rhythm::Every("* * * * *".into()),
        zone: "UTC".into(),
        request: JobRequest { name: "sum".into(), arguments: "1 2".into() },
        principal: asked_by.principal,
        handle: asked_by.handle,
        room: asked_by.room,
        role: Role::Guest,
        address: None,
        guest_place: None,
        expires_at: None,
        locale: Locale::English,
        seq: 1,
        missed: MissedRuns::Once,
        created_at: Timestamp::now(),
        next: None,
        last: None,
    };
    let (id, run) = (schedule.id.clone(), schedule.run(JobId::fresh(), DUE));
    let schedule = Schedule { next: Some(NextRun { job: run.id.clone(), at: DUE }), ..schedule };
    let added = store.add_schedule(schedule, &run, ScheduleLimits { per_payer: 9, of_guests: Some(9) }, || ()).await;
    assert!(matches!(added, Ok(Added::New(_))), "{added:?}");

    let (was, change) = next_run(store, &id).await;
    assert_eq!(store.change_schedule(&change, Some(&was.job), || ()).await, Ok(true));
    let (was, change) = next_run(store, &id).await;
    let mut ready = was.job.clone();
    ready.move_to(JobState::Queued, None);
    let begun = JobChange { from: &was, to: &ready, log: &[], schedule: Some(&change) };
    assert_eq!(store.change_job(begun, || ()).await, Ok(true));
    let (was, change) = next_run(store, &id).await;
    let cancelled = ended(&was.job, JobState::Cancelled);
    let change = JobChange { from: &was, to: &cancelled, log: &[], schedule: Some(&change) };
    end(store, JobEnd { change, answer: None, causes: &[], is_erased: false }).await;
    let (was, change) = next_run(store, &id).await;
    let removal = ScheduleChange { to: None, run: None, ..change };
    assert_eq!(store.change_schedule(&removal, Some(&was.job), || ()).await, Ok(true));
}

async fn change_documents(store: &Store) {
    let collection = collection("Insects");
    assert_eq!(store.add_collection(collection.clone(), 2).await, Ok(Collected::Stored));
    let document = document(7, UsedIn::Collection(collection.id.clone()));
    let Ok(Filed::Stored(added)) = store.add_document(document).await else { panic!("it is new") };
    assert_eq!(store.remove_collection(&collection.id).await, Ok(Collected::InUse));
    let changed = Document { claimed: Vec::new(), used_in: UsedIn::AllRooms, ..added.clone() };
    assert_eq!(store.change_document(&added, &changed).await, Ok(Filed::Stored(())));
    assert_eq!(store.change_document(&changed, &added).await, Ok(Filed::Stored(())));
    assert_eq!(store.remove_document(&added).await, Ok(true));
    let name = CollectionName::new("Bees").expect("a name");
    assert_eq!(store.rename_collection(&collection.id, &name).await, Ok(Collected::Stored));
    let (lobby, number) = (RoomName::public("lobby").expect("a name"), room(store, "lobby").await);
    let chosen = store.choose_collections(&lobby, number, std::slice::from_ref(&collection.id)).await;
    assert_eq!(chosen, Ok(Collected::Stored));
    assert_eq!(store.remove_collection(&collection.id).await, Ok(Collected::Stored));
}

async fn change_accounts(store: &Store) {
    let invitation = |uses_left| Invitation {
        id: InvitationId::fresh(),
        role: Role::Member,
        uses_left,
        expires_at: Timestamp(i64::MAX),
        created_at: Timestamp::now(),
        created_by: None,
        rooms: vec![],
        place: 0,
    };
    let closed = RoomName::public("members").expect("a name");
    let closed = RoomRecord { kind: RoomKind::Closed, ..RoomRecord::new(closed, BotMode::Mention, None) };
    let (members, ..) = store.create_room(closed).await.expect("created");
    let to_members = Invitation { rooms: vec![members.get()], ..invitation(Some(1)) };
    assert_eq!(store.replace_first_invitation(&[1; 32], &invitation(Some(1))).await, Ok(true));
    assert_eq!(store.add_invitation(&[2; 32], to_members, 1).await, Ok(true));
    assert_eq!(store.add_invitation(&[3; 32], invitation(None), 1).await, Ok(false), "there is one place");
    let account = |name: &str| {
        let id = AccountId::fresh();
        let (name, principal) = (Handle::new(name).expect("a name"), Principal::account(&id));
        Account::new(id, principal, name, Role::Member)
    };
    let ann = account("Ann");
    let used = store.invitation(&[2; 32]).await.expect("readable").expect("open");
    let used = UsedInvitation { digest: [2; 32], invitation: used };
    assert_eq!(store.add_account(&ann, Some(used.clone()), |_| ()).await, Ok(AccountAdded::Added));
    assert_eq!(store.add_account(&account("ann"), None, |_| ()).await, Ok(AccountAdded::NameTaken));
    assert_eq!(store.add_account(&account("Bob"), Some(used), |_| ()).await, Ok(AccountAdded::InvitationChanged));
    let rooms = store.rooms_of(&ann.principal).await.expect("readable");
    assert_eq!(rooms.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [members]);
    let twin = Account { name: Handle::new("Bob").expect("a name"), ..ann.clone() };
    assert_eq!(store.add_account(&twin, None, |_| ()).await, Ok(AccountAdded::VisitorTaken));
    let known = |subject: &str| Identity { issuer: "https://id.example".into(), subject: subject.into() };
    let carl = Account { identity: Some(known("c")), ..account("Carl") };
    assert_eq!(store.add_account(&carl, None, |_| ()).await, Ok(AccountAdded::Added));
    let other = Account { identity: Some(known("c")), ..account("Dora") };
    assert_eq!(store.add_account(&other, None, |_| ()).await, Ok(AccountAdded::IdentityTaken));
    assert_eq!(store.link_identity(&ann.id, &known("c")).await, Ok(Some(false)), "it is Carl's");
    assert_eq!(store.link_identity(&ann.id, &known("a")).await, Ok(Some(true)));
    assert_eq!(store.link_identity(&AccountId::fresh(), &known("z")).await, Ok(None), "nobody's");
    let found = store.account_of_identity(&known("a")).await.expect("readable");
    assert_eq!(found.map(|account| account.id), Some(ann.id.clone()));
    assert_eq!(store.unlink_identity(&ann.id, |_| Err::<(), _>("the last")).await, Ok(Some(Err("the last"))));
    assert_eq!(store.unlink_identity(&ann.id, |_| Ok::<_, ()>(())).await, Ok(Some(Ok(()))));
    assert_eq!(store.account_of_identity(&known("a")).await.expect("readable"), None);
    let changed = store.change_account(&ann.id, |account| account.role = Role::Admin, |_| ()).await;
    assert_eq!(changed.expect("changed").map(|account| account.role), Some(Role::Admin));
    assert_eq!(store.add_invitation(&[4; 32], invitation(Some(0)), 1).await, Ok(true), "the place is free again");
    assert_eq!(store.remove_expired_invitations(Timestamp::now()).await, Ok(1));

    let owner = Account { role: Role::Owner, identity: Some(known("o")), ..account("Olga") };
    assert_eq!(store.add_account(&owner, None, |_| ()).await, Ok(AccountAdded::Added));
    let keep = LeftMessages::Keep;
    assert_eq!(store.begin_erasure(&owner.id, keep, |_| ()).await, Ok(ErasureBegun::OnlyOwner));
    let other = Account { role: Role::Owner, ..account("Otto") };
    assert_eq!(store.add_account(&other, None, |_| ()).await, Ok(AccountAdded::Added));
    let begun = store.begin_erasure(&owner.id, keep, |_| ()).await.expect("begun");
    let ErasureBegun::Begun(erasure) = begun else { panic!("{begun:?}") };
    assert_eq!(store.account_of_identity(&known("o")).await.expect("readable"), None);
    assert_eq!(store.begin_erasure(&owner.id, keep, |_| ()).await, Ok(ErasureBegun::Nobody));
    assert_eq!(store.begin_erasure(&other.id, keep, |_| ()).await, Ok(ErasureBegun::OnlyOwner), "the last one");
    let again = Account { principal: owner.principal.clone(), ..account("Olga") };
    assert_eq!(
        store.add_account(&again, None, |_| ()).await,
        Ok(AccountAdded::VisitorTaken),
        "as long as it is removed"
    );
    assert_eq!(store.erasures().await, Ok(vec![erasure.clone()]));
    store.end_erasure(&erasure).await.expect("ended");
    assert_eq!((store.erasures().await, store.is_void(&owner.principal).await), (Ok(vec![]), Ok(false)));

    let session = Session {
        subject: Principal::account(&ann.id),
        expires_at: Timestamp(1),
        created_at: Timestamp(0),
        last_seen_at: Timestamp(0),
        device: String::new(),
        address: String::new(),
        key: None,
    };
    let (one, two) = ([1; 32], [2; 32]);
    assert_eq!(store.add_session(&one, &session, Some(&ann)).await, Ok(true), "another role is the same account");
    let before = Account { password: Some("old".to_owned()), ..ann };
    assert_eq!(store.add_session(&two, &session, Some(&before)).await, Ok(false), "it has another password now");
    assert_eq!(store.add_session(&two, &session, None).await, Ok(true));
    store.change_session(&one, |session| session.last_seen_at = Timestamp(7)).await.expect("stored");
    let found = store.sessions_of(&session.subject).await.expect("readable");
    assert_eq!(found.iter().map(|(_, session)| session.last_seen_at.0).collect::<Vec<_>>(), [7, 0]);
    store.remove_sessions(&[(one, session.subject.clone())], || ()).await.expect("deleted");
    assert_eq!(store.remove_expired_sessions(Timestamp::now()).await, Ok(1));
    assert!(store.session(&two).await.expect("readable").is_none());
}

async fn change_the_rest(store: &Store) {
    store.set_owner_key_digest(b"digest", || ()).await.expect("written");
    store.set_access(Access::Members, || ()).await.expect("stored");
    assert_eq!(store.access().await, Ok(Access::Members));
    let settings = ModerationSettings { hold_guests: true, ..ModerationSettings::default() };
    store.set_moderation_settings(Some(&settings), || ()).await.expect("stored");
    assert_eq!(store.moderation_settings().await, Ok(Some(settings)));
    store.set_moderation_settings(None, || ()).await.expect("removed");
    assert_eq!(store.moderation_settings().await, Ok(None));
    let backup = BackupNote { at: Timestamp(7), bytes: 9 };
    store.note_backup(&backup).await.expect("stored");
    assert_eq!(store.last_backup().await, Ok(Some(backup)));
    let rule = CommandRule { allow: Role::Member, rooms: vec!["ops".to_owned()] };
    store.set_command_rule("sum", Some(&rule), || ()).await.expect("stored");
    assert_eq!(store.command_rules().await.expect("readable").remove("sum"), Some(rule));
    store.set_command_rule("sum", None, || ()).await.expect("removed");
    assert!(store.command_rules().await.expect("readable").is_empty());
    let room = RoomName::public("lobby").expect("a name");
    let name = Handle::new("Hook").expect("a handle");
    let (id, created_at) = (HookId::fresh(), Timestamp::now());
    let hook =
        Hook { id, name, room, place: 0, created_at, last_used_at: None, template: None, template_failure: None };
    assert_eq!(store.add_hook(b"digest", hook.clone(), 1).await, Ok(true));
    store.note_hook_used(b"digest", Timestamp(7)).await.expect("stored");
    assert_eq!(store.hooks(1).await.expect("readable")[0].last_used_at, Some(Timestamp(7)));
    let changed = store.change_hook(&hook.id, |hook| hook.template = Some("{{ text }}".to_owned())).await;
    let changed = changed.expect("stored").expect("there is one");
    assert_eq!((changed.last_used_at, changed.template.as_deref()), (Some(Timestamp(7)), Some("{{ text }}")));
    assert_eq!(store.hooks(1).await.expect("readable"), [changed]);
    assert_eq!(store.delete_hook(&hook.id).await, Ok(true));
    assert_eq!(store.change_hook(&hook.id, |_| ()).await, Ok(None));

    let moderator = Handle::new("Mia").expect("a handle");
    let sanction = Sanction {
        id: SanctionId::fresh(),
        kind: SanctionKind::Ban,
        subject: SanctionSubject::Person(principal("Eve")),
        handle: None,
        until: None,
        reason: String::new(),
        by: moderator.clone(),
        created_at: Timestamp::now(),
        place: 0,
    };
    assert_eq!(store.add_sanction(sanction.clone(), 1, |_| ()).await, Ok(true));
    let another = Sanction { id: SanctionId::fresh(), ..sanction.clone() };
    assert_eq!(store.add_sanction(another, 1, |_| ()).await, Ok(false), "there is one place");
    let ended = store.remove_sanction(&sanction.id, || ()).await.expect("removed");
    assert_eq!((ended.map(|ended| ended.id), store.sanctions().await), (Some(sanction.id), Ok(vec![])));

    let token = Token {
        id: TokenId::fresh(),
        name: Handle::new("deploy").expect("a name"),
        account: AccountId::fresh(),
        scopes: vec![TokenScope::Post],
        rooms: vec![],
        expires_at: None,
        last_used_at: None,
        created_at: Timestamp::now(),
        place: 0,
    };
    assert_eq!(store.add_token(&[1; 32], token.clone(), 1).await, Ok(TokenAdded::Added));
    let twin = Token { id: TokenId::fresh(), account: AccountId::fresh(), ..token.clone() };
    assert_eq!(store.add_token(&[2; 32], twin, 1).await, Ok(TokenAdded::NameTaken));
    let second = Token { id: TokenId::fresh(), name: Handle::new("build").expect("a name"), ..token.clone() };
    assert_eq!(store.add_token(&[2; 32], second, 1).await, Ok(TokenAdded::TooMany));
    store.note_token_used(&[1; 32], Timestamp(7)).await.expect("stored");
    assert_eq!(store.tokens_of(&token.account).await.expect("readable")[0].1.last_used_at, Some(Timestamp(7)));
    assert!(store.remove_token(&token.account, &token.id, || ()).await.expect("removed").is_some());
    assert_eq!(store.is_token_name(&token.name).await, Ok(false));

    let (number, lobby) = (RoomNumber::new(1), RoomName::public("lobby").expect("a name"));
    let report = |seq| Report {
        room: lobby.clone(),
        seq,
        reason: String::new(),
        reporter: moderator.clone(),
        principal: None,
        at: Timestamp::now(),
        place: 0,
    };
    assert_eq!(store.add_report(number, report(1), 1).await, Ok(true));
    assert_eq!(store.add_report(number, report(1), 1).await, Ok(true), "it is reported already");
    assert_eq!(store.add_report(number, report(2), 1).await, Ok(false), "there is one place");
    let (own, anonymous) = (store.reports().await.expect("readable")[0].1.clone(), Handle::deleted());
    assert_eq!(store.change_report(number, &own, &Report { reporter: anonymous, ..own.clone() }).await, Ok(true));
    assert_eq!(store.change_report(number, &own, &own).await, Ok(false), "it is another now");
    assert!(store.remove_report(number, 1).await.expect("removed").is_some());
    assert_eq!(store.reports().await, Ok(vec![]));

    let merge = |from: &str, into: &str| Merge {
        id: MergeId::fresh(),
        from: principal(from),
        from_handle: moderator.clone(),
        from_account: None,
        into: principal(into),
        into_handle: moderator.clone(),
        by: moderator.clone(),
        at: Timestamp::now(),
        place: 0,
    };
    assert_eq!(store.add_merge(merge("Ann", "Bob"), 1, |_| ()).await, Ok(Some(true)));
    assert_eq!(store.add_merge(merge("Ann", "Cid"), 9, |_| ()).await, Ok(Some(false)), "she is Bob");
    assert_eq!(store.add_merge(merge("Cid", "Ann"), 9, |_| ()).await, Ok(Some(false)), "she is Bob");
    assert_eq!(store.add_merge(merge("Cid", "Bob"), 1, |_| ()).await, Ok(None), "there is one place");
    let added = store.merges().await.expect("readable").remove(0);
    assert_eq!(store.remove_merge(&added, || ()).await, Ok(true));
    assert_eq!(store.remove_merge(&added, || ()).await, Ok(false));

    let entry = |action: &str| AuditEntry {
        at: Timestamp::now(),
        by: moderator.clone(),
        role: Role::Moderator,
        address: None,
        action: action.to_owned(),
        subject: "lobby".to_owned(),
        before: None,
        after: None,
    };
    for action in ["one", "two", "three"] {
        store.add_audit_entry(&entry(action)).await.expect("stored");
    }
    let entries = store.audit_entries(Some(3), 9, |_| true).await.expect("readable");
    let found: Vec<_> = entries.iter().map(|(number, entry)| (*number, entry.action.as_str())).collect();
    assert_eq!(found, [(2, "two"), (1, "one")]);
    assert_eq!(store.prune_audit_log(Timestamp(0)).await, Ok(0));
    assert_eq!(store.prune_audit_log(Timestamp(i64::MAX)).await, Ok(3));
    assert_eq!(store.audit_entries(None, 9, |_| true).await.map(|left| left.len()), Ok(0));

    store.put_job_minutes(&[(1, JobMinute::default())], 0).await.expect("stored");
    store.put_job_minutes(&[], 2).await.expect("stored");
    assert!(store.job_minutes(0).await.expect("readable").is_empty());
}
