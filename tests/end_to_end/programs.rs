//! Programs that commands run, well-behaved and not: what they may do, and that nothing of them is left.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use chatbot::process::{End, Event, ProcessLimits, Program, Programs, Running};

use crate::support::PATIENCE;

const LIMITS: ProcessLimits = ProcessLimits { output: 1024 * 1024, memory: Some(512 * 1024 * 1024) };

/// Longest time to an end.
const SECOND: Duration = Duration::from_secs(1);

fn program(name: &str, arguments: &[&str], dir: &Path) -> Program {
    let arguments = arguments.iter().map(ToString::to_string).collect();
    Program {
        program: name.into(),
        arguments,
        dir: dir.into(),
        environment: Vec::new(),
        hidden: Vec::new(),
        only_reads: false,
        limits: LIMITS,
    }
}

fn shell(script: &str) -> Program {
    program("sh", &["-c", script], Path::new("/"))
}

async fn start(program: &Program, input: &str) -> (Programs, Running) {
    let programs = Programs::new(env!("CARGO_BIN_EXE_chatbot").into());
    let running = programs.start(program, input.to_owned()).await.expect("it starts");
    (programs, running)
}

/// What it writes, and how it ends.
struct Run {
    output: Vec<String>,
    log: Vec<String>,
    end: End,
}

async fn watch(running: &mut Running) -> Run {
    let mut run = Run { output: Vec::new(), log: Vec::new(), end: End::Exit(0) };
    loop {
        match tokio::time::timeout(PATIENCE, running.next()).await.expect("in time") {
            Event::Output(lines) => run.output.extend(lines),
            Event::Log(lines) => run.log.extend(lines),
            Event::Ended(end) => {
                run.end = end;
                return run;
            }
        }
    }
}

async fn run(program: &Program, input: &str) -> Run {
    watch(&mut start(program, input).await.1).await
}

/// The next lines on standard output.
async fn output(running: &mut Running) -> Vec<String> {
    match tokio::time::timeout(PATIENCE, running.next()).await.expect("in time") {
        Event::Output(lines) => lines,
        other => panic!("{other:?} instead of output"),
    }
}

/// Whether there is such a process, dead ones that nobody has waited for included.
fn exists(id: &str) -> bool {
    assert!(id.parse::<u32>().is_ok(), "{id:?}");
    Path::new("/proc").join(id).exists()
}

/// Drops it; how long it took until none of the processes existed any more.
async fn end(programs: Programs, running: Running, ids: &[String]) -> Duration {
    assert!(!ids.is_empty() && ids.iter().all(|id| exists(id)), "{ids:?}");
    let start = Instant::now();
    drop(running);
    tokio::time::timeout(PATIENCE, programs.all_ended()).await.expect("ends");
    for id in ids {
        assert!(!exists(id), "{:?}", fs::read_to_string(format!("/proc/{id}/stat")));
    }
    start.elapsed()
}

#[tokio::test]
async fn input_goes_in_and_lines_come_out() {
    let run = run(&shell("cat; echo from here >&2; printf 'no line end'; exit 3"), "one\ntwo\n").await;
    assert_eq!(run.output, ["one", "two", "no line end"]);
    assert_eq!((run.log, run.end), (vec!["from here".to_owned()], End::Exit(3)));
}

#[tokio::test]
async fn each_line_is_told_before_the_next_is_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let script = "for n in 1 2 3; do echo $n; while [ ! -e $n ]; do sleep 0.01; done; done";
    let (_programs, mut running) = start(&program("sh", &["-c", script], dir.path()), "").await;
    for line in ["1", "2", "3"] {
        assert_eq!(output(&mut running).await, [line]);
        fs::write(dir.path().join(line), "").expect("written");
    }
    assert_eq!(watch(&mut running).await.end, End::Exit(0));
}

