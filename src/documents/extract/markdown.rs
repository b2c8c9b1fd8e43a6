//! Markdown, which is close to the stored format.

use std::sync::LazyLock;

use regex::Regex;

use super::Extracted;
use super::lines;

/// Pictures within the text, as programs write them that know no files: `data:` with thousands of letters. Their descriptions stay.
static EMBEDDED: LazyLock<Regex> = LazyLock::new(|| {
    let picture = r"!\[(?<words>[^\]]*)\]\(\s*<?data:[^)]*\)";
    let definition = r"(?m:^[ \t]*\[[^\]]+\]:[ \t]*<?data:.*$)";
    let element = r#"(?i:<img\b[^>]*\bsrc\s*=\s*["']?data:[^>]*>)"#;
    let pattern = format!("{picture}|{definition}|{element}");
    Regex::new(&pattern).unwrap_or_else(|error| unreachable!("the pattern is a constant: {error}"))
});

/// Keeps the text; front matter becomes title and author, underlined headings those with `#`. Comments and pictures within the text
/// are left out.
pub fn read(text: &str) -> Extracted {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (front, body) = front_matter(&text);
    let of = |key: &str| {
        let line = front.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix([':', '=']))?;
        Some(line.trim().trim_matches(['"', '\'']).to_owned())
    };
    let body = EMBEDDED.replace_all(body, "$words");
    Extracted {
        title: of("title"),
        author: of("author"),
        text: lines::joined(&headings(&without_comments(&body)), 0.92),
        ..Extracted::default()
    }
}

/// The front matter at the beginning, between two lines of `---` (YAML) or `+++` (TOML), and the rest.
fn front_matter(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches('\u{feff}');
    let found = ["---", "+++"].into_iter().find_map(|mark| {
        let (first, rest) = text.split_once('\n')?;
        let mut at = 0;
        let end = rest.split_inclusive('\n').find_map(|line| {
            let (start, ends) = (at, matches!(line.trim_end(), end if end == mark || (end == "..." && mark == "---")));
            at += line.len();
            ends.then_some((start, at))
        });
        let (end, start) = end.filter(|_| first.trim_end() == mark)?;
        // A rule at the beginning is followed by text, and this by lines with names.
        let front = &rest[..end];
        let is_front = front.lines().any(|line| line.split_once([':', '=']).is_some_and(|(name, _)| is_name(name)));
        is_front.then_some((front, &rest[start..]))
    });
    found.unwrap_or(("", text))
}

fn is_name(text: &str) -> bool {
    let text = text.trim_end();
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// Leaves out what stands between `<!--` and `-->`, but for code. One that never ends is text, unless it begins a line.
fn without_comments(text: &str) -> String {
    let last_end = text.rfind("-->").unwrap_or(0);
    let mut kept = String::with_capacity(text.len());
    let (mut code, mut in_comment, mut at) = (Fence::default(), false, 0);
    for line in text.split_inclusive('\n') {
        let line_start = at;
        at += line.len();
        if !in_comment && code.holds(line) {
            kept.push_str(line);
            continue;
        }
        let (mut rest, mut ticks) = (line, 0);
        loop {
            if in_comment {
                let Some((_, after)) = rest.split_once("-->") else { break };
                (rest, in_comment) = (after, false);
            }
            let Some((before, after)) = rest.split_once("<!--") else { break };
            ticks += before.bytes().filter(|byte| *byte == b'`').count();
            let place = line_start + line.len() - after.len();
            let begins_line = line[..line.len() - after.len() - 4].trim().is_empty();
            // Behind a backtick without a second one, it is code.
            let is_comment = ticks % 2 == 0 && (place < last_end || begins_line);
            kept.push_str(before);
            kept.push_str(if is_comment { "" } else { "<!--" });
            (rest, in_comment) = (after, is_comment);
        }
        match in_comment {
            true => kept.extend(line.ends_with('\n').then_some('\n')),
            false => kept.push_str(rest),
        }
    }
    kept
}

/// Follows the lines of a text in and out of blocks of code.
#[derive(Default)]
struct Fence(Option<&'static str>);

impl Fence {
    /// Whether the next line is of a block of code, or begins or ends one.
    fn holds(&mut self, line: &str) -> bool {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        let was_open = self.0.is_some();
        match (self.0, mark) {
            (None, Some(mark)) => self.0 = Some(mark),
            (Some(open), Some(mark)) if open == mark => self.0 = None,
            _ => {}
        }
        was_open || self.0.is_some()
    }
}

/// Headings with `#` where they are meant, and none in code.
fn headings(text: &str) -> String {
    let mut lines_out: Vec<String> = Vec::new();
    let mut code = Fence::default();
    for line in text.split('\n') {
        if code.holds(line) {
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
        assert_eq!(read("---\nText\n\n---\nmore").text, "---\nText\n\n---\nmore");
    }

    #[test]
    fn front_matter_is_that_of_yaml_and_toml() {
        for text in [
            "\u{feff}---\ntitle: A\ntags: [b]\n...\nText",
            "--- \r\ntitle: A\r\n---\r\nText",
            "+++\ntitle = \"A\"\n+++\nText",
            "---\ntitle: A\n---\nText",
        ] {
            let extracted = read(text);
            assert_eq!((extracted.title.as_deref(), extracted.text.as_str()), (Some("A"), "Text"), "{text:?}");
        }
        assert_eq!(read("---\ntitle: A\n---").text, "");
    }

    #[test]
    fn pictures_within_the_text_leave_only_their_descriptions() {
        let data = format!("data:image/png;base64,{}", "iVBORw0KGgo+/A=".repeat(200));
        let text = format!(
            "One ![a pump]({data}) two\n\n<img alt=\"x\" src=\"{data}\">three ![four][p]\n\n[p]: <{data}>\n\n![file](a.png)"
        );
        assert_eq!(read(&text).text.trim(), "One a pump two\n\nthree ![four][p]\n\n\n\n![file](a.png)");
    }

    #[test]
    fn comments_are_left_out_but_not_of_code() {
        let text = "One <!-- secret\nremark --> two\n<!-- a -->three<!--b-->\n`<!-- shown -->`\n```\n<!-- code -->\n```\nend\n<!-- open\nnever closed";
        let expected = "One \n two\nthree\n`<!-- shown -->`\n```\n<!-- code -->\n```\nend";
        assert_eq!(read(text).text.trim_end().replace(" \n", "\n"), expected.replace(" \n", "\n"));
        assert_eq!(read("Write <!-- to begin a comment.\nMore.").text, "Write <!-- to begin a comment.\nMore.");
    }
}
