//! The pages of those who look after the server, tokens of programs, and servers that are not for everybody.

use fantoccini::key::Key;

use crate::accounts::{PASSWORD, fill, is_signed_in, make, owner, somebody};
use crate::others;
use crate::support::{Request, TestServer};
use crate::window::{WIDE, Window, becomes, hook};

/// What the browser says of each refused request.
const REFUSED: &str = "the server responded with a status of 4";

async fn open(window: &Window, part: &str) {
    window.click(&hook("admin-link")).await;
    turn_to(window, part).await;
}

/// From one page to another, through the tab that it shares with others.
pub async fn turn_to(window: &Window, part: &str) {
    let tab = match part {
        "reports" | "held" | "sanctions" => "moderation",
        "tokens" | "hooks" => "integrations",
        alone => alone,
    };
    window.click(&hook(&format!("admin-tab-{tab}"))).await;
    if tab != part {
        window.click(&hook(&format!("admin-chip-{part}"))).await;
    }
}

#[tokio::test]
async fn the_overview_shows_how_the_server_is_doing() {
    let server = TestServer::start().await;
    others::say(server.address(), "lobby", "Ben", "one").await;
    let olga = owner(&server).await;
    olga.click(&hook("admin-link")).await;
    olga.until("document.querySelectorAll('.plot canvas').length === 5").await;
    olga.see("[data-number='messages'] dd", "1").await;
    olga.see("[data-number='accounts'] dd", "1").await;
    olga.see(&hook("overview-facts"), env!("CARGO_PKG_VERSION")).await;
    olga.gone(&hook("notice")).await;
    olga.click(&hook("span-day")).await;
    olga.find(&format!("{}[aria-pressed='true']", hook("span-day"))).await;
    olga.until("document.querySelectorAll('.plot canvas').length === 5").await;
    olga.close().await;
}

#[tokio::test]
async fn rooms_are_found_archived_and_deleted() {
    let server = TestServer::with(|config| config.rooms.quota_mb = 1).await;
    for room in ["garden", "kitchen"] {
        others::say(server.address(), room, "Ben", "hello").await;
    }
    let olga = owner(&server).await;
    open(&olga, "rooms").await;
    olga.see(&format!("{}[data-room='kitchen']", hook("admin-room")), "1").await;
    olga.see(&format!("[data-room='kitchen'] {}", hook("admin-room-size")), "of 1 MB").await;
    olga.picture("admin-rooms-sizes").await;
    olga.click(&hook("admin-search")).await;
    olga.press("gard").await;
    olga.until("document.querySelectorAll('[data-testid=admin-room]').length === 1").await;
    olga.click(&hook("admin-room-archive")).await;
    olga.click(&hook("confirm")).await;
    olga.see(&hook("admin-room"), "archived").await;
    olga.find(&hook("archived-rooms")).await;
    olga.click(&hook("admin-room-delete")).await;
    olga.see("dialog h2", "Delete “garden”?").await;
    olga.click(&hook("confirm")).await;
    olga.find(&hook("admin-rooms-nothing")).await;
    olga.close().await;
}

#[tokio::test]
async fn the_audit_log_says_who_did_what() {
    let server = TestServer::start().await;
    let olga = owner(&server).await;
    make(&server, "Jonas", "member").await;
    open(&olga, "people").await;
    olga.choose(&hook("person-role"), "moderator").await;
    olga.see(&hook("notice"), "is now: moderator").await;
    open(&olga, "audit").await;
    olga.see(&hook("audit-entry"), "Jonas").await;
    olga.see(&hook("audit-entry"), "Account changed").await;
    olga.click(&hook("admin-search")).await;
    olga.press("nothing has such words").await;
    olga.find(&hook("audit-nothing")).await;
    let file: String = olga
        .ask("fetch(document.querySelector('[data-testid=audit-download]').href).then((file) => file.text())")
        .await;
    let lines = file.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    assert!(
        lines.into_iter().any(|entry| entry["subject"].as_str().is_some_and(|subject| subject.contains("Jonas"))),
        "{file}"
    );
    olga.close().await;
}

#[tokio::test]
async fn rooms_are_found_by_what_was_said_in_them() {
    let server = TestServer::start().await;
    others::say(server.address(), "garden", "Ben", "the tomatoes are ripe").await;
    others::say(server.address(), "kitchen", "Ben", "soup is ready").await;
    let olga = owner(&server).await;
    open(&olga, "rooms").await;
    olga.find(&hook("admin-room")).await;
    olga.click(&hook("admin-search")).await;
    olga.press("tomatoes").await;
    olga.see(&format!("{}[data-room='garden']", hook("admin-said-room")), "tomatoes are ripe").await;
    assert_eq!(olga.count(&hook("admin-said-room")).await, 1);
    olga.click(&format!("{} a", hook("admin-said-room"))).await;
    olga.see("h1", "garden").await;
    olga.close().await;
}