#[tokio::test]
async fn the_environment_is_clean() {
    let mut env = program("env", &[], Path::new("/usr"));
    env.environment = vec![("CITY".into(), "Ulm".into())];
    let mut names: Vec<_> = run(&env, "").await.output;
    names.retain(|line| !line.starts_with("PATH=") && !line.starts_with("TMPDIR="));
    names.sort();
    assert_eq!(names, ["CITY=Ulm", "HOME=/usr", "LANG=C.UTF-8", "PYTHONUNBUFFERED=1"]);
}

#[tokio::test]
async fn a_program_and_what_it_starts_gain_no_rights() {
    let status = run(&shell("setsid grep NoNewPrivs /proc/self/status"), "").await.output;
    assert_eq!(status, ["NoNewPrivs:\t1"]);
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let dir = tempfile::tempdir().expect("a folder");
    let at = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
    fs::write(at("plain"), "no program").expect("written");
    for (name, end) in [
        ("no-such-program", End::NoProgram),
        (&at("missing"), End::NoProgram),
        (&at("plain"), End::NotExecutable),
        (&at(""), End::NotExecutable),
    ] {
        assert_eq!(run(&program(name, &[], dir.path()), "").await.end, end, "{name}");
    }
    assert_eq!(run(&program("sh", &[], &dir.path().join("gone")), "").await.end, End::NoFolder);
}

#[tokio::test]
async fn a_gigabyte_of_output_is_stopped_at_the_limit() {
    let (programs, mut running) = start(&shell("echo $$; head -c 1G /dev/zero | tr '\\0' x"), "").await;
    let shell = output(&mut running).await;
    let run = watch(&mut running).await;
    assert_eq!(run.end, End::TooMuchOutput);
    assert!(run.output.iter().map(String::len).sum::<usize>() <= LIMITS.output);
    assert!(end(programs, running, &shell[..1]).await < SECOND);
}

#[tokio::test]
async fn log_beyond_its_limit_is_dropped_and_harms_nothing() {
    let run = run(&shell("head -c 10M /dev/zero | tr '\\0' '\\n' >&2; echo done"), "").await;
    assert!(run.log.len() < 100_000);
    assert_eq!((run.output, run.end), (vec!["done".to_owned()], End::Exit(0)));
}

#[tokio::test]
async fn input_that_nobody_reads_holds_up_nothing() {
    let input = "x".repeat(10_000_000);
    let read_late = run(&shell("echo first; wc -c"), &input).await;
    assert_eq!(read_late.output, ["first", "10000000"]);
    let unread = run(&shell("exec 0<&-; echo unread"), &input).await;
    assert_eq!((unread.output, unread.end), (vec!["unread".to_owned()], End::Exit(0)));
}

#[tokio::test]
async fn closing_the_output_is_not_the_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let script = "exec 1>&- 2>&-; while [ ! -e go ]; do sleep 0.01; done; exit 7";
    let (_programs, mut running) = start(&program("sh", &["-c", script], dir.path()), "").await;
    fs::write(dir.path().join("go"), "").expect("written");
    assert_eq!(watch(&mut running).await.end, End::Exit(7));
}

#[tokio::test]
async fn a_signal_that_ends_it_is_told() {
    assert_eq!(run(&shell("kill -SEGV $$"), "").await.end, End::Signal(11));
}

#[tokio::test]
async fn memory_is_limited_where_it_is_written_and_not_where_it_is_reserved() {
    let take = |bytes: &str| shell(&format!("head -c {bytes} /dev/zero | tail -n 1 | wc -c; echo still here"));
    let within = run(&take("10M"), "").await;
    assert_eq!(within.output, ["10485760", "still here"]);
    let beyond = run(&take("1G"), "").await;
    assert_eq!(beyond.output, ["0", "still here"], "only the process that asks for too much is refused");
    assert!(beyond.log.concat().contains("memory"), "{:?}", beyond.log);
}

#[tokio::test]
async fn children_end_with_the_program_and_do_not_hold_up_its_end() {
    let run = run(&shell("sleep 600 & echo $!; setsid sleep 600 & echo $!; sleep 0.1"), "").await;
    assert_eq!(run.end, End::Exit(0));
    assert_eq!(run.output.len(), 2);
    assert!(!run.output.iter().any(|id| exists(id)));
}

