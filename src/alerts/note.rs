//! What people read of an alert, whoever sent it, before it is one text.

use super::mark::Mark;
use super::same::{self, Said};

/// How many parts an alert has at most; what comes later is counted.
const MOST_PARTS: usize = 1000;

/// Longest excerpt, in characters.
const LONGEST_EXCERPT: usize = 700;

#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// Stands before the part that follows.
    Mark(Mark),
    /// What it is about, and where there is more.
    Title { text: String, link: String },
    /// Paragraphs.
    Text(String),
    /// A name and its value.
    Field { name: String, value: String },
    /// Where something can be seen or done.
    Link { label: String, url: String },
    /// Lines that are shown as they are.
    Code(String),
}

/// Parts in the order in which they are read. Adding what is blank adds nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Note {
    parts: Vec<Part>,
    dropped: usize,
}

impl Note {
    fn push(&mut self, part: Part) {
        if self.parts.len() < MOST_PARTS { self.parts.push(part) } else { self.dropped += 1 }
    }

    pub fn title(&mut self, text: impl Into<String>, link: &str) {
        let (text, link) = (text.into().trim().to_owned(), link.trim().to_owned());
        if !text.is_empty() || !link.is_empty() {
            self.push(Part::Title { text, link });
        }
    }

    pub fn text(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !text.trim().is_empty() {
            self.push(Part::Text(text.trim_end().to_owned()));
        }
    }

    pub fn field(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into().trim().to_owned(), value.into().trim_end().to_owned());
        match (name.is_empty(), value.trim().is_empty()) {
            (true, _) => self.text(value),
            (false, true) => self.text(name),
            (false, false) => self.push(Part::Field { name, value }),
        }
    }

    /// A field that is left out where it has no value.
    pub fn field_if_told(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if !value.trim().is_empty() {
            self.field(name, value);
        }
    }

    /// Where something can be seen.
    pub fn link(&mut self, label: impl Into<String>, url: &str) {
        if !url.trim().is_empty() {
            self.push(Part::Link { label: label.into().trim().to_owned(), url: url.trim().to_owned() });
        }
    }

    /// Something to press; what it does without leading anywhere cannot be done here, so its label is in brackets.
    pub fn button(&mut self, label: impl Into<String>, url: &str) {
        let label = label.into();
        match (label.trim(), url.trim()) {
            ("", "") => {}
            (label, "") => self.push(Part::Link { label: format!("[{label}]"), url: String::new() }),
            _ => self.link(label, url),
        }
    }

    /// A file, perhaps with the address where it is.
    pub fn file(&mut self, name: &str, url: &str) {
        if url.is_empty() { self.text(name) } else { self.link(name, url) }
    }

    /// The beginning of a text that may be long.
    pub fn excerpt(&mut self, text: &str) {
        match text.char_indices().nth(LONGEST_EXCERPT) {
            Some((end, _)) => self.text(format!("{}…", text[..end].trim_end())),
            None => self.text(text),
        }
    }

    pub fn code(&mut self, text: &str) {
        let text = text.trim_matches('\n').trim_end();
        if !text.is_empty() {
            self.push(Part::Code(text.to_owned()));
        }
    }

    /// How bad what is added next is.
    pub fn mark(&mut self, mark: Option<Mark>) {
        if let Some(mark) = mark {
            self.push(Part::Mark(mark));
        }
    }

    pub fn append(&mut self, other: Self) {
        self.dropped += other.dropped;
        for part in other.parts {
            self.push(part);
        }
    }

    /// Says how many more there are than are shown.
    pub fn more(&mut self, number: usize) {
        if number > 0 {
            self.text(format!("… +{number}"));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Mark(_)))
    }

    /// A text that says in other words, or in part, what `body` says: it comes first, and nothing is said twice.
    pub fn led_by(text: &str, mut body: Self) -> Self {
        if text.trim().is_empty() || same::is_said(text, &body.said()) {
            return body;
        }
        let said = Said::by(text);
        body.parts.retain(|part| !part.is_said_by(&said, text));
        let mut led = Self::default();
        if body.is_empty() {
            led.append(body);
            led.text(text);
        } else {
            led.text(text);
            led.append(body);
        }
        led
    }

    /// The same of a text that is meant for where nothing else can be shown, and so repeats most of it.
    pub fn or(fallback: &str, body: Self) -> Self {
        let is_new = body.is_empty() || Said::by(fallback).share_of_new_words(&body.said()) > 1.0 / 3.0;
        if is_new { Self::led_by(fallback, body) } else { body }
    }

    fn said(&self) -> Said {
        Said::by(&self.clone().into_text())
    }

    /// As one text: a line, or several, for each part.
    pub fn into_text(self) -> String {
        let mut lines: Vec<String> = Vec::new();
        let (mut mark, mut before): (Option<Mark>, Option<Part>) = (None, None);
        for (index, part) in self.parts.iter().enumerate() {
            if let Part::Mark(bad) = part {
                mark = Some(*bad);
                continue;
            }
            if before.as_ref() == Some(part) || part.is_beginning_of(self.parts.get(index + 1)) {
                continue;
            }
            let line = marked(mark.take(), part.shown());
            match (&before, part, lines.last_mut()) {
                // Buttons stand beside each other.
                (Some(Part::Link { .. }), Part::Link { .. }, Some(last)) => last.extend([" · ", &line]),
                _ => lines.push(line),
            }
            before = Some(part.clone());
        }
        if self.dropped > 0 {
            lines.push(format!("… +{}", self.dropped));
        }
        lines.join("\n")
    }
}

