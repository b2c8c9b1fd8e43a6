//! Look-ups of names by the operating system.
//!
//! A look-up cannot be cancelled: one whose name servers do not answer keeps its thread for half a minute and more. So each runs
//! on a thread of its own, of which there is a limited number of places; a name takes one place however many ask for it, a
//! person a few, and what the settings name has places that no person can take. Full is an error, at once.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::watch;

use super::FetchError;
use crate::model::Principal;
use crate::threads;

/// How long an asker waits: longer than the five seconds after which the operating system tries the next name server.
const PATIENCE: Duration = Duration::from_secs(8);

/// Places for names from the settings.
const FOR_SETTINGS: usize = 8;

/// Places for all people together.
const FOR_PEOPLE: usize = 32;

/// Places that one of them can take.
const PER_PERSON: usize = 4;

/// On whose behalf a name is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asker {
    /// The settings: webhooks, custom commands, endpoints.
    Settings,
    /// Admins who add a document by its URL; they count as one person.
    Documents,
    Person(Principal),
}

impl Asker {
    fn is_person(&self) -> bool {
        *self != Self::Settings
    }

    fn has_place(&self, running: &[LookUp]) -> bool {
        let of_people = running.iter().filter(|look_up| look_up.asker.is_person()).count();
        if !self.is_person() {
            return running.len() - of_people < FOR_SETTINGS;
        }
        let own = running.iter().filter(|look_up| look_up.asker == *self).count();
        of_people < FOR_PEOPLE && own < PER_PERSON
    }
}

/// Finds the addresses of a name; may block for long.
type Find = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// The look-ups that are running.
pub struct LookUps {
    find: Box<Find>,
    patience: Duration,
    running: Mutex<Vec<LookUp>>,
}

struct LookUp {
    name: String,
    /// Who began it.
    asker: Asker,
    /// Ends without a value if there is no such name.
    found: watch::Receiver<Option<Vec<IpAddr>>>,
}

impl LookUp {
    /// People and settings share no look-up, so that neither waits for what the other began.
    fn serves(&self, name: &str, asker: &Asker) -> bool {
        self.name == name && self.asker.is_person() == asker.is_person()
    }
}

impl LookUps {
    /// Look-ups by the operating system.
    pub fn new() -> Arc<Self> {
        let find = |name: &str| Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect());
        Self::with(find, PATIENCE)
    }

    /// Look-ups by something else.
    pub(super) fn with(
        find: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
        patience: Duration,
    ) -> Arc<Self> {
        Arc::new(Self { find: Box::new(find), patience, running: Mutex::default() })
    }

    /// The addresses of a name.
    pub async fn look_up(self: &Arc<Self>, name: &str, asker: &Asker) -> Result<Vec<IpAddr>, FetchError> {
        let mut found = self.join_or_begin(name, asker)?;
        let found = tokio::time::timeout(self.patience, found.wait_for(Option::is_some)).await;
        let addresses = found.map_err(|_| FetchError::TimedOut)?.ok().and_then(|found| found.clone());
        addresses.filter(|addresses| !addresses.is_empty()).ok_or(FetchError::UnknownHost)
    }

    fn join_or_begin(
        self: &Arc<Self>,
        name: &str,
        asker: &Asker,
    ) -> Result<watch::Receiver<Option<Vec<IpAddr>>>, FetchError> {
        let (sender, found) = watch::channel(None);
        let place = {
            let mut running = self.running.lock();
            if let Some(same) = running.iter().find(|look_up| look_up.serves(name, asker)) {
                return Ok(same.found.clone());
            }
            if !asker.has_place(&running) {
                return Err(FetchError::Busy);
            }
            running.push(LookUp { name: name.to_owned(), asker: asker.clone(), found: found.clone() });
            Place { look_ups: self.clone(), name: name.to_owned(), asker: asker.clone() }
        };
        // Nobody joins this thread: it may outlast the server, and has nothing to lose.
        let started = threads::start("look-up", move || {
            let addresses = (place.look_ups.find)(&place.name);
            drop(place);
            if let Ok(addresses) = addresses {
                sender.send_replace(Some(addresses));
            }
        });
        started.map(|_| found).map_err(|_| FetchError::Busy)
    }
}

/// The place of a look-up that is running; gives it back, also after a panic.
struct Place {
    look_ups: Arc<LookUps>,
    name: String,
    asker: Asker,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.look_ups.running.lock().retain(|look_up| !look_up.serves(&self.name, &self.asker));
    }
}

/// Resolves the names of endpoints from the settings, whose addresses may be any.
pub struct EndpointResolver(pub Arc<LookUps>);

impl Resolve for EndpointResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let look_ups = self.0.clone();
        Box::pin(async move { Ok(with_port(look_ups.look_up(name.as_str(), &Asker::Settings).await?)) })
    }
}

