//! Reporting, and ending an attack.

use fantoccini::key::Key;
use serde_json::json;

use crate::accounts::{fill, make, owner, somebody};
use crate::administration::turn_to;
use crate::keyboard::tab_to;
use crate::others;
use crate::support::TestServer;
use crate::window::{Window, hook};

/// What the browser says of each refused request.
const REFUSED: &str = "the server responded with a status of 4";

/// Opens the menu of a message.
async fn open_menu(window: &Window, seq: u64) {
    window.click(&format!("[data-seq='{seq}'] {}", hook("message-more"))).await;
    window.until("document.activeElement.getAttribute('role') === 'menuitem'").await;
}

#[tokio::test]
async fn a_moderator_ends_an_attack_with_three_clicks_and_removes_what_it_left() {
    let server = TestServer::start().await;
    let mira = somebody(&server, "Mira", "moderator", "lobby").await;
    mira.say("good morning").await;
    mira.hears("good morning").await;
    let attacker = Window::of("Ann", server.address(), "lobby").await;
    for text in ["buy this", "and that"] {
        attacker.say(text).await;
    }
    attacker.say("/sleep 600 spam").await;
    mira.find(&hook("job-card")).await;
    let seq = mira.hears("and that").await;

    mira.click(&format!("[data-seq='{seq}'] {}", hook("message-more"))).await;
    mira.click(&hook("menu-stop")).await;
    // Moderator and attacker come from one address here, which would stop both.
    mira.click(&hook("stop-by-author")).await;
    mira.click(&hook("stop")).await;

    mira.see(&hook("notice"), "Ann is banned. Removed: 4 messages and 1 job.").await;
    let deleted = "This message was deleted.";
    mira.until("document.querySelectorAll('.text.deleted').length === 4").await;
    mira.gone(&hook("job-card")).await;
    assert_eq!(mira.texts().await[0], "good morning", "what others said stays");
    assert!(mira.texts().await[1..].iter().all(|text| text == deleted), "{:?}", mira.texts().await);
    attacker.find(".empty-title").await;
    attacker.gone(&hook("composer")).await;
    assert_eq!(attacker.texts().await, [""; 0], "whoever is kept out does not read on either");
    mira.close().await;
    attacker.close_after(REFUSED).await;
}

#[tokio::test]
async fn whoever_is_muted_reads_on_and_is_told() {
    let server = TestServer::start().await;
    let mira = somebody(&server, "Mira", "moderator", "lobby").await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.say("na na na").await;
    let seq = mira.hears("na na na").await;
    open_menu(&mira, seq).await;
    mira.press(Key::End).await;
    mira.press(Key::Enter).await;
    mira.click(&hook("stop-by-author")).await;
    mira.choose(&hook("stop-kind"), "mute").await;
    mira.choose(&hook("stop-term"), "10").await;
    mira.choose(&hook("stop-clear"), "nothing").await;
    fill(&mira, "stop-reason", "sings").await;
    mira.press(Key::Enter).await;
    mira.see(&hook("notice"), "Ann is muted.").await;
    others::say(server.address(), "lobby", "Ben", "peace").await;
    ann.hears("peace").await;
    ann.see(&hook("read-only"), "not write just now").await;
    ann.hears("na na na").await;

    mira.click(&hook("admin-link")).await;
    // Moderators have one tab, and see its pages at once.
    mira.click(&hook("admin-chip-sanctions")).await;
    mira.see(&hook("sanction"), "muted").await;
    mira.see(&hook("sanction"), "sings").await;
    mira.click(&hook("sanction-end")).await;
    mira.find(&hook("sanctions-nothing")).await;
    ann.find(&hook("composer")).await;
    mira.close().await;
    ann.close().await;
}

#[tokio::test]
async fn what_is_reported_waits_for_a_moderator() {
    let server = TestServer::start().await;
    for text in ["something rude", "and something kind"] {
        others::say(server.address(), "lobby", "Ben", text).await;
    }
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.hears("and something kind").await;
    assert_eq!(ann.count(&hook("admin-link")).await, 0, "guests look after nothing");
    let menu_of = |seq: u64| format!("[data-seq='{seq}'] {}", hook("message-more"));
    tab_to(&ann, &menu_of(2), true).await;
    ann.press(Key::Up).await;
    ann.until(&format!("document.activeElement.matches({})", json!(menu_of(1)))).await;
    ann.press(Key::Enter).await;
    ann.until("document.activeElement.getAttribute('role') === 'menuitem'").await;
    assert_eq!(ann.count("[role=menuitem]").await, 1, "guests report, and nothing else");
    ann.press(Key::Escape).await;
    ann.gone("[role=menu]").await;
    ann.until(&format!("document.activeElement.matches({})", json!(menu_of(1)))).await;
    ann.press(Key::Enter).await;
    ann.click(&hook("menu-report")).await;
    ann.see(&hook("quoted"), "something rude").await;
    ann.press("not nice").await;
    ann.press(Key::Enter).await;
    ann.see(&hook("notice"), "Thank you").await;

    let mira = somebody(&server, "Mira", "moderator", "garden").await;
    mira.see(&hook("reports-waiting"), "1").await;
    mira.click(&hook("admin-link")).await;
    mira.see(&hook("report"), "not nice").await;
    assert_eq!(mira.count(&hook("admin-tab-audit")).await, 0, "moderators do not see what is for admins");
    mira.click(&hook("report-open")).await;
    mira.see("h1", "lobby").await;
    mira.hears("something rude").await;
    mira.click(&hook("admin-link")).await;
    mira.click(&hook("report-delete")).await;
    mira.click(&hook("confirm")).await;
    mira.find(&hook("reports-nothing")).await;
    mira.gone(&hook("reports-waiting")).await;
    ann.hears("This message was deleted.").await;
    mira.close().await;
    ann.close().await;
}

