//! `sync`: makes documents equal to a web site. For those who manage documents.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Bot, Failure, Reply, Request};
use crate::accounts::{Action, Actor};
use crate::jobs::{Lane, Policy};
use crate::library::Library;
use crate::library::sync::{Done, Listener, Report, Shelf, Site, SiteLimits, SyncError, SyncOptions, sync};
use crate::model::{RoomName, UsedIn};
use crate::text::Text;

/// How far a site is read unless it is said otherwise.
const USUAL: SiteLimits = SiteLimits { depth: 5, pages: 500 };

/// How far it is read at most.
const MOST: SiteLimits = SiteLimits { depth: 20, pages: 5000 };

pub struct SyncSite(pub Arc<Library>);

/// What is asked for.
struct Order {
    url: String,
    room: Option<String>,
    collection: Option<String>,
    limits: SiteLimits,
    options: SyncOptions,
}

impl Order {
    fn parse(arguments: &str) -> Result<Self, Text> {
        let usage = || Text::new("sync-usage");
        let mut words = shlex::split(arguments).ok_or_else(usage)?.into_iter();
        let (mut url, mut limits, mut options) = (None, USUAL, SyncOptions::default());
        let (mut room, mut collection) = (None, None);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(usage);
            let number = |text: String| text.parse::<u32>().map_err(|_| usage());
            match word.as_str() {
                "--room" => room = Some(value()?),
                "--collection" => collection = Some(value()?),
                "--depth" => limits.depth = number(value()?)?.min(MOST.depth),
                "--pages" => limits.pages = (number(value()?)? as usize).clamp(1, MOST.pages),
                "--allow-empty" => options.allow_empty = true,
                "--dry-run" => options.dry_run = true,
                _ if word.starts_with("--") || url.is_some() => return Err(usage()),
                _ => url = Some(word),
            }
        }
        if room.is_some() && collection.is_some() {
            return Err(Text::new("error-bad_document-used_in"));
        }
        Ok(Self { url: url.ok_or_else(usage)?, room, collection, limits, options })
    }

    async fn used_in(&self, library: &Library, actor: &Actor) -> Result<UsedIn, Text> {
        Ok(match (&self.room, &self.collection) {
            (Some(room), _) => UsedIn::Room(RoomName::public(room)?),
            (None, Some(name)) => UsedIn::Collection(library.collection(actor, name).await?.id),
            (None, None) => UsedIn::AllRooms,
        })
    }
}

#[async_trait]
impl Bot for SyncSite {
    fn name(&self) -> &str {
        "sync"
    }

    /// What is done stays done, so that it can run again, as a schedule does. One at a time: two of one source would add the same twice.
    fn policy(&self) -> Policy {
        Policy {
            lane: Lane::Slow,
            time_limit: Duration::from_secs(24 * 60 * 60),
            at_once: Some(1),
            is_unique: true,
            ..Policy::QUICK
        }
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let job = request.job;
        let order = Order::parse(&job.arguments).map_err(Failure::bad_arguments)?;
        let broken = |text: Text| Failure::for_now("store_failed", text);
        let actor = request.jobs.standing().of(job.into()).await.map_err(broken)?;
        actor.may(Action::ManageDocuments).map_err(|text| Failure::for_good("forbidden", text))?;
        let used_in = order.used_in(&self.0, &actor).await.map_err(Failure::bad_arguments)?;
        let site = Site::new(self.0.clone(), &order.url, order.limits, job.locale).map_err(Failure::bad_arguments)?;
        let source = site.start().to_string();
        let shelf = Shelf { library: self.0.clone(), actor, source, used_in };
        run(site, shelf, order.options, &request).await
    }
}

/// Runs it, and tells of each step in the job's log.
async fn run(mut site: Site, mut shelf: Shelf, options: SyncOptions, request: &Request<'_>) -> Result<Reply, Failure> {
    let mut log = Log { request, steps: 0 };
    match sync(&mut site, &mut shelf, options, &mut log).await {
        Ok(report) => Ok(Reply::Words(words(&report, options))),
        Err(SyncError::Empty) => Err(Failure::for_good("sync_empty", Text::new("sync-empty"))),
        Err(SyncError::MostlyGone(count)) => {
            Err(Failure::for_good("sync_empty", Text::new("sync-mostly-gone").with("count", count)))
        }
        Err(SyncError::Broken(error)) => {
            Err(Failure::for_now("sync_failed", Text::new("sync-failed").with("reason", format!("{error:#}"))))
        }
    }
}

fn words(report: &Report, options: SyncOptions) -> Text {
    let key = if options.dry_run { "sync-would" } else { "sync-done" };
    let text = Done::ALL.iter().fold(Text::new(key), |text, done| text.with(done.as_str(), report.count(*done)));
    text.with("kept", report.kept)
}

/// Tells of a run in the log of its job.
struct Log<'a> {
    request: &'a Request<'a>,
    steps: u64,
}

#[async_trait]
impl Listener for Log<'_> {
    async fn told(&mut self, done: Done, path: &str, why: &str) {
        self.steps += 1;
        let words = Text::new("sync-progress").with("count", self.steps).in_locale(self.request.job.locale);
        self.request.output.progress(None, Some(words));
        if done != Done::Unchanged {
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            self.request.output.log(&format!("{:9}  {path}{why}", done.as_str())).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_names_a_site_and_where_its_documents_are_used() {
        let order = Order::parse("example.com/docs --collection 'Our handbook' --depth 2 --pages 99999 --dry-run");
        let order = order.unwrap_or_else(|text| panic!("{text:?}"));
        assert_eq!((order.url.as_str(), order.collection.as_deref()), ("example.com/docs", Some("Our handbook")));
        assert_eq!(order.limits, SiteLimits { depth: 2, pages: MOST.pages });
        assert_eq!(order.options, SyncOptions { allow_empty: false, dry_run: true });
        for bad in ["", "--room", "a b", "a --nothing", "a --depth x", "a 'b", "a --room x --collection y"] {
            assert!(Order::parse(bad).is_err(), "{bad}");
        }
    }
}
