//! The pages of a web site: those that a start page leads to, or those that a sitemap lists.
//!
//! One request at a time with a pause, nothing that `robots.txt` does not allow, no other host. Everything goes through the guarded
//! client, so that nothing private is reached.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quick_xml::Reader;
use quick_xml::events::Event;
use reqwest::{StatusCode, Url};
use robotxt::Robots;
use sha2::{Digest, Sha256};

use super::{AllKnown, Finding, Found, Known, NO_DOCUMENT, Source};
use crate::documents::PageLinks;
use crate::fetch::{Client, Fetched, Validators};
use crate::library::{Draft, Library};
use crate::model::{FileId, Synced};
use crate::text::{Locale, Text};

/// Between two requests, unless `robots.txt` asks for more.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest pause that `robots.txt` can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The name by which `robots.txt` knows this program.
const NAME: &str = "chatbot";

/// Addresses that are remembered and wait, for each page that may be read.
const WAITING_PER_PAGE: usize = 20;

/// Codes of files that cannot be read, however often one tries.
const UNREADABLE: [&str; 5] = ["file_broken", "file_too_complex", "file_too_slow", "file_too_big", "password_needed"];

/// Sitemaps that one sitemap may lead to.
const MOST_SITEMAPS: usize = 50;

/// Ends of paths that are never documents: nothing is fetched to find that out.
const NO_DOCUMENTS: [&str; 24] = [
    "png", "jpg", "jpeg", "gif", "webp", "avif", "svg", "ico", "css", "js", "mjs", "json", "map", "woff", "woff2",
    "ttf", "mp3", "mp4", "webm", "mov", "zip", "gz", "tar", "exe",
];

/// How far a site is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteLimits {
    /// Links from the start page to a page.
    pub depth: u32,
    /// Pages.
    pub pages: usize,
}

/// A web site.
pub struct Site {
    library: Arc<Library>,
    start: Url,
    limits: SiteLimits,
    /// Of whoever is told.
    locale: Locale,
    waiting: VecDeque<(Url, u32)>,
    /// All that have waited.
    seen: HashSet<String>,
    robots: Option<Robots>,
    pause: Duration,
    /// Requests for pages so far.
    asked: usize,
    /// The site is what a sitemap lists, and links are not followed.
    sitemaps: usize,
    is_whole: bool,
}

impl Site {
    /// # Errors
    /// For people, if that is no web address.
    pub fn new(library: Arc<Library>, url: &str, limits: SiteLimits, locale: Locale) -> Result<Self, Text> {
        let refused = |error: crate::fetch::FetchError| {
            Text::new(format!("error-cannot_fetch-{}", error.code())).with("url", url)
        };
        let mut start = Client::parse(url).map_err(refused)?;
        start.set_fragment(None);
        Ok(Self {
            library,
            waiting: VecDeque::from([(start.clone(), 0)]),
            seen: HashSet::from([start.to_string()]),
            start,
            limits,
            locale,
            robots: None,
            pause: PAUSE,
            asked: 0,
            sitemaps: 0,
            is_whole: true,
        })
    }

    /// Where it begins.
    pub fn start(&self) -> &Url {
        &self.start
    }

    fn words(&self, text: &Text) -> String {
        text.in_locale(self.locale)
    }

    /// Reads what programs may do there. A site that does not say so now is not asked for anything else (RFC 9309).
    async fn read_robots(&mut self) -> anyhow::Result<()> {
        let mut url = self.start.clone();
        url.set_path("/robots.txt");
        url.set_query(None);
        let fetched = self.library.intake().fetch(&url, &Validators::default()).await;
        let fetched = fetched.map_err(|text| anyhow::anyhow!(self.words(&text)))?;
        let rules = match fetched.status {
            status if status.is_success() => fetched.body,
            StatusCode::TOO_MANY_REQUESTS => anyhow::bail!(self.words(&Text::new("sync-no-robots").with("url", &url))),
            status if status.is_client_error() => Vec::new(),
            _ => anyhow::bail!(self.words(&Text::new("sync-no-robots").with("url", &url))),
        };
        let robots = Robots::parse(&rules, NAME);
        self.pause = robots.crawl_delay().unwrap_or(PAUSE).clamp(PAUSE, LONGEST_PAUSE);
        self.robots = Some(robots);
        Ok(())
    }

