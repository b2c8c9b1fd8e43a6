//! The page and its parts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::{Answer, TestServer};

/// The first address below `/assets/` that the page names.
fn first_asset(page: &Answer) -> String {
    let text = page.text();
    let rest = text.split("\"/assets/").nth(1).expect("the page has parts");
    format!("/assets/{}", rest.split('"').next().expect("a quote"))
}

#[tokio::test]
async fn the_page_gives_a_visitor_a_cookie_once() {
    let server = TestServer::start().await;
    for path in [
        "/",
        "/bot",
        "/room/lobby",
        "/room/%E5%A4%A7%E5%8E%85",
        "/jobs",
        "/jobs/0190",
        "/documents",
        "/documents/0190",
        "/people",
        "/account",
        "/admin",
        "/admin/audit",
    ] {
        let page = server.request("GET", path).send().await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        assert_eq!(page.header("cache-control"), "private, no-cache");
        let cookie = page.header("set-cookie").to_owned();
        assert!(cookie.starts_with("chatbot_visitor=") && cookie.contains("HttpOnly"), "{cookie}");
        let pair = cookie.split(';').next().expect("a pair");
        let again = server.request("GET", path).header("cookie", pair).send().await;
        assert_eq!(again.header("set-cookie"), "", "{path}");
    }
    let guessed = server.request("GET", "/").header("cookie", "chatbot_visitor=short").send().await;
    assert!(guessed.header("set-cookie").starts_with("chatbot_visitor="), "one that could be guessed is replaced");
}

#[tokio::test]
async fn the_page_runs_its_own_scripts_only() {
    let server = TestServer::start().await;
    let page = server.request("GET", "/").send().await;
    let policy = page.header("content-security-policy");
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert!(!page.text().contains("<script>") && !page.text().contains(" onclick="));
}

#[tokio::test]
async fn parts_are_kept_for_ever_and_known_ones_not_sent_again() {
    let server = TestServer::start().await;
    let page = server.request("GET", "/").send().await;
    let asset = first_asset(&page);
    for (path, cache) in [("/", "private, no-cache"), (asset.as_str(), "public, max-age=31536000, immutable")] {
        let first = server.request("GET", path).send().await;
        assert_eq!((first.status, first.header("cache-control")), (200, cache), "{path}");
        let etag = first.header("etag").to_owned();
        for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}")] {
            let again = server.request("GET", path).header("if-none-match", &known).send().await;
            assert_eq!((again.status, again.bytes.len()), (304, 0), "{path} {known}");
        }
        let changed = server.request("GET", path).header("if-none-match", "\"other\"").send().await;
        assert_eq!(changed.status, 200);
    }
}

#[tokio::test]
async fn the_smallest_form_the_client_takes_is_sent() {
    let server = TestServer::start().await;
    let asset = first_asset(&server.request("GET", "/").send().await);
    let get = |accepted: &'static str| server.request("GET", &asset).header("accept-encoding", accepted).send();
    let plain = get("identity").await;
    assert_eq!(plain.header("content-encoding"), "");
    for (accepted, encoding) in [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("deflate", "")] {
        let answer = get(accepted).await;
        assert_eq!((answer.header("content-encoding"), answer.header("vary")), (encoding, "Accept-Encoding"));
        assert!(encoding.is_empty() || answer.bytes.len() < plain.bytes.len());
        assert_eq!(answer.header("etag") == plain.header("etag"), encoding.is_empty(), "each form has its own tag");
    }
    let refused = get("br;q=0, gzip;q=0").await;
    assert_eq!(refused.header("content-encoding"), "", "a quality of zero is a no");
}

#[tokio::test]
async fn a_head_request_gets_the_head() {
    let server = TestServer::start().await;
    let (page, head) = (server.request("GET", "/").send().await, server.request("HEAD", "/").send().await);
    assert_eq!((head.status, head.bytes.len()), (200, 0));
    assert_eq!(head.header("etag"), page.header("etag"));
    assert_eq!(server.request("HEAD", "/healthz").send().await.status, 200);
}

/// Every module below `web/js`, with those it imports; `from` finds their paths.
fn imports(from: &Regex) -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
    let mut modules = BTreeMap::new();
    let mut left = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("web/js/app.js").canonicalize().expect("a module")];
    while let Some(module) = left.pop() {
        if modules.contains_key(&module) {
            continue;
        }
        let text = std::fs::read_to_string(&module).unwrap_or_else(|error| panic!("{}: {error}", module.display()));
        let folder = module.parent().expect("a file is in a folder");
        let imported = from.captures_iter(&text).map(|found| folder.join(&found[1]).canonicalize());
        let imported: BTreeSet<_> = imported.collect::<Result<_, _>>().expect("imported modules are there");
        left.extend(imported.iter().cloned());
        modules.insert(module, imported);
    }
    modules
}

#[test]
fn no_module_of_the_page_imports_itself_over_others() {
    let modules = imports(&Regex::new(r#"(?:from|import)\s*\(?\s*["'](\.[^"']+)["']"#).expect("a pattern"));
    for module in modules.keys() {
        let (mut reached, mut left) = (BTreeSet::new(), vec![module]);
        while let Some(next) = left.pop() {
            left.extend(modules[next].iter().filter(|imported| reached.insert(*imported)));
        }
        assert!(!reached.contains(module), "{} is in a circle of imports", module.display());
    }
}

#[tokio::test]
async fn the_page_names_all_modules_it_begins_with() {
    let server = TestServer::start().await;
    let page = server.request("GET", "/").send().await.text();
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web").canonicalize().expect("a folder");
    for module in imports(&Regex::new(r#"(?:from|import)\s*["'](\.[^"']+)["']"#).expect("a pattern")).keys() {
        let name = module.strip_prefix(&web).expect("a module of the page").display().to_string();
        assert!(page.contains(&format!("/{name}\">")), "{name} is found only when another asks for it");
    }
}
