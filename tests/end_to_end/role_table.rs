//! Which role may use which route: the table must name every route that the server describes, so that a new one without a rule
//! fails here. Each route is tried with things that exist, by everybody who may not, and by the least who may.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Answer, Browser, Client, PASSWORD, PATIENCE, TestServer};

/// The least that somebody must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Least {
    Stranger,
    Guest,
    Member,
    Moderator,
    Admin,
    Owner,
}

const ROLES: [Least; 6] = [Least::Stranger, Least::Guest, Least::Member, Least::Moderator, Least::Admin, Least::Owner];

/// Method, path, who may, and a body. In paths and bodies, `{...}` is replaced by the id of something that exists and is not the
/// caller's own.
fn table() -> Vec<(&'static str, &'static str, Least, Value)> {
    use Least::{Admin, Guest, Member, Moderator, Owner, Stranger};
    let none = Value::Null;
    // Without the password that is asked for.
    let unconfirmed = json!({});
    vec![
        ("GET", "/healthz", Stranger, none.clone()),
        ("GET", "/api/openapi.json", Stranger, none.clone()),
        ("GET", "/api/session", Stranger, none.clone()),
        ("POST", "/api/invitations/show", Stranger, json!({"token": "{invitation-token}"})),
        ("POST", "/hooks/{hook-token}", Stranger, json!({"text": "from a hook"})),
        // By a token in the path that nobody has: it is not found, whoever asks.
        ("POST", "/api/jobs/{job}/callback/{token}", Stranger, json!({})),
        ("GET", "/api/commands", Guest, none.clone()),
        ("GET", "/api/rooms", Guest, none.clone()),
        ("POST", "/api/rooms", Guest, json!({"name": "made"})),
        ("GET", "/api/rooms/{room}", Guest, none.clone()),
        ("GET", "/api/rooms/{room}/messages", Guest, none.clone()),
        ("POST", "/api/rooms/{room}/messages", Guest, json!({"message": "hello"})),
        ("POST", "/api/rooms/{room}/messages/{seq}/report", Guest, json!({})),
        ("PUT", "/api/rooms/{room}/messages/{seq}/reactions/{emoji}", Guest, none.clone()),
        ("DELETE", "/api/rooms/{room}/messages/{seq}/reactions/{emoji}", Guest, none.clone()),
        ("GET", "/api/search?q=hello", Guest, none.clone()),
        ("POST", "/api/ask", Guest, json!({"question": "what?"})),
        ("GET", "/v1/models", Guest, none.clone()),
        (
            "POST",
            "/v1/chat/completions",
            Guest,
            json!({"model": "chatbot", "messages": [{"role": "user", "content": "what?"}]}),
        ),
        ("POST", "/v1/embeddings", Member, json!({"input": "hello"})),
        ("POST", "/mcp", Guest, json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})),
        ("POST", "/api/jobs", Guest, json!({"name": "sum", "arguments": "1 2"})),
        ("GET", "/api/jobs", Guest, none.clone()),
        ("GET", "/api/jobs/stats", Guest, none.clone()),
        ("GET", "/api/jobs/{job}", Guest, none.clone()),
        ("GET", "/api/schedules", Guest, none.clone()),
        ("GET", "/api/documents", Guest, none.clone()),
        ("GET", "/api/documents/{document}", Guest, none.clone()),
        ("GET", "/api/account", Member, none.clone()),
        ("GET", "/api/account/export", Guest, none.clone()),
        ("GET", "/api/account/tokens", Member, none.clone()),
        ("POST", "/api/account/tokens", Member, json!({"name": "made", "scopes": ["read"]})),
        ("POST", "/api/jobs/{job}/cancel", Moderator, none.clone()),
        ("POST", "/api/jobs/{job}/retry", Moderator, none.clone()),
        ("DELETE", "/api/jobs/{done}", Moderator, none.clone()),
        ("POST", "/api/schedules/{schedule}/pause", Moderator, none.clone()),
        ("POST", "/api/schedules/{schedule}/resume", Moderator, none.clone()),
        ("DELETE", "/api/schedules/{schedule}", Moderator, none.clone()),
        ("POST", "/api/jobs/pause", Admin, json!({"name": "sleep", "paused": false})),
        ("POST", "/api/jobs/bulk", Guest, json!({"action": "remove", "state": "dead"})),
        ("GET", "/api/reports", Moderator, none.clone()),
        ("DELETE", "/api/reports/{report}", Moderator, none.clone()),
        ("GET", "/api/held", Moderator, none.clone()),
        ("POST", "/api/held/{held}/approve", Moderator, json!({})),
        ("DELETE", "/api/held/{held-too}", Moderator, none.clone()),
        ("GET", "/api/sanctions", Moderator, none.clone()),
        ("POST", "/api/sanctions", Moderator, json!({"kind": "mute", "room": "{room}", "seq": 1, "minutes": 1})),
        ("DELETE", "/api/sanctions/{sanction}", Moderator, none.clone()),
        ("POST", "/api/moderation/clear", Moderator, json!({"room": "{room}", "seq": 1, "hours": 1})),
        ("DELETE", "/api/rooms/{room}/messages/{seq}", Moderator, none.clone()),
        ("PATCH", "/api/rooms/{room}", Admin, json!({"topic": "rain"})),
        ("PUT", "/api/rooms/{closed}/people/Pat", Admin, none.clone()),
        ("DELETE", "/api/rooms/{closed}/people/Pat", Admin, none.clone()),
        ("DELETE", "/api/rooms/{closed}", Admin, none.clone()),
        ("GET", "/api/documents/{document}/original", Admin, none.clone()),
        ("GET", "/api/documents/trial", Admin, none.clone()),
        ("GET", "/api/documents/questions", Admin, none.clone()),
        ("DELETE", "/api/documents/questions/{gap}", Admin, none.clone()),
        ("POST", "/api/documents/questions/{gap-too}/answer", Admin, json!({"question": "Why?", "answer": "So."})),
        ("PUT", "/api/documents/{document}/passages/{passage}", Admin, json!({"used": true})),
        ("POST", "/api/documents/preview", Admin, json!({"text": "a text"})),
        ("POST", "/api/documents", Admin, json!({"title": "One", "text": "a text"})),
        ("PUT", "/api/documents/{document}", Admin, json!({"title": "Two"})),
        ("DELETE", "/api/documents/{document}", Admin, none.clone()),
        ("GET", "/api/collections", Guest, none.clone()),
        ("POST", "/api/collections", Admin, json!({"name": "Made"})),
        ("PATCH", "/api/collections/{collection}", Admin, json!({"name": "{collection}"})),
        ("DELETE", "/api/collections/{collection-too}", Admin, none.clone()),
        ("PUT", "/api/rooms/{room}/collections", Admin, json!({"collections": ["{collection}"]})),
        ("GET", "/api/hooks", Admin, none.clone()),
        ("POST", "/api/hooks", Admin, json!({"room": "lobby", "name": "Alert"})),
        ("POST", "/api/hooks/preview", Admin, json!({"example": "{\"text\": \"hello\"}"})),
        ("PATCH", "/api/hooks/{hook}", Admin, json!({"template": "{{ text }}"})),
        ("DELETE", "/api/hooks/{hook}", Admin, none.clone()),
        ("GET", "/api/webhooks", Admin, none.clone()),
        ("GET", "/api/tokens", Admin, none.clone()),
        ("DELETE", "/api/accounts/{account}/tokens/{pats-token}", Admin, none.clone()),
        ("GET", "/api/accounts", Admin, none.clone()),
        ("POST", "/api/accounts", Admin, json!({"name": "Made"})),
        ("PATCH", "/api/accounts/{account}", Admin, json!({"disabled": false})),
        ("GET", "/api/accounts/{account}/sessions", Admin, none.clone()),
        ("DELETE", "/api/accounts/{account}/sessions", Admin, none.clone()),
        ("DELETE", "/api/accounts/{leaver}?messages=keep", Admin, none.clone()),
        ("GET", "/api/invitations", Admin, none.clone()),
        ("POST", "/api/invitations", Admin, json!({"role": "member"})),
        ("DELETE", "/api/invitations/{invitation}", Admin, none.clone()),
        ("GET", "/api/merges", Admin, none.clone()),
        ("POST", "/api/merges", Admin, json!({"into": "Pat", "room": "{room}", "seq": 1})),
        ("DELETE", "/api/merges/{merge}", Admin, none.clone()),
        ("GET", "/api/audit", Admin, none.clone()),
        ("GET", "/api/audit.jsonl", Admin, none.clone()),
        ("GET", "/api/overview", Admin, none.clone()),
        ("GET", "/api/doctor", Admin, none.clone()),
        ("GET", "/metrics", Admin, none.clone()),
        ("POST", "/api/backup", Owner, json!({})),
        ("POST", "/api/compact", Owner, none.clone()),
        ("GET", "/api/commands/permissions", Owner, none.clone()),
        ("PUT", "/api/commands/{command}/permission", Owner, json!({"allow": "user"})),
        ("DELETE", "/api/commands/{command}/permission", Owner, none.clone()),
        ("GET", "/api/settings/moderation", Owner, none.clone()),
        ("PUT", "/api/settings/moderation", Owner, json!({})),
        ("DELETE", "/api/settings/moderation", Owner, none.clone()),
        ("GET", "/api/settings", Owner, none.clone()),
        ("PATCH", "/api/settings", Owner, json!({})),
        // The settings of these tests say which key it is: owners are refused as what is wrong, others as what they are.
        ("POST", "/api/owner-key", Owner, none.clone()),
        // One's own only; ids of others are not found, whoever asks.
        ("DELETE", "/api/account/tokens/{token}", Member, none.clone()),
        ("DELETE", "/api/account/sessions/{session}", Member, none.clone()),
        ("POST", "/api/account/password", Member, json!({"current": "wrong", "new": "whatever it is 123"})),
        ("POST", "/api/account/passkeys/start", Member, unconfirmed.clone()),
        ("POST", "/api/account/passkeys", Member, json!({"ticket": "", "credential": {}, "name": "Key"})),
        ("DELETE", "/api/account/passkeys/{token}", Member, unconfirmed.clone()),
        ("POST", "/api/account/second-factor/start", Member, unconfirmed.clone()),
        ("POST", "/api/account/second-factor", Member, json!({"secret": "", "code": ""})),
        ("DELETE", "/api/account/second-factor", Member, unconfirmed.clone()),
        ("POST", "/api/account/recovery-codes", Member, unconfirmed.clone()),
        ("POST", "/api/account/identity/start", Member, unconfirmed.clone()),
        ("POST", "/api/account/identity", Member, json!({"code": "", "state": "", "ticket": ""})),
        ("DELETE", "/api/account/identity", Member, unconfirmed),
        ("POST", "/api/session/passkey/start", Stranger, none.clone()),
        ("POST", "/api/session/passkey", Stranger, json!({"ticket": "", "credential": {}})),
        ("POST", "/api/session/provider/start", Stranger, none.clone()),
        ("POST", "/api/session/provider", Stranger, json!({"code": "", "state": "", "ticket": ""})),
        // A guest is forgotten then.
        ("POST", "/api/account/delete", Guest, json!({"messages": "keep"})),
        // Last: they end the sessions of those who ask.
        ("DELETE", "/api/account/sessions", Member, none.clone()),
        ("POST", "/api/session", Stranger, json!({"name": "Pat", "password": "wrong"})),
        ("DELETE", "/api/session", Stranger, none),
    ]
}

