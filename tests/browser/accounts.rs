//! People with accounts: invited, signed in, looked after.

use fantoccini::key::Key;
use serde_json::json;

use crate::preferences::UNTRANSLATED;
use crate::support::TestServer;
use crate::window::{PHONE, WIDE, Window, becomes, hook};

pub const PASSWORD: &str = "correct horse battery";

/// What the browser says of each refused request.
const REFUSED: &str = "the server responded with a status of 4";

/// Writes into a field in place of what stands there.
pub async fn fill(window: &Window, field: &str, text: &str) {
    window.click(&hook(field)).await;
    window.clear().await;
    window.press(text).await;
}

/// Makes an account by an invitation.
pub async fn join(window: &Window, server: &TestServer, token: &str, name: &str) {
    window.go(server.address(), &format!("/join#{token}")).await;
    window.find(&hook("join-form")).await;
    fill(window, "join-name", name).await;
    fill(window, "join-password", PASSWORD).await;
    window.press(Key::Enter).await;
    window.until("document.querySelector('[data-testid=join-ready], [data-testid=account-open]')").await;
    if window.count(&hook("join-ready")).await > 0 {
        window.click(&hook("join-to-rooms")).await;
    }
    is_signed_in(window, name).await;
}

pub async fn is_signed_in(window: &Window, name: &str) {
    window.see(&hook("account-open"), name).await;
    window.find(&hook("own-role")).await;
    window.connection("open").await;
}

/// The owner's window, with an account made by the first link.
pub async fn owner(server: &TestServer) -> Window {
    let olga = Window::new(WIDE).await;
    join(&olga, server, server.first_invitation(), "Olga").await;
    olga
}

/// Makes an invitation on the page of people and returns its token.
async fn invite(owner: &Window, role: &str) -> String {
    owner.click(&hook("admin-link")).await;
    owner.click(&hook("admin-tab-people")).await;
    owner.click(&hook("invite")).await;
    owner.choose(&hook("invite-role"), role).await;
    owner.click(&hook("invite-make")).await;
    owner.find(&hook("secret")).await;
    let link: String = owner.ask("document.querySelector('[data-testid=secret]').value").await;
    owner.click(&hook("secret-done")).await;
    owner.gone("dialog").await;
    link.split_once("/join#").expect("a link to join with").1.to_owned()
}

/// A window on a room in which somebody with a new account of that role is signed in.
pub async fn somebody(server: &TestServer, name: &str, role: &str, room: &str) -> Window {
    make(server, name, role).await;
    come(server, name, room).await
}

/// A window on a room in which somebody is signed in to an account.
pub async fn come(server: &TestServer, name: &str, room: &str) -> Window {
    let window = Window::new(WIDE).await;
    window.go(server.address(), &format!("/room/{room}")).await;
    window.find(&hook("handle-input")).await;
    window.press(Key::Escape).await;
    window.gone("dialog").await;
    sign_in(&window, name, PASSWORD).await;
    is_signed_in(&window, name).await;
    window
}

/// Makes an account.
pub async fn make(server: &TestServer, name: &str, role: &str) {
    let account = json!({"name": name, "role": role, "password": PASSWORD});
    assert_eq!(server.request("POST", "/api/accounts").by_owner().json(account).send().await.status, 201);
}

pub async fn sign_in(window: &Window, name: &str, password: &str) {
    window.click(&hook("owner-open")).await;
    fill(window, "sign-in-name", name).await;
    fill(window, "sign-in-password", password).await;
    window.press(Key::Enter).await;
}

#[tokio::test]
async fn the_first_link_makes_the_owners_account_and_takes_the_guests_talk_along() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.click(&format!("{}[data-room='@bot']", hook("room-link"))).await;
    ann.say("sum 1 2").await;
    ann.hears("1 + 2 = 3").await;

    let link = format!("/join#{}", server.first_invitation());
    ann.go(server.address(), &link).await;
    ann.see("h1", "Set up this server").await;
    ann.see(&hook("join-comes-along"), "as Ann").await;
    assert_eq!(ann.ask::<String>("location.pathname + location.hash").await, "/join", "the token does not stay there");
    ann.until("document.activeElement.dataset.testid === 'join-password'").await;
    ann.press(PASSWORD).await;
    ann.press(Key::Enter).await;
    ann.see(&hook("join-ready"), "can come in as a guest").await;
    ann.click(&hook("join-to-rooms")).await;
    is_signed_in(&ann, "Ann").await;
    ann.see(&hook("own-role"), "owner").await;
    ann.see("h1", "Talk to bot").await;
    ann.hears("1 + 2 = 3").await;
    ann.reload().await;
    is_signed_in(&ann, "Ann").await;
    ann.hears("1 + 2 = 3").await;

    let ben = Window::new(WIDE).await;
    ben.go(server.address(), &link).await;
    ben.see(&hook("join-dead"), "Ask whoever sent it").await;
    ben.click(&hook("join-to-rooms")).await;
    ben.see("h1", "lobby").await;
    ben.close_after(REFUSED).await;

    // What was said to the bot is behind the password now.
    ann.click(&hook("owner-sign-out")).await;
    ann.find(&hook("handle-open")).await;
    ann.gone(&hook("message")).await;
    ann.say("sum 3 4").await;
    ann.hears("3 + 4 = 7").await;
    assert_eq!(ann.texts().await, ["sum 3 4", "3 + 4 = 7"]);
    sign_in(&ann, "Ann", PASSWORD).await;
    is_signed_in(&ann, "Ann").await;
    ann.hears("1 + 2 = 3").await;
    assert_eq!(ann.texts().await, ["sum 1 2", "1 + 2 = 3"]);
    ann.close().await;
}