#[tokio::test]
async fn dropped_it_ends_within_a_second_whatever_it_does() {
    let deaf = "trap '' TERM HUP INT; ";
    let busy = "echo $$; while :; do sleep 600; done";
    for script in [
        "echo $$; exec sleep 600".to_owned(),
        format!("{deaf}{busy}"),
        format!("sleep 600 & echo $!; setsid sleep 600 & echo $!; {busy}"),
        // A daemon: orphaned, in a session of its own, deaf.
        format!("(setsid sh -c \"{deaf}echo \\$\\$; exec >/dev/null; while :; do sleep 600; done\" &); {busy}"),
        format!("(env -i setsid sleep 600 & echo $!); {busy}"),
        "echo $$; kill -STOP $$".to_owned(),
    ] {
        let (programs, mut running) = start(&shell(&script), "").await;
        let count = script.matches("echo").count();
        let mut ids = Vec::new();
        while ids.len() < count {
            ids.extend(output(&mut running).await);
        }
        let took = end(programs, running, &ids).await;
        assert!(took < SECOND, "{script}: {took:?}");
    }
}

#[tokio::test]
async fn dropped_it_may_clean_up_first() {
    let dir = tempfile::tempdir().expect("a folder");
    let script = "trap 'echo cleaned > done; exit' TERM; echo $$; while :; do sleep 0.01; done";
    let (programs, mut running) = start(&program("sh", &["-c", script], dir.path()), "").await;
    let shell = output(&mut running).await;
    end(programs, running, &shell).await;
    assert_eq!(fs::read_to_string(dir.path().join("done")).expect("it had the time"), "cleaned\n");
}

#[tokio::test]
async fn one_that_starts_others_without_end_is_caught() {
    // Each shell ends as soon as it has started the next; after ten thousand they would give up.
    let dir = tempfile::tempdir().expect("a folder");
    let next = r#"echo > alive; [ "$1" = 0 ] || sh -c "$0" "$0" $(($1 - 1)) &"#;
    let script = format!("echo $$; for n in 1 2; do setsid sh -c '{next}' '{next}' 10000 & done; wait; sleep 600");
    let (programs, mut running) = start(&program("sh", &["-c", &script], dir.path()), "").await;
    let shell = output(&mut running).await;
    while !dir.path().join("alive").exists() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(end(programs, running, &shell).await < SECOND);
    fs::remove_file(dir.path().join("alive")).expect("they lived");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!dir.path().join("alive").exists(), "they live no more");
}

#[tokio::test]
async fn what_only_reads_gets_a_hidden_file_as_its_input_and_changes_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().canonicalize().expect("a path");
    fs::write(root.join("secret"), "one\ntwo\n").expect("written");
    let script = "cat; cat \"$0/secret\"; touch \"$0/new\"; (echo > /dev/tcp/127.0.0.1/9) 2>&1; echo done";
    let path = root.to_string_lossy();
    let program = Program {
        hidden: vec![root.clone()],
        only_reads: true,
        ..program("bash", &["-c", script, &path], Path::new("/"))
    };
    let programs = Programs::new(env!("CARGO_BIN_EXE_chatbot").into());
    let input = chatbot::process::Input::File(root.join("secret"));
    let run = watch(&mut programs.start(&program, input).await.expect("it starts")).await;
    assert_eq!(run.end, End::Exit(0), "{:?} {:?}", run.output, run.log);
    assert_eq!(
        (&run.output[..2], run.output.last().map(String::as_str)),
        (&["one".to_owned(), "two".to_owned()][..], Some("done"))
    );
    assert_eq!(run.output.iter().filter(|line| *line == "one").count(), 1, "the file itself is hidden");
    assert!(!root.join("new").exists(), "{:?}", run.log);
    let said = [run.output, run.log].concat().join(" ");
    assert!(said.contains("not permitted") || said.contains("denied"), "no connection either: {said}");
}
