//! The page of jobs: starting, watching, finding and changing them.

use fantoccini::key::Key;
use serde_json::Value;

use crate::keyboard::tab_to;
use crate::others;
use crate::owner::sign_in;
use crate::support::{ServerProcess, TestServer, free_port};
use crate::window::{PHONE, Window, hook};

/// The row of a job in the table, in a state.
fn row(state: &str) -> String {
    format!("{}[data-state='{state}']", hook("job-row"))
}

async fn open_dashboard(window: &Window) {
    window.click(&hook("dashboard-link")).await;
    window.find(&hook("start-command")).await;
    window.until("location.pathname === '/jobs' && document.title.startsWith('Jobs')").await;
}

/// Starts a command with the form.
async fn start(window: &Window, command: &str, arguments: &str) {
    window.see(&format!("{} option", hook("start-command")), command).await;
    window.choose(&hook("start-command"), command).await;
    window.click(&hook("start-arguments")).await;
    window.press(arguments).await;
    window.press(Key::Enter).await;
    window.until("!document.querySelector('[data-testid=start-arguments]').value").await;
}

/// The lines of the jobs in the table, from top to bottom.
async fn lines(window: &Window) -> Vec<String> {
    window.ask("Array.from(document.querySelectorAll('[data-testid=job-open]'), (link) => link.innerText)").await
}

async fn shows_lines(window: &Window, wanted: &[&str]) {
    let lines = "Array.from(document.querySelectorAll('[data-testid=job-open]'), (link) => link.innerText)";
    window.until(&format!("JSON.stringify({lines}) === JSON.stringify({})", serde_json::json!(wanted))).await;
}

#[tokio::test]
async fn a_job_is_started_watched_cancelled_and_retried() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    open_dashboard(&ann).await;
    start(&ann, "sleep", "60 my task").await;
    ann.see(&row("running"), "sleep 60 my task").await;
    let job: String = ann.ask("document.querySelector('[data-testid=job-row]').dataset.job").await;
    let progress = "document.querySelector('[data-testid=job-row] [role=progressbar]').getAttribute('aria-valuenow')";
    ann.until(&format!("Number({progress}) > 0")).await;

    ann.click(&hook("job-cancel")).await;
    ann.click(&format!("{} {}", row("cancelled"), hook("job-retry"))).await;
    ann.find(&format!("{}[data-job='{job}']", row("running"))).await;
    ann.click(&hook("job-cancel")).await;
    ann.find(&row("cancelled")).await;

    start(&ann, "sleep", "0.2 tea").await;
    ann.see(&row("completed"), "sleep 0.2 tea").await;
    assert_eq!(lines(&ann).await, ["sleep 0.2 tea", "sleep 60 my task"], "the newest is on top");
    ann.click(&format!("{}[data-room='@bot']", hook("room-link"))).await;
    ann.hears("/sleep 0.2 tea").await;
    ann.close().await;
}

#[tokio::test]
async fn what_is_missing_is_said_before_a_job_is_started() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    open_dashboard(&ann).await;
    ann.see(&hook("start-help"), "/sleep <").await;
    ann.click(&hook("start-job")).await;
    ann.see(&format!("{}[role=alert]", hook("start-help")), "Something is missing").await;
    ann.find(&hook("jobs-nothing")).await;
    ann.find(&hook("plots-empty")).await;
    ann.close().await;
}

#[tokio::test]
async fn jobs_come_to_a_filter_and_leave_it_as_they_go() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    for text in ["/sum 1 2", "/sum 1 cats", "/sleep 60"] {
        ann.say(text).await;
    }
    ann.hears("1 + 2 = 3").await;
    open_dashboard(&ann).await;
    shows_lines(&ann, &["sleep 60", "sum 1 cats", "sum 1 2"]).await;

    ann.click(&hook("filter-problems")).await;
    shows_lines(&ann, &["sum 1 cats"]).await;
    ann.reload().await;
    shows_lines(&ann, &["sum 1 cats"]).await;
    ann.choose(&hook("filter-by-state"), "completed").await;
    shows_lines(&ann, &["sum 1 2"]).await;
    ann.click(&hook("filter-all")).await;
    ann.choose(&hook("filter-by-name"), "sum").await;
    shows_lines(&ann, &["sum 1 cats", "sum 1 2"]).await;
    ann.choose(&hook("filter-by-name"), "").await;
    ann.choose(&hook("filter-by-room"), "@bot").await;
    ann.find(&hook("jobs-nothing")).await;
    ann.click(&format!("{} button", hook("jobs-nothing"))).await;
    shows_lines(&ann, &["sleep 60", "sum 1 cats", "sum 1 2"]).await;

    ann.click(&hook("filter-open")).await;
    shows_lines(&ann, &["sleep 60"]).await;
    ann.click(&hook("job-cancel")).await;
    shows_lines(&ann, &[]).await;
    ann.click(&hook("filter-ended")).await;
    shows_lines(&ann, &["sleep 60", "sum 1 cats", "sum 1 2"]).await;
    ann.close().await;
}