/// Where what is asked for is one's own, and what is asked for in the table is not: refused whoever asks.
const FOR_NOBODY: [(&str, &str); 17] = [
    // For whoever has the owner's key, who has no account; that is tested with the backups.
    ("POST", "/api/backup"),
    // It was typed, not uploaded; that others are refused is tested with the documents.
    ("GET", "/api/documents/{document}/original"),
    ("POST", "/api/jobs/{job}/callback/{token}"),
    ("DELETE", "/api/account/tokens/{token}"),
    ("DELETE", "/api/account/sessions/{session}"),
    ("POST", "/api/account/password"),
    ("POST", "/api/account/passkeys/start"),
    ("DELETE", "/api/account/passkeys/{token}"),
    ("POST", "/api/account/second-factor/start"),
    ("POST", "/api/account/second-factor"),
    ("DELETE", "/api/account/second-factor"),
    ("POST", "/api/account/recovery-codes"),
    ("POST", "/api/account/identity/start"),
    ("DELETE", "/api/account/identity"),
    // There is no provider.
    ("POST", "/api/session/provider/start"),
    ("POST", "/api/session/provider"),
    ("POST", "/api/account/identity"),
];

/// Things that exist, by what they are called in the table.
async fn things(server: &TestServer) -> BTreeMap<&'static str, String> {
    let by_owner = async |method: &str, path: &str, body: Value| {
        let answer = server.request(method, path).by_owner().json(body).send().await;
        assert!(answer.status < 300, "{method} {path}: {}", answer.text());
        answer.json()
    };
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (mut guest, _) = server.member("Guest", "lobby").await;
    let seq = guest.say("lobby", "hello").await;
    guest.say("lobby", "/sum 1 2").await;
    let done = guest.expect_where("message", |frame| frame["role"] == "bot").await;
    let plan = guest.say("lobby", "/every day 9:00 echo tea").await;
    guest.expect_where("message", |frame| frame["reply_to"] == plan).await;
    guest.say("lobby", "/sleep 600").await;
    let job = guest.expect_where("job", |frame| frame["job"]["name"] == "sleep").await;
    let schedules = server.request("GET", "/api/schedules").by_owner().send().await.json();
    by_owner("POST", "/api/rooms", json!({"name": "held"})).await;
    by_owner("PATCH", "/api/rooms/held", json!({"hold_guests": true})).await;
    for text in ["one", "two"] {
        guest.send(json!({"room": "held", "message": text})).await;
        guest.expect("held").await;
    }
    let held = server.request("GET", "/api/held").by_owner().send().await.json();
    let hook = by_owner("POST", "/api/hooks", json!({"room": "lobby", "name": "Hook"})).await;
    let invitation = by_owner("POST", "/api/invitations", json!({"role": "member"})).await;
    let mut pat = Browser::with_account(server, "Pat", "member").await;
    pat.ask(server, "POST", "/api/rooms", json!({"name": "closed", "kind": "closed"})).await;
    let leaver = by_owner("POST", "/api/accounts", json!({"name": "Lee"})).await;
    let pats_token = json!({"name": "pats program", "scopes": ["read"]});
    let pats_token = pat.ask(server, "POST", "/api/account/tokens", pats_token).await.json();
    let document = by_owner("POST", "/api/documents", json!({"title": "Terms", "text": "# Terms"})).await;
    for name in ["products", "old"] {
        by_owner("POST", "/api/collections", json!({"name": name})).await;
    }
    // By somebody whose messages stay.
    let (mut asker, _) = server.member("Asker", "lobby").await;
    for question in ["@bot Who won the Zamboni race?", "@bot Where is the Zamboni?"] {
        let asked = asker.say("lobby", question).await;
        asker.expect_where("message", |frame| frame["reply_to"] == asked).await;
    }
    let gaps = server.request("GET", "/api/documents/questions").by_owner().send().await.json();
    let path = format!("/api/rooms/lobby/messages/{seq}/report");
    assert_eq!(server.request("POST", &path).json(json!({})).send().await.status, 202);
    let sanction = by_owner("POST", "/api/sanctions", json!({"kind": "mute", "handle": "Pat", "minutes": 1})).await;
    Browser::with_account(server, "Twin", "member").await;
    let merge = by_owner("POST", "/api/merges", json!({"into": "Pat", "handle": "Twin"})).await;
    let accounts = server.request("GET", "/api/accounts?q=Pat").by_owner().send().await.json();
    let reports = server.request("GET", "/api/reports").by_owner().send().await.json();
    BTreeMap::from([
        ("room", "lobby".to_owned()),
        ("closed", "closed".to_owned()),
        ("command", "sum".to_owned()),
        ("merge", text(&merge["id"])),
        ("held", text(&held["held"][0]["held"])),
        ("held-too", text(&held["held"][1]["held"])),
        ("seq", seq.to_string()),
        ("job", text(&job["job"]["id"])),
        ("done", text(&done["job"])),
        ("schedule", text(&schedules["schedules"][0]["id"])),
        ("hook", text(&hook["id"])),
        ("hook-token", text(&hook["url"]).rsplit('/').next().expect("a token").to_owned()),
        ("invitation", text(&invitation["invitation"]["id"])),
        ("invitation-token", text(&invitation["token"])),
        ("document", text(&document["id"])),
        ("passage", "0123456789abcdef".to_owned()),
        ("gap", text(&gaps["questions"][0]["id"])),
        ("gap-too", text(&gaps["questions"][1]["id"])),
        ("emoji", "%F0%9F%91%8D".to_owned()),
        ("collection", "products".to_owned()),
        ("collection-too", "old".to_owned()),
        ("sanction", text(&sanction["id"])),
        ("report", text(&reports["reports"][0]["id"])),
        ("leaver", text(&leaver["id"])),
        ("account", text(&accounts["accounts"][0]["id"])),
        ("pats-token", text(&pats_token["id"])),
        ("token", "0123456789abcdef0123456789abcdef".to_owned()),
        ("session", "0123456789abcdef01234567".to_owned()),
    ])
}

