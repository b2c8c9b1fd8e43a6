//! What every test of the whole program needs: a real server on a free port, and a client that keeps what it saw.

pub mod fake_model;
pub mod fake_provider;
pub mod real_model;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chatbot::config::{BudgetsConfig, Config};
use chatbot::http;
use chatbot::model::Timestamp;
use chatbot::server::{Address, Server};
use data_encoding::BASE32_NOPAD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// Longest wait for anything: a failing test ends, and a busy machine does not fail one.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The owner's key of every test server.
pub const OWNER_KEY: &str = "the owner's key in all tests";

/// The server inside the test's process, stopped when it is dropped.
pub struct TestServer {
    address: SocketAddr,
    first_invitation: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<anyhow::Result<()>>>,
    data_dir: DataDir,
}

/// The default settings, except that all clients of a test come from one address.
fn without_budgets() -> Config {
    Config { budgets: BudgetsConfig { factor: 0, ..BudgetsConfig::default() }, ..Config::default() }
}

enum DataDir {
    Own(TempDir),
    Given(PathBuf),
}

impl TestServer {
    /// A server on an empty store with the default settings.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A server on an empty store with changed settings.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut config = without_budgets();
        config.server.data_dir = dir.path().to_owned();
        change(&mut config);
        Self::launch(config, DataDir::Own(dir)).await
    }

    /// A server on the store in `dir`.
    pub async fn on(dir: &Path) -> Self {
        Self::on_with(dir, |_| {}).await
    }

    /// A server on the store in `dir` with changed settings.
    pub async fn on_with(dir: &Path, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = without_budgets();
        config.server.data_dir = dir.to_owned();
        change(&mut config);
        Self::launch(config, DataDir::Given(dir.to_owned())).await
    }

    /// A server that pages reach as `localhost`, a name for which there can be passkeys; its public URL, which it also knows.
    pub async fn on_localhost(change: impl FnOnce(&mut Config, &str)) -> (Self, String) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut config = without_budgets();
        config.server.data_dir = dir.path().to_owned();
        let listener = http::bind(Some([127, 0, 0, 1].into()), 0).expect("a free port");
        let url = format!("http://localhost:{}", listener.local_addr().expect("an address").port());
        config.http.public_url.clone_from(&url);
        change(&mut config, &url);
        (Self::launch_at(listener, config, DataDir::Own(dir)).await, url)
    }

    async fn launch(config: Config, data_dir: DataDir) -> Self {
        let host = config.host().unwrap_or_else(|| [127, 0, 0, 1].into());
        Self::launch_at(http::bind(Some(host), 0).expect("a free port"), config, data_dir).await
    }

    async fn launch_at(listener: std::net::TcpListener, mut config: Config, data_dir: DataDir) -> Self {
        config.accounts.owner_key = OWNER_KEY.into();
        let server = Server::start(&config, listener).await.expect("a server");
        let Address::Tcp(address) = *server.address() else { panic!("it listens on a port") };
        let first_invitation = server.first_invitation().map(str::to_owned);
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self { address, first_invitation, stop: Some(stop), running: Some(running), data_dir }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The token of the link that makes the owner's account.
    pub fn first_invitation(&self) -> &str {
        self.first_invitation.as_deref().expect("there was no account when it started")
    }

    pub fn has_first_invitation(&self) -> bool {
        self.first_invitation.is_some()
    }

    pub fn data_dir(&self) -> &Path {
        match &self.data_dir {
            DataDir::Own(dir) => dir.path(),
            DataDir::Given(dir) => dir,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Stops in order and waits for it.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        drop(self.stop.take());
        let running = self.running.take().expect("runs until it is stopped");
        tokio::time::timeout(PATIENCE, running).await.expect("stops in time").expect("does not panic")
    }

    /// A full client that has said hello.
    pub async fn client(&self, handle: &str) -> Client {
        let mut client = Client::connect(self.address, "/ws", &[]).await;
        client.send(json!({"type": "hello", "handle": handle, "locale": "en"})).await;
        client.expect("welcome").await;
        client
    }

    /// A full client that is in a room, with what it was shown on joining.
    pub async fn member(&self, handle: &str, room: &str) -> (Client, Value) {
        let mut client = self.client(handle).await;
        client.send(json!({"type": "join", "room": room})).await;
        let joined = client.expect("joined").await;
        (client, joined)
    }

    /// A full client with the owner's key that has said hello.
    pub async fn owner(&self) -> Client {
        let key = format!("Bearer {OWNER_KEY}");
        let mut client = Client::connect(self.address, "/ws", &[("authorization", &key)]).await;
        client.send(json!({"type": "hello", "handle": "Olga", "locale": "en"})).await;
        client.expect("welcome").await;
        client
    }

    /// A request to this server.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, &self.url(path))
    }

    /// A simple client on `/ws/chat/…`.
    pub async fn simple(&self, path: &str) -> Client {
        Client::connect(self.address, path, &[]).await
    }
}