#[tokio::test]
async fn a_job_tells_what_happened_to_it_and_leads_to_its_message() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.say("/sum 1 cats").await;
    ann.find("[data-outcome='failed']").await;
    open_dashboard(&ann).await;
    ann.click(&hook("job-open")).await;
    ann.see(&hook("details-error"), "cats").await;
    for state in ["queued", "running", "failed"] {
        ann.find(&format!("{} [data-state='{state}']", hook("details-changes"))).await;
    }
    ann.until("/^\\/jobs\\/[0-9a-f]{32}$/.test(location.pathname)").await;
    ann.reload().await;
    ann.see(&hook("details-error"), "cats").await;

    ann.click(&hook("details-message")).await;
    ann.find(&format!("{}.found", hook("message"))).await;
    ann.until("location.pathname === '/room/lobby'").await;
    ann.ask::<()>("history.back()").await;
    ann.see(&hook("details-error"), "cats").await;
    ann.click(&hook("details-drop")).await;
    ann.find(&hook("jobs-nothing")).await;
    ann.click(&format!("{} .link", hook("notice"))).await;
    shows_lines(&ann, &["sum 1 cats"]).await;
    ann.close().await;
}

#[tokio::test]
async fn a_completed_job_is_run_again_as_a_new_one() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.say("/sum 12 32").await;
    ann.hears("12 + 32 = 44").await;
    open_dashboard(&ann).await;
    ann.click(&hook("job-open")).await;
    ann.see(&hook("details-result"), "12 + 32 = 44").await;
    let first: String = ann.ask("location.pathname").await;
    ann.click(&hook("details-again")).await;
    ann.until(&format!("location.pathname !== '{first}'")).await;
    ann.see(&hook("details-result"), "12 + 32 = 44").await;
    ann.click(&hook("details-back")).await;
    shows_lines(&ann, &["sum 12 32", "sum 12 32"]).await;
    ann.close().await;
}

#[tokio::test]
async fn the_plots_show_what_was_done() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    open_dashboard(&ann).await;
    ann.find(&hook("plots-empty")).await;
    for text in ["1 2", "3 4"] {
        start(&ann, "sum", text).await;
    }
    for plot in ["depth", "rate", "time"] {
        let canvas = format!("document.querySelector('[data-testid=plot-{plot}] canvas')");
        ann.until(&format!(
            "{canvas}?.getContext('2d').getImageData(0, 0, {canvas}.width, {canvas}.height).data.some(Boolean)"
        ))
        .await;
    }
    ann.see(&hook("plot-rate"), "2 completed, 0 failed").await;
    ann.find(&format!("{} [data-state='queued'][data-count='0']", hook("numbers"))).await;
    let colour = "document.querySelector('[data-testid=plot-rate] [role=img]').innerHTML.length";
    let drawn: u32 = ann.ask(colour).await;
    ann.click(&hook("theme")).await;
    ann.click(&hook("span-day")).await;
    ann.see(&hook("plot-rate"), "2 completed, 0 failed").await;
    assert!(drawn > 0);
    ann.close().await;
}

#[tokio::test]
async fn the_owner_sees_everybodys_jobs_or_only_the_own_ones() {
    let server = TestServer::start().await;
    others::say(server.address(), "garden", "Ben", "/sum 1 2").await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.say("/sum 3 4").await;
    ann.hears("3 + 4 = 7").await;
    open_dashboard(&ann).await;
    shows_lines(&ann, &["sum 3 4"]).await;
    assert_eq!(ann.count(&hook("filter-by-handle")).await, 0, "nobody else's are there to choose");
    others::say(server.address(), "lobby", "Ben", "/echo what her room hears of").await;
    start(&ann, "sum", "5 6").await;
    ann.see(&row("completed"), "sum 5 6").await;
    shows_lines(&ann, &["sum 5 6", "sum 3 4"]).await;

    sign_in(&ann).await;
    shows_lines(&ann, &["sum 5 6", "echo what her room hears of", "sum 3 4", "sum 1 2"]).await;
    ann.choose(&hook("filter-by-handle"), "Ann").await;
    shows_lines(&ann, &["sum 5 6", "sum 3 4"]).await;
    ann.choose(&hook("filter-by-handle"), "").await;
    others::say(server.address(), "garden", "Ben", "/sleep 60").await;
    ann.see(&row("running"), "sleep 60").await;
    ann.click(&hook("job-cancel")).await;
    ann.see(&row("cancelled"), "sleep 60").await;
    ann.close().await;
}

