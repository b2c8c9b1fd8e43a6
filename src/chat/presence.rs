//! Who is in a room, as a seam. Pure state; publishing is the caller's.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use crate::model::Principal;
use crate::protocol::MemberView;

/// How long changes are collected before they are announced.
pub(super) const ANNOUNCE_AFTER: Duration = Duration::from_millis(100);

/// Maximum number of people listed in one frame; beyond it, only the count is exact.
const MAX_NAMED: usize = 200;

/// The people in one room.
///
/// 1. **A person counts once**, however many connections they have, and has the handle they gave last.
/// 2. **Changes are collected.** Whoever changes something asks [`Presence::begin_announcement`] afterwards; one of them is told
///    to take the changes after [`ANNOUNCE_AFTER`] and to announce them. So there is at most one announcement in that time, and
///    every change is in one. What changed and changed back meanwhile is in none.
/// 3. **Announcements add up**: applying all of them, as a multiset of handles, to the earlier members yields the current ones, as
///    long as neither a list of members nor an announcement exceeds `MAX_NAMED`; beyond that only the count is exact.
/// 4. **A connection counts as long as its node has a lease.** It is in no store. Here the lease is the life of the process: a
///    start begins with nobody. Where there are several nodes, what a node that died brought in leaves when its lease ends,
///    which is announced as any change.
pub(super) trait Presence: Send + Sync {
    /// Adds a connection of this person, who is shown like this from now on.
    fn enter(&self, principal: &Principal, shown: &MemberView);

    /// Removes one connection of this person.
    fn leave(&self, principal: &Principal);

    /// Returns whether the caller must announce the changes after [`ANNOUNCE_AFTER`]; no one else is to until it takes them.
    fn begin_announcement(&self) -> bool;

    /// The changes to announce, if any.
    fn take_changes(&self) -> Option<Changes>;

    /// Some of those who are here, by name, and how many there are.
    fn members(&self) -> (Vec<MemberView>, usize);

    /// How many people are here.
    fn count(&self) -> usize;
}

/// Changes since the last announcement.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Changes {
    pub joined: Vec<MemberView>,
    pub left: Vec<MemberView>,
    pub count: usize,
}

/// Where every connection is one of this process.
#[derive(Default)]
pub(super) struct LocalPresence {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    people: HashMap<Principal, Present>,
    /// Last announced state of the people who have changed since.
    told: HashMap<Principal, Option<MemberView>>,
    is_announcing: bool,
}

struct Present {
    shown: MemberView,
    connections: usize,
}

impl LocalPresence {
    /// Held for moments only, never across an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl Presence for LocalPresence {
    fn enter(&self, principal: &Principal, shown: &MemberView) {
        let mut state = self.state();
        state.note(principal);
        let new = || Present { shown: shown.clone(), connections: 0 };
        let present = state.people.entry(principal.clone()).or_insert_with(new);
        present.connections += 1;
        present.shown = shown.clone();
    }

    fn leave(&self, principal: &Principal) {
        let mut state = self.state();
        state.note(principal);
        if let Some(present) = state.people.get_mut(principal) {
            present.connections -= 1;
            if present.connections == 0 {
                state.people.remove(principal);
            }
        }
        if state.people.is_empty() {
            state.people.shrink_to_fit();
        }
    }

    fn begin_announcement(&self) -> bool {
        !std::mem::replace(&mut self.state().is_announcing, true)
    }

    fn take_changes(&self) -> Option<Changes> {
        let mut state = self.state();
        state.is_announcing = false;
        let told = std::mem::take(&mut state.told);
        let (mut joined, mut left) = (Vec::new(), Vec::new());
        for (principal, before) in told {
            let now = state.people.get(&principal).map(|present| present.shown.clone());
            if before != now {
                left.extend(before);
                joined.extend(now);
            }
        }
        if joined.is_empty() && left.is_empty() {
            return None;
        }
        joined.truncate(MAX_NAMED);
        left.truncate(MAX_NAMED);
        Some(Changes { joined, left, count: state.people.len() })
    }

    fn members(&self) -> (Vec<MemberView>, usize) {
        let state = self.state();
        let mut members: Vec<_> = state.people.values().take(MAX_NAMED).map(|present| present.shown.clone()).collect();
        members.sort_by(|a, b| a.handle.cmp(&b.handle));
        (members, state.people.len())
    }

    fn count(&self) -> usize {
        self.state().people.len()
    }
}

