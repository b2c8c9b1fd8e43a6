//! What is done later: reminders and repeated commands, over restarts, kills and jumps of the clock.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clock::{Clock, HOUR};
use crate::rooms::texts;
use crate::support::{Client, Request, ServerProcess, TestServer};

/// Says a command in the lobby and waits for the bot's answer to it.
async fn told(client: &mut Client, line: &str) -> String {
    let seq = client.say("lobby", line).await;
    let answer = client.expect_where("message", |frame| frame["reply_to"] == seq && frame["role"] == "bot").await;
    answer["message"].as_str().expect("words").to_owned()
}

/// The next message of the bot with these words in it.
async fn said(client: &mut Client, words: &str) -> Value {
    let fits = |frame: &Value| frame["message"].as_str().is_some_and(|message| message.contains(words));
    client.expect_where("message", |frame| frame["role"] == "bot" && fits(frame)).await
}

mod reminders {
    use super::*;

    #[tokio::test]
    async fn a_reminder_is_said_once_at_its_time() {
        let server = TestServer::start().await;
        let (mut ann, _) = server.member("Ann", "lobby").await;
        let asked = Instant::now();
        let planned = told(&mut ann, "/remind in 1s take the bread out").await;
        assert!(planned.starts_with("OK, today at ") && planned.ends_with(": take the bread out"), "{planned}");
        let reminder = said(&mut ann, "Reminder for @Ann").await;
        assert_eq!(reminder["message"], "Reminder for @Ann: take the bread out");
        assert_eq!(reminder["reply_to"], 1);
        let took = asked.elapsed();
        assert!((0.9..2.0).contains(&took.as_secs_f64()), "{took:?}");
        assert_eq!(ann.say("lobby", "thanks").await, 4, "it was said once");
        assert_eq!(told(&mut ann, "/schedules").await.lines().count(), 1, "it is over");
    }

    #[tokio::test]
    async fn a_reminder_that_waits_is_shown_to_whoever_joins_again() {
        let server = TestServer::start().await;
        let cookie = format!("chatbot_visitor={}", "c".repeat(40));
        for room in ["lobby", "@bot"] {
            for visit in 0..2 {
                let mut ann = Client::connect(server.address(), "/ws", &[("cookie", &cookie)]).await;
                ann.send(json!({"type": "join", "room": room})).await;
                let joined = ann.expect("joined").await;
                let waiting: Vec<_> =
                    joined["jobs"].as_array().expect("jobs").iter().map(|job| &job["state"]).collect();
                assert_eq!(waiting, vec!["scheduled"; visit], "{room}");
                ann.send(json!({"room": room, "message": "/remind in 10m tea"})).await;
                said(&mut ann, "OK, today at ").await;
            }
        }
    }

    #[tokio::test]
    async fn people_write_as_they_speak() {
        let server = TestServer::start().await;
        let (mut ann, _) = server.member("Ann", "lobby").await;
        for (locale, line, planned, reminder) in [
            ("en", "/remind me to call Bob in 1s", ": call Bob", "Reminder for @Ann: call Bob"),
            ("zh-CN", "/remind 1秒后提醒我关火", "好，今天", "提醒 @Ann：关火"),
            ("zh-TW", "／remind １秒鐘後，關火", "好，今天", "提醒 @Ann：關火"),
        ] {
            ann.send(json!({"type": "hello", "locale": locale})).await;
            let answer = told(&mut ann, line).await;
            assert!(answer.contains(planned), "{answer}");
            assert_eq!(said(&mut ann, "@Ann").await["message"], reminder);
        }
    }

    #[tokio::test]
    async fn times_are_those_of_the_askers_zone() {
        let server = TestServer::start().await;
        let (mut ann, _) = server.member("Ann", "lobby").await;
        ann.send(json!({"type": "hello", "handle": "Ann", "time_zone": "Asia/Taipei"})).await;
        let answer = told(&mut ann, "/remind tomorrow 9:00 call Bob").await;
        assert_eq!(answer, "OK, tomorrow at 09:00 (Asia/Taipei): call Bob");
        let list = server.request("GET", "/api/schedules").by_owner().send().await.json();
        let schedule = &list["schedules"][0];
        assert!(schedule["next_at"].as_str().is_some_and(|at| at.ends_with("T01:00:00.000Z")), "{schedule}");
        assert_eq!((&schedule["kind"], &schedule["time_zone"]), (&json!("once"), &json!("Asia/Taipei")));
    }

