//! The client against hosts of this machine, with a resolver of its own for names.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering};

use ipnet::IpNet;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::look_ups::LookUps;
use super::*;
use crate::model::Principal;

const LIMITS: FetchLimits = FetchLimits { time: Duration::from_secs(5), body: 16 };

/// Names and their addresses; all others are looked up by the operating system.
const NAMES: [(&str, &[&str]); 12] = [
    ("start.example", &["127.0.0.1"]),
    ("public.example", &["8.8.8.8", "2606:4700::1111"]),
    ("private.example", &["10.0.0.1"]),
    ("loopback.example", &["127.0.0.1"]),
    ("loopback6.example", &["::1"]),
    ("mapped.example", &["::ffff:127.0.0.1"]),
    ("metadata.example", &["169.254.169.254"]),
    ("mixed.example", &["8.8.8.8", "127.0.0.1"]),
    ("own.example", &["9.1.2.3"]),
    ("neighbour.example", &["8.8.8.8", "9.1.2.77"]),
    ("neighbour6.example", &["2a01:4f8::5"]),
    ("localhost.", &["127.0.0.1"]),
];

/// Public networks of which this machine is taken to be a part.
fn networks() -> io::Result<Vec<IpNet>> {
    Ok(["9.1.2.0/24", "2a01:4f8::/64"].map(|network| network.parse().expect("a network")).to_vec())
}

fn find(name: &str) -> io::Result<Vec<IpAddr>> {
    match NAMES.iter().find(|(known, _)| *known == name) {
        Some((_, addresses)) => Ok(addresses.iter().map(|address| address.parse().expect("an address")).collect()),
        None => Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect()),
    }
}

fn client(allowed: &[&str]) -> Client {
    let allowed: Vec<_> = allowed.iter().map(|&host| host.to_owned()).collect();
    Client { guard: Arc::new(Guard::with(&allowed, LookUps::with(find, Duration::from_secs(5)), networks)) }
}

fn ann() -> Asker {
    Asker::Person(Principal::visitor("ann"))
}

/// Answers every request on a free port of all of this machine's addresses.
struct Host {
    port: u16,
    response: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Host {
    async fn serve(response: &str) -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let host = Self { port, response: Arc::new(Mutex::new(response.to_owned())), asked: Arc::default() };
        let (response, asked) = (host.response.clone(), host.asked.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 2048];
                let _ = stream.read(&mut request).await;
                let response = response.lock().clone();
                let _ = stream.write_all(response.as_bytes()).await;
            }
        });
        host
    }

    fn redirect_to(&self, target: &str) {
        *self.response.lock() = format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n");
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn get(client: &Client, url: &str) -> Result<Fetched, FetchError> {
    client.get(Client::parse(url)?, &ann(), LIMITS).await
}

async fn refusal(client: &Client, url: &str) -> Option<FetchError> {
    get(client, url).await.err()
}

/// Hosts of this machine and of private networks, in every spelling.
const NOT_PUBLIC: [&str; 96] = [
    // Loopback, and all of this machine.
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.000.000.001",
    "127.255.255.254",
    "0177.0.0.1",
    "0177.00.00.01",
    "00000177.1",
    "017700000001",
    "0x7f.0.0.1",
    "0x7F.1",
    "0x7f000001",
    "0X7F000001",
    "0x7f.0x0.0x0.0x1",
    "0x7f.0.01",
    "2130706433",
    "2130706433.",
    "0",
    "0.",
    "0.0.0.0",
    "0x0",
    "0x",
    "00000000",
    "0.0",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "127.0.0.%31",
    "%30%78%37%66000001",
    "１２７.０.０.１",
    "127。0。0。1",
    "127．0｡0.1",
    "①②⑦.⓪.⓪.①",
    "𝟙𝟚𝟟.𝟘.𝟘.𝟙",
    "127.0.\u{ad}0.1",
    "127.0.0\t.1",
    // The same by name.
    "localhost",
    "LOCALHOST",
    "LocalHost",
    "localhost.",
    "LOCALHOST.",
    "loc%61lhost",
    "%6cocalhost",
    "ｌｏｃａｌｈｏｓｔ",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "local\u{ad}host",
    // IPv6.
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::0001]",
    "[::]",
    "[::0]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:7F00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::ffff:0.0.0.0]",
    "[::ffff:10.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[FE80::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00::2]",
    "[ff02::1]",
    "[100::1]",
    "[2001:db8::1]",
    // Private and special networks.
    "10.0.0.1",
    "012.1",
    "172.16.0.1",
    "192.168.0.1",
    "0xc0a80001",
    "169.254.169.254",
    "2852039166",
    "0251.0376.0251.0376",
    "100.64.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    // Names that lead there, alone or beside public addresses.
    "private.example",
    "PRIVATE.EXAMPLE",
    "loopback.example",
    "loopback6.example",
    "mapped.example",
    "metadata.example",
    "mixed.example",
    // Public addresses of this machine, and of its neighbours.
    "9.1.2.3",
    "0x09.1.515",
    "[::ffff:9.1.2.3]",
    "own.example",
    "[2a01:4f8::ffff]",
];