impl State {
    /// Records the announced state of this person before it changes.
    fn note(&mut self, principal: &Principal) {
        if !self.told.contains_key(principal) {
            let shown = self.people.get(principal).map(|present| present.shown.clone());
            self.told.insert(principal.clone(), shown);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::model::{AuthorKind, Handle, Role};

    #[test]
    fn the_presence_of_one_process_keeps_the_contract() {
        contract(|| Arc::new(LocalPresence::default()));
    }

    /// Every promise, each of a room of its own.
    fn contract(make: impl Fn() -> Arc<dyn Presence>) {
        assert_eq!(make().count(), 0, "whoever was there has left with the process");
        two_tabs_count_once_and_a_reload_is_not_told(make().as_ref());
        a_new_handle_is_a_leave_and_a_join(make().as_ref());
        one_announces_until_it_has_taken_the_changes(make().as_ref());
        announcements_add_up_whoever_comes_and_goes(&make());
    }

    fn principal(name: &str) -> (Principal, MemberView) {
        let handle = Handle::new(name).expect("a handle");
        (Principal::visitor(name), MemberView::new(&handle, AuthorKind::User, Role::Guest))
    }

    fn names(members: &[MemberView]) -> Vec<String> {
        members.iter().map(|member| member.handle.to_string()).collect()
    }

    fn two_tabs_count_once_and_a_reload_is_not_told(presence: &dyn Presence) {
        let (ann, name) = principal("Ann");
        presence.enter(&ann, &name);
        presence.enter(&ann, &name);
        let changes = presence.take_changes().expect("Ann came");
        assert_eq!((names(&changes.joined), changes.count), (vec!["Ann".into()], 1));
        presence.leave(&ann);
        presence.leave(&ann);
        presence.enter(&ann, &name);
        assert_eq!(presence.take_changes(), None);
        presence.leave(&ann);
        let changes = presence.take_changes().expect("Ann left");
        assert_eq!((names(&changes.left), changes.count), (vec!["Ann".into()], 0));
    }

    fn a_new_handle_is_a_leave_and_a_join(presence: &dyn Presence) {
        let (ann, name) = principal("Ann");
        presence.enter(&ann, &name);
        presence.take_changes();
        presence.enter(&ann, &principal("Anna").1);
        presence.leave(&ann);
        let changes = presence.take_changes().expect("renamed");
        assert_eq!((names(&changes.left), names(&changes.joined)), (vec!["Ann".into()], vec!["Anna".into()]));
    }

    fn one_announces_until_it_has_taken_the_changes(presence: &dyn Presence) {
        let people = ["Ann", "Bob", "Eve"].map(principal);
        let told: Vec<_> = people
            .iter()
            .map(|(person, name)| {
                presence.enter(person, name);
                presence.begin_announcement()
            })
            .collect();
        assert_eq!(told, [true, false, false]);
        assert_eq!(presence.take_changes().map(|changes| changes.joined.len()), Some(3), "all in one announcement");
        presence.leave(&people[0].0);
        assert!(presence.begin_announcement(), "the next change is announced, too");
    }

    /// Many connections of a few people come and go, some under another handle, while one announces.
    fn announcements_add_up_whoever_comes_and_goes(presence: &Arc<dyn Presence>) {
        const THREADS: usize = 4;
        let (mut seen, at_work) = (BTreeSet::new(), AtomicUsize::new(THREADS));
        let announce = |seen: &mut BTreeSet<String>| {
            if let Some(changes) = presence.take_changes() {
                names(&changes.left).iter().for_each(|name| assert!(seen.remove(name), "{name} was not there"));
                names(&changes.joined).into_iter().for_each(|name| assert!(seen.insert(name), "told twice"));
                assert_eq!(changes.count, seen.len());
            }
        };
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (presence, at_work) = (presence.clone(), &at_work);
                scope.spawn(move || {
                    come_and_go(presence.as_ref(), thread);
                    at_work.fetch_sub(1, Ordering::Release);
                });
            }
            while at_work.load(Ordering::Acquire) > 0 {
                announce(&mut seen);
                std::thread::yield_now();
            }
        });
        announce(&mut seen);
        let (members, count) = presence.members();
        assert_eq!((names(&members), count), (seen.into_iter().collect(), 3));
    }

    /// Leaves one connection of each of three people behind.
    fn come_and_go(presence: &dyn Presence, thread: usize) {
        for round in 0..1000 {
            let person = (round * 7 + thread) % 10;
            let other_name = principal(&format!("Person {person} again")).1;
            let (principal, name) = principal(&format!("Person {person}"));
            presence.enter(&principal, if round % 3 == 0 { &other_name } else { &name });
            presence.leave(&principal);
        }
        for (person, name) in ["Ann", "Bob", "Eve"].map(principal) {
            presence.enter(&person, &name);
        }
    }
}