#[tokio::test]
async fn whoever_is_invited_becomes_a_member_once() {
    let server = TestServer::start().await;
    let olga = owner(&server).await;
    let token = invite(&olga, "member").await;
    olga.see(&hook("invitation"), "for 1 more person").await;

    let ben = Window::new(WIDE).await;
    ben.go(server.address(), &format!("/join#{token}")).await;
    ben.see("h1", "You are invited").await;
    assert_eq!(ben.count("dialog").await, 0, "nobody is asked for a name twice");
    fill(&ben, "join-name", "olga").await;
    fill(&ben, "join-password", "short").await;
    ben.click(&hook("join-submit")).await;
    ben.see("#field-password-words", "at least 8").await;
    fill(&ben, "join-password", PASSWORD).await;
    ben.click(&hook("join-submit")).await;
    ben.see("#field-name-words", "is taken").await;
    ben.until("document.activeElement.dataset.testid === 'join-name'").await;
    fill(&ben, "join-name", "Ben").await;
    ben.press(Key::Enter).await;
    is_signed_in(&ben, "Ben").await;
    ben.see(&hook("own-role"), "member").await;
    assert_eq!(ben.count(&hook("admin-link")).await, 0, "members do not look after people");
    ben.say("here I am").await;
    ben.hears("here I am").await;
    assert_eq!(ben.count(&hook("message-delete")).await, 0, "members delete nothing");

    olga.reload().await;
    olga.find(&hook("invitations-nothing")).await;
    olga.click(&hook("people-tab-list")).await;
    olga.see(&hook("person"), "Ben").await;
    olga.click(&hook("people-search")).await;
    olga.press("be").await;
    olga.until("document.querySelectorAll('[data-testid=person]').length === 1").await;
    olga.close().await;
    ben.close_after(REFUSED).await;
}

#[tokio::test]
async fn an_invitation_can_be_taken_back() {
    let server = TestServer::start().await;
    let olga = owner(&server).await;
    let token = invite(&olga, "moderator").await;
    olga.click(&hook("invitation-revoke")).await;
    olga.find(&hook("invitations-nothing")).await;
    olga.see(&hook("notice"), "revoked").await;
    let list = async || server.request("GET", "/api/invitations").by_owner().send().await;
    becomes(true, async || list().await.json()["invitations"] == serde_json::json!([])).await;

    let ben = Window::new(WIDE).await;
    ben.go(server.address(), &format!("/join#{token}")).await;
    ben.find(&hook("join-dead")).await;
    olga.close().await;
    ben.close_after(REFUSED).await;
}

#[tokio::test]
async fn signing_out_everywhere_reaches_the_other_window() {
    let server = TestServer::start().await;
    let home = owner(&server).await;
    let away = Window::of("somebody", server.address(), "lobby").await;
    sign_in(&away, "Olga", "wrong horse battery").await;
    away.see("#field-password-words", "not right").await;
    fill(&away, "sign-in-password", PASSWORD).await;
    away.click(&hook("sign-in-submit")).await;
    is_signed_in(&away, "Olga").await;

    home.click(&hook("account-open")).await;
    home.until("document.querySelectorAll('[data-testid=session]').length === 2").await;
    home.see(&format!("{}[data-current='true']", hook("session")), "this device").await;
    home.click(&hook("sign-out-everywhere")).await;
    home.click(&hook("confirm")).await;
    home.find(&hook("account-guest")).await;
    home.gone("dialog").await;
    let notices = "[...document.querySelectorAll('[data-testid=notice]')].map((notice) => notice.innerText)";
    let told = home.ask::<Vec<String>>(notices).await;
    assert!(!told.iter().any(|text| text.contains("signed out")), "whoever asks for it need not be told: {told:?}");

    away.see(&hook("notice"), "You have been signed out").await;
    away.see(&hook("handle-open"), "somebody").await;
    away.connection("open").await;
    away.say("a guest again").await;
    away.hears("a guest again").await;
    away.click(&format!("{} .link", hook("notice"))).await;
    away.find(&hook("sign-in-name")).await;
    away.close_after(REFUSED).await;
    home.close().await;
}

