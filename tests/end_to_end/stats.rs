//! The jobs' statistics, as the plots read them.

use serde_json::{Value, json};

use crate::support::{Client, TestServer};

async fn stats(server: &TestServer, span: &str) -> Value {
    let answer = server.request("GET", &format!("/api/jobs/stats{span}")).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn points(stats: &Value) -> &[Value] {
    stats["points"].as_array().expect("points")
}

/// What a field comes to over all points: a test may run across the end of a minute.
fn sum(stats: &Value, field: &str) -> u64 {
    points(stats).iter().map(|point| point[field].as_u64().expect("a number")).sum()
}

async fn job(client: &mut Client, line: &str, state: &str) {
    client.send(json!({"room": "lobby", "message": line})).await;
    let fits = |frame: &Value| frame["job"]["line"] == line[1..] && frame["job"]["state"] == state;
    client.expect_where("job", fits).await;
}

#[tokio::test]
async fn what_jobs_do_is_counted_and_survives_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let change = |config: &mut chatbot::config::Config| {
        config.jobs.workers = 2;
        config.server.stop_seconds = 3;
    };
    let server = TestServer::on_with(dir.path(), change).await;
    let before = stats(&server, "").await;
    let nothing = json!({"queued": 0, "running": 0, "scheduled": 0, "retrying": 0, "dead": 0, "workers": 2});
    assert_eq!((&before["now"], sum(&before, "started")), (&nothing, 0));
    let (mut ann, _) = server.member("Ann", "lobby").await;
    for (line, state) in [("/sum 1 2", "completed"), ("/sleep 0.2", "completed"), ("/sum 1 x", "failed")] {
        job(&mut ann, line, state).await;
    }
    job(&mut ann, "/sleep 600", "running").await;
    for name in ["a", "b", "c"] {
        job(&mut ann, &format!("/sleep 600 {name}"), "queued").await;
    }
    let check = |stats: &Value| {
        assert_eq!((sum(stats, "started"), sum(stats, "completed"), sum(stats, "failed")), (4, 2, 1), "{stats}");
        assert_eq!(points(stats).iter().map(|point| point["depth"].as_u64()).max(), Some(Some(3)));
        let slowest = points(stats).iter().filter_map(|point| point["p95_ms"].as_f64()).fold(0.0, f64::max);
        assert!((180.0..2000.0).contains(&slowest), "{slowest}");
    };
    let hour = stats(&server, "?span=hour").await;
    check(&hour);
    assert_eq!((&hour["now"]["queued"], &hour["now"]["running"]), (&json!(3), &json!(1)));
    ann.close().await;
    server.stop().await.expect("a clean stop");

    let server = TestServer::on_with(dir.path(), change).await;
    let day = stats(&server, "?span=day").await;
    assert_eq!((points(&day).len(), &day["step"]), (96, &json!(900)));
    assert_eq!((sum(&day, "completed"), sum(&day, "failed")), (2, 1));
}

#[tokio::test]
async fn the_points_are_evenly_spaced_and_the_span_is_one_of_two() {
    let server = TestServer::start().await;
    for (span, count, step) in [("", 60, 60), ("?span=hour", 60, 60), ("?span=day", 96, 900)] {
        let stats = stats(&server, span).await;
        assert_eq!((points(&stats).len(), &stats["step"]), (count, &json!(step)));
        let times: Vec<jiff::Timestamp> =
            points(&stats).iter().map(|point| point["at"].as_str().expect("text").parse().expect("a time")).collect();
        assert!(times.windows(2).all(|pair| pair[1].as_second() - pair[0].as_second() == step));
        assert!(times[0].as_second() % step == 0 && points(&stats)[0]["p50_ms"].is_null());
        assert!((0..step + 60).contains(&(jiff::Timestamp::now().as_second() - times[count - 1].as_second())));
    }
    let week = server.request("GET", "/api/jobs/stats?span=week").send().await;
    assert_eq!(week.refusal(), (400, "bad_request".into()));
}

#[tokio::test]
async fn metrics_are_for_this_machine_and_for_the_owner() {
    let server = TestServer::start().await;
    let (mut ann, _) = server.member("Ann", "lobby").await;
    job(&mut ann, "/sum 1 2", "completed").await;
    let metrics = server.request("GET", "/metrics").send().await;
    assert_eq!((metrics.status, metrics.header("content-type")), (200, "text/plain; version=0.0.4; charset=utf-8"));
    let text = metrics.text();
    for line in [
        "# TYPE chatbot_connections gauge",
        "chatbot_rooms 1",
        "chatbot_messages 2",
        "chatbot_jobs{state=\"queued\"} 0",
        "chatbot_job_workers 16",
        "chatbot_jobs_started_total 1",
        "chatbot_jobs_ended_total{state=\"completed\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    assert!(text.lines().any(|line| line.starts_with("chatbot_store_bytes ")), "{text}");
    // What comes through a proxy on this machine is not this machine's own.
    let request = || server.request("GET", "/metrics").header("x-forwarded-for", "192.0.2.1");
    assert_eq!(request().send().await.refusal(), (403, "forbidden".into()));
    assert_eq!(request().by_owner().send().await.status, 200);
}
