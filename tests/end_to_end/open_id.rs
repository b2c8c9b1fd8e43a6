//! Signing in at an identity provider.

use serde_json::{Value, json};

use crate::support::fake_provider::FakeProvider;
use crate::support::{Browser, PASSWORD, TestServer};

const HERE: &str = "https://chat.example.com";

async fn with_provider(creates_accounts: bool) -> (TestServer, FakeProvider) {
    let provider = FakeProvider::start().await;
    let server = TestServer::with(|config| {
        provider.used_by(config, HERE);
        config.open_id.create_accounts = creates_accounts;
    });
    (server.await, provider)
}

/// Goes to the provider and comes back; what is posted then.
async fn arrival(
    browser: &mut Browser,
    server: &TestServer,
    provider: &FakeProvider,
    path: &str,
    with: Value,
) -> Value {
    let departure = browser.ask(server, "POST", &format!("{path}/start"), with).await;
    assert_eq!(departure.status, 200, "{}", departure.text());
    let departure = departure.json();
    let url = departure["url"].as_str().expect("an address");
    assert!(url.contains("redirect_uri=https%3A%2F%2Fchat.example.com%2Fsign-in"), "{url}");
    let (code, state) = provider.sign_in(url).await;
    json!({"code": code, "state": state, "ticket": departure["ticket"]})
}

async fn sign_in(browser: &mut Browser, server: &TestServer, provider: &FakeProvider) -> crate::support::Answer {
    let arrival = arrival(browser, server, provider, "/api/session/provider", json!({})).await;
    browser.ask(server, "POST", "/api/session/provider", arrival).await
}

#[tokio::test]
async fn whoever_signs_in_there_first_gets_an_account_with_what_they_wrote_as_a_guest() {
    let (server, provider) = with_provider(true).await;
    let ways = server.request("GET", "/api/session").send().await.json()["ways"].take();
    assert_eq!(ways, json!({"passkeys": true, "provider": "Example"}));
    let mut mia = Browser::open(&server).await;
    let (mut guest, _) = mia.connect(&server).await;
    guest.send(json!({"type": "join", "room": "@bot"})).await;
    guest.expect("joined").await;
    guest.say("@bot", "sum 1 2").await;
    provider.knows(json!({"sub": "7", "preferred_username": "mia", "email": "mia@example.com"}));
    let signed_in = sign_in(&mut mia, &server, &provider).await;
    assert_eq!((signed_in.status, &signed_in.json()["user"]["handle"]), (200, &json!("mia")), "{}", signed_in.text());
    let user = mia.user(&server).await;
    assert_eq!((&user["role"], &user["account"]), (&json!("member"), &json!(true)));
    let (mut member, _) = mia.connect(&server).await;
    member.send(json!({"type": "join", "room": "@bot"})).await;
    let joined = member.expect("joined").await;
    assert!(joined.to_string().contains("sum 1 2"), "{joined}");

    // From elsewhere she is the same, whatever she is called now.
    provider.knows(json!({"sub": "7", "preferred_username": "somebody else"}));
    let mut phone = Browser::open(&server).await;
    assert_eq!(sign_in(&mut phone, &server, &provider).await.json()["user"]["handle"], "mia");
    // Another person of the same name gets another one.
    provider.knows(json!({"sub": "8", "preferred_username": "Mia"}));
    let mut other = Browser::open(&server).await;
    assert_eq!(sign_in(&mut other, &server, &provider).await.json()["user"]["handle"], "Mia-2");
    // A name that nobody may have is not given.
    provider.knows(json!({"sub": "9", "preferred_username": "admin", "name": "Ben"}));
    let mut third = Browser::open(&server).await;
    assert_eq!(sign_in(&mut third, &server, &provider).await.json()["user"]["handle"], "Ben");
}

#[tokio::test]
async fn what_is_not_the_providers_or_not_for_this_sign_in_is_refused() {
    let (server, provider) = with_provider(true).await;
    provider.knows(json!({"sub": "7", "preferred_username": "mia"}));
    let lies = [
        json!({"aud": "another client"}),
        json!({"iss": "https://elsewhere.example"}),
        json!({"exp": 1_000_000_000}),
        json!({"nonce": "another"}),
        json!({"sub": ""}),
        json!({"sub": "x".repeat(256)}),
    ];
    for lie in lies {
        provider.lies(lie.clone());
        let refused = sign_in(&mut Browser::open(&server).await, &server, &provider).await;
        assert_eq!(refused.refusal(), (401, "bad_sign_in".into()), "{lie}");
    }
    provider.lies(Value::Null);
    let (mut browser, path) = (Browser::open(&server).await, "/api/session/provider");
    let right = arrival(&mut browser, &server, &provider, path, json!({})).await;
    let with = |name: &str, value: Value| {
        let mut form = right.clone();
        form[name] = value;
        form
    };
    let before = provider.redeemed();
    for wrong in [with("state", json!("another")), with("code", json!("another"))] {
        assert_eq!(browser.ask(&server, "POST", path, wrong).await.refusal(), (401, "bad_sign_in".into()));
    }
    let ticket = right["ticket"].as_str().expect("a ticket");
    for wrong in [format!("x{ticket}"), format!("{ticket}0"), String::new(), ".".into()] {
        let refused = browser.ask(&server, "POST", path, with("ticket", json!(wrong))).await;
        assert_eq!(refused.refusal(), (400, "bad_ticket".into()), "{wrong}");
    }
    assert_eq!(provider.redeemed(), before, "nothing of that went to the provider but a code that it does not know");
    assert_eq!(browser.ask(&server, "POST", path, right.clone()).await.status, 200);
    let again = Browser::open(&server).await.ask(&server, "POST", path, right).await;
    assert_eq!(again.refusal(), (401, "bad_sign_in".into()), "a code works once");
}

