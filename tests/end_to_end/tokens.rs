//! Tokens of programs: what they open, what they do not, and how they end.

use serde_json::{Value, json};

use crate::support::{Answer, Browser, Client, PASSWORD, TestServer};

async fn token(
    browser: &mut Browser,
    server: &TestServer,
    name: &str,
    scopes: Value,
    rooms: Value,
) -> (String, String) {
    let new = json!({"name": name, "scopes": scopes, "rooms": rooms, "days": 30});
    let made = browser.ask(server, "POST", "/api/account/tokens", new).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    (made["id"].as_str().expect("an id").to_owned(), made["token"].as_str().expect("a token").to_owned())
}

async fn ask(server: &TestServer, token: &str, method: &str, path: &str, body: Value) -> Answer {
    let request = server.request(method, path).header("authorization", &format!("Bearer {token}"));
    if body.is_null() { request.send().await } else { request.json(body).send().await }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_what_it_is_for_in_the_rooms_that_it_is_for() {
    let server = TestServer::start().await;
    let mut ann = Browser::with_account(&server, "Ann", "admin").await;
    let message = json!({"message": "built", "id": "build-1"});
    let (_, post) = token(&mut ann, &server, "ci", json!(["post"]), json!(["builds"])).await;
    let said = ask(&server, &post, "POST", "/api/rooms/builds/messages", message.clone()).await;
    assert_eq!(said.status, 201, "{}", said.text());
    assert_eq!((&said.json()["handle"], &said.json()["role"]), (&json!("ci"), &json!("bot")));
    let again = ask(&server, &post, "POST", "/api/rooms/builds/messages", message.clone()).await;
    assert_eq!((again.status, &again.json()["seq"]), (200, &json!(1)), "known by its token");
    let other = ask(&server, &post, "POST", "/api/rooms/lobby/messages", message.clone()).await;
    assert_eq!(other.refusal(), (404, "not_found".into()));
    let job = json!({"name": "sum", "arguments": "1 2", "room": "builds"});
    for (method, path, body) in [
        ("GET", "/api/rooms/builds/messages", Value::Null),
        ("GET", "/api/search?q=built", Value::Null),
        ("POST", "/api/jobs", job.clone()),
        ("POST", "/api/ask", json!({"question": "who?"})),
        ("POST", "/api/hooks", json!({"room": "builds", "name": "Hook"})),
        ("GET", "/api/account/tokens", Value::Null),
        ("POST", "/api/account/tokens", json!({"name": "two", "scopes": ["read"]})),
        ("PATCH", "/api/rooms/builds", json!({"topic": "x"})),
    ] {
        assert_eq!(ask(&server, &post, method, path, body).await.status, 403, "{method} {path}");
    }
    // A message is no command, whoever could read it as one.
    ask(&server, &post, "POST", "/api/rooms/builds/messages", json!({"message": "/sum 1 2"})).await;

    let (_, jobs) = token(&mut ann, &server, "runner", json!(["jobs", "read"]), json!([])).await;
    let started = ask(&server, &jobs, "POST", "/api/jobs", json!({"name": "sleep", "arguments": "600"})).await;
    assert_eq!(started.status, 201, "{}", started.text());
    let id = started.json()["id"].as_str().expect("an id").to_owned();
    let list = ask(&server, &jobs, "GET", "/api/jobs?name=sleep", Value::Null).await.json();
    assert_eq!(list["jobs"][0]["id"], id.as_str(), "what a program does is its own");
    let cancelled = ask(&server, &jobs, "POST", &format!("/api/jobs/{id}/cancel"), Value::Null).await;
    assert_eq!(cancelled.status, 200);
    assert_eq!(
        ask(&server, &jobs, "GET", "/api/rooms/builds/messages", Value::Null).await.json()["messages"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_worth_nothing_at_once_and_its_name_is_nobodys_but_its_own() {
    let server = TestServer::start().await;
    let mut ann = Browser::with_account(&server, "Ann", "member").await;
    let (id, token) = token(&mut ann, &server, "ci", json!(["read", "post"]), json!([])).await;
    let listed = ann.ask(&server, "GET", "/api/account/tokens", Value::Null).await;
    assert!(!listed.text().contains(&token), "it is shown once");
    assert_eq!(listed.json()["tokens"][0]["name"], "ci");
    for name in ["ci", "с\u{456}"] {
        let new = json!({"name": name, "scopes": ["read"]});
        assert_eq!(ann.ask(&server, "POST", "/api/account/tokens", new).await.refusal(), (409, "name_taken".into()));
        let mut guest = Browser::open(&server).await;
        let post = json!({"message": "x", "handle": name});
        let refused = guest.ask(&server, "POST", "/api/rooms/lobby/messages", post).await;
        assert_eq!(refused.refusal(), (400, "bad_handle".into()), "{name}");
    }
    for bad in [
        json!({"name": "x", "scopes": []}),
        json!({"name": "x", "scopes": ["all"]}),
        json!({"name": "x", "scopes": ["read"], "days": 0}),
    ] {
        assert_eq!(ann.ask(&server, "POST", "/api/account/tokens", bad.clone()).await.status, 400, "{bad}");
    }
    let bearer = format!("Bearer {token}");
    let mut socket = Client::connect(server.address(), "/ws", &[("authorization", &bearer)]).await;
    socket.say("lobby", "hello").await;
    // Who is muted has muted programs, and who is disabled none.
    let mute = json!({"kind": "mute", "handle": "Ann", "minutes": 1});
    let muted = server.request("POST", "/api/sanctions").by_owner().json(mute).send().await;
    assert_eq!(socket.closed().await, Some(1001));
    let post = json!({"message": "x"});
    assert_eq!(ask(&server, &token, "POST", "/api/rooms/lobby/messages", post).await.status, 403);
    let id_of_mute = muted.json()["id"].as_str().expect("an id").to_owned();
    server.request("DELETE", &format!("/api/sanctions/{id_of_mute}")).by_owner().send().await;
    let accounts = server.request("GET", "/api/accounts?q=Ann").by_owner().send().await.json();
    let account = format!("/api/accounts/{}", accounts["accounts"][0]["id"].as_str().expect("an id"));
    let disable = async |disabled: bool| {
        let change = json!({"disabled": disabled});
        assert_eq!(server.request("PATCH", &account).by_owner().json(change).send().await.status, 200);
    };
    let mut socket = Client::connect(server.address(), "/ws", &[("authorization", &bearer)]).await;
    disable(true).await;
    assert_eq!(socket.closed().await, Some(1001));
    assert_eq!(ask(&server, &token, "GET", "/api/rooms", Value::Null).await.status, 401);
    disable(false).await;
    assert_eq!(ann.sign_in(&server, "Ann", PASSWORD).await.status, 200);
    let mut socket = Client::connect(server.address(), "/ws", &[("authorization", &bearer)]).await;
    socket.say("lobby", "back").await;
    let mut bob = Browser::with_account(&server, "Bob", "member").await;
    let path = format!("/api/account/tokens/{id}");
    assert_eq!(bob.ask(&server, "DELETE", &path, Value::Null).await.status, 404);
    assert_eq!(ann.ask(&server, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(socket.closed().await, Some(1001));
    assert_eq!(ask(&server, &token, "GET", "/api/rooms", Value::Null).await.refusal(), (401, "bad_key".into()));
    let log = server.request("GET", "/api/audit?q=token").by_owner().send().await.json();
    assert_eq!(log["entries"][0]["action"], "token.revoke");
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_see_everybodys_tokens_and_revoke_those_of_whom_they_may_change() {
    let server = TestServer::start().await;
    let mut admin = Browser::with_account(&server, "Ada", "admin").await;
    let mut owner = Browser::with_account(&server, "Olga", "owner").await;
    let mut ann = Browser::with_account(&server, "Ann", "member").await;
    let (id, secret) = token(&mut ann, &server, "ci", json!(["read"]), json!([])).await;
    token(&mut ann, &server, "cd", json!(["read"]), json!([])).await;
    let (owners, _) = token(&mut owner, &server, "root", json!(["administration"]), json!([])).await;
    assert_eq!(ann.ask(&server, "GET", "/api/tokens", Value::Null).await.status, 403);

    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = admin.ask(&server, "GET", &format!("/api/tokens?limit=1{after}"), Value::Null).await.json();
        let tokens = page["tokens"].as_array().expect("tokens").clone();
        after = format!("&after={}", tokens.last().expect("a token")["account"].as_str().expect("an id"));
        found.extend(tokens);
        if page["more"] == false {
            break;
        }
    }
    let whose: Vec<_> = found.iter().map(|one| (one["owner"].as_str(), one["name"].as_str())).collect();
    assert_eq!(whose.len(), 3, "{whose:?}");
    for one in [(Some("Olga"), Some("root")), (Some("Ann"), Some("ci")), (Some("Ann"), Some("cd"))] {
        assert!(whose.contains(&one), "{one:?} in {whose:?}");
    }
    assert!(found.iter().all(|one| one["token"].is_null() && !one.to_string().contains(&secret)));

    let path = async |admin: &mut Browser, name: &str, id: &str| {
        format!("/api/accounts/{}/tokens/{id}", admin.id_of(&server, name).await)
    };
    let (anns, olgas) = (path(&mut admin, "Ann", &id).await, path(&mut admin, "Olga", &owners).await);
    assert_eq!(admin.ask(&server, "DELETE", &olgas, Value::Null).await.status, 403);
    assert_eq!(ask(&server, &secret, "GET", "/api/rooms", Value::Null).await.status, 200);
    assert_eq!(admin.ask(&server, "DELETE", &anns, Value::Null).await.status, 204);
    assert_eq!(ask(&server, &secret, "GET", "/api/rooms", Value::Null).await.refusal(), (401, "bad_key".into()));
    assert_eq!(admin.ask(&server, "DELETE", &anns, Value::Null).await.status, 404);
}