#[tokio::test]
async fn a_new_password_takes_the_place_of_the_old_one() {
    let server = TestServer::start().await;
    let olga = owner(&server).await;
    olga.click(&hook("account-open")).await;
    fill(&olga, "password-current", "not this one").await;
    fill(&olga, "password-new", "another horse battery").await;
    olga.click(&hook("password-save")).await;
    olga.see("#field-current-words", "not right").await;
    fill(&olga, "password-current", PASSWORD).await;
    olga.click(&hook("password-save")).await;
    olga.see(&hook("notice"), "password is changed").await;

    olga.click(&hook("owner-sign-out")).await;
    olga.find(&hook("account-guest")).await;
    sign_in(&olga, "Olga", PASSWORD).await;
    olga.see("#field-password-words", "not right").await;
    fill(&olga, "sign-in-password", "another horse battery").await;
    olga.press(Key::Enter).await;
    is_signed_in(&olga, "Olga").await;
    olga.close_after(REFUSED).await;
}

#[tokio::test]
async fn people_get_other_roles_and_are_kept_out() {
    let server = TestServer::start().await;
    let olga = owner(&server).await;
    let ben = Window::new(WIDE).await;
    join(&ben, &server, &invite(&olga, "member").await, "Ben").await;

    olga.click(&hook("people-tab-list")).await;
    olga.reload().await;
    olga.see(&hook("person"), "Ben").await;
    assert_eq!(olga.count(&hook("person-role")).await, 1, "nobody changes the own role");
    olga.choose(&hook("person-role"), "moderator").await;
    olga.see(&hook("notice"), "is now: moderator").await;
    ben.see(&hook("own-role"), "moderator").await;
    ben.connection("open").await;

    olga.click(&hook("person-more")).await;
    olga.click(&hook("menu-disable")).await;
    olga.click(&hook("confirm")).await;
    olga.find(&hook("person-disabled")).await;
    ben.see(&hook("notice"), "You have been signed out").await;
    ben.find(&hook("handle-open")).await;
    sign_in(&ben, "Ben", PASSWORD).await;
    ben.see("#field-password-words", "not right").await;

    olga.click(&hook("person-more")).await;
    olga.click(&hook("menu-enable")).await;
    olga.gone(&hook("person-disabled")).await;
    olga.click(&hook("person-more")).await;
    olga.click(&hook("menu-password")).await;
    fill(&olga, "set-password", "the third horse").await;
    olga.press(Key::Enter).await;
    olga.see(&hook("notice"), "has a new password").await;
    fill(&ben, "sign-in-password", "the third horse").await;
    ben.press(Key::Enter).await;
    is_signed_in(&ben, "Ben").await;
    olga.close().await;
    ben.close_after(REFUSED).await;
}

#[tokio::test]
async fn accounts_fit_on_a_phone_in_every_language() {
    let server = TestServer::start().await;
    let lea = Window::new(PHONE).await;
    join(&lea, &server, server.first_invitation(), "Lea").await;
    let body = json!({"role": "member", "uses": 5}).to_string();
    let invited = format!(
        "fetch('/api/invitations', {{method: 'POST', headers: {{'Content-Type': 'application/json'}}, body: {}}}).then(({{status}}) => status)",
        json!(body)
    );
    assert_eq!(lea.ask::<u16>(&invited).await, 201);
    for language in ["en", "zh-Hans", "zh-Hant"] {
        lea.ask::<()>(&format!("localStorage.setItem('chatbot.locale', {})", json!(json!(language).to_string()))).await;
        for (path, shown) in [
            ("/account", "session"),
            ("/people", "person"),
            ("/people?invitations", "invitation"),
            ("/join", "join-has-account"),
        ] {
            lea.go(server.address(), path).await;
            lea.find(&hook(shown)).await;
            lea.until("document.querySelector('main').getBoundingClientRect().width > 0").await;
            let width: u32 = lea.ask("Math.max(document.documentElement.scrollWidth, document.querySelector('.page-body, .alone-body').scrollWidth)").await;
            assert!(width <= PHONE.width, "{path} in {language} is {width} wide");
            assert_eq!(lea.ask::<Vec<String>>(UNTRANSLATED).await, [""; 0], "{path} in {language}");
        }
    }
    lea.close().await;
}

#[tokio::test]
async fn two_accounts_become_one_and_two_again() {
    let server = TestServer::start().await;
    let olga = owner(&server).await;
    for name in ["Robert", "Bob"] {
        make(&server, name, "member").await;
    }
    olga.click(&hook("admin-link")).await;
    olga.click(&hook("admin-tab-people")).await;
    olga.click("[data-testid='person-more'][aria-label*='Robert']").await;
    olga.click(&hook("menu-merge")).await;
    fill(&olga, "merge-into", "Nobody").await;
    olga.click(&hook("merge")).await;
    olga.see(&hook("merge-into-words"), "no such account").await;
    fill(&olga, "merge-into", "Bob").await;
    olga.click(&hook("merge")).await;
    olga.see(&hook("notice"), "Robert is Bob now").await;
    olga.find(&hook("person-disabled")).await;
    olga.reload().await;
    olga.see(&hook("merge-entry"), "Robert is Bob").await;
    olga.click(&hook("merge-undo")).await;
    // It goes when nobody wants it back.
    olga.gone(&hook("person-disabled")).await;
    olga.close_after("the server responded with a status of 4").await;
}