/// For the client, which puts the URL's port in place of this one.
pub fn with_port(addresses: Vec<IpAddr>) -> Addrs {
    Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;

    use super::*;

    const FOUND: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

    /// Look-ups that find names at once; those that begin with "silent" only when the sender is dropped.
    fn look_ups(patience: Duration) -> (Arc<LookUps>, mpsc::Sender<()>) {
        let (open, gate) = mpsc::channel();
        let gate = Mutex::new(gate);
        let find = move |name: &str| {
            if name.starts_with("silent") {
                let _ = gate.lock().recv();
            }
            if name.ends_with("missing") { Err(io::Error::other("no such name")) } else { Ok(vec![FOUND]) }
        };
        (LookUps::with(find, patience), open)
    }

    const LONG: Duration = Duration::from_secs(60);

    fn person(number: usize) -> Asker {
        Asker::Person(Principal::visitor(&number.to_string()))
    }

    /// Begins a look-up that is not answered, and leaves.
    fn leave_silent(look_ups: &Arc<LookUps>, name: &str, asker: &Asker) {
        assert_eq!(look_ups.look_up(name, asker).now_or_never(), None, "{name}");
    }

    /// What is said at once, if anything.
    fn at_once(look_ups: &Arc<LookUps>, name: &str, asker: &Asker) -> Option<Result<Vec<IpAddr>, FetchError>> {
        look_ups.look_up(name, asker).now_or_never()
    }

    #[tokio::test]
    async fn names_are_found_or_not() {
        let (look_ups, _open) = look_ups(LONG);
        assert_eq!(look_ups.look_up("a.example", &person(1)).await, Ok(vec![FOUND]));
        assert_eq!(look_ups.look_up("missing", &person(1)).await, Err(FetchError::UnknownHost));
        assert!(look_ups.running.lock().is_empty());
        let system = LookUps::new();
        assert!(system.look_up("localhost", &Asker::Settings).await.expect("in every hosts file")[0].is_loopback());
    }

    #[tokio::test]
    async fn whoever_waits_does_not_wait_as_long_as_the_system() {
        let (look_ups, _open) = look_ups(Duration::from_millis(20));
        assert_eq!(look_ups.look_up("silent", &person(1)).await, Err(FetchError::TimedOut));
        assert_eq!(look_ups.running.lock().len(), 1, "the thread still looks");
    }

    #[tokio::test]
    async fn a_person_with_names_that_never_answer_holds_up_nobody_else() {
        let (look_ups, open) = look_ups(LONG);
        for number in 0..PER_PERSON {
            leave_silent(&look_ups, &format!("silent-{number}"), &person(1));
        }
        assert_eq!(at_once(&look_ups, "silent-more", &person(1)), Some(Err(FetchError::Busy)));
        assert_eq!(at_once(&look_ups, "a.example", &person(1)), Some(Err(FetchError::Busy)));
        assert_eq!(look_ups.look_up("a.example", &person(2)).await, Ok(vec![FOUND]));
        assert_eq!(look_ups.look_up("a.example", &Asker::Documents).await, Ok(vec![FOUND]));
        drop(open);
        assert_eq!(look_ups.look_up("silent-0", &person(1)).await, Ok(vec![FOUND]), "places come back");
    }

    #[tokio::test]
    async fn all_people_together_take_no_place_of_the_settings() {
        let (look_ups, _open) = look_ups(LONG);
        for number in 0..FOR_PEOPLE {
            leave_silent(&look_ups, &format!("silent-{number}"), &person(number / PER_PERSON));
        }
        assert_eq!(at_once(&look_ups, "a.example", &person(FOR_PEOPLE)), Some(Err(FetchError::Busy)));
        assert_eq!(look_ups.look_up("a.example", &Asker::Settings).await, Ok(vec![FOUND]));
        for number in 0..FOR_SETTINGS {
            leave_silent(&look_ups, &format!("silent-{number}"), &Asker::Settings);
        }
        assert_eq!(at_once(&look_ups, "a.example", &Asker::Settings), Some(Err(FetchError::Busy)));
    }

    #[tokio::test]
    async fn a_name_takes_one_place_however_many_ask() {
        let (look_ups, open) = look_ups(LONG);
        for number in 0..2 * FOR_PEOPLE {
            leave_silent(&look_ups, "silent", &person(number));
        }
        assert_eq!(look_ups.running.lock().len(), 1);
        let (one, other) = (person(1), person(2));
        let both = async { tokio::join!(look_ups.look_up("silent", &one), look_ups.look_up("silent", &other)) };
        let opening = async { drop(open) };
        assert_eq!(tokio::join!(both, opening).0, (Ok(vec![FOUND]), Ok(vec![FOUND])));
    }
}