    /// Says a command in a language and a zone; the answer, and how many schedules there are then.
    async fn asked(server: &TestServer, locale: &str, zone: &str, line: &str) -> (String, usize) {
        let (mut ann, _) = server.member("Ann", "lobby").await;
        ann.send(json!({"type": "hello", "handle": "Ann", "locale": locale, "time_zone": zone})).await;
        let answer = told(&mut ann, line).await;
        let list = server.request("GET", "/api/schedules").by_owner().send().await.json();
        (answer, list["schedules"].as_array().expect("schedules").len())
    }

    #[tokio::test]
    async fn a_time_in_parts_and_in_another_zone_is_understood_whole() {
        let server = TestServer::start().await;
        let (answer, planned) =
            asked(&server, "en", "Asia/Taipei", "/remind tomorrow call mom at 5.30pm UTC+08:00").await;
        assert_eq!((answer.as_str(), planned), ("OK, tomorrow at 17:30 (Asia/Taipei): call mom", 1));
        let (answer, planned) = asked(&server, "zh-CN", "Asia/Shanghai", "/remind 三天之后的下午三点开会").await;
        assert!(answer.starts_with("好，") && answer.ends_with("15:00（Asia/Shanghai）：开会"), "{answer}");
        assert_eq!(planned, 2);
    }

    #[tokio::test]
    async fn a_time_that_is_understood_in_part_is_not_planned_but_answered_with_what_was_not() {
        let server = TestServer::start().await;
        let (answer, _) = asked(&server, "en", "Asia/Taipei", "/remind tomorrow 9:00 call mom at 5.30pm").await;
        let expected =
            "I read tomorrow at 09:00 (Asia/Taipei), but I did not understand \"at 5.30pm\", so nothing is planned. ";
        assert!(answer.starts_with(expected), "{answer}");
        let (answer, _) = asked(&server, "zh-CN", "Asia/Shanghai", "/remind 明天25点开会").await;
        assert!(answer.starts_with("我看懂了 明天 09:00（Asia/Shanghai），但没看懂“25点”，所以没有安排。"), "{answer}");
        let (answer, _) = asked(&server, "zh-TW", "Asia/Taipei", "/every 每天9點到10點 echo 早").await;
        assert!(answer.starts_with("我看懂了「每天9點」，但沒看懂「到10點」"), "{answer}");
        let (answer, planned) = asked(&server, "en", "Asia/Taipei", "/every day 9:00 from monday echo hi").await;
        assert!(answer.starts_with("I read \"day 9:00\", but I did not understand \"from monday\""), "{answer}");
        assert_eq!(planned, 0);
        let (answer, planned) = asked(&server, "en", "Asia/Taipei", "/remind tomorrow 9:00: call mom at 5.30pm").await;
        assert_eq!((answer.as_str(), planned), ("OK, tomorrow at 09:00 (Asia/Taipei): call mom at 5.30pm", 1));
    }

