//! A browser window with a profile of its own, and what a person does and sees in it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::Driver;
use crate::support::PATIENCE;

const POLL: Duration = Duration::from_millis(20);

/// A busy machine may start several browsers at once.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
];

/// Without a screen there is no mouse either, unless one is claimed.
const MOUSE: &str =
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4";

/// What the person sits in front of.
#[derive(Clone, Copy)]
pub struct Device {
    pub width: u32,
    pub height: u32,
    pub phone: bool,
    /// What the browser asks for, as in `Accept-Language`.
    pub languages: &'static str,
}

pub const WIDE: Device = Device { width: 1280, height: 800, phone: false, languages: "en-GB,en" };
pub const PHONE: Device = Device { width: 390, height: 844, phone: true, languages: "en-GB,en" };

/// A message as it stands on the page.
#[derive(Debug, Deserialize)]
pub struct Shown {
    pub seq: Option<u64>,
    pub author: String,
    pub text: String,
}

pub struct Window {
    client: Client,
    device: Device,
    // Before the profile: a browser that still runs is ended first.
    _driver: Arc<Driver>,
    _profile: TempDir,
}

/// The selector of an element by its name for tests.
pub fn hook(name: &str) -> String {
    format!("[data-testid='{name}']")
}

/// The messages with exactly this text in a state, as JavaScript.
fn elements_of(state: &str, text: &str) -> String {
    let text_of = "message.querySelector('[data-testid=message-text]').innerText";
    let fits = format!("message.dataset.state === {} && {text_of} === {}", json!(state), json!(text));
    format!("[...document.querySelectorAll('[data-testid=message]')].filter((message) => {fits})")
}

/// Waits until the server answers so. What can be undone reaches the server only as its notice leaves the page.
pub async fn becomes<T: PartialEq + std::fmt::Debug>(expected: T, ask: impl AsyncFn() -> T) {
    let start = Instant::now();
    loop {
        let found = ask().await;
        if found == expected {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "it stays {found:?} and is not {expected:?}");
        tokio::time::sleep(10 * POLL).await;
    }
}

