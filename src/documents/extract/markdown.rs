//! Markdown, which is close to the stored format.

use super::Extracted;
use super::lines;

/// Keeps the text; front matter becomes title and author, underlined headings those with `#`.
pub fn read(text: &str) -> Extracted {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (front, body) = front_matter(&text);
    let of = |key: &str| {
        let line = front.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix(':'))?;
        Some(line.trim().trim_matches(['"', '\'']).to_owned())
    };
    Extracted {
        title: of("title"),
        author: of("author"),
        text: lines::joined(&headings(body), 0.92),
        ..Extracted::default()
    }
}

/// The front matter between two lines of `---` at the beginning, and the rest.
fn front_matter(text: &str) -> (&str, &str) {
    let found = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    found.unwrap_or(("", text))
}

/// Headings with `#` where they are meant, and none in code.
fn headings(text: &str) -> String {
    let mut lines_out: Vec<String> = Vec::new();
    let mut fence: Option<&str> = None;
    for line in text.split('\n') {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            _ => {}
        }
        if fence.is_some() {
            lines_out.push(lines::not_a_heading(line).into_owned());
            continue;
        }
        let underlined = lines_out.last().is_some_and(|above| is_underlined_text(above));
        match (underline(line), lines_out.last_mut()) {
            (Some(mark), Some(above)) if underlined => *above = format!("{mark} {}", above.trim()),
            _ => lines_out.push(line.to_owned()),
        }
    }
    lines_out.join("\n")
}

/// The mark that a line below a heading stands for.
fn underline(line: &str) -> Option<&'static str> {
    let line = line.trim_end();
    let only = |mark: char| line.len() >= 3 && line.chars().all(|c| c == mark);
    if only('=') {
        Some("#")
    } else if only('-') {
        Some("##")
    } else {
        None
    }
}

fn is_underlined_text(line: &str) -> bool {
    let text = line.trim();
    !text.is_empty() && !text.starts_with(['#', '|', '-', '>', '*', '`', '~'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_kept_and_code_has_none() {
        let text = "---\ntitle: \"手册\"\nauthor: 王小明\n---\nIntro\n=====\n\nText\n\n```sh\n# comment\n---\n```\n\nMore\n---\n\n---\n\nEnd";
        let extracted = read(text);
        assert_eq!((extracted.title.as_deref(), extracted.author.as_deref()), (Some("手册"), Some("王小明")));
        assert_eq!(extracted.text, "# Intro\n\nText\n\n```sh\n # comment\n---\n```\n\n## More\n\n---\n\nEnd");
    }

    #[test]
    fn a_rule_at_the_beginning_is_no_front_matter() {
        assert_eq!(read("---\nText that goes on").text, "---\nText that goes on");
    }
}
