//! Presence in a room: a person counts once, regardless of the number of connections. Pure state; publishing is the caller's.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use crate::model::{AuthorKind, Handle, Principal};
use crate::protocol::MemberView;

/// Maximum number of people listed in one frame; beyond it, only the count is exact.
const MAX_NAMED: usize = 200;

#[derive(Default)]
pub(super) struct Presence {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    people: HashMap<Principal, Present>,
    /// Last announced state of the people who have changed since.
    told: HashMap<Principal, Option<Handle>>,
    is_announcing: bool,
}

struct Present {
    handle: Handle,
    connections: usize,
}

/// Changes since the last announcement.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Changes {
    pub joined: Vec<MemberView>,
    pub left: Vec<MemberView>,
    pub count: usize,
}

impl Presence {
    /// How long changes are collected before they are announced.
    pub const DELAY: Duration = Duration::from_millis(100);

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Adds a connection of this person, who has this handle from now on.
    pub fn enter(&self, principal: &Principal, handle: &Handle) {
        let mut state = self.state();
        state.note(principal);
        let present =
            state.people.entry(principal.clone()).or_insert_with(|| Present { handle: handle.clone(), connections: 0 });
        present.connections += 1;
        present.handle = handle.clone();
    }

    /// Removes one connection of this person.
    pub fn leave(&self, principal: &Principal) {
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

    /// Returns whether the caller must announce the changes after [`Presence::DELAY`]; at most one caller at a time does.
    pub fn begin_announcement(&self) -> bool {
        !std::mem::replace(&mut self.state().is_announcing, true)
    }

    /// The changes to announce, if any.
    pub fn take_changes(&self) -> Option<Changes> {
        let mut state = self.state();
        state.is_announcing = false;
        let told = std::mem::take(&mut state.told);
        let (mut joined, mut left) = (Vec::new(), Vec::new());
        for (principal, before) in told {
            let now = state.people.get(&principal).map(|present| present.handle.clone());
            if before != now {
                left.extend(before.map(member));
                joined.extend(now.map(member));
            }
        }
        if joined.is_empty() && left.is_empty() {
            return None;
        }
        joined.truncate(MAX_NAMED);
        left.truncate(MAX_NAMED);
        Some(Changes { joined, left, count: state.people.len() })
    }

    /// Some of those who are here, by name, and how many there are.
    pub fn members(&self) -> (Vec<MemberView>, usize) {
        let state = self.state();
        let mut members: Vec<_> =
            state.people.values().take(MAX_NAMED).map(|present| member(present.handle.clone())).collect();
        members.sort_by(|a, b| a.handle.cmp(&b.handle));
        (members, state.people.len())
    }

    pub fn count(&self) -> usize {
        self.state().people.len()
    }
}

impl State {
    /// Records the announced state of this person before it changes.
    fn note(&mut self, principal: &Principal) {
        if !self.told.contains_key(principal) {
            let handle = self.people.get(principal).map(|present| present.handle.clone());
            self.told.insert(principal.clone(), handle);
        }
    }
}

fn member(handle: Handle) -> MemberView {
    MemberView { handle, role: AuthorKind::User }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(name: &str) -> (Principal, Handle) {
        let handle = Handle::new(name).expect("a handle");
        (Principal::named(&handle), handle)
    }

    fn names(members: &[MemberView]) -> Vec<String> {
        members.iter().map(|member| member.handle.to_string()).collect()
    }

    #[test]
    fn two_tabs_count_once_and_a_reload_is_not_told() {
        let presence = Presence::default();
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

    #[test]
    fn a_new_handle_is_a_leave_and_a_join() {
        let presence = Presence::default();
        let (ann, name) = principal("Ann");
        presence.enter(&ann, &name);
        presence.take_changes();
        presence.enter(&ann, &principal("Anna").1);
        presence.leave(&ann);
        let changes = presence.take_changes().expect("renamed");
        assert_eq!((names(&changes.left), names(&changes.joined)), (vec!["Ann".into()], vec!["Anna".into()]));
    }
}
