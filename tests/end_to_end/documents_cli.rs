//! `chatbot documents …` and `chatbot ask …` as people type them, against a real server.

use serde_json::Value;

use crate::command::{Said, chatbot_on};
use crate::files::{Pdf, docx, pdf, pdf_with, random};
use crate::support::ServerProcess;

#[tokio::test]
async fn documents_are_added_listed_asked_and_removed() {
    let dir = tempfile::tempdir().expect("a folder");
    let _server = ServerProcess::start(dir.path(), &[]);
    let at = |name: &str| dir.path().join(name).to_str().expect("text").to_owned();
    let rule = "员工应当在三个工作日内提交报销单据，财务部门负责审核。".to_owned();
    std::fs::write(at("报销 规定.pdf"), pdf(&[vec![(11, "第一页".to_owned())], vec![(11, rule.clone())]]))
        .expect("written");
    std::fs::write(at("hours.md"), "# Opening hours\n\nThe office is open from nine to five.\n").expect("written");
    std::fs::write(at("picture.pdf"), b"GIF89a\0\0").expect("written");

    let files = [at("报销 规定.pdf"), at("picture.pdf"), at("gone.txt"), at("hours.md")];
    let added = chatbot_on(dir.path(), &[&["documents", "add"], &files.each_ref().map(String::as_str)[..]].concat());
    assert_eq!(added.code, Some(1), "{}", added.err);
    assert!(added.err.contains("picture.pdf: Files of this type cannot be read."), "{}", added.err);
    assert!(added.err.contains("gone.txt") && added.err.contains("2 of 4 files were not added"), "{}", added.err);
    let lines: Vec<&str> = added.out.lines().collect();
    assert_eq!(lines.len(), 2, "{}", added.out);
    assert!(lines[0].ends_with(", 2 pages)") && lines[1].ends_with("  Opening hours (1 passage)"), "{}", added.out);

    // All that were added can be found now: an answer names them, be it as its source or as what is nearest.
    let answer = chatbot_on(dir.path(), &["ask", "员工应当在几个工作日内", "提交报销单据？"]).out();
    assert!(answer.contains("报销 规定"), "{answer}");
    let answer = chatbot_on(dir.path(), &["ask", "--json", "When is the office open?"]).out();
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(answer["query"], "When is the office open?");
    assert!(answer["result"].as_str().is_some_and(|text| text.contains("Opening hours")), "{answer}");

    let list = chatbot_on(dir.path(), &["documents", "list", "--find", "hours"]).out();
    assert!(list.lines().count() == 2 && list.contains("Opening hours"), "{list}");
    let id = lines[0].split("  ").next().expect("an id");
    assert_eq!(chatbot_on(dir.path(), &["documents", "remove", id]).out(), format!("{id}  removed\n"));
    let list: Value =
        serde_json::from_str(&chatbot_on(dir.path(), &["documents", "list", "--json"]).out()).expect("JSON");
    assert_eq!(list.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_cannot_be_done_is_told_in_one_sentence() {
    let dir = tempfile::tempdir().expect("a folder");
    let fails = |arguments: &[&str]| {
        let said = chatbot_on(dir.path(), arguments);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
        assert!(said.err.starts_with("chatbot: ") && said.err.lines().count() == 1, "{}", said.err);
        said.err
    };
    assert!(fails(&["ask", "Anything?"]).contains("no chatbot runs on the data folder"));
    let _server = ServerProcess::start(dir.path(), &[]);
    std::fs::write(dir.path().join("empty.txt"), "").expect("written");
    let empty = dir.path().join("empty.txt");
    assert!(fails(&["documents", "add", empty.to_str().expect("text")]).contains("There is no text in this file."));
    assert!(fails(&["documents", "add", "/dev"]).contains("/dev is not a file"));
    assert!(fails(&["documents", "add", "a", "b", "--title", "T"]).contains("--title goes with one file only"));
    assert!(fails(&["documents", "remove", "0192f0c1d2e37000800000000000000a"]).contains("There is no such document."));
    assert!(fails(&["ask", "--room", "nowhere", "Anything?"]).contains("nowhere"));
    assert_eq!(chatbot_on(dir.path(), &["ask"]).code, Some(2));
}

/// Most memory that the process had of its own at any time, in MiB.
fn peak(server: &ServerProcess) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
}

#[tokio::test]
async fn hostile_files_leave_the_servers_memory_as_it_was() {
    let dir = tempfile::tempdir().expect("a folder");
    // The embedding model comes and goes with passages, in its own time.
    let server = ServerProcess::start(dir.path(), &[("CHATBOT_EMBEDDING__SOURCE", "off")]);
    let at = |name: &str| dir.path().join(name).to_str().expect("text").to_owned();
    let page = [vec![(11, "short".to_owned())]];
    let whole = pdf(&vec![vec![(11, "员工应当在三个工作日内提交报销单据。".to_owned()); 20]; 20]);
    let nested = "<div>".repeat(500_000);
    for (name, content) in [
        ("truncated.pdf", whole[..whole.len() / 2].to_vec()),
        ("random.pdf", [b"%PDF-1.7\n".as_slice(), &random(1_000_000), b"%%EOF"].concat()),
        ("bomb.pdf", pdf_with(&Pdf { padding: 200 << 20, ..Pdf::of(&page) })),
        ("bomb.docx", docx(&" ".repeat(200 << 20))),
        ("locked.pdf", pdf_with(&Pdf { is_locked: true, ..Pdf::of(&page) })),
        ("nothing.pdf", Vec::new()),
        ("program.pdf", std::fs::read("/proc/self/exe").expect("a program")[..1_000_000].to_vec()),
        ("deep.html", nested.into_bytes()),
        ("loop.pdf", pdf_with(&Pdf { kids: Some("2 0 R"), count: Some(1_000_000), ..Pdf::of(&page) })),
    ] {
        std::fs::write(at(name), content).expect("written");
    }
    std::fs::File::create(at("huge.pdf")).and_then(|file| file.set_len(100 << 20)).expect("a large file");
    std::fs::write(at("first.txt"), "What a small file takes, any file may take.").expect("written");
    chatbot_on(dir.path(), &["documents", "add", &at("first.txt")]).out();
    let before = peak(&server);
    for name in [
        "truncated.pdf",
        "random.pdf",
        "bomb.pdf",
        "bomb.docx",
        "locked.pdf",
        "nothing.pdf",
        "program.pdf",
        "deep.html",
        "loop.pdf",
        "huge.pdf",
    ] {
        let said = chatbot_on(dir.path(), &["documents", "add", &at(name)]);
        // A page that can be reached in spite of the loop may be read.
        if name != "loop.pdf" || said.code != Some(0) {
            assert_refused(name, &said);
        }
        let grown = peak(&server) - before;
        assert!(grown < 16, "{name}: {grown} MiB");
    }
    assert!(!chatbot_on(dir.path(), &["documents", "list"]).out().contains(".pdf"));
}

fn assert_refused(name: &str, said: &Said) {
    assert_eq!((said.code, said.out.as_str(), said.err.lines().count()), (Some(1), "", 1), "{name}: {}", said.err);
    assert!(said.err.starts_with(&format!("chatbot: {name}: ")) && said.err.trim_end().ends_with('.'), "{}", said.err);
}