    #[tokio::test]
    async fn a_date_with_two_readings_is_asked_about_unless_the_zone_tells() {
        let server = TestServer::start().await;
        let (answer, _) = asked(&server, "en", "Asia/Shanghai", "/remind 03/04/2028 call mom").await;
        let expected = "\"03/04/2028\" may be Monday, 2028-04-03, or Saturday, 2028-03-04. ";
        assert!(answer.starts_with(expected), "{answer}");
        let (answer, planned) = asked(&server, "zh-CN", "Asia/Shanghai", "/remind 03/04/2028 开会").await;
        assert!(
            answer.starts_with("“03/04/2028”可能是 2028-04-03（星期一），也可能是 2028-03-04（星期六）。"),
            "{answer}"
        );
        assert_eq!(planned, 0);
        for (zone, date) in [("Europe/Vienna", "Monday, 2028-04-03"), ("America/New_York", "Saturday, 2028-03-04")] {
            let (answer, _) = asked(&server, "en", zone, "/remind 03/04/2028 call mom").await;
            assert!(answer.starts_with(&format!("OK, on {date} at 09:00")), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_day_that_some_months_have_not_is_the_last_one_there_and_that_is_said() {
        let server = TestServer::start().await;
        let (answer, planned) = asked(&server, "en", "Asia/Taipei", "/every month on the 31st echo rent").await;
        assert!(answer.starts_with("OK, number 1: echo rent (0 9 L * *), next "), "{answer}");
        assert!(answer.ends_with("In a month that has no such day, it comes on the last one."), "{answer}");
        assert_eq!(planned, 1);
    }

    #[tokio::test]
    async fn a_recurrence_in_another_zone_follows_its_clocks_and_names_it() {
        let server = TestServer::start().await;
        let (answer, _) = asked(&server, "en", "Asia/Taipei", "/every day 9:00 UTC+05:30 echo hi").await;
        assert!(answer.starts_with("OK, number 1: echo hi (0 9 * * *, UTC+05:30), next "), "{answer}");
        assert!(answer.ends_with("at 11:30 (Asia/Taipei)"), "{answer}");
        let list = server.request("GET", "/api/schedules").by_owner().send().await.json();
        let schedule = &list["schedules"][0];
        assert_eq!((&schedule["pattern"], &schedule["time_zone"]), (&json!("0 9 * * *"), &json!("UTC+05:30")));
        assert!(schedule["next_at"].as_str().is_some_and(|at| at.ends_with("T03:30:00.000Z")), "{schedule}");
    }

    #[tokio::test]
    async fn what_cannot_be_planned_is_said_to_be_so() {
        let server = TestServer::with(|config| config.jobs.schedules_per_person = 1).await;
        let (mut ann, _) = server.member("Ann", "lobby").await;
        for (line, words) in [
            ("/remind bread", "I see no time there"),
            ("/remind today 0:00 bread", "has passed already"),
            ("/remind in 90 years bread", "too far away"),
            ("/remind in 10m", "What shall I remind you of?"),
            ("/remind me every day 9:00 to water plants", "A reminder comes once"),
            ("/remind call mom tomorrow at 5pm about the taxes", "it stands in the middle"),
            ("/every now and then echo hi", "I do not see how often"),
            ("/every \"0 9 * * * *\" echo hi", "is not a cron pattern"),
            ("/every \"0 0 30 2 *\" echo hi", "never comes"),
            ("/every 90 seconds echo hi", "at whole minutes"),
            ("/every day 9am IST echo hi", "several time zones"),
            ("/every day", "Which command?"),
            ("/every day remind in 10m tea", "cannot be repeated"),
            ("/every day ehco hi", "Did you mean \"echo\"?"),
            ("/schedules pause", "Try: schedules pause 2"),
            ("/schedules pause 2", "no number 2"),
            ("/remind in 10m first", "OK, "),
            ("/remind in 10m second", "You have 1 schedules already"),
        ] {
            let answer = told(&mut ann, line).await;
            assert!(answer.contains(words), "{line}: {answer}");
        }
    }
}

mod managing {
    use super::*;

    #[tokio::test]
    async fn ones_own_schedules_are_listed_paused_resumed_and_deleted() {
        let server = TestServer::start().await;
        let (mut ann, _) = server.member("Ann", "lobby").await;
        ann.send(json!({"type": "hello", "handle": "Ann", "time_zone": "Europe/Vienna"})).await;
        assert!(told(&mut ann, "/schedules").await.contains("planned nothing"));
        told(&mut ann, "/remind in 3 days call Bob").await;
        let answer = told(&mut ann, "/every \"0 9 * * 1-5\" /echo good morning").await;
        assert!(answer.starts_with("OK, number 2: echo good morning (0 9 * * 1-5), next "), "{answer}");
        let list = told(&mut ann, "/schedules").await;
        let lines: Vec<_> = list.lines().collect();
        assert!(lines[1].starts_with("1. call Bob: on "), "{list}");
        assert!(lines[2].starts_with("2. echo good morning (0 9 * * 1-5): "), "{list}");
        assert!(lines[2].ends_with("09:00 (Europe/Vienna)"), "{list}");
        assert_eq!(told(&mut ann, "/schedules pause 2").await, "Paused: 2. echo good morning (0 9 * * 1-5): paused");
        assert!(told(&mut ann, "/schedules 恢復 2").await.starts_with("Resumed: 2. echo good morning"));
        assert!(told(&mut ann, "/schedules delete 1").await.starts_with("Deleted: 1. call Bob"));
        assert!(told(&mut ann, "/schedules delete 1").await.contains("no number 1"));
        let (mut bob, _) = server.member("Bob", "lobby").await;
        assert!(told(&mut bob, "/schedules").await.contains("planned nothing"), "others' are theirs");
        assert!(told(&mut bob, "/schedules delete 2").await.contains("no number 2"));
        assert_eq!(told(&mut ann, "/schedules").await.lines().count(), 2);
    }

    #[tokio::test]
    async fn a_program_manages_them_over_http() {
        let server = TestServer::start().await;
        let ann = ("cookie", format!("chatbot_visitor={}", "a".repeat(40)));
        let bob = ("cookie", format!("chatbot_visitor={}", "b".repeat(40)));
        let ask = async |who: &(&str, String), method: &str, path: &str| {
            server.request(method, &format!("/api/schedules{path}")).header(who.0, &who.1).send().await
        };
        let job =
            json!({"name": "every", "arguments": "每天9点 echo 早", "room": "lobby", "time_zone": "Asia/Shanghai"});
        server.request("POST", "/api/jobs").header(ann.0, &ann.1).json(job).send().await;
        let (mut eve, joined) = server.member("Eve", "lobby").await;
        if joined["last"] == 1 {
            said(&mut eve, "OK").await;
        }
        let list = ask(&ann, "GET", "").await.json();
        let schedule = list["schedules"][0].clone();
        assert_eq!((&schedule["kind"], &schedule["pattern"]), (&json!("every"), &json!("0 9 * * *")));
        assert_eq!((&schedule["line"], &schedule["room"]), (&json!("echo 早"), &json!("lobby")));
        assert_eq!((&schedule["paused"], &schedule["time_zone"]), (&json!(false), &json!("Asia/Shanghai")));
        let (id, run) = (schedule["id"].as_str().expect("an id"), schedule["job"].as_str().expect("a run").to_owned());
        let state = async || {
            let job = server.request("GET", &format!("/api/jobs/{run}")).by_owner().send().await;
            if job.status == 200 { job.json()["state"].clone() } else { json!(job.status) }
        };
        assert_eq!(state().await, "scheduled");

        assert_eq!(ask(&bob, "GET", "").await.json(), json!({"schedules": []}));
        for (method, path) in
            [("POST", format!("/{id}/pause")), ("POST", format!("/{id}/resume")), ("DELETE", format!("/{id}"))]
        {
            assert_eq!(ask(&bob, method, &path).await.refusal(), (404, "not_found".into()));
        }
        let paused = ask(&ann, "POST", &format!("/{id}/pause")).await.json();
        assert_eq!((&paused["paused"], &paused["next_at"]), (&json!(true), &Value::Null));
        assert_eq!(state().await, 404, "the run is withdrawn");
        let resumed = server.request("POST", &format!("/api/schedules/{id}/resume")).by_owner().send().await.json();
        assert_eq!((&resumed["paused"], &resumed["next_at"]), (&json!(false), &schedule["next_at"]));
        let deleted = server.request("DELETE", &format!("/api/schedules/{id}")).by_owner().send().await;
        assert_eq!(deleted.status, 204);
        assert_eq!(ask(&ann, "DELETE", &format!("/{id}")).await.status, 404);
        assert_eq!(ask(&ann, "GET", "").await.json(), json!({"schedules": []}));
    }

    #[tokio::test]
    async fn a_run_that_is_begun_early_or_cancelled_is_followed_by_the_next() {
        let server = TestServer::start().await;
        let (mut ann, _) = server.member("Ann", "lobby").await;
        told(&mut ann, "/every day 9:00 echo tick").await;
        let schedule = async || {
            let list = server.request("GET", "/api/schedules").by_owner().send().await.json();
            list["schedules"][0].clone()
        };
        let first = schedule().await;
        let retry = format!("/api/jobs/{}/retry", first["job"].as_str().expect("a run"));
        assert_eq!(server.request("POST", &retry).by_owner().send().await.status, 200);
        said(&mut ann, "tick").await;
        let second = schedule().await;
        let cancel = format!("/api/jobs/{}/cancel", second["job"].as_str().expect("a run"));
        assert_eq!(server.request("POST", &cancel).by_owner().send().await.json()["state"], "cancelled");
        let third = schedule().await;
        let times = [&first, &second, &third].map(|schedule| schedule["next_at"].as_str().expect("a time").to_owned());
        assert!(times.is_sorted() && times[0] != times[1] && times[1] != times[2], "{times:?}");
    }
}

mod processes {
    use super::*;

    async fn member(server: &ServerProcess) -> (Client, Value) {
        let mut client = Client::connect(server.address(), "/ws", &[]).await;
        client.send(json!({"type": "hello", "handle": "Ann", "locale": "en"})).await;
        client.send(json!({"type": "join", "room": "lobby", "after": 0})).await;
        let joined = client.expect("joined").await;
        (client, joined)
    }

    fn own_texts(frame: &Value) -> Vec<String> {
        texts(frame).into_iter().map(str::to_owned).collect()
    }

    fn count(texts: &[String], words: &str) -> usize {
        texts.iter().filter(|text| text.contains(words)).count()
    }

    /// All that was said in the lobby, once a sign from the bot shows that nothing is under way.
    async fn all_said(client: &mut Client) -> Vec<String> {
        let last = client.say("lobby", "/echo that was all").await;
        client.expect_where("message", |frame| frame["reply_to"] == last).await;
        client.send(json!({"type": "history", "room": "lobby", "limit": 200})).await;
        own_texts(&client.expect("history").await)
    }

    #[tokio::test]
    async fn a_reminder_survives_kills_before_its_time_and_after_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut server = ServerProcess::start(dir.path(), &[]);
        let (mut ann, _) = member(&server).await;
        told(&mut ann, "/remind in 1s early").await;
        let due = Instant::now() + Duration::from_secs(4);
        told(&mut ann, "/remind in 4s late").await;
        server.kill();
        // The first comes to its time while nobody is there.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let mut server = ServerProcess::start(dir.path(), &[]);
        let (mut ann, joined) = member(&server).await;
        if count(&own_texts(&joined), "Reminder for @Ann: early") == 0 {
            said(&mut ann, "Reminder for @Ann: early").await;
        }
        server.kill();
        let server = ServerProcess::start(dir.path(), &[]);
        let (mut ann, joined) = member(&server).await;
        if count(&own_texts(&joined), "Reminder for @Ann: late") == 0 {
            said(&mut ann, "Reminder for @Ann: late").await;
        }
        assert!(Instant::now() > due - Duration::from_millis(100), "not before its time");
        let texts = all_said(&mut ann).await;
        assert_eq!((count(&texts, "@Ann: early"), count(&texts, "@Ann: late")), (1, 1), "{texts:?}");
    }

    /// When the only schedule's next run is due.
    async fn next_at(server: &ServerProcess) -> String {
        let url = format!("http://{}/api/schedules", server.address());
        let list = Request::new("GET", &url).by_owner().send().await.json();
        list["schedules"][0]["next_at"].as_str().expect("a time").to_owned()
    }

    #[tokio::test]
    async fn a_clock_that_jumps_forth_and_back_loses_and_doubles_no_run() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut clock = Clock::new(dir.path());
        let server = clock.start(&dir.path().join("data"));
        let (mut ann, _) = member(&server).await;
        told(&mut ann, "/every hour echo tick").await;
        let first = next_at(&server).await;
        // Forth: the run that was due within the hour comes at once.
        clock.jump(HOUR);
        said(&mut ann, "tick").await;
        let second = next_at(&server).await;
        assert!(second > first);
        // Back: the hour that comes again brings no run again.
        clock.jump(-HOUR);
        told(&mut ann, "/remind in 2s first hour").await;
        said(&mut ann, "@Ann: first hour").await;
        assert_eq!(next_at(&server).await, second);
        clock.jump(HOUR);
        told(&mut ann, "/remind in 2s second hour").await;
        said(&mut ann, "@Ann: second hour").await;
        let texts = all_said(&mut ann).await;
        let now_at = next_at(&server).await;
        // Unless the hour ended just now.
        let expected = if now_at == second { 1 } else { 2 };
        assert_eq!(texts.iter().filter(|text| *text == "tick").count(), expected, "{texts:?}");
    }

    #[tokio::test]
    async fn a_schedule_whose_command_its_maker_may_not_run_any_more_is_paused() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut clock = Clock::new(dir.path());
        let server = clock.start(&dir.path().join("data"));
        let (mut ann, _) = member(&server).await;
        told(&mut ann, "/every hour echo tick").await;
        let url = format!("http://{}/api/commands/echo/permission", server.address());
        let set = Request::new("PUT", &url).by_owner().json(json!({"allow": "member"})).send().await;
        assert_eq!(set.status, 200, "{}", set.text());
        clock.jump(HOUR);
        let refused = ann.expect_where("message", |frame| frame["job_state"] == "failed").await;
        let words = "Only people with an account may run \"echo\". Please sign in. The schedule has been paused.";
        assert_eq!(refused["message"], words);
        let url = format!("http://{}/api/schedules", server.address());
        let list = Request::new("GET", &url).by_owner().send().await.json();
        assert_eq!((&list["schedules"][0]["paused"], &list["schedules"][0]["next_at"]), (&json!(true), &Value::Null));
    }

