//! Parses what programs post to a hook into one text: Slack messages, forms that contain them, plain text.
//!
//! No I/O. Lenient: parts that cannot be shown are dropped, because senders are programs that cannot react to errors.

use serde_json::Value;

/// The text in a body; `None` when there is nothing to read in it. Scripts often send JSON as something else (`curl -d` calls
/// everything a form), so what looks like JSON is read as JSON wherever that is not plainly meant as text.
pub fn text(content_type: &str, body: &[u8]) -> Option<String> {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let body = String::from_utf8_lossy(body);
    let found = match media_type.as_str() {
        "text/plain" => Some(body.into_owned()),
        _ if body.trim_start().starts_with('{') => from_json(&body),
        "application/x-www-form-urlencoded" => from_form(&body),
        _ => None,
    };
    found.filter(|text| !text.trim().is_empty())
}

/// Slack's older webhooks take their JSON as the form's `payload`.
fn from_form(body: &str) -> Option<String> {
    let field = |name: &str| form_urlencoded::parse(body.as_bytes()).find(|(key, _)| key == name);
    match field("payload") {
        Some((_, payload)) => from_json(&payload),
        None => field("text").map(|(_, text)| readable(&text)),
    }
}

fn from_json(text: &str) -> Option<String> {
    let message: Value = serde_json::from_str(text).ok()?;
    let mut lines = Lines::default();
    lines.add_body(&message);
    for attachment in list(&message, "attachments") {
        lines.add_attachment(attachment);
    }
    Some(lines.0.join("\n"))
}

/// Non-empty paragraphs.
#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn add(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !text.trim().is_empty() {
            self.0.push(text.trim_end().to_owned());
        }
    }

    /// Where there are blocks, Slack shows `text` only in notifications: it says the same once more.
    fn add_body(&mut self, message: &Value) {
        let before = self.0.len();
        for block in list(message, "blocks") {
            self.add_block(block);
        }
        if self.0.len() == before {
            self.add(words(&message["text"]));
        }
    }

    fn add_block(&mut self, block: &Value) {
        self.add(words(&block["text"]));
        for field in list(block, "fields") {
            self.add(words(field));
        }
        let elements: Vec<String> = list(block, "elements").iter().map(words).filter(|text| !text.is_empty()).collect();
        self.add(elements.join(" "));
    }

    fn add_attachment(&mut self, attachment: &Value) {
        let before = self.0.len();
        self.add(words(&attachment["pretext"]));
        let (title, link) = (words(&attachment["title"]), attachment["title_link"].as_str().unwrap_or_default());
        self.add(labelled(&title, link));
        self.add_body(attachment);
        for field in list(attachment, "fields") {
            let (title, value) = (words(&field["title"]), words(&field["value"]));
            // A value of several lines begins below its title.
            let gap = if value.trim_end().contains('\n') { "\n" } else { " " };
            let parts = [title.as_str(), if title.is_empty() { "" } else { ":" }, gap, &value];
            self.add(if value.is_empty() { title } else { parts.concat().trim_start().to_owned() });
        }
        if self.0.len() == before {
            self.add(words(&attachment["fallback"]));
        }
    }
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// The words of a text, of an object that holds one, or of a number.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => readable(text),
        Value::Number(number) => number.to_string(),
        Value::Object(object) => object.get("text").map(words).unwrap_or_default(),
        _ => String::new(),
    }
}

