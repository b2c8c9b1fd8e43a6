//! JSON as programs and people send it.

use serde_json::Value;

/// Where a text stops being JSON, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadJson {
    /// From 1.
    pub line: usize,
    /// In bytes, from 1; 0 at a line's end.
    pub column: usize,
    /// For people who know JSON; in English.
    pub reason: String,
}

/// Parses JSON. Line breaks and other control characters may stand in its strings as they are: shells put them there.
///
/// # Errors
///
/// Where it is none and why; more than 128 levels are one reason.
pub fn parse(text: &str) -> Result<Value, BadJson> {
    let strict: Result<Value, _> = serde_json::from_str(text);
    strict.or_else(|_| serde_json::from_str(&with_control_characters(text, escaped))).map_err(|_| problem_of(text))
}

/// The first problem apart from control characters, where it is in the text as it was sent.
fn problem_of(text: &str) -> BadJson {
    // With a blank for each of them, all others are where they were.
    let blanked = with_control_characters(text, |_| " ".to_owned());
    let Err(error) = serde_json::from_str::<Value>(&blanked) else {
        return BadJson { line: 1, column: 0, reason: String::new() };
    };
    let before: usize = blanked.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = (before + error.column()).min(text.len());
    let lines = text.as_bytes()[..at].split(|byte| *byte == b'\n');
    let (line, column) = lines.fold((0, 0), |(number, _), line| (number + 1, line.len()));
    let reason = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    BadJson { line, column, reason: reason.strip_suffix(&place).unwrap_or(&reason).to_owned() }
}

fn escaped(c: char) -> String {
    format!("\\u{:04x}", u32::from(c))
}

/// The text with its control characters within strings written differently.
fn with_control_characters(text: &str, written: impl Fn(char) -> String) -> String {
    let mut mended = String::with_capacity(text.len());
    let (mut in_string, mut is_escaped) = (false, false);
    for c in text.chars() {
        if in_string && u32::from(c) < 0x20 {
            // A line break that is escaped by a backslash, as in a shell, is a line break.
            if is_escaped {
                mended.pop();
            }
            let written = written(c);
            mended.push_str(&written);
            if is_escaped && written == " " {
                mended.push(' ');
            }
            is_escaped = false;
            continue;
        }
        mended.push(c);
        match c {
            '"' if !is_escaped => in_string = !in_string,
            _ => {}
        }
        is_escaped = in_string && c == '\\' && !is_escaped;
    }
    mended
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn control_characters_within_strings_are_read_as_they_are() {
        assert_eq!(
            parse("{\"text\": \"one\ntwo\tthree\\\n\\\"four\"}\n"),
            Ok(json!({"text": "one\ntwo\tthree\n\"four"}))
        );
        assert_eq!(parse("{\r\n\"a\": 1}"), Ok(json!({"a": 1})));
    }

    #[test]
    fn a_problem_is_where_it_is_in_the_text() {
        let place = |text: &str| parse(text).map_err(|bad| (bad.line, bad.column, bad.reason));
        assert_eq!(place("{\"a\": 1,\n \"b\": x}"), Err((2, 7, "expected value".to_owned())));
        assert_eq!(place("{\"a\": \"one\ntwo\",\n}"), Err((3, 1, "trailing comma".to_owned())));
        assert_eq!(place("{\"a\": \"one\ntwo\" 3}"), Err((2, 6, "expected `,` or `}`".to_owned())));
        assert!(place("{").is_err_and(|(line, _, reason)| line == 1 && reason.starts_with("EOF")));
        assert!(place(&"[".repeat(1000)).is_err_and(|(.., reason)| reason.starts_with("recursion limit")));
    }
}