#[tokio::test]
async fn tokens_of_others_are_seen_and_revoked() {
    let server = TestServer::start().await;
    let olga = owner(&server).await;
    let jonas = somebody(&server, "Jonas", "member", "lobby").await;
    let token = serde_json::json!({"name": "nightly", "scopes": ["read"]}).to_string();
    let made = format!(
        "fetch('/api/account/tokens', {{method: 'POST', headers: {{'Content-Type': 'application/json'}}, body: {}}}).then(({{status}}) => status)",
        serde_json::json!(token)
    );
    assert_eq!(jonas.ask::<u16>(&made).await, 201);
    open(&olga, "tokens").await;
    olga.see(&hook("admin-token"), "Jonas").await;
    olga.click(&hook("admin-token-revoke")).await;
    olga.click(&hook("confirm")).await;
    olga.find(&hook("admin-tokens-nothing")).await;
    open(&olga, "audit").await;
    olga.see(&hook("audit-entry"), "API token revoked").await;
    olga.close().await;
    jonas.close().await;
}

#[tokio::test]
async fn a_hook_is_made_shown_once_and_deleted() {
    let server = TestServer::start().await;
    let olga = owner(&server).await;
    open(&olga, "hooks").await;
    olga.find(&hook("hooks-nothing")).await;
    olga.find(&hook("webhooks-nothing")).await;
    let address = new_hook(&olga).await;
    olga.see(&hook("hook"), "never used").await;
    let post = async || {
        Request::new("POST", &address)
            .body("the build is broken")
            .header("content-type", "text/plain")
            .send()
            .await
            .status
    };
    assert_eq!(post().await, 200);
    olga.reload().await;
    olga.see(&hook("hook"), "last used").await;
    olga.click(&hook("hook-delete")).await;
    olga.find(&hook("hooks-nothing")).await;
    becomes(404, post).await;
    olga.close().await;
}

/// Makes a hook of the lobby on the open view of hooks, and gives its address, which is shown once.
async fn new_hook(olga: &Window) -> String {
    olga.click(&hook("hook-new")).await;
    fill(olga, "hook-name", "Alerts").await;
    fill(olga, "hook-room", "lobby").await;
    olga.press(Key::Enter).await;
    olga.find(&hook("secret")).await;
    let address = olga.ask("document.querySelector('[data-testid=secret]').value").await;
    olga.click(&hook("secret-done")).await;
    address
}

