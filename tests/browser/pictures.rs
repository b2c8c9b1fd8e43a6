//! A lively room, looked at on every device and in every language; for people to look at the pictures.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use chatbot::model::{JobMinute, Timestamp};
use chatbot::store::{Quotas, Store, StoreOptions};
use fantoccini::key::Key;
use serde_json::json;

use crate::accounts;
use crate::documents::store;
use crate::others;
use crate::owner;
use crate::sign_in;
use crate::support::fake_provider::FakeProvider;
use crate::support::{OWNER_KEY, TestServer};
use crate::window::{PHONE, WIDE, Window, hook};

const TALK: [(&str, &str); 13] = [
    ("Mira", "Good morning! Did the numbers from the night come in?"),
    ("Mira", "I only see half of them in my list."),
    ("陈晓", "早！都到了，我正在核对。"),
    ("Jonas", "/smu 1204 3187 96 4410"),
    ("Jonas", "/sum 1204 3187 96 4410"),
    ("林怡君", "跟我這邊算的一樣，太好了 🎉"),
    ("Mira", "Great. More is on https://example.com/reports?week=32#summary, and this was the query:"),
    (
        "Mira",
        "```sql\nselect warehouse, sum(pieces) from deliveries\nwhere day = current_date - 1 group by warehouse;\n```",
    ),
    ("陈晓", "收到。`current_date - 1` 是按 UTC 算的吗？我们这边比 UTC 早八个小时，凌晨的到货会算到前一天。"),
    ("Jonas", "Good point. Let us use the local day, then both sides agree."),
    ("林怡君", "/echo 好主意"),
    ("陈晓", "下午三点开会，大家都在吗？"),
    ("Jonas", "Yes, see you there."),
];

