//! Certificates by ACME: the first one, renewal, several names.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_blocking;

use crate::authority::{Authority, LONG, NAME, OTHER_NAME, Ports, certificate, local_access, overview, serve, until};
use crate::certificates::Visitor;
use crate::clock::{Clock, HOUR};
use crate::support::free_port;

#[tokio::test]
async fn a_first_certificate_comes_for_all_names_and_is_kept_over_a_restart() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let mut authority = Authority::start(dir.path(), ports, LONG);
    let (data, issuer) = (dir.path().join("data"), authority.issuer().await);
    let both = format!("{NAME},{OTHER_NAME}");
    let settings = authority.settings(ports, &both, &[("CHATBOT_TLS__CHALLENGES", "tls-alpn-01")]);
    let mut server = serve(&data, ports, &settings);
    let first = certificate(&server, NAME, &issuer).await;
    assert_eq!(certificate(&server, OTHER_NAME, &issuer).await, first, "one certificate for both names");
    let seen = overview(&server, NAME, &issuer).await;
    // An authority may list them in another order.
    let names: BTreeSet<&str> =
        seen["certificate"]["names"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!((&seen["concerns"], names), (&json!([]), BTreeSet::from([NAME, OTHER_NAME])));
    assert!(seen["certificate"]["renews_at"].as_str() < seen["certificate"]["not_after"].as_str(), "{seen}");
    let metrics =
        Visitor::new(server.address(), NAME, &issuer).request("GET", "/metrics").by_owner().send().await.text();
    let line = metrics.lines().find(|line| line.starts_with("chatbot_certificate_not_after_timestamp_seconds "));
    let ends: u64 = line.expect("a metric").split(' ').nth(1).expect("a value").parse().expect("a number");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    assert!((LONG - 120..=LONG).contains(&(ends - now)), "{ends} at {now}");
    for file in ["account.json", "certificate.json"] {
        let mode = std::fs::metadata(data.join("tls").join(file)).expect(file).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }

    // Nobody is asked again.
    authority.go_away();
    assert_eq!(server.terminate(), Some(0));
    let server = serve(&data, ports, &settings);
    assert_eq!(Visitor::new(server.address(), NAME, &issuer).certificate().await, Some(first), "from the beginning");
}

#[tokio::test]
async fn where_one_challenge_fails_the_other_is_tried() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    // As behind a proxy that ends TLS for others: its handshakes do not get here.
    let elsewhere = Ports { https: free_port(), ..ports };
    let authority = Authority::start(dir.path(), elsewhere, LONG);
    let issuer = authority.issuer().await;
    let server = serve(&dir.path().join("data"), ports, &authority.settings(ports, NAME, &[]));
    certificate(&server, NAME, &issuer).await;
}

#[tokio::test]
async fn until_there_is_a_certificate_the_server_serves_with_its_own_and_says_why() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let nowhere = Ports::free();
    let authority = Authority::start(dir.path(), nowhere, LONG);
    let data = dir.path().join("data");
    let server = serve(&data, ports, &authority.settings(ports, NAME, &[]));
    let local = local_access(&data);
    let concerns = until("the reason", async || {
        let overview = overview(&server, "chatbot.internal", &local).await;
        overview["concerns"][0].as_str().filter(|concern| concern.contains("tls-alpn-01")).map(str::to_owned)
    });
    let concern = concerns.await;
    assert!(concern.starts_with("There is no certificate") && concern.contains("http-01 said"), "{concern}");
    assert!(concern.contains(NAME), "{concern}");
}

#[tokio::test]
async fn a_certificate_is_renewed_after_two_thirds_of_its_life_also_when_the_authority_was_away_and_forgot_everything()
{
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let mut authority = Authority::start(dir.path(), ports, 12);
    let (data, issuer) = (dir.path().join("data"), authority.issuer().await);
    let server = serve(&data, ports, &authority.settings(ports, NAME, &[]));
    let first = certificate(&server, NAME, &issuer).await;
    let mut ann = Visitor::new(server.address(), NAME, &issuer).client("Ann").await;
    let visitor = Visitor::new(server.address(), NAME, &issuer);
    until("a second certificate", async || visitor.certificate().await.filter(|shown| *shown != first)).await;
    let account = std::fs::read(data.join("tls/account.json")).expect("an account");

    authority.go_away();
    // Renewal fails; what there is stays in use.
    let local = local_access(&data);
    until("the failure is said", async || {
        let overview = overview(&server, "chatbot.internal", &local).await;
        overview["concerns"][0].as_str().filter(|concern| concern.contains("cannot be reached")).map(drop)
    })
    .await;
    let mut authority = spawn_blocking(move || {
        authority.come_back();
        authority
    })
    .await
    .expect("it is back");
    let issuer = authority.issuer().await;
    certificate(&server, NAME, &issuer).await;
    assert_eq!(overview(&server, "chatbot.internal", &local).await["concerns"], json!([]));
    assert_ne!(std::fs::read(data.join("tls/account.json")).expect("an account"), account, "a new account");
    assert_eq!(ann.frames_until_pong().await, Vec::<Value>::new(), "open connections stay");
    authority.go_away();
}

#[tokio::test]
async fn a_name_that_is_added_brings_another_certificate() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let authority = Authority::start(dir.path(), ports, LONG);
    let (data, issuer) = (dir.path().join("data"), authority.issuer().await);
    let server = serve(&data, ports, &authority.settings(ports, NAME, &[]));
    let first = certificate(&server, NAME, &issuer).await;
    drop(server);
    let server = serve(&data, ports, &authority.settings(ports, &format!("{NAME},{OTHER_NAME}"), &[]));
    assert_ne!(certificate(&server, OTHER_NAME, &issuer).await, first);
}

#[tokio::test]
async fn a_wrong_clock_is_noticed() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let authority = Authority::start(dir.path(), ports, LONG);
    let mut clock = Clock::new(dir.path());
    clock.jump(-3 * HOUR);
    let data = dir.path().join("data");
    let settings = authority.settings(ports, NAME, &[]);
    let mut environment = clock.environment();
    environment.extend(settings);
    let server = serve(&data, ports, &environment);
    let local = local_access(&data);
    until("the clock is noticed", async || {
        let overview = overview(&server, "chatbot.internal", &local).await;
        let concerns = overview["concerns"].as_array()?.clone();
        concerns
            .iter()
            .any(|concern| concern == "This machine’s clock is 180 minutes slow. Have it set by the network.")
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn names_that_lead_here_by_different_ways_get_one_certificate() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::free());
    let authority = Authority::start(dir.path(), ports, LONG);
    // One of them leads to what passes on plain HTTP and nothing else, as some proxies do.
    authority.lead(OTHER_NAME, "127.0.0.2").await;
    let listener = TcpListener::bind(("127.0.0.2", ports.http)).await.expect("a port");
    let passing = tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let mut to = TcpStream::connect(("127.0.0.1", ports.http)).await.expect("the server listens");
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut from, &mut to).await });
        }
    });
    let issuer = authority.issuer().await;
    let both = format!("{NAME},{OTHER_NAME}");
    let server = serve(&dir.path().join("data"), ports, &authority.settings(ports, &both, &[]));
    let first = certificate(&server, NAME, &issuer).await;
    assert_eq!(certificate(&server, OTHER_NAME, &issuer).await, first);
    passing.abort();
}
