//! Fair scheduling of jobs that wait for a worker.
//!
//! Higher priorities first; within one, payers take turns, and each payer's people, commands and rooms take turns; within those,
//! first come is first served. Jobs that may not run at the moment are skipped and keep their place. Pure: independent of clock and
//! limit.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};

use super::super::policy::{Lane, Priority};
use crate::model::{JobId, Payer, Principal, RoomName};

/// The key that limits apply to: either all jobs of a kind may run, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitKey {
    pub lane: Lane,
    pub payer: Payer,
    pub principal: Principal,
    /// The command.
    pub name: String,
    /// `None` for what is asked for in no room.
    pub room: Option<RoomName>,
}

/// Jobs that wait.
#[derive(Default)]
pub struct Waiting {
    classes: BTreeMap<Priority, Turns>,
    count: usize,
}

/// Whose jobs of one priority wait, in the order of their turns.
#[derive(Default)]
struct Turns {
    payers: VecDeque<Payer>,
    streams: HashMap<Payer, VecDeque<Stream>>,
}

/// One payer's jobs of one kind.
struct Stream {
    limit_key: LimitKey,
    ids: VecDeque<JobId>,
}

impl Waiting {
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn push(&mut self, priority: Priority, limit_key: LimitKey, id: JobId) {
        self.count += 1;
        self.classes.entry(priority).or_default().push(limit_key, id);
    }

    /// Takes the next job of a kind that may run; `may_run` is called with the first job of each kind.
    pub fn next(&mut self, mut may_run: impl FnMut(&LimitKey, &JobId) -> bool) -> Option<JobId> {
        let id = self.classes.values_mut().find_map(|turns| turns.next(&mut may_run))?;
        self.count -= 1;
        Some(id)
    }

    /// Removes a job; `false` if it is not waiting.
    pub fn remove(&mut self, priority: Priority, limit_key: &LimitKey, id: &JobId) -> bool {
        let removed = self.classes.get_mut(&priority).is_some_and(|turns| turns.remove(limit_key, id));
        self.count -= usize::from(removed);
        removed
    }
}

impl Turns {
    fn push(&mut self, limit_key: LimitKey, id: JobId) {
        let streams = match self.streams.entry(limit_key.payer.clone()) {
            Entry::Occupied(streams) => streams.into_mut(),
            Entry::Vacant(vacant) => {
                self.payers.push_back(limit_key.payer.clone());
                vacant.insert(VecDeque::new())
            }
        };
        match streams.iter_mut().find(|stream| stream.limit_key == limit_key) {
            Some(stream) => stream.ids.push_back(id),
            None => streams.push_back(Stream { limit_key, ids: VecDeque::from([id]) }),
        }
    }

    fn next(&mut self, may_run: &mut impl FnMut(&LimitKey, &JobId) -> bool) -> Option<JobId> {
        // A payer without a runnable job keeps the turn.
        for index in 0..self.payers.len() {
            let streams = self.streams.get_mut(&self.payers[index])?;
            let may_run = |stream: &Stream| stream.ids.front().is_some_and(|id| may_run(&stream.limit_key, id));
            let Some(chosen) = streams.iter().position(may_run) else { continue };
            let mut stream = streams.remove(chosen)?;
            let id = stream.ids.pop_front()?;
            if !stream.ids.is_empty() {
                streams.push_back(stream);
            }
            let payer = self.payers.remove(index)?;
            if streams.is_empty() {
                self.streams.remove(&payer);
            } else {
                self.payers.push_back(payer);
            }
            return Some(id);
        }
        None
    }

    fn remove(&mut self, limit_key: &LimitKey, id: &JobId) -> bool {
        let Some(streams) = self.streams.get_mut(&limit_key.payer) else { return false };
        let Some(index) = streams.iter().position(|stream| stream.limit_key == *limit_key) else { return false };
        let ids = &mut streams[index].ids;
        let Some(place) = ids.iter().position(|other| other == id) else { return false };
        ids.remove(place);
        if ids.is_empty() {
            streams.remove(index);
        }
        if streams.is_empty() {
            self.streams.remove(&limit_key.payer);
            self.payers.retain(|payer| *payer != limit_key.payer);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit_key(principal: &str, name: &str) -> LimitKey {
        let principal = Principal::visitor(principal);
        let (payer, room) = (Payer::Person(principal.clone()), RoomName::public("lobby").ok());
        LimitKey { lane: Lane::Slow, payer, principal, name: name.into(), room }
    }

    fn push(waiting: &mut Waiting, priority: Priority, principal: &str, name: &str) -> JobId {
        let id = JobId::fresh();
        waiting.push(priority, limit_key(principal, name), id.clone());
        id
    }

    fn drain(waiting: &mut Waiting, may_run: impl Fn(&LimitKey) -> bool) -> Vec<JobId> {
        std::iter::from_fn(|| waiting.next(|limit_key, _| may_run(limit_key))).collect()
    }

    #[test]
    fn people_take_turns_and_each_is_served_in_order() {
        let mut waiting = Waiting::default();
        let ann: Vec<_> = (0..3).map(|_| push(&mut waiting, Priority::Normal, "Ann", "sleep")).collect();
        let bob = push(&mut waiting, Priority::Normal, "Bob", "sleep");
        let eve = push(&mut waiting, Priority::High, "Eve", "sleep");
        assert_eq!(waiting.len(), 5);
        let order = drain(&mut waiting, |_| true);
        assert_eq!(order, [eve, ann[0].clone(), bob, ann[1].clone(), ann[2].clone()]);
        assert_eq!(waiting.len(), 0);
    }

    #[test]
    fn what_may_not_run_is_passed_over_and_keeps_its_place() {
        let mut waiting = Waiting::default();
        let slow: Vec<_> = (0..2).map(|_| push(&mut waiting, Priority::Normal, "Ann", "slow")).collect();
        let other = push(&mut waiting, Priority::Normal, "Ann", "other");
        let bob = push(&mut waiting, Priority::Normal, "Bob", "slow");
        assert_eq!(drain(&mut waiting, |limit_key| limit_key.name != "slow"), [other]);
        assert_eq!(drain(&mut waiting, |_| true), [bob, slow[0].clone(), slow[1].clone()]);
    }

    #[test]
    fn what_is_taken_out_does_not_come() {
        let mut waiting = Waiting::default();
        let first = push(&mut waiting, Priority::Low, "Ann", "sleep");
        let second = push(&mut waiting, Priority::Low, "Ann", "sleep");
        assert!(waiting.remove(Priority::Low, &limit_key("Ann", "sleep"), &first));
        assert!(!waiting.remove(Priority::Low, &limit_key("Ann", "sleep"), &first));
        assert!(!waiting.remove(Priority::High, &limit_key("Ann", "sleep"), &second));
        assert_eq!(drain(&mut waiting, |_| true), [second]);
        assert!(waiting.next(|_, _| true).is_none());
    }
}