/// Public names that lead to neighbours, and what is no host, or has a login before it.
const OTHERS: [(&str, FetchError); 21] = [
    ("neighbour.example", FetchError::NotPublic),
    ("neighbour6.example", FetchError::NotPublic),
    ("ann@127.0.0.1", FetchError::BadUrl),
    ("ann:word@localhost", FetchError::BadUrl),
    ("public.example@127.0.0.1", FetchError::BadUrl),
    ("public.example:80@127.0.0.1", FetchError::BadUrl),
    ("127.0.0.1@public.example", FetchError::BadUrl),
    ("%61nn@127.0.0.1", FetchError::BadUrl),
    ("[fe80::1%25lo]", FetchError::BadUrl),
    ("[fe80::1%lo]", FetchError::BadUrl),
    ("[::1%25eth0]", FetchError::BadUrl),
    ("[::1", FetchError::BadUrl),
    ("::1", FetchError::BadUrl),
    ("[127.0.0.1]", FetchError::BadUrl),
    ("256.256.256.256", FetchError::BadUrl),
    ("4294967296", FetchError::BadUrl),
    ("127.0.0.1.5", FetchError::BadUrl),
    ("127.0.0.08", FetchError::BadUrl),
    ("127.0.0.1%00", FetchError::BadUrl),
    ("127.0.0.1 ", FetchError::BadUrl),
    ("local host", FetchError::BadUrl),
];

#[tokio::test]
async fn forbidden_hosts_are_refused_however_they_are_written() {
    let (client, host) = (client(&[]), Host::serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await);
    let spellings = NOT_PUBLIC.map(|spelling| (spelling, FetchError::NotPublic));
    for (spelling, expected) in spellings.into_iter().chain(OTHERS) {
        for scheme in ["http", "HTTPS"] {
            let url = format!("{scheme}://{spelling}:{}/", host.port);
            assert_eq!(refusal(&client, &url).await, Some(expected), "{url:?}");
        }
    }
    for url in ["127.0.0.1", "http://127.0.0.1\\@public.example/", "http://127.0.0.1#@public.example/", "http:///::1"] {
        assert!(refusal(&client, url).await.is_some(), "{url:?}");
    }
    assert_eq!(host.asked(), 0, "nobody was asked");
}

#[tokio::test]
async fn redirects_lead_to_no_forbidden_host() {
    let (client, host) = (client(&["start.example"]), Host::serve("").await);
    let spellings = NOT_PUBLIC.map(|spelling| (spelling, FetchError::NotPublic)).into_iter().chain(OTHERS);
    // A header is ASCII without control characters.
    let spellings: Vec<_> =
        spellings.filter(|(spelling, _)| spelling.chars().all(|c| matches!(c, ' '..='~'))).collect();
    assert!(spellings.len() > 60);
    let start = format!("http://start.example:{}/", host.port);
    for (number, (spelling, expected)) in spellings.into_iter().enumerate() {
        host.redirect_to(&format!("http://{spelling}:{}/", host.port));
        assert_eq!(refusal(&client, &start).await, Some(expected), "{spelling:?}");
        assert_eq!(host.asked(), number + 1, "{spelling:?} was not asked");
    }
    for elsewhere in
        [format!("//127.0.0.1:{}/", host.port), "ftp://public.example/".into(), "file:///etc/passwd".into()]
    {
        host.redirect_to(&elsewhere);
        assert!(refusal(&client, &start).await.is_some(), "{elsewhere}");
    }
    host.redirect_to("/again");
    assert_eq!(refusal(&client, &start).await, Some(FetchError::Redirects));
}

