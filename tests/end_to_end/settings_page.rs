//! `docs/settings.md` is made from `config.example.toml`, which another test compares with the code.

use std::fmt::Write;

const EXAMPLE: &str = include_str!("../../config.example.toml");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md");

/// Lines without the "#" of what is not there by default: sections that one may add.
fn lines() -> Vec<&'static str> {
    let mut is_added = false;
    let strip = |line: &'static str| {
        is_added = !line.is_empty() && (is_added || line.starts_with("# ["));
        if is_added { line.strip_prefix("# ").unwrap_or(line.trim_start_matches('#')) } else { line }
    };
    EXAMPLE.lines().map(strip).collect()
}

fn page() -> String {
    let mut page = "# Settings\n\n".to_owned();
    let mut text = Vec::new();
    let mut is_first_of_section = false;
    for line in lines() {
        if let Some(comment) = line.strip_prefix('#') {
            text.push(comment.trim());
            continue;
        }
        let said = std::mem::take(&mut text).join(" ").trim().to_owned();
        if line.starts_with('[') {
            let _ = write!(page, "\n## `{line}`\n\n");
            is_first_of_section = true;
        }
        match line.split_once(" = ") {
            Some((name, value)) => {
                if std::mem::take(&mut is_first_of_section) {
                    page.push_str("| Setting | Default | |\n| --- | --- | --- |\n");
                }
                let cell = |text: &str| text.replace('|', "\\|");
                let _ = writeln!(page, "| `{name}` | `{}` | {} |", cell(value), cell(&said));
            }
            None if said.is_empty() => {}
            // What stands before a section is about it.
            None => page.push_str(&format!("{said}\n\n")),
        }
    }
    page
}

#[test]
fn the_page_of_settings_says_what_the_example_file_says() {
    let page = page();
    if std::env::var_os("CHATBOT_WRITE_SETTINGS").is_some() {
        std::fs::write(PAGE, &page).expect("written");
    }
    let found = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(found == page, "run this test with CHATBOT_WRITE_SETTINGS=1, which writes docs/settings.md");
    let settings = page.lines().filter(|line| line.starts_with("| `")).count();
    assert!(settings > 100, "{settings} settings");
}
