//! What the server has of somebody: downloaded, and removed for good.

use fantoccini::key::Key;

use crate::accounts::{PASSWORD, fill, owner, sign_in, somebody};
use crate::others;
use crate::support::TestServer;
use crate::window::{PHONE, Window, hook};

/// What the browser says of each refused request.
const REFUSED: &str = "the server responded with a status of 4";

#[tokio::test]
async fn somebody_downloads_everything_and_leaves() {
    let server = TestServer::start().await;
    let ben = Window::of("Ben", server.address(), "lobby").await;
    let jonas = somebody(&server, "Jonas", "member", "lobby").await;
    jonas.say("tea at four").await;
    ben.hears("tea at four").await;
    jonas.click(&hook("account-open")).await;
    jonas.find(&hook("own-data-export")).await;
    let file = "fetch(document.querySelector('[data-testid=own-data-export]').href).then((file) => file.headers.get('content-type'))";
    assert_eq!(jonas.ask::<String>(file).await, "application/zip");

    jonas.click(&hook("own-data-leave")).await;
    fill(&jonas, "leave-password", "not this one").await;
    jonas.click(&hook("leave-submit")).await;
    jonas.see("#field-password-words", "not right").await;
    fill(&jonas, "leave-password", PASSWORD).await;
    jonas.press(Key::Enter).await;
    jonas.see(&hook("notice"), "account is deleted").await;
    jonas.find(&hook("handle-open")).await;
    jonas.connection("open").await;
    let author = "document.querySelector('[data-testid=message-author]').innerText === 'Deleted user'";
    ben.until(author).await;
    ben.hears("tea at four").await;
    jonas.press(Key::Escape).await;
    sign_in(&jonas, "Jonas", PASSWORD).await;
    jonas.see("#field-password-words", "not right").await;
    jonas.close_after(REFUSED).await;
    ben.close().await;
}

#[tokio::test]
async fn a_guest_is_forgotten_with_what_was_said() {
    let server = TestServer::start().await;
    let ben = Window::of("Ben", server.address(), "lobby").await;
    ben.say("tea at four").await;
    ben.hears("tea at four").await;
    ben.click(&hook("handle-open")).await;
    ben.click(&hook("own-data-open")).await;
    ben.find(&hook("account-guest")).await;
    ben.click(&hook("own-data-leave")).await;
    ben.click(&hook("left-messages-remove")).await;
    ben.click(&hook("leave-submit")).await;
    ben.see(&hook("notice"), "forgotten you").await;
    ben.see(&hook("message-text"), "deleted").await;
    ben.until("document.querySelector('[data-testid=message-author]').innerText === 'Deleted user'").await;
    ben.close().await;
}

#[tokio::test]
async fn admins_delete_accounts() {
    let server = TestServer::start().await;
    others::say(server.address(), "lobby", "Ben", "hello").await;
    let olga = owner(&server).await;
    crate::accounts::make(&server, "Jonas", "member").await;
    olga.click(&hook("admin-link")).await;
    olga.click(&hook("admin-tab-people")).await;
    olga.click(&hook("person-more")).await;
    olga.click(&hook("menu-remove")).await;
    olga.see("dialog h2", "Delete the account of Jonas?").await;
    olga.click(&hook("leave-submit")).await;
    olga.see(&hook("notice"), "account of Jonas is deleted").await;
    olga.until("document.querySelectorAll('[data-testid=person]').length === 1").await;
    olga.close().await;
}

#[tokio::test]
async fn leaving_fits_on_a_phone() {
    let server = TestServer::start().await;
    let lea = Window::new(PHONE).await;
    crate::accounts::join(&lea, &server, server.first_invitation(), "Lea").await;
    lea.go(server.address(), "/account").await;
    lea.click(&hook("own-data-leave")).await;
    lea.find(&hook("leave-form")).await;
    let width: u32 = lea.ask("document.querySelector('dialog').scrollWidth").await;
    assert!(width <= PHONE.width, "{width}");
    fill(&lea, "leave-password", PASSWORD).await;
    lea.press(Key::Enter).await;
    lea.see(&hook("form-problem"), "Nobody else is an owner").await;
    lea.close_after(REFUSED).await;
}
