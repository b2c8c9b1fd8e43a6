//! What people sign in with beside a password: passkeys, codes of an authenticator app, an identity provider.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::accounts::{PASSWORD, fill, is_signed_in, make, somebody};
use crate::support::fake_provider::FakeProvider;
use crate::support::{TestServer, authenticator_code};
use crate::window::{WIDE, Window, hook};

/// What the browser says of each refused request.
const REFUSED: &str = "the server responded with a status of 4";

/// Gives the window's browser a device that makes and uses passkeys, with a finger on it.
pub async fn with_authenticator(window: &Window) {
    window.devtools("WebAuthn.enable", json!({})).await;
    let options = json!({
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
        "isUserVerified": true, "automaticPresenceSimulation": true,
    });
    window.devtools("WebAuthn.addVirtualAuthenticator", json!({"options": options})).await;
}

async fn sign_out(window: &Window) {
    window.click(&hook("owner-sign-out")).await;
    window.gone(&hook("own-role")).await;
    window.connection("open").await;
}

#[tokio::test]
async fn the_owner_makes_a_passkey_and_signs_in_with_it_alone() {
    let (server, url) = TestServer::on_localhost(|_, _| {}).await;
    let olga = Window::new(WIDE).await;
    with_authenticator(&olga).await;
    olga.visit(&format!("{url}/join#{}", server.first_invitation())).await;
    fill(&olga, "join-name", "Olga").await;
    fill(&olga, "join-password", PASSWORD).await;
    olga.press(Key::Enter).await;
    olga.find(&hook("join-ready")).await;
    olga.click(&hook("join-to-rooms")).await;
    is_signed_in(&olga, "Olga").await;

    olga.click(&hook("account-open")).await;
    olga.click(&hook("passkey-add")).await;
    fill(&olga, "passkey-name", "My finger").await;
    fill(&olga, "passkey-password", "wrong password").await;
    olga.press(Key::Enter).await;
    olga.see(&hook("passkey-password-words"), "not right").await;
    fill(&olga, "passkey-password", PASSWORD).await;
    olga.press(Key::Enter).await;
    olga.gone("dialog").await;
    olga.see(&hook("passkey"), "My finger").await;

    sign_out(&olga).await;
    // What is sent is kept, to be sent once more.
    let keep = "const real = window.fetch; window.fetch = (path, request) => { if (path === '/api/session/passkey') window.kept = request.body; return real(path, request); }";
    olga.ask::<Value>(&format!("(() => {{ {keep} }})()")).await;
    olga.click(&hook("owner-open")).await;
    olga.click(&hook("sign-in-passkey")).await;
    is_signed_in(&olga, "Olga").await;
    olga.see(&hook("own-role"), "owner").await;
    let kept: String = olga.ask("window.kept").await;
    let again =
        server.request("POST", "/api/session/passkey").json(serde_json::from_str(&kept).expect("JSON")).send().await;
    assert_eq!(again.refusal(), (401, "bad_passkey".into()), "an answer works once");

    olga.click(&hook("account-open")).await;
    olga.see(&hook("passkey"), "last used").await;
    olga.click(&hook("passkey-remove")).await;
    fill(&olga, "with-password-password", PASSWORD).await;
    olga.press(Key::Enter).await;
    olga.gone(&hook("passkey")).await;
    sign_out(&olga).await;
    olga.click(&hook("owner-open")).await;
    olga.click(&hook("sign-in-passkey")).await;
    olga.see(&hook("other-ways-problem"), "does not work here").await;
    olga.close_after(REFUSED).await;
}

#[tokio::test]
async fn without_a_name_for_the_server_the_page_says_why_there_are_no_passkeys() {
    let server = TestServer::start().await;
    let ann = somebody(&server, "Ann", "member", "lobby").await;
    ann.click(&hook("account-open")).await;
    ann.see(&hook("passkeys-off"), "http.public_url").await;
    ann.close().await;
}