#[tokio::test]
async fn an_account_is_linked_by_its_owner_and_keeps_a_way_in() {
    let (server, provider) = with_provider(false).await;
    provider.knows(json!({"sub": "7", "preferred_username": "mia"}));
    let stranger = sign_in(&mut Browser::open(&server).await, &server, &provider).await;
    assert_eq!(stranger.refusal(), (403, "forbidden".into()), "{}", stranger.text());

    let mut mia = Browser::with_account(&server, "Mia", "member").await;
    let path = "/api/account/identity";
    let start = format!("{path}/start");
    assert_eq!(mia.ask(&server, "POST", &start, json!({})).await.refusal(), (401, "bad_password".into()));
    let linking = arrival(&mut mia, &server, &provider, path, json!({"password": PASSWORD})).await;
    let mut ben = Browser::with_account(&server, "Ben", "member").await;
    let stolen = ben.ask(&server, "POST", path, linking.clone()).await;
    assert_eq!(stolen.refusal(), (400, "bad_ticket".into()), "it was begun for another account");
    assert_eq!(mia.ask(&server, "POST", path, linking).await.status, 204);
    assert_eq!(mia.ask(&server, "GET", "/api/account", Value::Null).await.json()["has_identity"], true);
    let mut phone = Browser::open(&server).await;
    assert_eq!(sign_in(&mut phone, &server, &provider).await.json()["user"]["handle"], "Mia");
    let taken = arrival(&mut ben, &server, &provider, path, json!({"password": PASSWORD})).await;
    assert_eq!(ben.ask(&server, "POST", path, taken).await.refusal(), (409, "wrong_state".into()));

    let unlinked = mia.ask(&server, "DELETE", path, json!({"password": PASSWORD})).await;
    assert_eq!(unlinked.status, 204, "{}", unlinked.text());
    assert_eq!(sign_in(&mut phone, &server, &provider).await.status, 403);
}

#[tokio::test]
async fn who_has_no_password_sets_one_just_after_signing_in() {
    let (server, provider) = with_provider(true).await;
    provider.knows(json!({"sub": "7", "preferred_username": "mia"}));
    let mut mia = Browser::open(&server).await;
    assert_eq!(sign_in(&mut mia, &server, &provider).await.status, 200);
    let last = mia.ask(&server, "DELETE", "/api/account/identity", json!({})).await;
    assert_eq!(last.refusal(), (409, "wrong_state".into()), "nobody locks themselves out");
    let set = mia.ask(&server, "POST", "/api/account/password", json!({"new": PASSWORD})).await;
    assert_eq!(set.status, 204, "{}", set.text());
    assert_eq!(Browser::open(&server).await.sign_in(&server, "mia", PASSWORD).await.status, 200);
    let again = mia.ask(&server, "POST", "/api/account/password", json!({"new": "another password"})).await;
    assert_eq!(again.refusal(), (401, "bad_password".into()), "now there is one to be asked for");
}

#[tokio::test]
async fn a_disabled_account_is_not_opened_from_there_either() {
    let (server, provider) = with_provider(true).await;
    provider.knows(json!({"sub": "7", "preferred_username": "mia"}));
    let mut mia = Browser::open(&server).await;
    assert_eq!(sign_in(&mut mia, &server, &provider).await.status, 200);
    let mut olga = Browser::with_account(&server, "Olga", "owner").await;
    assert_eq!(olga.change(&server, "mia", json!({"disabled": true})).await.status, 200);
    assert_eq!(sign_in(&mut mia, &server, &provider).await.refusal(), (403, "forbidden".into()));
}

#[tokio::test]
async fn without_a_provider_and_with_one_that_is_away_people_are_told() {
    let server = TestServer::start().await;
    let none = server.request("POST", "/api/session/provider/start").json(json!({})).send().await;
    assert_eq!(none.refusal(), (404, "not_found".into()));
    let away = TestServer::with(|config| {
        config.http.public_url = HERE.into();
        config.open_id.issuer = "http://127.0.0.1:9/".into();
        config.open_id.client_id = "chat".into();
    });
    let away = away.await;
    let refused = away.request("POST", "/api/session/provider/start").json(json!({})).send().await;
    assert_eq!(refused.refusal(), (502, "provider_failed".into()));
}