#[tokio::test]
async fn a_hooks_template_is_tried_saved_and_seen_to_fail() {
    let server = TestServer::start().await;
    let olga = owner(&server).await;
    open(&olga, "hooks").await;
    let address = new_hook(&olga).await;
    olga.click(&hook("hook-template-open")).await;
    fill(&olga, "hook-template-text", "{{ host }} is **down**{{ 1 + n }}").await;
    olga.click(&hook("hook-try")).await;
    olga.see(&hook("hook-shown"), "The template failed").await;
    fill(&olga, "hook-template-text", "{{ host").await;
    olga.click(&hook("hook-try")).await;
    olga.see(&hook("form-problem"), "line 1").await;
    fill(&olga, "hook-template-text", "{{ host }} is **{{ state }}**{{ n and 1 + n }}").await;
    olga.click(&hook("hook-try")).await;
    olga.see(&hook("hook-shown"), "web-1 is down").await;
    olga.picture("hook_template").await;
    olga.click(&hook("hook-template-save")).await;
    olga.see(&hook("hook"), "own template").await;
    let post = async |body: &'static str| Request::new("POST", &address).body(body).send().await.status;
    assert_eq!(post(r#"{"host": "web-7", "state": "late"}"#).await, 200);
    assert_eq!(post(r#"{"host": "web-8", "n": "x"}"#).await, 200);
    olga.reload().await;
    olga.see(&hook("hook-failure"), "The template failed").await;
    olga.picture("hook_failure").await;
    olga.go(server.address(), "/room/lobby").await;
    olga.hears("web-7 is late").await;
    olga.see("[data-testid=message-text] strong", "late").await;
    olga.hears("host: web-8\nn: x").await;
    // A template and an example with mistakes are refused.
    olga.close_after(REFUSED).await;
}

#[tokio::test]
async fn documents_are_listed_with_who_added_them_and_deleted() {
    let server = TestServer::start().await;
    let document = serde_json::json!({"title": "Terms", "text": "# Terms"});
    let added = server.request("POST", "/api/documents").by_owner().json(document).send().await;
    assert_eq!(added.status, 201, "{}", added.text());
    let olga = owner(&server).await;
    open(&olga, "documents").await;
    olga.see(&hook("admin-document"), "added by owner").await;
    olga.click(&hook("admin-document-delete")).await;
    olga.click(&hook("confirm")).await;
    olga.find(&hook("admin-documents-nothing")).await;
    olga.click(&hook("admin-tab-jobs")).await;
    olga.see("h1", "Jobs").await;
    olga.close().await;
}

#[tokio::test]
async fn a_server_that_is_not_open_asks_strangers_to_sign_in() {
    let server = TestServer::start().await;
    let olga = owner(&server).await;
    make(&server, "Jonas", "member").await;
    let jonas = Window::of("somebody", server.address(), "lobby").await;
    open(&olga, "settings").await;
    olga.click(&hook("access-invite")).await;
    olga.click(&hook("settings-save")).await;
    olga.see(&hook("notice"), "saved").await;
    olga.reload().await;
    olga.find(&format!("{}:checked", hook("access-invite"))).await;

    jonas.see(&hook("stranger"), "Sign in to come in").await;
    assert_eq!(jonas.count(&hook("composer")).await + jonas.count(&hook("room-link")).await, 0);
    fill(&jonas, "sign-in-name", "Jonas").await;
    fill(&jonas, "sign-in-password", PASSWORD).await;
    jonas.press(Key::Enter).await;
    is_signed_in(&jonas, "Jonas").await;
    jonas.say("here I am").await;
    jonas.hears("here I am").await;
    jonas.find(&format!("{}[data-room='lobby']", hook("room-link"))).await;

    let stranger = Window::new(WIDE).await;
    stranger.go(server.address(), "/people").await;
    stranger.find(&hook("stranger")).await;
    assert_eq!(stranger.count("dialog").await, 0, "nobody is asked for a name");
    stranger.close_after(REFUSED).await;
    jonas.close_after(REFUSED).await;
    olga.close().await;
}

#[tokio::test]
async fn a_token_is_shown_once_and_works_until_it_is_revoked() {
    let server = TestServer::start().await;
    let jonas = somebody(&server, "Jonas", "member", "lobby").await;
    jonas.click(&hook("account-open")).await;
    jonas.find(&hook("tokens-nothing")).await;
    jonas.click(&hook("token-new")).await;
    jonas.find(&hook("token-name")).await;
    assert_eq!(jonas.count(&hook("token-scope-administration")).await, 0, "members look after nothing");
    jonas.press("nightly report").await;
    jonas.click(&hook("token-scope-post")).await;
    jonas.click(&hook("token-make")).await;
    jonas.find(&hook("secret")).await;
    let token: String = jonas.ask("document.querySelector('[data-testid=secret]').value").await;
    jonas.click(&hook("secret-copy")).await;
    jonas.see(&hook("secret-copied"), "Copied").await;
    jonas.click(&hook("secret-done")).await;
    jonas.see(&hook("token"), "Read and Write").await;
    assert!(!jonas.ask::<String>("document.body.innerText").await.contains(&token), "it is shown once");

    let post = async || {
        let request = Request::new("POST", &server.url("/api/rooms/lobby/messages"));
        let request = request.header("authorization", &format!("Bearer {token}"));
        request.json(serde_json::json!({"message": "by a program"})).send().await.status
    };
    assert_eq!(post().await, 201);
    jonas.reload().await;
    jonas.see(&hook("token"), "last used").await;
    jonas.click(&hook("token-revoke")).await;
    jonas.find(&hook("tokens-nothing")).await;
    becomes(401, post).await;
    jonas.close().await;
}

#[tokio::test]
async fn who_may_run_a_command_is_changed_and_taken_back() {
    let server = TestServer::start().await;
    let olga = owner(&server).await;
    let jonas = somebody(&server, "Jonas", "member", "lobby").await;
    jonas.click(&hook("composer")).await;
    jonas.press("/sta").await;
    jonas.see(&hook("completion-item"), "/status").await;
    open(&olga, "commands").await;
    let row = format!("{}[data-command='status']", hook("admin-command"));
    olga.see(&row, "everywhere").await;
    olga.click(&format!("{row} {}", hook("admin-command-change"))).await;
    olga.choose(&hook("command-allow"), "moderator").await;
    olga.click(&hook("command-rooms")).await;
    olga.press("ops, a!b").await;
    olga.click(&hook("command-save")).await;
    olga.find(&format!("{}.problem", hook("command-rooms-words"))).await;
    fill(&olga, "command-rooms", "#ops").await;
    olga.click(&hook("command-save")).await;
    olga.see(&row, "Moderators and admins").await;
    olga.see(&row, "ops").await;
    olga.see(&row, "changed").await;
    jonas.until("document.querySelectorAll('[data-testid=completion-item]').length === 0").await;

    olga.click(&format!("{row} {}", hook("admin-command-change"))).await;
    olga.click(&hook("command-reset")).await;
    olga.see(&row, "Everybody").await;
    jonas.see(&hook("completion-item"), "/status").await;
    olga.close_after(REFUSED).await;
    jonas.close().await;
}