#[tokio::test]
async fn an_authenticator_app_is_set_up_and_asked_for() {
    let server = TestServer::start().await;
    let ann = somebody(&server, "Ann", "member", "lobby").await;
    ann.click(&hook("account-open")).await;
    ann.click(&hook("factor-add")).await;
    fill(&ann, "factor-password", PASSWORD).await;
    ann.press(Key::Enter).await;
    ann.find(&hook("factor-secret")).await;
    ann.find(&hook("qr")).await;
    let secret: String = ann.ask("document.querySelector('[data-testid=factor-secret]').textContent").await;
    fill(&ann, "factor-code", "000000").await;
    ann.press(Key::Enter).await;
    ann.see(&hook("factor-code-words"), "not right").await;
    fill(&ann, "factor-code", &authenticator_code(&secret, 0)).await;
    ann.press(Key::Enter).await;
    ann.find(&hook("recovery-codes")).await;
    let codes: String = ann.ask("document.querySelector('[data-testid=recovery-codes]').value").await;
    assert_eq!(codes.lines().count(), 10, "{codes}");
    ann.click(&hook("recovery-done")).await;
    ann.see(&hook("factor-on"), "10 recovery codes").await;

    for code in [authenticator_code(&secret, 30), codes.lines().next().expect("a code").to_owned()] {
        sign_out(&ann).await;
        ann.click(&hook("owner-open")).await;
        fill(&ann, "sign-in-name", "Ann").await;
        fill(&ann, "sign-in-password", PASSWORD).await;
        ann.press(Key::Enter).await;
        ann.until("document.activeElement.dataset.testid === 'sign-in-code'").await;
        ann.press("123").await;
        ann.press(Key::Enter).await;
        ann.see(&hook("sign-in-code-words"), "not right").await;
        fill(&ann, "sign-in-code", &code).await;
        ann.press(Key::Enter).await;
        is_signed_in(&ann, "Ann").await;
    }
    ann.click(&hook("account-open")).await;
    ann.see(&hook("factor-on"), "9 recovery codes").await;
    ann.click(&hook("factor-remove")).await;
    fill(&ann, "with-password-password", PASSWORD).await;
    ann.press(Key::Enter).await;
    ann.find(&hook("factor-add")).await;
    ann.close_after(REFUSED).await;
}

#[tokio::test]
async fn people_sign_in_at_the_identity_provider_and_link_the_account_that_they_have() {
    let provider = FakeProvider::start().await;
    let (server, url) = TestServer::on_localhost(|config, url| provider.used_by(config, url)).await;
    provider.knows(json!({"sub": "7", "preferred_username": "mia"}));
    let mia = Window::new(WIDE).await;
    mia.visit(&format!("{url}/room/tea")).await;
    mia.find(&hook("handle-input")).await;
    mia.press(Key::Escape).await;
    mia.gone("dialog").await;
    mia.click(&hook("owner-open")).await;
    mia.click(&hook("sign-in-provider")).await;
    is_signed_in(&mia, "mia").await;
    mia.until("location.search === '' && location.pathname.startsWith('/room/')").await;
    mia.click(&hook("account-open")).await;
    mia.see(&hook("identity-state"), "You can sign in with Example").await;
    mia.find(&hook("factor-needs-password")).await;
    mia.close().await;

    make(&server, "Ben", "member").await;
    provider.knows(json!({"sub": "8", "preferred_username": "ben at work"}));
    let ben = Window::new(WIDE).await;
    ben.visit(&format!("{url}/room/tea")).await;
    ben.find(&hook("handle-input")).await;
    ben.press(Key::Escape).await;
    ben.gone("dialog").await;
    crate::accounts::sign_in(&ben, "Ben", PASSWORD).await;
    is_signed_in(&ben, "Ben").await;
    ben.click(&hook("account-open")).await;
    ben.click(&hook("identity-link")).await;
    fill(&ben, "with-password-password", PASSWORD).await;
    ben.press(Key::Enter).await;
    ben.see(&hook("identity-state"), "You can sign in with Example").await;
    sign_out(&ben).await;
    ben.click(&hook("owner-open")).await;
    ben.click(&hook("sign-in-provider")).await;
    is_signed_in(&ben, "Ben").await;

    // Whoever comes from elsewhere with an answer that nobody asked for is not signed in.
    ben.visit(&format!("{url}/sign-in?code=stolen&state=x")).await;
    ben.see(&hook("arrival-problem"), "not completed").await;
    ben.click(&hook("arrival-to-rooms")).await;
    ben.find("h1").await;
    ben.close().await;
}