    #[tokio::test]
    async fn runs_missed_while_the_server_was_down_are_made_up_for_once_or_skipped() {
        for (option, expected) in [("", 1), (" --skip-missed", 0)] {
            let dir = tempfile::tempdir().expect("a folder");
            let mut clock = Clock::new(dir.path());
            let data = dir.path().join("data");
            let mut server = clock.start(&data);
            let (mut ann, _) = member(&server).await;
            told(&mut ann, &format!("/every hour echo tick{option}")).await;
            let first = next_at(&server).await;
            server.kill();
            clock.jump(10 * HOUR);
            let server = clock.start(&data);
            let (mut ann, _) = member(&server).await;
            told(&mut ann, "/remind in 1s go on").await;
            said(&mut ann, "@Ann: go on").await;
            let texts = all_said(&mut ann).await;
            assert_eq!(texts.iter().filter(|text| *text == "tick").count(), expected, "{option}: {texts:?}");
            assert!(next_at(&server).await > first);
        }
    }

    #[tokio::test]
    async fn a_clock_set_back_does_not_delay_the_next_attempt() {
        let dir = tempfile::tempdir().expect("a folder");
        let command = "[[commands]]\nname = \"fail\"\nhelp = \"fails\"\nallow = \"guests\"\nrun = [\"false\"]\nretries = 1\nretry_first_seconds = 0.5\n";
        std::fs::write(dir.path().join("config.toml"), command).expect("written");
        let mut clock = Clock::new(dir.path());
        let server = clock.start(&dir.path().join("data"));
        let (mut ann, _) = member(&server).await;
        ann.say("lobby", "/fail").await;
        ann.expect_where("job", |frame| frame["job"]["state"] == "retrying").await;
        clock.jump(-HOUR);
        let dead = ann.expect_where("job", |frame| frame["job"]["state"] == "dead").await;
        assert_eq!(dead["job"]["attempt"], 2);
    }
}
