//! Language and colours.

use serde_json::json;

use crate::support::TestServer;
use crate::window::{Device, PHONE, WIDE, Window, hook};

/// Keys of the catalog that stand on the page instead of words.
pub const UNTRANSLATED: &str = r"(() => {
    const words = [...document.querySelectorAll('*')].flatMap((element) => [
        ...[...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data),
        ...['aria-label', 'title', 'placeholder'].map((name) => element.getAttribute(name) ?? ''),
    ]);
    return words.filter((word) => /^[a-z-]+\.[a-z.-]+$|undefined|\{\w+\}/.test(word.trim()));
})()";

async fn speaks(window: &Window, language: &str, placeholder: &str) {
    window.until(&format!("document.documentElement.lang === '{language}'")).await;
    let composer = hook("composer");
    window.until(&format!("document.querySelector(\"{composer}\").placeholder.includes('{placeholder}')")).await;
    window.until(&format!("(({{ scrollHeight, clientHeight }}) => scrollHeight <= clientHeight)(document.querySelector(\"{composer}\"))")).await;
    assert_eq!(window.ask::<Vec<String>>(UNTRANSLATED).await, [""; 0]);
}

#[tokio::test]
async fn the_language_can_be_chosen_and_is_kept() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    speaks(&ann, "en", "Message").await;
    for (language, placeholder, help) in [("zh-Hans", "输入消息", "相加"), ("zh-Hant", "輸入訊息", "相加")]
    {
        ann.choose(&hook("language"), language).await;
        speaks(&ann, language, placeholder).await;
        ann.write("/sum").await;
        ann.see(&hook("completion"), help).await;
        ann.clear().await;
        ann.reload().await;
        speaks(&ann, language, placeholder).await;
    }
    ann.say("/sum 1").await;
    ann.see(&format!("{}:last-of-type {}", hook("message"), hook("message-text")), "sum 12 32").await;
    ann.choose(&hook("language"), "en").await;
    speaks(&ann, "en", "Message").await;
    ann.close().await;
}

#[tokio::test]
async fn the_page_speaks_the_language_of_the_browser() {
    let server = TestServer::start().await;
    for (languages, language, placeholder, greeting) in [
        ("zh-CN,zh", "zh-Hans", "问机器人", "机器人"),
        ("zh-TW,zh", "zh-Hant", "問機器人", "機器人"),
        ("fr,de", "en", "Ask the bot", "bot"),
    ] {
        let window = Window::new(Device { languages, ..WIDE }).await;
        window.go(server.address(), "/bot").await;
        window.see(&hook("greeting"), greeting).await;
        speaks(&window, language, placeholder).await;
        window.close().await;
    }
}

#[tokio::test]
async fn light_and_dark_follow_the_system_until_one_is_chosen() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    let theme = async |wanted| {
        ann.until(&format!("document.documentElement.dataset.theme === '{wanted}'")).await;
        let red: u32 = ann.ask("Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])").await;
        assert_eq!(red > 128, wanted == "light", "the background is {red}");
    };
    let system = async |wanted| {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": wanted}]});
        ann.devtools("Emulation.setEmulatedMedia", features).await;
    };
    system("light").await;
    theme("light").await;
    system("dark").await;
    theme("dark").await;
    ann.click(&hook("theme")).await;
    theme("light").await;
    ann.reload().await;
    theme("light").await;
    ann.close().await;
}

#[tokio::test]
async fn on_a_phone_the_rooms_are_a_drawer_and_nothing_is_too_wide() {
    let server = TestServer::start().await;
    let ann = Window::new(PHONE).await;
    ann.go(server.address(), "/room/lobby").await;
    ann.find(&hook("handle-input")).await;
    ann.press("Ann").await;
    ann.click(&hook("handle-save")).await;
    ann.gone("dialog").await;
    let wide = "https://example.com/".to_owned() + &"long-".repeat(40) + "\n```\n" + &"wide ".repeat(60) + "\n```";
    crate::others::say(server.address(), "lobby", "Ben", &wide).await;
    ann.find("pre").await;
    let width = ann.device().width;
    ann.until(&format!("innerWidth === {width} && document.documentElement.scrollWidth === {width}")).await;
    ann.until("document.querySelector('[role=log]').scrollWidth <= innerWidth").await;

    let link = format!("{}[data-room='@bot']", hook("room-link"));
    let seen = "document.querySelector('.sidebar').getBoundingClientRect().right > 100";
    assert!(!ann.ask::<bool>(seen).await, "the rooms are out of sight");
    ann.click(".room-header .only-narrow").await;
    ann.until(&format!("document.querySelector('.sidebar').getBoundingClientRect().left === 0 && {seen}")).await;
    ann.click(&link).await;
    ann.find(&hook("greeting")).await;
    ann.until(&format!("!({seen})")).await;
    ann.write("sum 1 2").await;
    ann.click(&hook("send")).await;
    ann.hears("1 + 2 = 3").await;
    ann.close().await;
}