/// A room with talk, answers and work in progress, and another one next to it.
async fn lively(server: SocketAddr) {
    for (handle, text) in TALK {
        let said = others::say(server, "lobby", handle, text).await;
        if text.starts_with('/') {
            // The answer is to stand below the question.
            let after = format!("/api/rooms/lobby/messages?after={}", said["seq"]);
            while others::get(server, &after).await["messages"][0].is_null() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
    others::say(server, "kitchen", "Mira", "Coffee is ready.").await;
    others::say(server, "设计", "陈晓", "新的图标放在这里。").await;
}

async fn take(window: &Window, name: &str) {
    // The pointer rests where it highlights nothing, and what moves has come to rest.
    window.ask::<()>("document.fonts.ready.then(() => null)").await;
    window.until("document.getAnimations().every((animation) => animation.playState !== 'running' || animation.effect.getComputedTiming().iterations === Infinity)").await;
    window.picture(name).await;
}

#[tokio::test]
async fn a_lively_room_looks_well_everywhere() {
    let server = TestServer::start().await;
    let address = server.address();
    lively(address).await;
    let (mut mira, _) = server.member("Mira", "lobby").await;
    let (_jonas, _) = server.member("Jonas", "lobby").await;
    let (mut chen, _) = server.member("陈晓", "lobby").await;

    let ann = Window::new(WIDE).await;
    ann.go(address, "/room/kitchen").await;
    ann.find(&hook("handle-input")).await;
    take(&ann, "first-visit").await;
    ann.press("Ann").await;
    ann.press(Key::Enter).await;
    ann.gone("dialog").await;
    ann.hears("Coffee is ready.").await;
    ann.go(address, "/room/lobby").await;
    ann.hears("Yes, see you there.").await;
    for text in ["And cake.", "Whoever comes first…"] {
        others::say(address, "kitchen", "Mira", text).await;
    }
    mira.say("lobby", "/sleep 40 night report").await;
    ann.say("I am in as well, and I check the sum once more: 8897.").await;
    ann.say("/sleep 15 compare lists").await;
    ann.see(&format!("{}[data-state='running']", hook("job-card")), "compare lists").await;
    ann.until("[...document.querySelectorAll('[role=progressbar]')].every((bar) => Number(bar.getAttribute('aria-valuenow')) > 3)").await;
    ann.see(&hook("unread"), "2").await;

    let phone = Window::new(PHONE).await;
    phone.enter("Lea", address, "lobby").await;
    phone.see(&format!("{}[data-state='running']", hook("job-card")), "night report").await;

    for client in [&mut mira, &mut chen] {
        client.send(json!({"type": "typing", "room": "lobby"})).await;
    }
    for window in [&ann, &phone] {
        window.see(&hook("typing"), "Mira").await;
    }
    take(&ann, "wide").await;
    take(&phone, "phone").await;
    ann.click(&hook("theme")).await;
    phone.click(".room-header .only-narrow").await;
    phone.until("document.querySelector('.sidebar').getBoundingClientRect().left === 0").await;
    take(&phone, "phone-rooms").await;
    phone.click(&hook("theme")).await;
    phone.press(Key::Escape).await;
    phone.until("document.querySelector('.sidebar').getBoundingClientRect().right <= 0").await;
    take(&ann, "wide-dark").await;
    take(&phone, "phone-dark").await;

    ann.click(&hook("people")).await;
    ann.see(".people", "Mira").await;
    ann.choose(&hook("language"), "zh-Hans").await;
    take(&ann, "wide-dark-people-zh-hans").await;
    ann.click(&hook("theme")).await;
    ann.click(&hook("jobs")).await;
    ann.find(&hook("job")).await;
    take(&ann, "wide-jobs-zh-hans").await;
    ann.press(Key::Escape).await;
    ann.write("/s").await;
    ann.find(&hook("completion")).await;
    take(&ann, "wide-completion-zh-hans").await;
    ann.clear().await;
    chen.send(json!({"type": "typing", "room": "lobby"})).await;
    ann.see(&hook("typing"), "陈晓").await;
    take(&ann, "wide-zh-hans").await;
    ann.choose(&hook("language"), "zh-Hant").await;
    take(&ann, "wide-zh-hant").await;
    ann.click(&format!("{}[data-room='@bot']", hook("room-link"))).await;
    ann.see(&hook("greeting"), "機器人").await;
    ann.say("sum 12 32").await;
    ann.hears("12 + 32 = 44").await;
    ann.say("sum 12 cats").await;
    ann.find("[data-outcome='failed']").await;
    take(&ann, "bot-zh-hant").await;

    phone.click(".room-header .only-narrow").await;
    phone.until("document.querySelector('.sidebar').getBoundingClientRect().left === 0").await;
    phone.choose(&hook("language"), "zh-Hans").await;
    phone.click(&format!("{}[data-room='@bot']", hook("room-link"))).await;
    phone.see(&hook("greeting"), "机器人").await;
    take(&phone, "phone-bot-zh-hans").await;
    phone.close().await;
    ann.close().await;
}

/// A store in which the jobs of the last day were counted: sometimes there was much to do, and some jobs failed.
async fn worked_for_a_day(dir: &Path) {
    const MINUTES: u64 = 24 * 60;
    let options = StoreOptions { cache_bytes: 16 << 20, min_free_bytes: 0, quotas: Quotas::NONE };
    let (store, closing) = Store::open(dir, options, |_| {}).expect("a store");
    let now = u64::try_from(Timestamp::now().0).expect("after 1970") / 60_000;
    let minutes: Vec<_> = (1..MINUTES).map(|ago| (now - ago, a_minute(MINUTES - ago))).collect();
    store.put_job_minutes(&minutes, now - MINUTES).await.expect("stored");
    drop(store);
    tokio::task::spawn_blocking(|| closing.wait()).await.expect("closed");
}

fn a_minute(number: u64) -> JobMinute {
    // Scattered, but the same in each run.
    let noise = number * 7919 % 31;
    let busy = if number % 40 > 14 { 30 + noise } else { noise / 6 } * ((number + 719) % 720) / 720;
    let failed = if noise > 22 { busy / 8 } else { 0 };
    let mut minute = JobMinute {
        depth: usize::try_from(busy.saturating_sub(24) * 2).expect("small"),
        started: busy,
        completed: busy - failed,
        failed,
        ..JobMinute::default()
    };
    for job in 0..busy {
        minute.run_times.add(Duration::from_millis(180 + job * job * (2 + noise % 3)));
    }
    minute
}

#[tokio::test]
async fn the_jobs_page_looks_well_everywhere() {
    let data = tempfile::tempdir().expect("a temporary folder");
    worked_for_a_day(&data.path().join("store")).await;
    let script = "echo asking for $1 >&2; echo the weather service does not answer; exit 3";
    let weather = json!({
        "name": "weather", "help": "tells the weather", "arguments": "<city>", "dir": std::env::temp_dir(), "retries": 5, "allow": "guests",
        "run": ["sh", "-c", script, "weather"],
    });
    let weather = serde_json::from_value(weather).expect("a command");
    let server = TestServer::on_with(data.path(), |config| config.commands.push(weather)).await;
    let address = server.address();
    let ann = Window::of("Ann", address, "lobby").await;
    owner::sign_in(&ann).await;
    for (room, handle, text) in [
        ("garden", "Mira", "/sum 1204 3187 96 4410"),
        ("garden", "陈晓", "/echo 好主意"),
        ("lobby", "Jonas", "/sum 12 cats"),
        ("lobby", "Jonas", "/sleep 0.8 tea"),
        ("garden", "林怡君", "/sleep 40 night report"),
        ("lobby", "Mira", "/weather Taipei"),
        ("lobby", "Ann", "/remind in 2h take the bread out"),
        ("lobby", "Ann", "/sleep 60 backup"),
        ("lobby", "Mira", "/sleep 25 compare lists"),
    ] {
        others::say(address, room, handle, text).await;
    }
    ann.click(&hook("dashboard-link")).await;
    ann.see(&format!("{}[data-state='completed']", hook("job-row")), "tea").await;
    ann.find(&format!("{}[data-state='retrying']", hook("job-row"))).await;
    ann.click(&format!("{}[data-state='running'] {}", hook("job-row"), hook("job-cancel"))).await;
    ann.find(&format!("{}[data-state='cancelled']", hook("job-row"))).await;
    ann.until("[...document.querySelectorAll('[role=progressbar]')].every((bar) => Number(bar.getAttribute('aria-valuenow')) > 3)").await;
    plotted(&ann).await;
    take(&ann, "jobs").await;
    ann.click(&hook("theme")).await;
    plotted(&ann).await;
    take(&ann, "jobs-dark").await;
    ann.choose(&hook("language"), "zh-Hans").await;
    ann.click(&hook("span-day")).await;
    plotted(&ann).await;
    take(&ann, "jobs-dark-zh-hans").await;
    ann.click(&hook("theme")).await;
    ann.click(&hook("span-hour")).await;
    plotted(&ann).await;
    take(&ann, "jobs-zh-hans").await;
    ann.click(&hook("filter-problems")).await;
    ann.click(&hook("job-open")).await;
    ann.find(&hook("details-error")).await;
    take(&ann, "job-zh-hans").await;
    ann.choose(&hook("language"), "en").await;
    ann.see(&hook("details-error"), "cats").await;
    take(&ann, "job").await;

    let phone = Window::new(PHONE).await;
    phone.enter("Lea", address, "lobby").await;
    phone.go(address, "/jobs").await;
    phone.see(&hook("start-help"), "sleep").await;
    phone.click(&hook("start-arguments")).await;
    phone.press("30 coffee").await;
    phone.press(Key::Enter).await;
    phone.find(&format!("{}[data-state='running']", hook("job-row"))).await;
    plotted(&phone).await;
    take(&phone, "phone-jobs").await;
    phone.close().await;
    ann.close().await;
}

/// Waits until every plot is drawn.
async fn plotted(window: &Window) {
    window.until("document.querySelectorAll('.plot canvas').length === 3").await;
}

const HANDBOOK: &str = "# Travel

Everybody may book second class trains. First class needs the approval of the head of the department before the journey.

## Hotels

A night costs at most 140 EUR in Berlin and 180 EUR in Zurich. Breakfast is included. Keep the invoice; without it nothing is paid back.

## Meals

Up to 30 EUR a day are paid back without an invoice.\x0c# Working from home

Two days a week can be agreed with the team. The computer and the screen are lent by the company.";

const WARRANTY: &str = "# 保修条款

本产品自购买之日起享有两年保修，电池保修一年。人为损坏不在保修范围内。

## 维修流程

请先联系客服，说明故障现象。客服会在一个工作日内回复，并告知寄送地址。

## 退货

购买后三十天内可以退货。退货时请附上发票，运费由买家承担，质量问题除外。";

const HOURS: &str = "## 幾點開門？\n\n每天早上九點到晚上六點。\n\n## 可以帶狗嗎？\n\n可以，請牽好繩子。";

#[tokio::test]
async fn answers_search_and_documents_look_well_everywhere() {
    let server = TestServer::start().await;
    let address = server.address();
    for document in [
        json!({"title": "花园常见问题", "text": HOURS, "kind": "faq", "author": "林怡君", "room": "garden"}),
        json!({"title": "保修与退货", "text": WARRANTY, "author": "陈晓"}),
        json!({"title": "Handbook 2026", "text": HANDBOOK, "author": "Mira", "pages": 2}),
    ] {
        store(address, document).await;
    }
    for text in ["Who pays for the hotel in Zurich?", "I keep every hotel invoice in one folder."] {
        others::say(address, "garden", "Mira", text).await;
    }
    let ann = Window::of("Ann", address, "lobby").await;
    owner::sign_in(&ann).await;
    ann.go(address, "/documents").await;
    ann.until("document.querySelectorAll('[data-testid=document-row][data-state=ready]').length === 3").await;
    take(&ann, "documents").await;
    ann.click(&hook("document-add")).await;
    ann.find(&hook("file-choose")).await;
    take(&ann, "documents-new").await;

    ann.click(&format!("{}[data-room='lobby']", hook("room-link"))).await;
    ann.say("/ask What does a night in a hotel in Berlin or Zurich cost at most?").await;
    ann.see(&hook("source"), "140 EUR").await;
    ann.say("/ask 电池保修多久？").await;
    ann.see(&hook("source"), "电池").await;
    ann.click(&format!("article:last-of-type {}", hook("rate-thumb-down"))).await;
    ann.find(&format!("{}[aria-pressed=true]", hook("rate-thumb-down"))).await;
    take(&ann, "answers").await;
    ann.click(&hook("theme")).await;
    take(&ann, "answers-dark").await;
    ann.press((Key::Control, "k")).await;
    ann.find(&hook("search-input")).await;
    ann.press("hotel").await;
    ann.see(&hook("search-group-documents"), "Handbook").await;
    ann.see(&hook("search-group-messages"), "folder").await;
    take(&ann, "search-dark").await;
    ann.press(Key::Escape).await;
    ann.gone("dialog").await;
    ann.click(&hook("theme")).await;
    ann.choose(&hook("language"), "zh-Hans").await;
    ann.press((Key::Control, "k")).await;
    ann.find(&hook("search-input")).await;
    ann.press("保修").await;
    ann.see(&hook("search-group-documents"), "保修").await;
    take(&ann, "search-zh-hans").await;
    ann.press(Key::Down).await;
    ann.press(Key::Escape).await;
    ann.gone("dialog").await;
    ann.click(&format!("{}:last-of-type {}", hook("answer"), hook("source-open"))).await;
    ann.find(&hook("cited")).await;
    take(&ann, "reader-zh-hans").await;
    ann.choose(&hook("language"), "zh-Hant").await;
    ann.click(&hook("document-change")).await;
    ann.find(&hook("document-form")).await;
    take(&ann, "document-edit-zh-hant").await;
    ann.go(address, "/documents/questions").await;
    ann.find(&hook("question")).await;
    take(&ann, "questions-zh-hant").await;
    ann.click(&hook("question-answer")).await;
    ann.find(&hook("entry-form")).await;
    ann.click(&hook("theme")).await;
    take(&ann, "questions-entry-zh-hant-dark").await;
    ann.click(&hook("theme")).await;
    ann.click(&format!("{}[data-room='lobby']", hook("room-link"))).await;
    ann.click(&hook("room-settings")).await;
    ann.click(&hook("room-settings-bot")).await;
    ann.find(&hook("persona-greeting")).await;
    take(&ann, "room-settings-zh-hant").await;
    ann.press(Key::Escape).await;
    ann.gone("dialog").await;

    let phone = Window::new(PHONE).await;
    phone.enter("Lea", address, "lobby").await;
    phone.see(&hook("source"), "电池").await;
    take(&phone, "phone-answers").await;
    phone.click(&hook("search-open-narrow")).await;
    phone.find(&hook("search-input")).await;
    phone.press("hotel").await;
    phone.see(&hook("search-group-documents"), "Handbook").await;
    take(&phone, "phone-search").await;
    phone.click(&hook("search-close")).await;
    phone.gone("dialog").await;
    phone.go(address, "/documents").await;
    phone.find(&hook("document-row")).await;
    take(&phone, "phone-documents").await;
    phone.click(&hook("document-open")).await;
    phone.find(&hook("reader-text")).await;
    take(&phone, "phone-reader").await;
    phone.close().await;
    ann.close().await;
}

#[tokio::test]
async fn quiet_and_broken_moments_look_well() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    take(&ann, "empty-room").await;
    owner::ask_for_key(&ann).await;
    ann.press(OWNER_KEY).await;
    take(&ann, "owner-dialog").await;
    ann.press(Key::Enter).await;
    ann.find(&hook("bot-setting")).await;
    ann.say("to be deleted").await;
    ann.hears("to be deleted").await;
    ann.click(&hook("message-delete")).await;
    ann.find(&hook("notice")).await;
    ann.network(false).await;
    ann.connection("offline").await;
    ann.say("written while offline").await;
    ann.shows("waiting", "written while offline").await;
    take(&ann, "offline").await;
    ann.network(true).await;
    ann.hears("written while offline").await;
    ann.press((Key::Shift, Key::Tab)).await;
    ann.press("?").await;
    ann.find("dialog .keys").await;
    take(&ann, "keys").await;
    ann.close_after("ERR_INTERNET_DISCONNECTED").await;
}

#[tokio::test]
async fn accounts_look_well_everywhere() {
    let server = TestServer::start().await;
    let address = server.address();
    let (olga, phone) = (Window::new(WIDE).await, Window::new(PHONE).await);
    let link = format!("/join#{}", server.first_invitation());
    for (window, name) in [(&olga, "join"), (&phone, "phone-join")] {
        window.go(address, &link).await;
        window.find(&hook("join-form")).await;
        take(window, name).await;
    }
    accounts::fill(&olga, "join-name", "Olga").await;
    accounts::fill(&olga, "join-password", accounts::PASSWORD).await;
    olga.press(Key::Enter).await;
    olga.find(&hook("invite-form")).await;
    take(&olga, "ready").await;
    olga.click(&hook("invite-make")).await;
    olga.find(&hook("qr")).await;
    take(&olga, "ready-link").await;
    olga.click(&hook("secret-done")).await;
    accounts::is_signed_in(&olga, "Olga").await;
    for (name, role) in [
        ("Mira", "admin"),
        ("陈晓", "moderator"),
        ("林怡君", "member"),
        ("Jonas with a rather long name", "member"),
        ("Lea", "member"),
    ] {
        accounts::make(&server, name, role).await;
    }
    for terms in [json!({"role": "moderator", "uses": 1, "days": 2}), json!({"role": "member", "days": 30})] {
        assert_eq!(server.request("POST", "/api/invitations").by_owner().json(terms).send().await.status, 201);
    }
    phone.go(address, "/room/lobby").await;
    phone.press(Key::Escape).await;
    phone.click(".room-header .only-narrow").await;
    phone.until("document.querySelector('.sidebar').getBoundingClientRect().left === 0").await;
    accounts::sign_in(&phone, "Mira", accounts::PASSWORD).await;
    phone.gone("dialog").await;
    let pages = [
        ("/people", "person", "people"),
        ("/people?invitations", "invitation", "invitations"),
        ("/account", "session", "account"),
    ];
    take_all(address, &olga, &phone, &pages).await;
    olga.close().await;
    phone.close().await;
}

const LOOKS: [(&str, bool); 4] = [("en", false), ("en", true), ("zh-Hans", false), ("zh-Hant", true)];

/// Pictures of pages, which are `(path, what is shown there, name)`, on both devices, in all languages, light and dark.
async fn take_all(server: SocketAddr, wide: &Window, phone: &Window, pages: &[(&str, &str, &str)]) {
    for (language, dark) in LOOKS {
        for (window, device) in [(wide, ""), (phone, "phone-")] {
            look(window, language, dark).await;
            for (path, shown, name) in pages {
                window.go(server, path).await;
                window.find(&hook(shown)).await;
                window.connection("open").await;
                window
                    .until("[...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('canvas'))")
                    .await;
                take(window, &format!("{device}{name}{}", suffix(language, dark))).await;
            }
        }
    }
}

/// From the next page on.
async fn look(window: &Window, language: &str, dark: bool) {
    for (name, value) in [("locale", language), ("theme", if dark { "dark" } else { "light" })] {
        let store = format!("localStorage.setItem('chatbot.{name}', {})", json!(json!(value).to_string()));
        window.ask::<()>(&store).await;
    }
}

fn suffix(language: &str, dark: bool) -> String {
    format!("-{language}{}", if dark { "-dark" } else { "" }).to_lowercase()
}

#[tokio::test]
async fn ways_to_sign_in_look_well_everywhere() {
    let provider = FakeProvider::start().await;
    let (server, url) = TestServer::on_localhost(|config, url| provider.used_by(config, url)).await;
    accounts::make(&server, "Mira", "member").await;
    for (device, prefix) in [(WIDE, ""), (PHONE, "phone-")] {
        let mira = Window::new(device).await;
        sign_in::with_authenticator(&mira).await;
        let named = |name: &str, language: &str, dark: bool| format!("{prefix}{name}{}", suffix(language, dark));
        let go = async |language: &str, dark: bool| {
            mira.visit(&format!("{url}/account")).await;
            look(&mira, language, dark).await;
            mira.reload().await;
        };
        for (language, dark) in LOOKS {
            go(language, dark).await;
            mira.click("[data-testid=account-guest] .primary").await;
            mira.find(&hook("sign-in-passkey")).await;
            take(&mira, &named("sign-in", language, dark)).await;
        }
        accounts::fill(&mira, "sign-in-name", "Mira").await;
        accounts::fill(&mira, "sign-in-password", accounts::PASSWORD).await;
        mira.press(Key::Enter).await;
        mira.click(&hook("passkey-add")).await;
        accounts::fill(&mira, "passkey-password", accounts::PASSWORD).await;
        take(&mira, &format!("{prefix}passkey-new")).await;
        mira.press(Key::Enter).await;
        mira.find(&hook("passkey")).await;
        for (language, dark) in LOOKS {
            go(language, dark).await;
            mira.find(&hook("identity-state")).await;
            mira.ask::<()>("(document.querySelector('#passkeys-title').scrollIntoView(), null)").await;
            take(&mira, &named("ways-in", language, dark)).await;
            mira.click(&hook("factor-add")).await;
            accounts::fill(&mira, "factor-password", accounts::PASSWORD).await;
            mira.press(Key::Enter).await;
            mira.find(&hook("factor-secret")).await;
            take(&mira, &named("second-factor", language, dark)).await;
        }
        mira.close().await;
    }
}

#[tokio::test]
async fn administration_and_moderation_look_well_everywhere() {
    let server = TestServer::start().await;
    let address = server.address();
    lively(address).await;
    let olga = accounts::owner(&server).await;
    for (name, role) in [("Mira", "admin"), ("陈晓", "moderator"), ("林怡君", "member")] {
        accounts::make(&server, name, role).await;
    }
    for (path, body) in [
        (
            "/api/rooms",
            json!({"name": "plans", "kind": "closed", "title": "Plans for 2027", "topic": "What comes next"}),
        ),
        ("/api/rooms/lobby/messages/7/report", json!({"reason": "advertising"})),
        (
            "/api/sanctions",
            json!({"kind": "ban", "network": "192.0.2.0/24", "minutes": 1440, "reason": "floods the lobby"}),
        ),
        ("/api/sanctions", json!({"kind": "mute", "handle": "林怡君"})),
        ("/api/hooks", json!({"name": "Build alerts", "room": "lobby"})),
        ("/api/account/tokens", json!({"name": "Nightly report", "scopes": ["read", "post"], "days": 90})),
        ("/api/rooms/kitchen/messages", json!({"message": "The machine is being cleaned."})),
    ] {
        let sent: u16 = olga.ask(&posted(path, &body)).await;
        assert!((200..300).contains(&sent), "{path}: {sent}");
    }
    let hold: u16 = olga
        .ask("fetch('/api/rooms/kitchen', {method: 'PATCH', body: '{\"hold_guests\": true}'}).then(({status}) => status)")
        .await;
    assert_eq!(hold, 200);
    let phone = Window::new(PHONE).await;
    phone.go(address, "/room/lobby").await;
    phone.find(&hook("handle-input")).await;
    let advert = json!({"message": "Cheap watches! https://watches.example"});
    let held: u16 = phone.ask(&posted("/api/rooms/kitchen/messages", &advert)).await;
    assert_eq!(held, 202, "it waits for approval");
    phone.press(Key::Escape).await;
    phone.click(".room-header .only-narrow").await;
    phone.until("document.querySelector('.sidebar').getBoundingClientRect().left === 0").await;
    accounts::sign_in(&phone, "Olga", accounts::PASSWORD).await;
    phone.gone("dialog").await;
    let pages = [
        ("/admin", "plot-disk", "overview"),
        ("/admin/rooms", "admin-room", "rooms"),
        ("/admin/reports", "report", "reports"),
        ("/admin/held", "held", "held"),
        ("/admin/sanctions", "sanction", "sanctions"),
        ("/admin/commands", "admin-command", "commands"),
        ("/admin/documents", "admin-documents-nothing", "admin-documents"),
        ("/admin/tokens", "admin-token", "admin-tokens"),
        ("/admin/hooks", "hook", "hooks"),
        ("/admin/audit", "audit-entry", "audit"),
        ("/admin/settings", "settings", "settings"),
        ("/account", "token", "tokens"),
    ];
    take_all(address, &olga, &phone, &pages).await;
    for (language, dark) in LOOKS {
        for (window, device) in [(&olga, ""), (&phone, "phone-")] {
            look(window, language, dark).await;
            take_dialogs(window, address, &format!("{device}{{}}{}", suffix(language, dark))).await;
        }
    }
    olga.close().await;
    phone.close().await;
}

/// What the browser is told to send something, and to say how that went.
fn posted(path: &str, body: &serde_json::Value) -> String {
    let headers = "{'Content-Type': 'application/json'}";
    format!(
        "fetch('{path}', {{method: 'POST', headers: {headers}, body: {}}}).then(({{status}}) => status)",
        json!(body.to_string())
    )
}

/// Pictures of the dialogs about rooms, messages and tokens; `{}` in the name is what they are.
async fn take_dialogs(window: &Window, server: SocketAddr, name: &str) {
    let named = |what: &str| name.replace("{}", what);
    window.go(server, "/room/plans").await;
    for part in ["general", "people", "bot"] {
        window.click(&hook("room-settings")).await;
        window.click(&hook(&format!("room-settings-{part}"))).await;
        take(window, &named(&format!("room-{part}"))).await;
        window.press(Key::Escape).await;
        window.gone("dialog").await;
    }
    window.go(server, "/room/lobby").await;
    window.hears(TALK[0].1).await;
    window.click(&format!("[data-seq='1'] {}", hook("message-text"))).await;
    window.click(&format!("[data-seq='1'] {}", hook("message-more"))).await;
    window.find("[role=menu]").await;
    take(window, &named("message-menu")).await;
    window.click(&hook("menu-stop")).await;
    window.find(&hook("stop")).await;
    take(window, &named("stop")).await;
    window.go(server, "/admin/commands").await;
    window.click(&hook("admin-command-change")).await;
    window.find(&hook("command-save")).await;
    take(window, &named("command-permission")).await;
    window.go(server, "/account").await;
    window.click(&hook("token-new")).await;
    window.find(&hook("token-make")).await;
    take(window, &named("token-new")).await;
    window.press(Key::Escape).await;
    window.click(&hook("own-data-leave")).await;
    window.find(&hook("leave-form")).await;
    take(window, &named("leave")).await;
    window.go(server, "/people").await;
    window.click(&hook("invite")).await;
    window.find(&hook("invite-rooms")).await;
    window.choose(&hook("invite-rooms"), "plans").await;
    take(window, &named("invite")).await;
    window.click(&hook("invite-make")).await;
    window.find(&hook("qr")).await;
    take(window, &named("invitation-link")).await;
    window.go(server, "/admin/rooms").await;
    window.click(&hook("admin-search")).await;
    window.press("the").await;
    window.find(&hook("admin-said")).await;
    take(window, &named("said")).await;
}