fn filled(text: &str, things: &BTreeMap<&'static str, String>) -> String {
    things.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// Every route as the description has it: parameters have other names there.
fn routes(description: &Value) -> BTreeSet<String> {
    let paths = description["paths"].as_object().expect("paths");
    let each = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").keys().cloned().collect::<Vec<_>>();
        methods.into_iter().map(move |method| shape(&method, path))
    });
    each.collect()
}

/// Method and path with nameless parameters.
fn shape(method: &str, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let parts = path.split('/').map(|part| if part.starts_with('{') || part == "Pat" { "{}" } else { part });
    format!("{} {}", method.to_uppercase(), parts.collect::<Vec<_>>().join("/"))
}

fn is_refused(answer: &Answer) -> bool {
    matches!(answer.status, 401 | 403 | 404)
}

async fn somebody(server: &TestServer, role: Least) -> Browser {
    let account = |name: &str| name.to_lowercase();
    match role {
        Least::Stranger | Least::Guest => Browser::open(server).await,
        role => Browser::with_account(server, &format!("Role {role:?}"), &account(&format!("{role:?}"))).await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_for_the_roles_that_the_table_says() {
    let server = TestServer::with(|config| config.documents.file_mb = 1).await;
    let description = server.request("GET", "/api/openapi.json").send().await.json();
    let table = table();
    let named: BTreeSet<String> = table.iter().map(|(method, path, ..)| shape(method, path)).collect();
    assert_eq!(routes(&description), named, "every route has a rule");

    let things = things(&server).await;
    let mut people = Vec::new();
    for role in ROLES {
        people.push((role, somebody(&server, role).await));
    }
    let access = async |access: &str| {
        let set = server.request("PATCH", "/api/settings").by_owner().json(json!({"access": access})).send().await;
        assert_eq!(set.status, 200);
    };
    for (method, path, least, body) in table {
        let is_for_nobody = FOR_NOBODY.contains(&(method, path));
        let (filled_path, body) = (filled(path, &things), filled(&body.to_string(), &things));
        let body: Value = serde_json::from_str(&body).expect("JSON");
        for (role, browser) in &mut people {
            // Those who may more are not tried again: what is to be deleted is gone.
            if *role > least {
                break;
            }
            let is_stranger = *role == Least::Stranger;
            if is_stranger {
                access("members").await;
            }
            let forwarded = [("x-forwarded-for", "192.0.2.1")];
            let answer = browser.ask_with(&server, method, &filled_path, body.clone(), &forwarded).await;
            if is_stranger {
                access("open").await;
            }
            let expected = *role < least || is_for_nobody;
            let is_expected = is_refused(&answer) == expected || (path == "/api/session" && answer.status == 401);
            assert!(is_expected, "{role:?} {method} {path}: {} {}", answer.status, answer.text());
        }
    }
}

/// What somebody may do with what is Ann's: a member's, a moderator's or nobody else's. `{}` is the id of a new thing.
const OWN: [(&str, &str, &str, &[&str]); 9] = [
    ("job", "POST", "/api/jobs/{}/cancel", &["Ann", "Mod", "Adam", "Olga"]),
    ("job", "GET", "/api/jobs/{}", &["Ann", "Mod", "Adam", "Olga"]),
    ("schedule", "POST", "/api/schedules/{}/pause", &["Ann", "Mod", "Adam", "Olga"]),
    ("schedule", "DELETE", "/api/schedules/{}", &["Ann", "Mod", "Adam", "Olga"]),
    ("token", "DELETE", "/api/account/tokens/{}", &["Ann"]),
    ("session", "DELETE", "/api/account/sessions/{}", &["Ann"]),
    ("room", "PATCH", "/api/rooms/{}", &["Ann", "Adam", "Olga"]),
    ("room", "PUT", "/api/rooms/{}/people/Bob", &["Ann", "Adam", "Olga"]),
    ("room", "DELETE", "/api/rooms/{}", &["Ann", "Adam", "Olga"]),
];

/// A client in the private room.
async fn at_home(browser: &Browser, server: &TestServer) -> Client {
    let (mut client, _) = browser.connect(server).await;
    client.send(json!({"type": "join", "room": "@bot"})).await;
    client.expect("joined").await;
    client
}

/// Makes such a thing of Ann's; its id. Jobs and schedules are of her private room.
async fn made(kind: &str, number: usize, ann: &mut Browser, server: &TestServer) -> String {
    let id = |value: &Value| value.as_str().expect("an id").to_owned();
    match kind {
        "job" => {
            let mut client = at_home(ann, server).await;
            client.say("@bot", "/sleep 600").await;
            id(&client.expect_where("job", |frame| frame["job"]["name"] == "sleep").await["job"]["id"])
        }
        "schedule" => {
            let mut client = at_home(ann, server).await;
            let plan = client.say("@bot", &format!("/every day 9:00 echo tea {number}")).await;
            client.expect_where("message", |frame| frame["reply_to"] == plan).await;
            let list = ann.ask(server, "GET", "/api/schedules", Value::Null).await.json();
            let schedules = list["schedules"].as_array().expect("schedules").clone();
            let mine = schedules.iter().find(|one| one.to_string().contains(&format!("tea {number}")));
            id(&mine.unwrap_or_else(|| panic!("{list}"))["id"])
        }
        "token" => {
            let new = json!({"name": format!("Tool {number}"), "scopes": ["read"]});
            id(&ann.ask(server, "POST", "/api/account/tokens", new).await.json()["id"])
        }
        "session" => {
            assert_eq!(Browser::open(server).await.sign_in(server, "Ann", PASSWORD).await.status, 200);
            let own = ann.ask(server, "GET", "/api/account", Value::Null).await.json();
            let sessions = own["sessions"].as_array().expect("sessions").clone();
            id(&sessions.iter().find(|session| session["current"] == false).expect("another one")["id"])
        }
        _ => {
            let name = format!("ann-{number}");
            let new = json!({"name": name, "kind": "closed"});
            assert_eq!(ann.ask(server, "POST", "/api/rooms", new).await.status, 201);
            name
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ones_own_is_for_oneself_and_for_those_whom_the_table_names() {
    let server = TestServer::start().await;
    let mut ann = Browser::with_account(&server, "Ann", "member").await;
    let others = [("Bob", "member"), ("Mod", "moderator"), ("Adam", "admin"), ("Olga", "owner")];
    let mut people = vec![("guest", Browser::open(&server).await)];
    for (name, role) in others {
        people.push((name, Browser::with_account(&server, name, role).await));
    }
    people.push(("Ann", ann.clone()));
    for (row, (kind, method, path, allowed)) in OWN.into_iter().enumerate() {
        for (column, (name, browser)) in people.iter_mut().enumerate() {
            let thing = made(kind, row * 10 + column, &mut ann, &server).await;
            let body = if method == "PATCH" { json!({"topic": "rain"}) } else { Value::Null };
            let answer = browser.ask(&server, method, &path.replace("{}", &thing), body).await;
            let is_allowed = allowed.contains(name);
            assert_eq!(!is_refused(&answer), is_allowed, "{name} {method} {path}: {} {}", answer.status, answer.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_a_room_is_for_those_who_may_enter_it() {
    let server = TestServer::start().await;
    let mut ann = Browser::with_account(&server, "Ann", "member").await;
    let bob = Browser::with_account(&server, "Bob", "member").await;
    ann.ask(&server, "POST", "/api/rooms", json!({"name": "closed", "kind": "closed"})).await;
    let direct = json!({"kind": "direct", "members": ["Bob"]});
    let direct = ann.ask(&server, "POST", "/api/rooms", direct).await.json();
    let direct = direct["name"].as_str().expect("a name").to_owned();
    let (mut client, _) = ann.connect(&server).await;
    for room in ["public", "closed", direct.as_str()] {
        client.say(room, "a secret word").await;
        // As soon as it is indexed.
        let (path, until) = (format!("/api/search?q=secret&room={room}"), Instant::now() + PATIENCE);
        while is_without_results(&ann.ask(&server, "GET", &path, Value::Null).await) {
            assert!(Instant::now() < until, "it is not found in {room}");
        }
    }
    let routes = |room: &str| {
        let at = |rest: &str| format!("/api/rooms/{room}{rest}");
        [
            ("GET", at(""), Value::Null),
            ("GET", at("/messages"), Value::Null),
            ("POST", at("/messages"), json!({"message": "hello"})),
            ("POST", at("/messages/1/report"), json!({})),
            ("POST", "/api/ask".to_owned(), json!({"question": "what?", "room": room})),
            (
                "POST",
                "/v1/chat/completions".to_owned(),
                json!({"model": format!("chatbot/{room}"), "messages": [{"role": "user", "content": "what?"}]}),
            ),
            ("POST", "/api/jobs".to_owned(), json!({"name": "sum", "arguments": "1 2", "room": room})),
            ("GET", format!("/api/search?q=secret&room={room}"), Value::Null),
        ]
    };
    let everybody = ["guest", "Ann", "Bob", "Mod", "Olga"];
    let table = [("public", &everybody[..]), ("closed", &["Ann"]), (direct.as_str(), &["Ann", "Bob"])];
    let mut people = vec![("guest", Browser::open(&server).await), ("Ann", ann), ("Bob", bob)];
    people.push(("Mod", Browser::with_account(&server, "Mod", "moderator").await));
    people.push(("Olga", Browser::with_account(&server, "Olga", "owner").await));
    for (room, inside) in table {
        for (name, browser) in &mut people {
            for (method, path, body) in routes(room) {
                let answer = browser.ask(&server, method, &path, body).await;
                let is_told = !is_refused(&answer) && !is_without_results(&answer);
                assert_eq!(is_told, inside.contains(name), "{name} {method} {path}: {}", answer.text());
            }
        }
    }
}

/// Whether a search found nothing.
fn is_without_results(answer: &Answer) -> bool {
    answer.status == 200 && answer.json()["messages"].as_array().is_some_and(|found| found.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_frame_is_for_those_who_may_enter_the_room() {
    let server = TestServer::start().await;
    let mut ann = Browser::with_account(&server, "Ann", "member").await;
    ann.ask(&server, "POST", "/api/rooms", json!({"name": "closed", "kind": "closed"})).await;
    let bob = Browser::with_account(&server, "Bob", "member").await;
    let direct = json!({"kind": "direct", "members": ["Bob"]});
    let direct =
        ann.ask(&server, "POST", "/api/rooms", direct).await.json()["name"].as_str().expect("a name").to_owned();
    let connect = async |browser: &Browser| {
        let mut client = Client::connect(server.address(), "/ws", &[("cookie", &browser.header())]).await;
        client.send(json!({"type": "hello", "locale": "en"})).await;
        client.expect("welcome").await;
        client
    };
    let mut inside = connect(&ann).await;
    for room in ["public", "closed", direct.as_str()] {
        inside.say(room, "/sleep 600").await;
    }
    inside.send(json!({"type": "join", "room": "closed"})).await;
    inside.expect("joined").await;
    let jobs = ann.ask(&server, "GET", "/api/jobs?name=sleep", Value::Null).await.json();
    let job_of = |room: &str| {
        let jobs = jobs["jobs"].as_array().expect("jobs").clone();
        jobs.iter().find(|job| job["room"] == room).expect("a job")["id"].clone()
    };
    let frames = |room: &str, job: &Value| {
        [
            json!({"type": "join", "room": room}),
            json!({"type": "history", "room": room}),
            json!({"type": "send", "room": room, "message": "hi", "id": "1"}),
            json!({"type": "typing", "room": room}),
            json!({"type": "cancel", "job": job}),
        ]
    };
    // What is refused: `cancel` is for the asker and those who moderate, `typing` for those who have joined.
    let table = [
        (Browser::open(&server).await, "public", vec!["cancel"]),
        (Browser::open(&server).await, "closed", vec!["join", "history", "send", "typing", "cancel"]),
        (bob.clone(), "closed", vec!["join", "history", "send", "typing", "cancel"]),
        (bob.clone(), direct.as_str(), vec!["cancel"]),
        (Browser::open(&server).await, direct.as_str(), vec!["join", "history", "send", "typing", "cancel"]),
        (Browser::with_account(&server, "Mia", "moderator").await, "closed", vec!["join", "history", "send", "typing"]),
        (
            Browser::with_account(&server, "Olga", "owner").await,
            direct.as_str(),
            vec!["join", "history", "send", "typing"],
        ),
        (ann.clone(), "public", vec![]),
    ];
    for (browser, room, expected) in table {
        let mut client = connect(&browser).await;
        let mut refused = Vec::new();
        for frame in frames(room, &job_of(room)) {
            let kind = frame["type"].as_str().expect("a type").to_owned();
            client.send(frame).await;
            // What is stored is answered behind the pong.
            let answer = if kind == "send" {
                loop {
                    let answer = client.next().await.expect("an answer");
                    if answer["type"] == "ack" || answer["type"] == "error" {
                        break vec![answer];
                    }
                }
            } else {
                client.frames_until_pong().await
            };
            if answer.iter().any(|answer| answer["type"] == "error") {
                refused.push(kind);
            }
        }
        assert_eq!(refused, expected, "{} in {room}", browser.header());
    }
    let heard = inside.frames_until_pong().await;
    assert!(!heard.iter().any(|frame| frame["type"] == "typing"), "nobody typed who may not enter");
}
