//! The sentences of an answer.

use std::ops::Range;

/// Where the sentences of a text are, in order, each with the citations behind it; without blocks of code, and without what introduces
/// a line: bullets, numbers, the marks of headings and quotations.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut at, mut is_code) = (Vec::new(), 0, false);
    for line in text.split_inclusive('\n') {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        if !is_code && !is_fence {
            let begin = introduction(line);
            split(&line[begin..], |range| found.push(at + begin + range.start..at + begin + range.end));
        }
        at += line.len();
    }
    found
}

/// The length of what introduces a line.
fn introduction(line: &str) -> usize {
    let rest =
        line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '#' | '>' | '-' | '*' | '•' | '·' | '|'));
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let is_number = (1..=2).contains(&digits) && rest[digits..].starts_with(['.', ')', '、']);
    let number = if is_number { digits + rest[digits..].chars().next().map_or(0, char::len_utf8) } else { 0 };
    // "2.5 m" is none.
    let number = if rest[number..].starts_with(|c: char| c.is_ascii_digit()) { 0 } else { number };
    line.len() - rest.len() + number
}

fn split(line: &str, mut found: impl FnMut(Range<usize>)) {
    let mut begin = 0;
    for (at, c) in line.char_indices() {
        if at < begin || !ends_sentence(line, at, c) {
            continue;
        }
        let end = at + c.len_utf8() + closing(&line[at + c.len_utf8()..]);
        found(trimmed(line, begin..end));
        begin = end;
    }
    let rest = trimmed(line, begin..line.len());
    if !rest.is_empty() {
        found(rest);
    }
}

fn trimmed(line: &str, range: Range<usize>) -> Range<usize> {
    let part = &line[range.clone()];
    let start = range.start + part.len() - part.trim_start().len();
    start..start + part.trim().len()
}

fn ends_sentence(line: &str, at: usize, c: char) -> bool {
    let after = &line[at + c.len_utf8()..];
    match c {
        '。' | '！' | '？' => true,
        '!' | '?' => !after.starts_with(char::is_alphanumeric),
        '.' => {
            // Not in numbers, names of files and behind abbreviations.
            let next = after[closing(after)..].chars().find(|c| !c.is_whitespace());
            let is_apart = after.is_empty() || !after.starts_with(|c: char| c.is_alphanumeric() || c == '.');
            let word = line[..at].rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            let is_short = word.chars().count() == 1 && word.starts_with(char::is_alphabetic);
            is_apart && !is_short && !next.is_some_and(char::is_lowercase)
        }
        _ => false,
    }
}

/// The length of quotation marks, brackets and citations that belong to the sentence before them.
fn closing(after: &str) -> usize {
    let mut length =
        after.len() - after.trim_start_matches(['"', '\'', '”', '’', '」', ')', '）', '*', '.', '!', '?']).len();
    loop {
        let rest = &after[length..];
        let mark = rest.trim_start_matches(' ');
        let Some(end) = mark.strip_prefix('[').and_then(|inside| inside.find(']')) else { return length };
        if !mark[1..=end].bytes().all(|byte| byte.is_ascii_digit()) {
            return length;
        }
        length += rest.len() - mark.len() + end + 2;
    }
}

/// Whether a sentence has a citation.
pub fn is_cited(sentence: &str) -> bool {
    sentence.split('[').skip(1).any(|rest| {
        rest.split_once(']').is_some_and(|(mark, _)| !mark.is_empty() && mark.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_readers_see_it() {
        for (text, expected) in [
            ("It is two. [1] Or 2.5 m? See a.txt.", vec!["It is two. [1]", "Or 2.5 m?", "See a.txt."]),
            ("A [1]. B", vec!["A [1].", "B"]),
            ("It costs approx. nothing, e.g. none.", vec!["It costs approx. nothing, e.g. none."]),
            ("保修三年。[1]可以退货！", vec!["保修三年。[1]", "可以退货！"]),
            (
                "# Terms\n\n1. Two years [1]\n- \"Three.\" Four\n2.5 m",
                vec!["Terms", "Two years [1]", "\"Three.\"", "Four", "2.5 m"],
            ),
            ("Run:\n```\na. B. C.\n```\nDone.", vec!["Run:", "Done."]),
            ("", vec![]),
        ] {
            let found: Vec<_> = sentences(text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn citations_are_numbers_in_brackets() {
        assert!(is_cited("Two [1].") && is_cited("[x] [12]"));
        assert!(!is_cited("Two.") && !is_cited("[x] []") && !is_cited("[1"));
    }
}