impl Window {
    pub async fn new(device: Device) -> Self {
        let driver = Driver::shared();
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(device, &profile));
        let url = driver.url();
        let connecting = tokio::time::timeout(STARTS_WITHIN, builder.connect(&url));
        let client = connecting.await.expect("a browser in time").expect("a browser");
        let window = Self { client, device, _driver: driver, _profile: profile };
        if !device.phone {
            let Device { width, height, .. } = device;
            let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
            window.devtools("Emulation.setDeviceMetricsOverride", size).await;
        }
        window
    }

    /// A wide window in which a person with that name has entered a room.
    pub async fn of(handle: &str, server: SocketAddr, room: &str) -> Self {
        let window = Self::new(WIDE).await;
        window.enter(handle, server, room).await;
        window
    }

    /// Opens a room for the first time and gives a name.
    pub async fn enter(&self, handle: &str, server: SocketAddr, room: &str) {
        self.go(server, &format!("/room/{room}")).await;
        self.find(&hook("handle-input")).await;
        self.press(handle).await;
        self.press(Key::Enter).await;
        self.gone("dialog").await;
        self.connection("open").await;
        self.see(".account .name", handle).await;
        if !self.device.phone {
            self.composer_has_focus().await;
        }
    }

    pub async fn go(&self, server: SocketAddr, path: &str) {
        self.visit(&format!("http://{server}{path}")).await;
    }

    pub async fn visit(&self, url: &str) {
        self.client.goto(url).await.expect("a page");
    }

    pub async fn reload(&self) {
        self.client.refresh().await.expect("the page again");
        self.connection("open").await;
    }

    // --- doing ---

    /// Types into whatever has the focus. The page may redraw it between asking for it and typing; then nothing was typed, and
    /// what has the focus now is asked for.
    pub async fn press(&self, keys: impl Keys) {
        /// Nothing is redrawn so often.
        const TRIES: usize = 20;
        let keys = keys.text();
        for _ in 0..TRIES {
            let focused = self.client.active_element().await.expect("a focused element");
            match self.type_into(&focused, &keys).await {
                Err(error) if error.is_stale_element_reference() => {}
                typed => return typed.expect("keys"),
            }
        }
        panic!("what has the focus is redrawn all the time");
    }

    /// Types a text into an element. The driver sends keys for characters of the Basic Multilingual Plane only; a text with
    /// others, such as most emoji, is inserted whole, as a keyboard for emoji does.
    async fn type_into(&self, element: &Element, text: &str) -> Result<(), CmdError> {
        let is_typed = text.chars().all(|character| u32::from(character) <= 0xFFFF);
        if is_typed {
            return element.send_keys(text).await;
        }
        let focus = "arguments[0].focus()";
        self.client.execute(focus, vec![serde_json::to_value(element)?]).await?;
        self.devtools("Input.insertText", json!({"text": text})).await;
        Ok(())
    }

    pub async fn click(&self, selector: &str) {
        self.find(selector).await.click().await.unwrap_or_else(|error| panic!("click on {selector}: {error}"));
    }

    pub async fn choose(&self, selector: &str, value: &str) {
        let select = self.find(selector).await;
        let options = format!("[...document.querySelector({}).options]", json!(selector));
        let index: i64 = self.ask(&format!("{options}.findIndex((option) => option.value === {})", json!(value))).await;
        assert!(index >= 0, "{selector} offers no {value}");
        // Options may stand in groups.
        let option = select.find(Locator::XPath(&format!("(.//option)[{}]", index + 1))).await.expect("an option");
        option.click().await.expect("a choice");
    }

    /// Gives a file to the page's choice of files.
    pub async fn choose_file(&self, path: &Path) {
        let path = path.to_str().expect("a path of letters");
        self.find(&hook("file-input")).await.send_keys(path).await.expect("a chosen file");
    }

    /// Gives several files to the page's choice of files.
    pub async fn choose_files(&self, paths: &[PathBuf]) {
        let paths: Vec<_> = paths.iter().map(|path| path.to_str().expect("a path of letters")).collect();
        self.find(&hook("file-input")).await.send_keys(&paths.join("\n")).await.expect("chosen files");
    }

    /// Goes back in the browser's history.
    pub async fn back(&self) {
        self.client.back().await.expect("the page before");
    }

    /// Writes a message without sending it.
    pub async fn write(&self, text: &str) {
        let composer = self.find(&hook("composer")).await;
        self.type_into(&composer, text).await.expect("keys");
    }

    /// Deletes what is written in whatever has the focus.
    pub async fn clear(&self) {
        self.press((Key::Control, "a")).await;
        self.press(Key::Backspace).await;
    }

    /// Writes a message and sends it.
    pub async fn say(&self, text: &str) {
        self.write(text).await;
        self.press(Key::Enter).await;
    }

    // --- seeing ---

    /// What a piece of JavaScript says.
    pub async fn ask<T: DeserializeOwned>(&self, script: &str) -> T {
        let value = self.client.execute(&format!("return ({script})"), vec![]).await;
        let value = value.unwrap_or_else(|error| panic!("{script}: {error}"));
        serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{script} is {value}: {error}"))
    }

    /// Waits until a piece of JavaScript is true.
    pub async fn until(&self, condition: &str) {
        let start = Instant::now();
        while !self.ask::<bool>(&format!("Boolean({condition})")).await {
            if start.elapsed() > PATIENCE {
                let picture = self.picture("failed").await;
                let text: String = self.ask("document.body.innerText").await;
                panic!("not in time: {condition}\nsee {picture:?}; the page says:\n{text}");
            }
            tokio::time::sleep(POLL).await;
        }
    }

    pub async fn find(&self, selector: &str) -> Element {
        self.until(&format!("document.querySelector({})", json!(selector))).await;
        self.client.find(Locator::Css(selector)).await.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    pub async fn gone(&self, selector: &str) {
        self.until(&format!("!document.querySelector({})", json!(selector))).await;
    }

    pub async fn count(&self, selector: &str) -> usize {
        self.ask(&format!("document.querySelectorAll({}).length", json!(selector))).await
    }

    /// Waits until one of these elements contains a text.
    pub async fn see(&self, selector: &str, text: &str) {
        let (selector, text) = (json!(selector), json!(text));
        let contains = format!("(element) => element.textContent.includes({text})");
        self.until(&format!("[...document.querySelectorAll({selector})].some({contains})")).await;
    }

    pub async fn connection(&self, state: &str) {
        self.find(&format!("{}[data-state='{state}']", hook("connection"))).await;
    }

    pub async fn composer_has_focus(&self) {
        self.until("document.activeElement.dataset.testid === 'composer'").await;
    }

    pub async fn composed(&self) -> String {
        self.ask("document.querySelector('[data-testid=composer]').value").await
    }

    /// The messages that are drawn, from top to bottom.
    pub async fn messages(&self) -> Vec<Shown> {
        self.ask(
            "Array.from(document.querySelectorAll('[data-testid=message]'), (message) => ({
                seq: message.dataset.seq ? Number(message.dataset.seq) : null,
                author: message.dataset.author,
                text: message.querySelector('[data-testid=message-text]').innerText,
            }))",
        )
        .await
    }

    pub async fn texts(&self) -> Vec<String> {
        self.messages().await.into_iter().map(|message| message.text).collect()
    }

    /// Waits until a message with exactly this text stands there in a state.
    pub async fn shows(&self, state: &str, text: &str) {
        self.until(&format!("{}.length > 0", elements_of(state, text))).await;
    }

    /// Waits until a message is there and stored, and returns its number. An own message is marked as stored a moment before
    /// it comes back with its number.
    pub async fn hears(&self, text: &str) -> u64 {
        let numbers = format!("{}.flatMap((message) => message.dataset.seq ?? [])", elements_of("stored", text));
        self.until(&format!("{numbers}.length > 0")).await;
        self.ask::<String>(&format!("{numbers}[0]")).await.parse().expect("a number")
    }

    // --- the browser itself ---

    /// A command of the browser's developer tools.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        let issued = self.client.issue_cmd(Vendor { path: "goog/cdp/execute", body }).await;
        issued.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Takes the network away from the browser or gives it back.
    pub async fn network(&self, there: bool) {
        self.devtools("Network.enable", json!({})).await;
        let conditions = json!({"offline": !there, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        self.devtools("Network.emulateNetworkConditions", conditions).await;
    }

    /// Lets what is downloaded come to a folder without a question.
    pub async fn download_to(&self, folder: &Path) {
        let behavior = json!({"behavior": "allow", "downloadPath": folder.to_str().expect("a path of letters")});
        self.devtools("Browser.setDownloadBehavior", behavior).await;
    }

    /// Saves what the window shows in `target/screenshots`.
    pub async fn picture(&self, name: &str) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, self.client.screenshot().await.expect("a picture")).expect("a file");
        path
    }

    /// What the browser complained about in all pages of this window: broken scripts, what the content security policy
    /// forbids, what could not be loaded.
    async fn complaints(&self) -> Vec<String> {
        let log = self.client.issue_cmd(Vendor { path: "se/log", body: json!({"type": "browser"}) }).await;
        let entries = log.expect("the browser's log");
        let entries = entries.as_array().expect("a list").iter();
        let entries = entries.filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        entries.map(|entry| entry["message"].to_string()).collect()
    }

    /// Closes the window, in which nothing may have gone wrong.
    pub async fn close(self) {
        self.close_after("nothing that could fail").await;
    }

    /// Closes the window, in which nothing else may have gone wrong than what contains `expected`.
    pub async fn close_after(self, expected: &str) {
        let complaints: Vec<_> = self.complaints().await.into_iter().filter(|line| !line.contains(expected)).collect();
        assert!(complaints.is_empty(), "the browser complains: {complaints:#?}");
        self.client.close().await.expect("the browser ends");
    }

    pub fn device(&self) -> Device {
        self.device
    }
}