#[tokio::test]
async fn deleting_with_what_followed_ends_the_work_and_takes_the_answer_along() {
    let server = TestServer::start().await;
    let mira = somebody(&server, "Mira", "moderator", "lobby").await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.say("/sum 1 2").await;
    ann.hears("1 + 2 = 3").await;
    let seq = mira.hears("/sum 1 2").await;
    mira.hears("1 + 2 = 3").await;
    open_menu(&mira, seq).await;
    mira.click(&hook("menu-delete-following")).await;
    ann.until("document.querySelectorAll('.text.deleted').length === 2").await;
    mira.close().await;
    ann.close().await;
}

#[tokio::test]
async fn a_guests_message_waits_until_it_is_approved_and_another_is_rejected() {
    let server = TestServer::start().await;
    let olga = owner(&server).await;
    olga.click(&hook("admin-link")).await;
    olga.click(&hook("admin-tab-settings")).await;
    olga.click(&hook("hold-guests")).await;
    fill(&olga, "filter-words", "casino").await;
    olga.click(&hook("moderation-save")).await;
    olga.see(&hook("notice"), "saved").await;

    let ann = Window::of("Ann", server.address(), "lobby").await;
    let held = "[data-testid='message'][data-state='held']";
    ann.say("hello everybody").await;
    ann.see(held, "hello everybody").await;
    ann.see(held, "only you see it").await;
    ann.say("and this").await;
    ann.until(&format!("document.querySelectorAll(\"{held}\").length === 2")).await;
    ann.say("a casino").await;
    ann.see("[data-testid='message'][data-state='failed']", "not allowed here").await;
    ann.reload().await;
    ann.until(&format!("document.querySelectorAll(\"{held}\").length === 2")).await;

    turn_to(&olga, "held").await;
    olga.until("document.querySelectorAll('[data-testid=held]').length === 2").await;
    olga.see(&format!("{} .badge", hook("admin-tab-moderation")), "2").await;
    olga.click(&hook("held-approve")).await;
    olga.see(&hook("notice"), "approved").await;
    olga.see(&hook("held"), "and this").await;
    ann.hears("hello everybody").await;
    olga.click(&hook("held-reject")).await;
    olga.find(&hook("held-nothing")).await;
    // It goes when nobody wants it back.
    ann.see("[data-testid='message'][data-state='rejected']", "did not approve").await;
    ann.close().await;
    olga.close().await;
}

#[tokio::test]
async fn a_ban_and_a_setting_are_undone_with_one_click() {
    let server = TestServer::start().await;
    let olga = owner(&server).await;
    make(&server, "Bob", "member").await;
    olga.click(&hook("admin-link")).await;
    turn_to(&olga, "sanctions").await;
    fill(&olga, "sanction-who", "Bob").await;
    olga.click(&hook("sanction-make")).await;
    olga.see(&hook("sanction"), "Bob").await;
    olga.click(&format!("{} .link", hook("notice"))).await;
    olga.find(&hook("sanctions-nothing")).await;

    olga.click(&hook("admin-tab-settings")).await;
    olga.click(&hook("access-invite")).await;
    olga.click(&hook("settings-save")).await;
    olga.see(&hook("notice"), "saved").await;
    olga.click(&hook("admin-tab-audit")).await;
    // It lies above the buttons at the end of the first rows.
    olga.gone(&hook("notice")).await;
    let changed = format!("{}[data-action='settings.change']", hook("audit-entry"));
    olga.click(&format!("{changed} {}", hook("audit-undo"))).await;
    olga.see(&hook("notice"), "as it was before").await;
    olga.click(&hook("admin-tab-settings")).await;
    olga.find(&format!("{}:checked", hook("access-open"))).await;
    olga.close().await;
}

#[tokio::test]
async fn all_work_of_a_person_is_cancelled_from_one_of_its_jobs() {
    let server = TestServer::start().await;
    let mira = somebody(&server, "Mira", "moderator", "lobby").await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    for line in ["/sleep 600", "/every day 9:00 echo spam"] {
        ann.say(line).await;
        ann.hears(line).await;
    }
    mira.until("document.querySelectorAll('[data-testid=job-card]').length >= 1").await;
    mira.go(server.address(), "/jobs").await;
    mira.click("[data-testid='job-open'][title^='sleep']").await;
    mira.click(&hook("details-cancel-all")).await;
    mira.click(&hook("cancel-all")).await;
    mira.see(&hook("notice"), "1 schedule").await;
    mira.see(&hook("details"), "cancelled").await;
    mira.close().await;
    ann.close().await;
}