impl Part {
    fn shown(&self) -> String {
        match self {
            Self::Mark(mark) => mark.sign().to_owned(),
            Self::Title { text, link } | Self::Link { label: text, url: link } => labelled(text, link),
            Self::Text(text) => text.clone(),
            // A value of several lines begins below its name.
            Self::Field { name, value } if value.contains('\n') => format!("{}\n{value}", with_colon(name)),
            Self::Field { name, value } => format!("{} {value}", with_colon(name)),
            Self::Code(text) => fenced(text),
        }
    }

    /// Whether a text says this, too; what has a form of its own stays.
    fn is_said_by(&self, said: &Said, text: &str) -> bool {
        let (Self::Text(words) | Self::Title { text: words, .. }) = self else { return false };
        let own = Said::by(&self.shown());
        own.is_within(said) && (own.is_phrase() || same::is_line_of(&Said::by(words), text))
    }

    /// Whether the next part begins with the same line.
    fn is_beginning_of(&self, next: Option<&Self>) -> bool {
        let Some(Self::Text(next)) = next else { return false };
        match self {
            Self::Title { text, link } if link.is_empty() => {
                Said::by(text) == Said::by(next.lines().next().unwrap_or_default())
            }
            _ => false,
        }
    }
}

fn with_colon(name: &str) -> String {
    if name.ends_with([':', '：', '?', '？']) { name.to_owned() } else { format!("{name}:") }
}

fn marked(mark: Option<Mark>, line: String) -> String {
    let begins_with_sign = line.starts_with(|c| matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f300}'..='\u{1faff}'));
    let has_sign =
        begins_with_sign || [Mark::Bad, Mark::Doubtful, Mark::Good].iter().any(|mark| line.contains(mark.sign()));
    match mark {
        Some(mark) if line.starts_with("```") => format!("{}\n{line}", mark.sign()),
        // One sign is enough.
        Some(mark) if !has_sign => format!("{} {line}", mark.sign()),
        _ => line,
    }
}

/// A block of code, whose content cannot end it.
pub fn fenced(text: &str) -> String {
    format!("```\n{}\n```", text.replace("```", "'''"))
}

/// A link with its label, unless the label is the link itself.
pub fn labelled(label: &str, link: &str) -> String {
    let bare = link.split_once("://").map_or(link, |(_, rest)| rest).trim_end_matches('/');
    match (label, link) {
        (label, "") => label.to_owned(),
        ("", link) => link.to_owned(),
        (label, link) if label == link || label == bare => link.to_owned(),
        // Written out already.
        (label, link) if label.ends_with(&format!("({link})")) => label.to_owned(),
        (label, link) => format!("{label} ({link})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(add: impl FnOnce(&mut Note)) -> Note {
        let mut note = Note::default();
        add(&mut note);
        note
    }

    #[test]
    fn a_text_leads_only_where_it_says_more() {
        let body = || {
            note(|note| {
                note.text("Deploy report");
                note.code("exit code 137");
            })
        };
        let shown = "Deploy report\n```\nexit code 137\n```";
        for (text, expected) in [
            ("Deploy report", shown.to_owned()),
            ("*Deploy report*: exit code 137", shown.to_owned()),
            ("Deploy report\nexit code 137", shown.to_owned()),
            ("all of it", format!("all of it\n{shown}")),
            ("Deploy report of web-1", "Deploy report of web-1\n```\nexit code 137\n```".to_owned()),
            ("", shown.to_owned()),
        ] {
            assert_eq!(Note::led_by(text, body()).into_text(), expected, "{text}");
        }
    }

    #[test]
    fn a_fallback_is_left_out_where_it_repeats() {
        let body = || {
            note(|note| {
                note.mark(Some(Mark::Good));
                note.title("nightly", "https://ci.example/7");
                note.field("Took", "12 s");
            })
        };
        let shown = "🟢 nightly (https://ci.example/7)\nTook: 12 s";
        assert_eq!(Note::or("nightly took 12 s: https://ci.example/7", body()).into_text(), shown);
        assert_eq!(Note::or("Task set", body()).into_text(), format!("Task set\n{shown}"));
        assert_eq!(Note::or("alone", Note::default()).into_text(), "alone");
    }

    #[test]
    fn parts_become_lines() {
        let shown = note(|note| {
            note.mark(Some(Mark::Bad));
            note.title("Down", "");
            note.text("Down\nfor an hour");
            note.field("Steps", "a\nb\n");
            note.field("", "alone");
            note.field("Who?", "ann");
            note.link("Log", "https://a.example/log");
            note.link("", "https://a.example");
            note.code("``` ends it\n");
        });
        let expected = "🔴 Down\nfor an hour\nSteps:\na\nb\nalone\nWho? ann\nLog (https://a.example/log) · https://a.example\n\
                        ```\n''' ends it\n```";
        assert_eq!(shown.into_text(), expected);
    }
}