/// An HTTP request on its way.
pub struct Request(reqwest::RequestBuilder);

/// An HTTP answer.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, url: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        let method = method.parse::<reqwest::Method>().expect("a method");
        Self(client.request(method, url))
    }

    /// By a client that was set up otherwise.
    pub fn by(client: &reqwest::Client, method: &str, url: &str) -> Self {
        Self(client.request(method.parse().expect("a method"), url))
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    pub fn by_owner(self) -> Self {
        self.header("authorization", &format!("Bearer {OWNER_KEY}"))
    }

    pub fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.body(body))
    }

    pub fn json(self, body: Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub async fn send(self) -> Answer {
        let response = self.0.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, bytes: response.bytes().await.expect("a body").to_vec() }
    }

    /// The status of the answer, if the server still lives to give one.
    pub async fn try_send(self) -> Option<u16> {
        self.0.send().await.ok().map(|response| response.status().as_u16())
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("not JSON: {:?}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The status and the error's code.
    pub fn refusal(&self) -> (u16, String) {
        let error = &self.json()["error"];
        assert!(!error["message"].as_str().unwrap_or_default().is_empty(), "an error has words: {error}");
        (self.status, error["code"].as_str().expect("a code").to_owned())
    }
}

/// What a client from PyPI prints: `tests/support/{name}_client.py`, with what `tests/run` installed for it.
pub async fn python_client(name: &str, arguments: &[&str]) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(format!("target/{name}-client/venv/bin/python"));
    assert!(python.exists(), "{} is missing; tests/run installs it", python.display());
    let mut command = tokio::process::Command::new(python);
    command.arg(root.join(format!("tests/support/{name}_client.py"))).args(arguments);
    let output = tokio::time::timeout(4 * PATIENCE, command.output()).await.expect("in time").expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The cookie of a browser, the same for the same name.
pub fn cookie_of(name: &str) -> String {
    let token: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("chatbot_visitor={token:0>40}")
}

/// What an authenticator app with that secret, in Base32, shows so many seconds from now.
pub fn authenticator_code(secret: &str, seconds: i64) -> String {
    let secret: String = secret.split_whitespace().collect();
    let secret = totp_rs::Secret::from(BASE32_NOPAD.decode(secret.as_bytes()).expect("Base32"));
    let now = Timestamp::now().0 / 1000 + seconds;
    let app = totp_rs::Builder::new().with_secret(secret).build().expect("a secret");
    app.generate(now.try_into().expect("after 1970")).to_string()
}

/// The password of all accounts in tests.
pub const PASSWORD: &str = "correct horse battery";

/// A browser: keeps cookies.
#[derive(Clone, Default)]
pub struct Browser {
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    /// One that has opened the page.
    pub async fn open(server: &TestServer) -> Self {
        let mut browser = Self::default();
        let page = browser.ask(server, "GET", "/", Value::Null).await;
        assert_eq!(page.status, 200);
        browser
    }

    /// One in which somebody has just made an account of that role.
    pub async fn with_account(server: &TestServer, name: &str, role: &str) -> Self {
        let terms = json!({"role": role, "uses": 1, "days": 1});
        let invited = server.request("POST", "/api/invitations").by_owner().json(terms).send().await;
        let token = invited.json()["token"].as_str().expect("a token").to_owned();
        let mut browser = Self::open(server).await;
        let joined = browser.join(server, &token, name).await;
        assert_eq!(joined.status, 201, "{}", joined.text());
        browser
    }

    pub fn header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    pub async fn ask(&mut self, server: &TestServer, method: &str, path: &str, body: Value) -> Answer {
        self.ask_with(server, method, path, body, &[]).await
    }

    /// As [`Browser::ask`], with more headers.
    pub async fn ask_with(
        &mut self,
        server: &TestServer,
        method: &str,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let request = server.request(method, path).header("cookie", &self.header()).header("user-agent", "Test/1.0");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let request: Request = if body.is_null() { request } else { request.json(body) };
        let answer = request.send().await;
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("text");
            let (pair, attributes) = cookie.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a pair");
            assert!(attributes.contains("HttpOnly") && attributes.contains("SameSite="), "{cookie}");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub async fn join(&mut self, server: &TestServer, invitation: &str, name: &str) -> Answer {
        let form = json!({"invitation": invitation, "name": name, "password": PASSWORD});
        self.ask(server, "POST", "/api/accounts", form).await
    }

    pub async fn sign_in(&mut self, server: &TestServer, name: &str, password: &str) -> Answer {
        self.ask(server, "POST", "/api/session", json!({"name": name, "password": password})).await
    }

    pub async fn user(&mut self, server: &TestServer) -> Value {
        self.ask(server, "GET", "/api/session", Value::Null).await.json()["user"].take()
    }

    /// A full client with this browser's cookies, and who it is told to be.
    pub async fn connect(&self, server: &TestServer) -> (Client, Value) {
        let mut client = Client::connect(server.address(), "/ws", &[("cookie", &self.header())]).await;
        client.send(json!({"type": "hello", "handle": "Guest", "locale": "en"})).await;
        let user = client.expect("welcome").await["user"].take();
        (client, user)
    }

    /// The id of an account that this browser may look after.
    pub async fn id_of(&mut self, server: &TestServer, name: &str) -> String {
        let list = self.ask(server, "GET", "/api/accounts", Value::Null).await.json();
        let accounts = list["accounts"].as_array().expect("a list");
        let account = accounts.iter().find(|account| account["name"] == name);
        account.unwrap_or_else(|| panic!("{name} in {list}"))["id"].as_str().expect("an id").to_owned()
    }

    pub async fn change(&mut self, server: &TestServer, name: &str, change: Value) -> Answer {
        let path = format!("/api/accounts/{}", self.id_of(server, name).await);
        self.ask(server, "PATCH", &path, change).await
    }

    /// The token of a new invitation.
    pub async fn invite(&mut self, server: &TestServer, terms: Value) -> String {
        let answer = self.ask(server, "POST", "/api/invitations", terms).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["token"].as_str().expect("a token").to_owned()
    }
}

/// A connection, encrypted or not.
pub trait Bytes: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Bytes for S {}

/// A WebSocket client.
pub struct Client {
    socket: WebSocketStream<Box<dyn Bytes>>,
}

impl Client {
    pub async fn connect(address: SocketAddr, path: &str, headers: &[(&'static str, &str)]) -> Self {
        Self::try_connect(address, path, headers).await.expect("a connection")
    }

    pub async fn try_connect(
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, tokio_tungstenite::tungstenite::Error> {
        Self::over(TcpStream::connect(address).await?, &format!("ws://{address}{path}"), headers).await
    }

    /// Over a connection that there is.
    pub async fn over(
        stream: impl Bytes + 'static,
        url: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, tokio_tungstenite::tungstenite::Error> {
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a header"));
        }
        let stream: Box<dyn Bytes> = Box::new(stream);
        let opened = tokio::time::timeout(PATIENCE, tokio_tungstenite::client_async(request, stream));
        let (socket, _) = opened.await.expect("an answer in time")?;
        Ok(Self { socket })
    }

    pub async fn send(&mut self, frame: Value) {
        self.send_raw(Message::text(frame.to_string())).await;
    }

    pub async fn send_raw(&mut self, message: Message) {
        self.socket.send(message).await.expect("an open connection");
    }

    /// Sends a message, if the connection is still open.
    pub async fn try_send_raw(&mut self, message: Message) {
        let _ = self.socket.send(message).await;
    }

    /// Sends a frame, if the connection is still open.
    pub async fn try_send(&mut self, frame: Value) {
        let _ = self.socket.send(Message::text(frame.to_string())).await;
    }

    /// Says something in a room and waits until it is stored; its number.
    pub async fn say(&mut self, room: &str, text: &str) -> u64 {
        let id = uuid::Uuid::new_v4().to_string();
        self.send(json!({"room": room, "message": text, "id": id})).await;
        let ack = self.expect_where("ack", |frame| frame["id"] == id.as_str()).await;
        ack["seq"].as_u64().expect("a number")
    }

    /// The next frame, whatever it is; `Err` with the close code when the connection is closed instead.
    pub async fn next(&mut self) -> Result<Value, Option<u16>> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a frame in time");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The next frame of a type; others before it are passed over.
    pub async fn expect(&mut self, kind: &str) -> Value {
        self.expect_where(kind, |_| true).await
    }

    /// The next frame of a type for which `fits` holds; others before it are passed over.
    pub async fn expect_where(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.next().await.unwrap_or_else(|code| panic!("closed with {code:?} before {kind}"));
            if frame["type"] == kind && fits(&frame) {
                return frame;
            }
        }
    }

    /// The next frame of a type; those before it are shown to `note`.
    pub async fn expect_noting(&mut self, kind: &str, mut note: impl FnMut(&Value)) -> Value {
        loop {
            let frame = self.next().await.unwrap_or_else(|code| panic!("closed with {code:?} before {kind}"));
            if frame["type"] == kind {
                return frame;
            }
            note(&frame);
        }
    }

    /// What arrives before the answer to a ping: after it nothing older is on its way from the connection's own queue.
    pub async fn frames_until_pong(&mut self) -> Vec<Value> {
        self.send(json!({"type": "ping"})).await;
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await.unwrap_or_else(|code| panic!("closed with {code:?} before pong"));
            if frame["type"] == "pong" {
                return frames;
            }
            frames.push(frame);
        }
    }

    /// Sends a frame that is refused; the error's code.
    pub async fn refused(&mut self, frame: Value) -> String {
        self.send(frame).await;
        let error = self.expect("error").await;
        assert!(!error["message"].as_str().unwrap_or_default().is_empty(), "an error has words: {error}");
        error["code"].as_str().expect("a code").to_owned()
    }

    /// Waits for the close and returns its code.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }

    pub async fn close(mut self) {
        let _ = self.socket.close(None).await;
    }
}

/// The program as a process of its own, killed when it is dropped: for what a process does as a whole.
pub struct ServerProcess {
    child: Child,
    address: SocketAddr,
}

impl ServerProcess {
    /// Starts `chatbot serve` on the store in `data_dir` and waits until it is ready.
    pub fn start(data_dir: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_on(0, data_dir, environment)
    }

    /// As [`ServerProcess::start`], on a port that is known before.
    pub fn start_on(port: u16, data_dir: &Path, environment: &[(&str, &str)]) -> Self {
        Self::launch(port, data_dir, None, environment)
    }

    /// As [`ServerProcess::start_on`], with a file of settings.
    pub fn configured(port: u16, data_dir: &Path, config: &Path) -> Self {
        Self::launch(port, data_dir, Some(config), &[])
    }

    /// As [`ServerProcess::start_on`], with a file of settings, if there is one.
    pub fn launch(port: u16, data_dir: &Path, config: Option<&Path>, environment: &[(&str, &str)]) -> Self {
        Self::launch_in(Path::new("."), port, data_dir, config, environment)
    }

    /// As [`ServerProcess::launch`], from a folder to which the other paths may be relative.
    pub fn launch_in(
        dir: &Path,
        port: u16,
        data_dir: &Path,
        config: Option<&Path>,
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatbot"));
        command.current_dir(dir);
        command.args(["serve", "--host", "127.0.0.1", "--port", &port.to_string(), "--data-dir"]).arg(data_dir);
        command.args(config.into_iter().flat_map(|file| [Path::new("--config"), file]));
        command.env("CHATBOT_ACCOUNTS__OWNER_KEY", OWNER_KEY).env("CHATBOT_LOG__LEVEL", "warn");
        // All clients of a test come from one address.
        command.env("CHATBOT_BUDGETS__FACTOR", "0");
        command.env_remove("PORT").envs(environment.iter().copied());
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = |line: String| line.split("://").nth(1)?.rsplit(':').next()?.trim().parse().ok();
        let address = lines.find_map(|line| port(line.ok()?)).map(|port: u16| SocketAddr::from(([127, 0, 0, 1], port)));
        // What it says later must not find the pipe closed.
        std::thread::spawn(move || lines.for_each(drop));
        Self { address: address.expect("the server says where it listens"), child }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// As a power cut would, for the process.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and the exit code it ends with.
    pub fn terminate(&mut self) -> Option<i32> {
        self.signal(rustix::process::Signal::TERM);
        self.child.wait().expect("it ends").code()
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.child.id() as i32).expect("a process");
        rustix::process::kill_process(pid, signal).expect("it runs");
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that nobody listens on at the moment.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