#[tokio::test]
async fn this_machines_own_addresses_are_refused() {
    let (client, host) = (Client::new(&[]), Host::serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await);
    let own = getifaddrs::InterfaceFilter::new().v4().v6().get().expect("the interfaces");
    let own: Vec<_> = own.filter_map(|interface| interface.address.ip_addr()).collect();
    assert!(!own.is_empty());
    for address in own {
        let url = format!("http://{}/", SocketAddr::new(address, host.port));
        assert_eq!(refusal(&client, &url).await, Some(FetchError::NotPublic), "{url}");
    }
    assert_eq!(host.asked(), 0);
}

#[tokio::test]
async fn public_addresses_outside_this_machines_networks_are_allowed() {
    let client = client(&[]);
    for (host, expected) in [
        ("8.8.8.8", &["8.8.8.8"][..]),
        ("9.1.3.1", &["9.1.3.1"]),
        ("[2606:4700::1111]", &["2606:4700::1111"]),
        ("[2a01:4f8:0:1::1]", &["2a01:4f8:0:1::1"]),
        ("public.example", &["8.8.8.8", "2606:4700::1111"]),
    ] {
        let addresses = client.guard.addresses(host, &ann()).await.expect("allowed");
        assert_eq!(addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{host}");
    }
}

#[tokio::test]
async fn hosts_that_are_listed_are_allowed_wherever_they_are() {
    let host = Host::serve("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n01234567890123456789").await;
    let client = client(&["127.0.0.1", "Loopback.Example"]);
    for allowed in ["127.0.0.1", "0x7f000001", "loopback.example", "LOOPBACK.example"] {
        let fetched = get(&client, &format!("http://{allowed}:{}/", host.port)).await.expect("allowed");
        assert_eq!((fetched.body.len(), fetched.truncated), (16, true), "{allowed}");
    }
    assert_eq!(host.asked(), 4);
    for other in ["127.0.0.2", "localhost", "start.example"] {
        let url = format!("http://{other}:{}/", host.port);
        assert_eq!(refusal(&client, &url).await, Some(FetchError::NotPublic), "{other}");
    }
    let v6 = Guard::with(&["::1".into(), "[9::1]".into()], LookUps::new(), networks);
    for allowed in ["[::1]", "[9::1]"] {
        assert!(v6.addresses(allowed, &ann()).await.is_ok(), "{allowed}");
    }
}

#[tokio::test]
async fn what_is_posted_stays_with_its_receiver() {
    let allowing = client(&["127.0.0.1"]);
    let host = Host::serve("HTTP/1.1 307 Temporary Redirect\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n").await;
    let url = Client::parse(&format!("http://127.0.0.1:{}/", host.port)).expect("an address");
    let secret = Secret::new("s");
    let posting = Posting { url, id: "1", body: b"{}".to_vec(), secret: Some(&secret) };
    let answer = allowing.post(posting, LIMITS).await.expect("an answer");
    assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
    let posting = Posting { url: answer.url, id: "2", body: vec![], secret: None };
    let private = client(&[]).post(posting, LIMITS).await;
    assert_eq!(private.err(), Some(FetchError::NotPublic));
    assert_eq!(host.asked(), 1);
}

#[tokio::test]
async fn a_machine_that_does_not_tell_its_networks_asks_nobody() {
    let unknown = || Err(io::Error::other("a test"));
    let guard = Guard::with(&["127.0.0.1".into()], LookUps::with(find, Duration::from_secs(5)), unknown);
    assert_eq!(guard.addresses("public.example", &ann()).await, Err(FetchError::Busy));
    assert!(guard.addresses("127.0.0.1", &ann()).await.is_ok(), "listed");
}

#[test]
fn only_web_addresses_without_logins_are_addresses() {
    for text in
        ["ftp://example.com", "file:///etc/passwd", "http://", "http://a:b@example.com", "javascript:alert(1)", " "]
    {
        assert_eq!(Client::parse(text), Err(FetchError::BadUrl), "{text:?}");
    }
    assert_eq!(Client::parse("example.com/x").map(|url| url.to_string()), Ok("https://example.com/x".into()));
}
