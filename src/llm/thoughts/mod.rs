//! Filters out reasoning between `<think>` and `</think>`.

const BEGIN: &str = "<think>";
const END: &str = "</think>";

/// Removes the reasoning from a streamed answer.
pub enum Thoughts {
    /// Too little text to decide: it may be the tag, or spaces before it.
    Unknown(String),
    /// In the reasoning; the end of the text, in which the closing tag may begin.
    Thinking(String),
    /// In the answer; `true` until its first visible character.
    Over(bool),
}

impl Default for Thoughts {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

impl Thoughts {
    /// The visible part of a chunk.
    pub fn without(&mut self, piece: String) -> String {
        match self {
            Self::Over(false) => piece,
            Self::Over(true) => self.shown(&piece),
            Self::Unknown(held) => {
                held.push_str(&piece);
                let begun = held.trim_start();
                if begun.len() < BEGIN.len() && BEGIN.starts_with(begun) {
                    return String::new();
                }
                match begun.strip_prefix(BEGIN) {
                    Some(rest) => {
                        let rest = rest.to_owned();
                        *self = Self::Thinking(String::new());
                        self.without(rest)
                    }
                    None => {
                        let held = begun.to_owned();
                        *self = Self::Over(false);
                        held
                    }
                }
            }
            Self::Thinking(tail) => {
                tail.push_str(&piece);
                if let Some((_, rest)) = tail.split_once(END) {
                    let rest = rest.to_owned();
                    return self.shown(&rest);
                }
                // Reasoning may be long; only the end can contain the tag.
                let keep = tail.char_indices().rev().take(END.len()).last().map_or(0, |(start, _)| start);
                tail.drain(..keep);
                String::new()
            }
        }
    }

    fn shown(&mut self, piece: &str) -> String {
        let shown = piece.trim_start();
        *self = Self::Over(shown.is_empty());
        shown.to_owned()
    }

    /// The held-back text at the end of the answer.
    pub fn end(&mut self) -> String {
        match std::mem::replace(self, Self::Over(false)) {
            Self::Unknown(held) => held.trim_start().to_owned(),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        for size in 1..=text.chars().count() {
            let mut thoughts = Thoughts::default();
            let characters: Vec<char> = text.chars().collect();
            let mut shown: String =
                characters.chunks(size).map(|piece| thoughts.without(piece.iter().collect())).collect();
            shown.push_str(&thoughts.end());
            assert_eq!(shown, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn thoughts_are_left_out_wherever_they_are_cut() {
        check("\n<think>\nHm, 好 < of </thin course\n</think>\n\nYes <think>", "Yes <think>");
        check("<think></think>是", "是");
        check("<thinking> is not it", "<thinking> is not it");
        check("<th", "<th");
        check(" plain", "plain");
        check("<think>never done", "");
    }
}