    /// What is at an address; `None` if nothing is there, or what is known under another one.
    async fn look(&mut self, url: &Url, depth: u32, known: &AllKnown) -> anyhow::Result<Option<Finding<Draft>>> {
        if !self.robots.as_ref().is_some_and(|robots| robots.is_url_allowed(url)) {
            return Ok(self.skipped("sync-robots"));
        }
        tokio::time::sleep(self.pause).await;
        self.asked += 1;
        let known = known.get(url.as_str()).filter(|known| known.is_in_place);
        let validators = known.map(|known| known.validators.clone()).unwrap_or_default();
        let fetched = match self.library.intake().fetch(url, &validators).await {
            Ok(fetched) => fetched,
            Err(text) => return self.failed(&text),
        };
        match (fetched.status, known) {
            (StatusCode::NOT_MODIFIED, Some(known)) => {
                self.follow_kept(known, &fetched.url, depth).await?;
                Ok(Some(Finding::Same))
            }
            (StatusCode::NOT_FOUND | StatusCode::GONE, _) if self.asked > 1 => {
                // Of a sitemap that is not there nobody knows what it lists.
                self.is_whole &= !is_sitemap(url);
                Ok(None)
            }
            (status, _) if !status.is_success() => {
                self.failed(&Text::new("error-cannot_fetch-status").with("url", url).with("status", status.as_u16()))
            }
            _ => self.read(url, depth, fetched).await,
        }
    }

    /// Lets the pages wait that a page led to when it was stored, and has not changed since.
    async fn follow_kept(&mut self, known: &Known, at: &Url, depth: u32) -> anyhow::Result<()> {
        if at.as_str() != self.start.as_str() {
            self.seen.insert(at.to_string());
        }
        let Some(document) = self.library.store.document(&known.id).await? else {
            self.is_whole = false;
            return Ok(());
        };
        match self.library.intake().links_of(&document.origin).await {
            Ok(links) => self.follow(at, &links, depth),
            Err(text) => {
                tracing::warn!(code = text.code(), "the links of a page that has not changed cannot be read");
                self.is_whole = false;
            }
        }
        Ok(())
    }

    /// What cannot be had may lead to more, so that it is not known what is there no more. Without the first page nothing is.
    fn failed(&mut self, text: &Text) -> anyhow::Result<Option<Finding<Draft>>> {
        let words = self.words(text);
        if self.asked <= 1 {
            anyhow::bail!(words);
        }
        self.is_whole = false;
        Ok(Some(Finding::Failed(words)))
    }

    fn skipped(&self, key: &'static str) -> Option<Finding<Draft>> {
        Some(Finding::Skipped(self.words(&Text::new(key))))
    }

    async fn read(&mut self, url: &Url, depth: u32, fetched: Fetched) -> anyhow::Result<Option<Finding<Draft>>> {
        let at = fetched.url.clone();
        if !self.is_here(&at) {
            return Ok(self.skipped("sync-elsewhere"));
        }
        if at != *url && !self.seen.insert(at.to_string()) {
            return Ok(None);
        }
        if (depth == 0 || self.sitemaps > 0)
            && let Some(listed) = sitemap(&fetched)
        {
            self.sitemaps += 1;
            self.is_whole &= self.sitemaps <= MOST_SITEMAPS && !fetched.truncated;
            let listed = PageLinks { base: None, links: listed };
            if self.sitemaps <= MOST_SITEMAPS {
                self.add(&at, &listed, 0);
            }
            return Ok(None);
        }
        let validators = fetched.validators.clone();
        let mut draft = match self.library.intake().draft_of_fetched(fetched, |_| {}).await {
            Ok(draft) => draft,
            Err(text) if NO_DOCUMENT.contains(&text.code()) => {
                return Ok(Some(Finding::Skipped(self.words(&text))));
            }
            // Such a file leads to nothing else, and is there.
            Err(text) if UNREADABLE.contains(&text.code()) && self.asked > 1 => {
                return Ok(Some(Finding::Failed(self.words(&text))));
            }
            Err(text) => return self.failed(&text),
        };
        self.follow(&at, &draft.links, depth);
        let content = content_of(&draft);
        draft.origin.synced = Some(Synced {
            source: String::new(),
            path: url.to_string(),
            content: content.clone(),
            etag: validators.etag,
            last_modified: validators.last_modified,
        });
        Ok(Some(Finding::Content(content, draft)))
    }

    /// Lets the pages wait that a page leads to.
    fn follow(&mut self, page: &Url, links: &PageLinks, depth: u32) {
        if self.sitemaps == 0 && depth < self.limits.depth {
            self.add(page, links, depth + 1);
        }
    }

    fn add(&mut self, page: &Url, PageLinks { base, links }: &PageLinks, depth: u32) {
        let base = base.as_ref().and_then(|base| page.join(base).ok()).unwrap_or_else(|| page.clone());
        for link in links {
            let Ok(mut url) = base.join(link) else { continue };
            url.set_fragment(None);
            if self.sitemaps > 0 && url.path().ends_with(".gz") {
                // A compressed sitemap, which is not read.
                self.is_whole = false;
            }
            if !self.is_here(&url) || !may_be_document(&url) || self.seen.contains(url.as_str()) {
                continue;
            }
            if self.seen.len() >= self.limits.pages.saturating_mul(WAITING_PER_PAGE) {
                self.is_whole = false;
                return;
            }
            self.seen.insert(url.to_string());
            self.waiting.push_back((url, depth));
        }
    }

