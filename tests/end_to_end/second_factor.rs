//! Codes that an account is asked for after its password.

use serde_json::{Value, json};

use crate::support::{Answer, Browser, PASSWORD, TestServer, authenticator_code};

const FACTOR: &str = "/api/account/second-factor";

/// Sets up a second factor: the app's secret, and the recovery codes.
async fn set_up(browser: &mut Browser, server: &TestServer) -> (String, Vec<String>) {
    let start = browser.ask(server, "POST", &format!("{FACTOR}/start"), json!({"password": PASSWORD})).await;
    assert_eq!(start.status, 200, "{}", start.text());
    let secret = start.json()["secret"].as_str().expect("a secret").to_owned();
    assert!(start.json()["url"].as_str().is_some_and(|url| url.starts_with("otpauth://totp/")), "{}", start.text());
    let form = json!({"password": PASSWORD, "secret": secret, "code": authenticator_code(&secret, 0)});
    let added = browser.ask(server, "POST", FACTOR, form).await;
    assert_eq!(added.status, 201, "{}", added.text());
    let codes = serde_json::from_value(added.json()["recovery_codes"].take()).expect("codes");
    (secret, codes)
}

async fn sign_in(server: &TestServer, name: &str, code: &str) -> Answer {
    let form = json!({"name": name, "password": PASSWORD, "code": code});
    Browser::open(server).await.ask(server, "POST", "/api/session", form).await
}

#[tokio::test]
async fn a_code_is_asked_for_after_the_password_and_works_once() {
    let server = TestServer::start().await;
    let mut mia = Browser::with_account(&server, "Mia", "member").await;
    let (secret, codes) = set_up(&mut mia, &server).await;
    let own = mia.ask(&server, "GET", "/api/account", Value::Null).await.json();
    assert_eq!(own["second_factor"]["recovery_codes"], 10, "{own}");

    let mut thief = Browser::open(&server).await;
    assert_eq!(thief.sign_in(&server, "Mia", "wrong password").await.refusal(), (401, "bad_password".into()));
    assert_eq!(thief.sign_in(&server, "Mia", PASSWORD).await.refusal(), (401, "code_needed".into()));
    assert_eq!(sign_in(&server, "Mia", "000000").await.refusal(), (401, "bad_code".into()));
    assert_eq!(thief.user(&server).await["account"], false);

    let next = authenticator_code(&secret, 30);
    let signed_in = sign_in(&server, "Mia", &format!("{} {}", &next[..3], &next[3..])).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text());
    assert_eq!(sign_in(&server, "Mia", &next).await.refusal(), (401, "bad_code".into()), "it was used");
    assert_eq!(sign_in(&server, "Mia", &codes[3].to_uppercase()).await.status, 200);
    assert_eq!(sign_in(&server, "Mia", &codes[3]).await.refusal(), (401, "bad_code".into()), "it was used");
    let own = mia.ask(&server, "GET", "/api/account", Value::Null).await.json();
    assert_eq!(own["second_factor"]["recovery_codes"], 9);
    assert!(!own.to_string().contains(&secret), "nobody reads it later");
}

#[tokio::test]
async fn codes_cannot_be_guessed_any_faster_than_passwords() {
    let server = TestServer::start().await;
    let mut mia = Browser::with_account(&server, "Mia", "member").await;
    set_up(&mut mia, &server).await;
    let mut refused = Vec::new();
    for guess in 0..8 {
        refused.push(sign_in(&server, "Mia", &format!("{guess:06}")).await.status);
    }
    assert_eq!(refused[0], 401);
    assert_eq!(refused[7], 429, "{refused:?}");
}

#[tokio::test]
async fn it_is_set_up_and_removed_only_with_the_password_and_the_apps_code() {
    let server = TestServer::start().await;
    let mut mia = Browser::with_account(&server, "Mia", "member").await;
    let start = format!("{FACTOR}/start");
    assert_eq!(mia.ask(&server, "POST", &start, json!({})).await.refusal(), (401, "bad_password".into()));
    let wrong = json!({"password": "wrong password"});
    assert_eq!(mia.ask(&server, "POST", &start, wrong.clone()).await.refusal(), (401, "bad_password".into()));
    let begun = mia.ask(&server, "POST", &start, json!({"password": PASSWORD})).await.json();
    let form = json!({"password": PASSWORD, "secret": begun["secret"], "code": "000000"});
    assert_eq!(mia.ask(&server, "POST", FACTOR, form).await.refusal(), (401, "bad_code".into()));
    assert_eq!(Browser::open(&server).await.sign_in(&server, "Mia", PASSWORD).await.status, 200, "it was not set up");

    let (_, codes) = set_up(&mut mia, &server).await;
    assert_eq!(mia.ask(&server, "DELETE", FACTOR, wrong).await.refusal(), (401, "bad_password".into()));
    let renewed = mia.ask(&server, "POST", "/api/account/recovery-codes", json!({"password": PASSWORD})).await;
    assert_eq!(renewed.status, 201, "{}", renewed.text());
    assert_eq!(sign_in(&server, "Mia", &codes[0]).await.refusal(), (401, "bad_code".into()), "they were replaced");
    let new = renewed.json()["recovery_codes"][0].as_str().expect("a code").to_owned();
    assert_eq!(sign_in(&server, "Mia", &new).await.status, 200);
    assert_eq!(mia.ask(&server, "DELETE", FACTOR, json!({"password": PASSWORD})).await.status, 204);
    assert_eq!(Browser::open(&server).await.sign_in(&server, "Mia", PASSWORD).await.status, 200);
    let none = mia.ask(&server, "POST", "/api/account/recovery-codes", json!({"password": PASSWORD})).await;
    assert_eq!(none.refusal(), (409, "wrong_state".into()));
    let log = server.request("GET", "/api/audit").by_owner().send().await.json().to_string();
    for action in ["second_factor.add", "recovery_codes.renew", "second_factor.remove"] {
        assert!(log.contains(action), "{action} in {log}");
    }
}

#[tokio::test]
async fn who_lost_it_is_let_in_by_an_admin() {
    let server = TestServer::start().await;
    let mut olga = Browser::with_account(&server, "Olga", "owner").await;
    let mut mia = Browser::with_account(&server, "Mia", "member").await;
    set_up(&mut mia, &server).await;
    let shown = olga.ask(&server, "GET", "/api/accounts?q=Mia", Value::Null).await.json();
    assert_eq!(shown["accounts"][0]["second_factor"], true, "{shown}");
    assert_eq!(olga.change(&server, "Mia", json!({"second_factor": true})).await.status, 400);
    let changed = olga.change(&server, "Mia", json!({"second_factor": false})).await;
    assert_eq!((changed.status, &changed.json()["second_factor"]), (200, &json!(false)));
    assert_eq!(mia.user(&server).await["account"], false, "whoever has the lost phone is out");
    assert_eq!(mia.sign_in(&server, "Mia", PASSWORD).await.status, 200);
}
