//! Invitations with rooms and codes, and the set-up that ends with one.

use fantoccini::key::Key;
use serde_json::json;

use crate::accounts::{PASSWORD, fill, is_signed_in, owner};
use crate::support::TestServer;
use crate::window::{PHONE, WIDE, Window, hook};

/// What the browser says of each refused request.
const REFUSED: &str = "the server responded with a status of 4";

/// What the code on the page says, as the camera of a phone reads it.
async fn read_code(window: &Window) -> String {
    /// Pixels of a module.
    const SCALE: usize = 4;
    let size: usize = window.ask(&format!("Number(document.querySelector(\"{}\").dataset.size)", hook("qr"))).await;
    let path: String = window.ask(&format!("document.querySelector(\"{} path\").getAttribute('d')", hook("qr"))).await;
    let mut dark = vec![vec![false; size]; size];
    for run in path.split('M').filter(|run| !run.is_empty()) {
        let (x, rest) = run.split_once(' ').expect("a place");
        let (y, rest) = rest.split_once('h').expect("a run");
        let length = rest.split('v').next().expect("a length");
        let [x, y, length] = [x, y, length].map(|number| number.parse::<usize>().expect("a number"));
        dark[y][x..x + length].fill(true);
    }
    let shade = |x: usize, y: usize| if dark[y / SCALE][x / SCALE] { 0 } else { 255 };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(size * SCALE, size * SCALE, shade);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one code");
    grids[0].decode().expect("readable").1
}

async fn secret(window: &Window) -> String {
    window.find(&hook("secret")).await;
    window.ask("document.querySelector('[data-testid=secret]').value").await
}

#[tokio::test]
async fn the_set_up_asks_who_may_come_in_and_ends_with_the_first_invitation() {
    let server = TestServer::start().await;
    let olga = Window::new(PHONE).await;
    olga.go(server.address(), &format!("/join#{}", server.first_invitation())).await;
    olga.find(&format!("{}:checked", hook("access-open"))).await;
    olga.click(&hook("access-invite")).await;
    fill(&olga, "join-name", "Olga").await;
    fill(&olga, "join-password", PASSWORD).await;
    olga.press(Key::Enter).await;
    olga.see(&hook("join-ready"), "send the first people a link").await;
    let settings = server.request("GET", "/api/settings").by_owner().send().await.json();
    assert_eq!(settings["access"], "invite");
    olga.click(&hook("invite-make")).await;
    let link = secret(&olga).await;
    assert!(link.starts_with(&format!("http://{}/join#", server.address())), "{link}");
    assert_eq!(read_code(&olga).await, link);
    let width: u32 = olga.ask("document.querySelector('.alone-body').scrollWidth").await;
    assert!(width <= PHONE.width, "{width}");

    let ben = Window::new(WIDE).await;
    ben.go(server.address(), link.split_once(&server.address().to_string()).expect("a path").1).await;
    fill(&ben, "join-name", "Ben").await;
    fill(&ben, "join-password", PASSWORD).await;
    ben.press(Key::Enter).await;
    is_signed_in(&ben, "Ben").await;
    olga.click(&hook("secret-done")).await;
    olga.connection("open").await;
    olga.find(&hook("composer")).await;
    // What it asked for before the server said that it is for people with an account.
    ben.close_after(REFUSED).await;
    olga.close_after(REFUSED).await;
}

#[tokio::test]
async fn where_admins_make_all_accounts_the_set_up_ends_with_that() {
    let server = TestServer::start().await;
    let olga = Window::new(WIDE).await;
    olga.go(server.address(), &format!("/join#{}", server.first_invitation())).await;
    olga.click(&hook("access-members")).await;
    fill(&olga, "join-name", "Olga").await;
    fill(&olga, "join-password", PASSWORD).await;
    olga.press(Key::Enter).await;
    olga.see(&hook("join-ready"), "make accounts").await;
    assert_eq!(olga.count(&hook("invite-form")).await, 0, "invitations do not work");
    olga.click(&hook("join-to-people")).await;
    olga.see(&hook("person"), "Olga").await;
    olga.close().await;
}

#[tokio::test]
async fn an_invitation_leads_to_rooms() {
    let server = TestServer::start().await;
    let olga = owner(&server).await;
    for room in [json!({"name": "team", "kind": "closed", "title": "The team"}), json!({"name": "garden"})] {
        let body = json!(room.to_string());
        let made = format!(
            "fetch('/api/rooms', {{method: 'POST', headers: {{'Content-Type': 'application/json'}}, body: {body}}}).then(({{status}}) => status)"
        );
        assert_eq!(olga.ask::<u16>(&made).await, 201);
    }
    olga.click(&hook("admin-link")).await;
    olga.click(&hook("admin-tab-people")).await;
    olga.click(&hook("invite")).await;
    for room in ["garden", "team"] {
        olga.choose(&hook("invite-rooms"), room).await;
    }
    olga.until("document.querySelectorAll('[data-testid=invite-room]').length === 2").await;
    olga.click(&hook("invite-make")).await;
    let link = secret(&olga).await;
    assert_eq!(read_code(&olga).await, link);
    olga.click(&hook("secret-done")).await;
    olga.see(&hook("invitation"), "garden and The team").await;

    let ben = Window::new(WIDE).await;
    ben.go(server.address(), link.split_once(&server.address().to_string()).expect("a path").1).await;
    ben.see(&hook("join-rooms"), "garden and The team").await;
    fill(&ben, "join-name", "Ben").await;
    fill(&ben, "join-password", PASSWORD).await;
    ben.press(Key::Enter).await;
    is_signed_in(&ben, "Ben").await;
    ben.see("h1", "garden").await;
    ben.click(&format!("{}[data-room='team']", hook("room-link"))).await;
    ben.see("h1", "The team").await;
    ben.say("here I am").await;
    ben.hears("here I am").await;
    ben.close().await;
    olga.close().await;
}