    /// Whether an address is one of this site.
    fn is_here(&self, url: &Url) -> bool {
        let has_login = !url.username().is_empty() || url.password().is_some();
        url.origin() == self.start.origin() && !has_login
    }
}

#[async_trait]
impl Source for Site {
    type Body = Draft;

    async fn next(&mut self, known: &AllKnown) -> anyhow::Result<Option<Found<Draft>>> {
        if self.robots.is_none() {
            self.read_robots().await?;
        }
        while let Some((url, depth)) = self.waiting.pop_front() {
            if self.asked >= self.limits.pages {
                self.is_whole = false;
                return Ok(None);
            }
            if let Some(finding) = self.look(&url, depth, known).await? {
                return Ok(Some(Found { path: url.into(), finding }));
            }
        }
        Ok(None)
    }

    fn is_whole(&self) -> bool {
        self.is_whole
    }
}

/// What tells whether a page has changed: not what scripts of the site write anew into each answer.
fn content_of(draft: &Draft) -> FileId {
    let mut digest = Sha256::new();
    for part in [draft.title.as_deref().unwrap_or_default(), &draft.text] {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    FileId::of(digest.finalize().into())
}

fn may_be_document(url: &Url) -> bool {
    let end = url.path().rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, end)| end.to_lowercase());
    matches!(url.scheme(), "http" | "https") && end.is_none_or(|end| !NO_DOCUMENTS.contains(&end.as_str()))
}

fn is_sitemap(url: &Url) -> bool {
    url.path().to_lowercase().ends_with(".xml")
}

/// The addresses in a sitemap, or an index of them (<https://www.sitemaps.org/protocol.html>); `None` if it is none.
fn sitemap(fetched: &Fetched) -> Option<Vec<String>> {
    let text = std::str::from_utf8(&fetched.body).ok()?.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with('<') {
        return None;
    }
    let mut reader = Reader::from_str(text);
    let (mut listed, mut is_map, mut is_address) = (Vec::new(), false, false);
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) if !is_map => {
                is_map = matches!(element.local_name().as_ref(), "urlset" | "sitemapindex");
                if !is_map {
                    return None;
                }
            }
            Event::Start(element) => {
                is_address = element.local_name().as_ref() == "loc";
                if is_address {
                    listed.push(String::new());
                }
            }
            Event::End(_) => is_address = false,
            event if is_address => {
                if let Some(address) = listed.last_mut() {
                    address.push_str(&words_of(&event));
                }
            }
            Event::Eof => {
                listed.iter_mut().for_each(|address: &mut String| *address = address.trim().to_owned());
                return is_map.then_some(listed);
            }
            _ => {}
        }
    }
}

/// What a part of an element says.
fn words_of(event: &Event<'_>) -> String {
    match event {
        Event::Text(words) => words.to_string(),
        Event::CData(words) => words.to_string(),
        Event::GeneralRef(name) => match name.resolve_char_ref() {
            Ok(Some(character)) => character.to_string(),
            _ => quick_xml::escape::resolve_xml_entity(name).unwrap_or_default().to_owned(),
        },
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetched(body: &str) -> Fetched {
        Fetched {
            url: Url::parse("https://example.com/").expect("a URL"),
            status: StatusCode::OK,
            media_type: None,
            body: body.into(),
            truncated: false,
            validators: Validators::default(),
            retry_after: None,
        }
    }

    #[test]
    fn the_addresses_of_a_sitemap_are_read() {
        let map = "\u{feff}<?xml version=\"1.0\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">
            <url><loc> https://example.com/a </loc><lastmod>2026-01-01</lastmod></url>
            <url><loc>https://example.com/b?x=1&amp;y=2&#38;z=3</loc></url>
            <url><loc><![CDATA[https://example.com/c?d&e]]></loc></url></urlset>";
        let listed = ["https://example.com/a", "https://example.com/b?x=1&y=2&z=3", "https://example.com/c?d&e"];
        let listed = listed.map(str::to_owned).to_vec();
        assert_eq!(sitemap(&fetched(map)), Some(listed));
        let index = "<sitemapindex><sitemap><loc>https://example.com/one.xml</loc></sitemap></sitemapindex>";
        assert_eq!(sitemap(&fetched(index)), Some(vec!["https://example.com/one.xml".to_owned()]));
        for other in ["", "text", "<!doctype html><html><loc>x</loc></html>", "<rss></rss>", "<urlset"] {
            assert_eq!(sitemap(&fetched(other)), None, "{other}");
        }
    }

    #[test]
    fn pictures_and_programs_are_no_documents() {
        let may = |url: &str| may_be_document(&Url::parse(url).expect("a URL"));
        for url in
            ["https://a.example/", "http://a.example/x.html", "https://a.example/v1.2/guide", "https://a.example/x.PDF"]
        {
            assert!(may(url), "{url}");
        }
        for url in ["https://a.example/x.PNG", "https://a.example/app.js?v=1", "ftp://a.example/", "mailto:a@b.example"]
        {
            assert!(!may(url), "{url}");
        }
    }
}