#[tokio::test]
async fn the_table_is_true_again_after_the_server_was_killed() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let port = free_port();
    let mut server = ServerProcess::start_on(port, data.path(), &[]);
    let ann = Window::of("Ann", server.address(), "lobby").await;
    open_dashboard(&ann).await;
    start(&ann, "sum", "1 2").await;
    ann.see(&row("completed"), "sum 1 2").await;
    start(&ann, "sleep", "60").await;
    ann.see(&row("running"), "sleep 60").await;

    server.kill();
    ann.connection("reconnecting").await;
    let _server = ServerProcess::start_on(port, data.path(), &[]);
    ann.see(&row("interrupted"), "sleep 60").await;
    shows_lines(&ann, &["sleep 60", "sum 1 2"]).await;
    ann.close_after("ERR_CONNECTION_REFUSED").await;
}

#[tokio::test]
async fn the_jobs_page_needs_no_mouse() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    tab_to(&ann, &hook("dashboard-link"), true).await;
    ann.press(Key::Enter).await;
    ann.find(&hook("start-arguments")).await;
    ann.until("document.activeElement.tagName === 'H1'").await;
    ann.press("/").await;
    ann.until("document.activeElement.dataset.testid === 'start-arguments'").await;
    for text in ["60 first", "60 second"] {
        ann.press(text).await;
        ann.press(Key::Enter).await;
        ann.see(&hook("job-row"), text).await;
    }
    tab_to(&ann, &hook("job-open"), false).await;
    ann.press(Key::Down).await;
    ann.until("document.activeElement.innerText === 'sleep 60 first'").await;
    ann.press(Key::Up).await;
    ann.until("document.activeElement.innerText === 'sleep 60 second'").await;
    ann.press(Key::Enter).await;
    ann.find(&hook("details-cancel")).await;
    tab_to(&ann, &hook("details-cancel"), false).await;
    ann.press(Key::Enter).await;
    ann.find(&hook("details-retry")).await;
    ann.press(Key::Escape).await;
    ann.find(&row("cancelled")).await;
    ann.press(Key::Escape).await;
    ann.see("h1", "lobby").await;
    ann.composer_has_focus().await;
    ann.close().await;
}

#[tokio::test]
async fn the_jobs_page_fits_a_phone() {
    let server = TestServer::start().await;
    let ann = Window::new(PHONE).await;
    ann.enter("Ann", server.address(), "lobby").await;
    ann.click(".room-header .only-narrow").await;
    ann.until("document.querySelector('.sidebar').getBoundingClientRect().left === 0").await;
    open_dashboard(&ann).await;
    ann.until("document.querySelector('.sidebar').getBoundingClientRect().right <= 0").await;
    start(&ann, "sleep", &format!("60 {}", "long ".repeat(30))).await;
    ann.find(&row("running")).await;
    let fits = "document.querySelector('.page-body').scrollWidth <= innerWidth";
    ann.until(&format!("document.documentElement.scrollWidth === innerWidth && {fits}")).await;
    ann.click(&hook("job-open")).await;
    ann.find(&hook("details-changes")).await;
    ann.until(fits).await;
    ann.click(&hook("details-cancel")).await;
    ann.find(&hook("details-retry")).await;
    ann.click(&hook("dashboard-close")).await;
    ann.see("h1", "lobby").await;
    ann.close().await;
}

#[tokio::test]
async fn a_job_card_leads_to_its_details() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.say("/sleep 60 coffee").await;
    ann.click(&format!("{} {}", hook("job-card"), hook("job-details"))).await;
    ann.see(&format!("{} h2", hook("details")), "sleep 60 coffee").await;
    ann.click(&hook("details-cancel")).await;
    ann.find(&hook("details-retry")).await;
    let jobs = others::get(server.address(), "/api/jobs/stats?span=hour").await;
    assert_eq!(jobs["now"]["running"], Value::from(0));
    ann.close().await;
}

#[tokio::test]
async fn what_is_planned_is_listed_paused_and_deleted() {
    let server = TestServer::start().await;
    let ann = Window::of("Ann", server.address(), "lobby").await;
    ann.say("/remind in 2h take the bread out").await;
    ann.say("/every day 9:00 sum 1 2").await;
    ann.until("document.querySelectorAll('[data-testid=job-card][data-state=scheduled]').length === 2").await;
    ann.see(&hook("job-card"), "starts at").await;

    open_dashboard(&ann).await;
    ann.click(&hook("filter-scheduled")).await;
    ann.see(&row("scheduled"), "sum 1 2").await;
    ann.click(&hook("tab-schedules")).await;
    ann.see(&hook("schedule"), "take the bread out").await;
    let every = |part: &str| format!("{}:nth-of-type(2) {}", hook("schedule"), hook(part));
    ann.see(&every("schedule-next"), "in ").await;
    ann.click(&every("schedule-pause")).await;
    ann.see(&every("schedule-next"), "Paused").await;
    ann.click(&every("schedule-pause")).await;
    ann.see(&every("schedule-next"), "in ").await;
    ann.click(&every("schedule-delete")).await;
    ann.until("document.querySelectorAll('[data-testid=schedule]').length === 1").await;
    ann.click(&format!("{} .link", hook("notice"))).await;
    ann.until("document.querySelectorAll('[data-testid=schedule]').length === 2").await;
    ann.close().await;
}
