//! A small web site whose pages change, and that notes what it was asked for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What is at a path.
#[derive(Clone)]
pub enum Page {
    Html(String),
    Text(String),
    /// With a version, for which it answers 304 to whoever knows it.
    Versioned(String, &'static str),
    Status(u16),
    /// It leads to another address.
    Moved(String),
}

/// A request: the path, whether it named a known version, and when it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub knows: bool,
    pub at: Instant,
}

#[derive(Clone, Default)]
pub struct WebSite {
    pages: Arc<Mutex<BTreeMap<String, Page>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    address: Option<SocketAddr>,
}

impl WebSite {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let site = Self { address: Some(listener.local_addr().expect("an address")), ..Self::default() };
        let serving = site.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.answer(stream).await;
            }
        });
        site
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address.expect("it runs"))
    }

    pub fn put(&self, path: &str, page: Page) {
        self.pages.lock().expect("not poisoned").insert(path.to_owned(), page);
    }

    /// A page with a title, a text and links.
    pub fn html(&self, path: &str, title: &str, text: &str, links: &[&str]) {
        self.put(path, Page::Html(html(title, text, links)));
    }

    pub fn remove(&self, path: &str) {
        self.pages.lock().expect("not poisoned").remove(path);
    }

    /// What it was asked for since the last time.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().expect("not poisoned"))
    }

    async fn answer(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            head.push(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let known = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("if-none-match").then(|| value.trim().to_owned())
        });
        self.asked.lock().expect("not poisoned").push(Asked {
            path: path.clone(),
            knows: known.is_some(),
            at: Instant::now(),
        });
        let page = self.pages.lock().expect("not poisoned").get(&path).cloned().unwrap_or(Page::Status(404));
        let (status, more, body) = match page {
            Page::Html(body) => ("200 OK".to_owned(), "Content-Type: text/html; charset=utf-8\r\n".to_owned(), body),
            Page::Text(body) => ("200 OK".to_owned(), "Content-Type: text/plain\r\n".to_owned(), body),
            Page::Versioned(_, version) if known.as_deref() == Some(version) => {
                ("304 Not Modified".to_owned(), String::new(), String::new())
            }
            Page::Versioned(body, version) => {
                ("200 OK".to_owned(), format!("Content-Type: text/html\r\nETag: {version}\r\n"), body)
            }
            Page::Status(status) => (format!("{status} Status"), String::new(), String::new()),
            Page::Moved(to) => ("301 Moved".to_owned(), format!("Location: {to}\r\n"), String::new()),
        };
        let head = format!("HTTP/1.1 {status}\r\n{more}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        // The client may have gone.
        let _ = stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).await;
    }
}

/// A page with a title, a text and links.
pub fn html(title: &str, text: &str, links: &[&str]) -> String {
    let links: String = links.iter().map(|link| format!("<a href=\"{link}\">{link}</a> ")).collect();
    format!("<!doctype html><title>{title}</title><nav>{links}</nav><main><h1>{title}</h1><p>{text}</p></main>")
}