/// Converts Slack's markup for links and mentions to plain text, and unescapes three characters.
fn readable(text: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('<') {
        shown.push_str(before);
        match after.split_once('>').and_then(|(inside, rest)| Some((mark(inside)?, rest))) {
            Some((mark, behind)) => {
                shown.push_str(&mark);
                rest = behind;
            }
            None => {
                shown.push('<');
                rest = after;
            }
        }
    }
    shown.push_str(rest);
    shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The content of `<…>`, if it is Slack markup.
fn mark(inside: &str) -> Option<String> {
    let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
    let named = |sign: &str, target: &str| {
        let name = if label.is_empty() { target } else { label };
        format!("{sign}{}", name.trim_start_matches(sign))
    };
    match target.chars().next()? {
        '@' => Some(named("@", &target[1..])),
        '#' => Some(named("#", &target[1..])),
        // `<!here>`, and dates and groups, of which the label is what can be read.
        '!' if label.is_empty() => Some(named("@", &target[1..])),
        '!' => Some(label.to_owned()),
        _ if target.starts_with("mailto:") || target.starts_with("tel:") => {
            Some(if label.is_empty() { target.split_once(':')?.1 } else { label }.to_owned())
        }
        _ if target.contains("://") => Some(labelled(label, target)),
        _ => None,
    }
}

/// A link with its label, unless the label is the link itself.
fn labelled(label: &str, link: &str) -> String {
    let bare = link.split_once("://").map_or(link, |(_, rest)| rest).trim_end_matches('/');
    match (label, link) {
        (label, "") => label.to_owned(),
        ("", link) => link.to_owned(),
        (label, link) if label == link || label == bare => link.to_owned(),
        (label, link) => format!("{label} ({link})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = "application/json; charset=utf-8";
    const FORM: &str = "application/x-www-form-urlencoded";

    fn check(content_type: &str, body: &str, expected: Option<&str>) {
        assert_eq!(text(content_type, body.as_bytes()).as_deref(), expected, "{content_type} {body}");
    }

    #[test]
    fn texts_are_found_however_they_are_sent() {
        check(JSON, r#"{"text": "hello"}"#, Some("hello"));
        check("", r#" {"text": "hello"}"#, Some("hello"));
        check(FORM, r#"{"text": "hello"}"#, Some("hello"));
        check(FORM, "payload=%7B%22text%22%3A%20%22a%26b%20c%22%7D", Some("a&b c"));
        check(FORM, r#"payload={"text": "a+b"}"#, Some("a b"));
        check(FORM, "text=hello+world&user=x", Some("hello world"));
        check("text/plain", r#"{"text": "as it is &lt;"}"#, Some(r#"{"text": "as it is &lt;"}"#));
    }

    #[test]
    fn what_has_no_text_is_none() {
        for body in ["", "{", "{}", "[]", "null", r#"{"text": ""}"#, r#"{"text": null, "attachments": [{}]}"#] {
            check(JSON, body, None);
        }
        for body in [r#"{"text": {"text": []}}"#, r#"{"blocks": 5, "attachments": "x"}"#, r#"{"attachments": [[]]}"#] {
            check(JSON, body, None);
        }
        check(FORM, "payload=x", None);
        check(FORM, "hello", None);
        check("text/plain", " \n", None);
        check("image/png", "\u{89}PNG", None);
    }

    #[test]
    fn slacks_marks_become_what_people_would_write() {
        let check = |text: &str, expected: &str| assert_eq!(readable(text), expected);
        check("<https://a.example/x|the log> &amp; more", "the log (https://a.example/x) & more");
        check("<https://a.example> <https://a.example|a.example>", "https://a.example https://a.example");
        check("<!here> <!channel|channel> <@U1|ann> <@U2> <#C1|ops>", "@here channel @ann @U2 #ops");
        check("<mailto:a@b.example|a@b.example>", "a@b.example");
        check("1 &lt; 2 &amp;lt; Vec<u8> a<b <", "1 < 2 &lt; Vec<u8> a<b <");
        check("<!date^1392734382^{date}|18 February>", "18 February");
        check("你好，<https://a.example/好|日志>。", "你好，日志 (https://a.example/好)。");
    }

    #[test]
    fn blocks_stand_for_the_text_and_attachments_follow() {
        let body = r#"{"text": "Build failed", "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Build 7"}}, {"type": "divider"},
            {"type": "section", "text": {"type": "mrkdwn", "text": "*failed* on <https://ci.example/7|main>"},
             "fields": [{"type": "mrkdwn", "text": "tests"}]},
            {"type": "context", "elements": [{"type": "image"}, {"type": "mrkdwn", "text": "by ann"}]}],
            "attachments": [{"fallback": "unseen", "title": "Log", "title_link": "https://ci.example/7/log",
             "fields": [{"title": "Took", "value": 12}, {"title": "Steps", "value": "a\nb\n"}, {"value": "alone"}]},
            {"fallback": "a picture"}]}"#;
        let shown = "Build 7\n*failed* on main (https://ci.example/7)\ntests\nby ann\nLog (https://ci.example/7/log)\n\
                     Took: 12\nSteps:\na\nb\nalone\na picture";
        check(JSON, body, Some(shown));
    }
}