fn capabilities(device: Device, profile: &TempDir) -> serde_json::Map<String, Value> {
    let Device { width, height, phone, languages } = device;
    let mut flags = FLAGS.map(str::to_owned).to_vec();
    flags.push(format!("--user-data-dir={}", profile.path().display()));
    flags.push(format!("--accept-lang={languages}"));
    if !phone {
        flags.push(MOUSE.to_owned());
    }
    let mut options = json!({"args": flags});
    if phone {
        let metrics = json!({"width": width, "height": height, "pixelRatio": 2.0, "touch": true, "mobile": true});
        options["mobileEmulation"] = json!({"deviceMetrics": metrics});
    }
    let all = json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL"},
    });
    all.as_object().expect("an object").clone()
}

/// What can be typed: a text, a key, or keys that are held together.
pub trait Keys {
    fn text(self) -> String;
}

impl Keys for &str {
    fn text(self) -> String {
        self.to_owned()
    }
}

impl Keys for Key {
    fn text(self) -> String {
        char::from(self).to_string()
    }
}

/// A key while another is held.
impl<K: Keys> Keys for (Key, K) {
    fn text(self) -> String {
        format!("{}{}{}", char::from(self.0), self.1.text(), char::from(Key::Null))
    }
}

/// A command of this browser's driver that the standard does not have.
#[derive(Debug)]
struct Vendor {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
