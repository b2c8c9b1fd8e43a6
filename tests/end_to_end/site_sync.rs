//! The command `sync` with a real web site: its pages become documents and follow it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::command::{Said, chatbot_on};
use crate::support::{Request, ServerProcess};
use crate::web_site::{Page, WebSite, html};

/// A data folder with a server that may reach this machine, and a site.
struct Place {
    dir: tempfile::TempDir,
    _server: ServerProcess,
    site: WebSite,
}

impl Place {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let environment = [("CHATBOT_HTTP__ALLOW_PRIVATE_HOSTS", "127.0.0.1"), ("CHATBOT_EMBEDDING__SOURCE", "off")];
        let server = ServerProcess::start(dir.path(), &environment);
        let site = WebSite::start().await;
        site.html("/", "Home", "The mill has been here for a hundred years.", &["/a", "b/", "/a#part", "/logo.png"]);
        site.html("/a", "Flour", "Flour is ground on Mondays.", &["/", "/deep", "https://elsewhere.example/x"]);
        site.html("/b/", "Bread", "Bread is baked at night.", &["../secret/plan", "mailto:mill@example.com"]);
        site.html("/deep", "Deep", "The cellar is eleven feet deep.", &[]);
        site.html("/secret/plan", "Plan", "Nobody may read the plan.", &[]);
        site.put("/robots.txt", Page::Text("User-agent: *\nDisallow: /secret/\n".into()));
        Self { dir, _server: server, site }
    }

    /// Runs the command line's `documents`. The site answers meanwhile.
    async fn run(&self, arguments: &[&str]) -> Said {
        let (dir, arguments) = (self.dir.path().to_owned(), arguments.iter().map(|one| (*one).to_owned()).collect());
        let run = move || {
            let arguments: Vec<String> = arguments;
            let words: Vec<&str> = std::iter::once("documents").chain(arguments.iter().map(String::as_str)).collect();
            chatbot_on(&dir, &words)
        };
        tokio::task::spawn_blocking(run).await.expect("it ran")
    }

    async fn sync(&self, more: &[&str]) -> Said {
        self.run(&[&["sync", &self.site.url("/")], more].concat()).await
    }

    async fn titles(&self) -> Vec<String> {
        let list: Value = serde_json::from_str(&self.run(&["list", "--json"]).await.out()).expect("JSON");
        let title = |document: &Value| document["title"].as_str().expect("a title").to_owned();
        let mut titles: Vec<_> = list.as_array().expect("a list").iter().map(title).collect();
        titles.sort();
        titles
    }
}

fn last(said: &str) -> &str {
    let line = said.lines().last().unwrap_or_default();
    line.split(';').next().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_a_site_become_documents_and_follow_it() {
    let place = Place::new().await;
    let dry = place.sync(&["--dry-run"]).await.out();
    assert!(dry.contains("Nothing was changed. Would be: 4 added"), "{dry}");
    assert!(place.titles().await.is_empty());
    place.site.asked();
    let first = place.sync(&["--depth", "2"]).await.out();
    assert_eq!(last(&first), "4 added, 0 updated, 0 unchanged, 0 removed, 1 skipped, 0 failed", "{first}");
    assert!(first.contains("/secret/plan: robots.txt does not allow it"), "{first}");
    assert_eq!(place.titles().await, ["Bread", "Deep", "Flour", "Home"]);
    let asked = place.site.asked();
    let paths: Vec<&str> = asked.iter().map(|asked| asked.path.as_str()).collect();
    assert_eq!(paths, ["/robots.txt", "/", "/a", "/b/", "/deep"], "each once, and nothing else");
    let pauses: Vec<_> = asked[1..].windows(2).map(|two| two[1].at - two[0].at).collect();
    assert!(pauses.iter().all(|pause| *pause >= Duration::from_millis(450)), "{pauses:?}");

    // A version that is known is not sent again, and what it leads to is still found.
    place.site.put("/a", Page::Versioned(html("Flour", "Flour is ground on Fridays.", &["/deep", "/new"]), "\"2\""));
    place.site.html("/new", "New", "The wheel is new.", &[]);
    place.site.remove("/b/");
    let second = place.sync(&[]).await.out();
    assert_eq!(last(&second), "1 added, 1 updated, 2 unchanged, 1 removed, 0 skipped, 0 failed", "{second}");
    assert_eq!(place.titles().await, ["Deep", "Flour", "Home", "New"]);
    place.site.asked();
    let third = place.sync(&[]).await.out();
    assert_eq!(last(&third), "0 added, 0 updated, 4 unchanged, 0 removed, 0 skipped, 0 failed", "{third}");
    assert!(place.site.asked().iter().any(|asked| asked.path == "/a" && asked.knows));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_is_not_read_whole_removes_nothing() {
    let place = Place::new().await;
    place.sync(&[]).await.out();
    let all = place.titles().await;
    // Only some pages are read.
    let some = place.sync(&["--pages", "2"]).await.out();
    assert!(some.contains("2 unchanged, 0 removed") && some.contains("2 not found and kept"), "{some}");
    // A page that leads to others cannot be had.
    place.site.put("/a", Page::Status(500));
    let failed = place.sync(&[]).await.out();
    assert!(failed.contains("0 removed, 1 skipped, 1 failed; 1 not found and kept"), "{failed}");
    // The site is not there.
    place.site.put("/", Page::Status(404));
    let gone = place.sync(&["--allow-empty"]).await;
    assert!(gone.code == Some(1) && gone.err.contains("Nothing was removed."), "{}", gone.err);
    place.site.put("/robots.txt", Page::Status(503));
    let gone = place.sync(&[]).await;
    assert!(gone.code == Some(1) && gone.err.contains("robots.txt cannot be read"), "{}", gone.err);
    assert_eq!(place.titles().await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sitemap_says_which_pages_there_are() {
    let place = Place::new().await;
    let address = |path: &str| place.site.url(path);
    let map = format!(
        "<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><url><loc>{}</loc></url>\
         <url><loc>{}</loc></url><url><loc>http://elsewhere.example/</loc></url></urlset>",
        address("/deep"),
        address("/moved"),
    );
    place.site.put("/sitemap.xml", Page::Text(map));
    place.site.put("/moved", Page::Moved(address("/b/")));
    place.run(&["collections", "add", "Mill"]).await.out();
    let synced = place.run(&["sync", &address("/sitemap.xml"), "--collection", "mill"]).await.out();
    assert_eq!(last(&synced), "2 added, 0 updated, 0 unchanged, 0 removed, 0 skipped, 0 failed", "{synced}");
    assert_eq!(place.titles().await, ["Bread", "Deep"]);
    assert_eq!(place.run(&["list", "--collection", "Mill"]).await.out().lines().count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_private_is_not_read_and_only_admins_may_ask_for_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = ServerProcess::start(dir.path(), &[]);
    let site = WebSite::start().await;
    site.html("/", "Private", "Nobody outside may read this.", &[]);
    let data = dir.path().to_owned();
    let url = site.url("/");
    let refused = tokio::task::spawn_blocking(move || chatbot_on(&data, &["documents", "sync", &url]));
    let refused = refused.await.expect("it ran");
    assert!(refused.code == Some(1) && refused.err.contains("Nothing was removed."), "{}", refused.err);
    assert!(site.asked().is_empty());
    let order = json!({"name": "sync", "arguments": site.url("/")});
    let by_guest = Request::new("POST", &format!("http://{}/api/jobs", server.address())).json(order).send().await;
    assert_eq!(by_guest.refusal(), (403, "forbidden".into()));
}
