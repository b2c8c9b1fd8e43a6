//! The marks that models put around their thoughts.

/// Tags around thoughts. Models confuse them, so that any of the second kind ends what one of the first began.
const TAGS: [(&str, &str); 11] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<seed:think>", "</seed:think>"),
    ("[think]", "[/think]"),
    ("◁think▷", "◁/think▷"),
    ("<|channel>thought", "<channel|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
];

/// The longest mark, in characters.
const LONGEST: usize = 40;

/// The longest name in a control mark such as `<|start_header_id|>`, in bytes.
const LONGEST_NAME: usize = 32;

/// A mark in a model's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Thoughts begin.
    Open,
    /// Thoughts end.
    Close,
    /// A message begins whose head names its author (gpt-oss).
    Start,
    /// In such a head: the name of the channel follows.
    Channel,
    /// The head is over.
    Message,
    /// Any other word of the model's own language for turns, such as `<|im_end|>`.
    Control,
}

/// What stands at the beginning of a text.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// A mark of so many bytes.
    Mark(Mark, usize),
    /// The beginning of a mark, or of none: more has to come.
    Beginning,
    Nothing,
}

/// Whether a mark may begin with it.
pub fn is_first(c: char) -> bool {
    matches!(c, '<' | '[' | '◁')
}

/// The mark at the beginning of a text.
pub fn find(text: &str) -> Found {
    let lower: String = text.chars().take(LONGEST).map(|c| c.to_ascii_lowercase()).collect();
    let tags = TAGS.iter().flat_map(|(open, close)| [(*open, Mark::Open), (*close, Mark::Close)]);
    let mut is_beginning = false;
    for (tag, mark) in tags {
        if lower.starts_with(tag) {
            return Found::Mark(mark, tag.len());
        }
        is_beginning |= tag.starts_with(&lower);
    }
    match control(&lower) {
        Found::Nothing if is_beginning => Found::Beginning,
        found => found,
    }
}

/// `<|name|>`; DeepSeek writes the bars wide.
fn control(text: &str) -> Found {
    let Some(inside) = text.strip_prefix('<') else { return Found::Nothing };
    let Some(bar) = inside.chars().next() else { return Found::Beginning };
    let Some(inside) = Some(bar).filter(is_bar).and_then(|bar| inside.strip_prefix(bar)) else { return Found::Nothing };
    let length = inside.find(|c: char| !is_of_name(c)).unwrap_or(inside.len());
    let (name, rest) = inside.split_at(length);
    if length > LONGEST_NAME {
        return Found::Nothing;
    }
    let mut rest = rest.chars();
    match (rest.next(), rest.next()) {
        (None, _) => Found::Beginning,
        (Some(end), None) if is_bar(&end) => Found::Beginning,
        (Some(end), Some('>')) if is_bar(&end) && !name.is_empty() => {
            Found::Mark(of_name(name), 1 + bar.len_utf8() + length + end.len_utf8() + 1)
        }
        _ => Found::Nothing,
    }
}

fn is_bar(c: &char) -> bool {
    matches!(c, '|' | '｜')
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '▁')
}

fn of_name(name: &str) -> Mark {
    match name {
        "channel" => Mark::Channel,
        "start" => Mark::Start,
        "message" => Mark::Message,
        "start_thinking" | "thinking" | "begin_of_thought" => Mark::Open,
        "end_thinking" | "end_of_thought" => Mark::Close,
        _ => Mark::Control,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_told_from_text() {
        for (text, expected) in [
            ("<think>x", Found::Mark(Mark::Open, 7)),
            ("<Thinking>", Found::Mark(Mark::Open, 10)),
            ("</think>", Found::Mark(Mark::Close, 8)),
            ("[/THINK]", Found::Mark(Mark::Close, 8)),
            ("◁think▷", Found::Mark(Mark::Open, "◁think▷".len())),
            ("<|channel|>final", Found::Mark(Mark::Channel, 11)),
            ("<|im_end|>", Found::Mark(Mark::Control, 10)),
            ("<｜end▁of▁sentence｜>", Found::Mark(Mark::Control, "<｜end▁of▁sentence｜>".len())),
            ("<|START_THINKING|>", Found::Mark(Mark::Open, 18)),
            ("<|channel>thought", Found::Mark(Mark::Open, 17)),
            ("<", Found::Beginning),
            ("<thin", Found::Beginning),
            ("<|im_e", Found::Beginning),
            ("<|im_end|", Found::Beginning),
            ("[", Found::Beginning),
            ("<b>", Found::Nothing),
            ("[1]", Found::Nothing),
            ("<| a", Found::Nothing),
            ("<||>", Found::Nothing),
        ] {
            assert_eq!(find(text), expected, "{text}");
        }
    }
}
