//! Takes a model's thoughts, and the marks around them, out of its text while it comes.
//!
//! Marks count at the beginning of a line outside code; elsewhere, an answer may speak of them. What stands before a mark that ends
//! thoughts without one that began them is thought.

mod marks;
mod opening;

use self::marks::{Found, Mark};
use self::opening::{WITHOUT_MARKS, reads_like_thoughts};

/// What is held back at most, in bytes: much more than an answer may have.
const MOST_HELD: usize = 64 * 1024;

/// The longest head of a message, in bytes: its author and its channel.
const LONGEST_HEAD: usize = 256;

/// What can be shown now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// All that was shown before was thought.
    pub retracts: bool,
    pub text: String,
}

/// The filter of one answer.
pub struct Thoughts {
    /// Text at whose beginning a mark may stand.
    pending: String,
    place: Place,
    release: Release,
    line: Line,
    /// Nothing visible has come in this place.
    is_fresh: bool,
    /// Marks of which the answer speaks that thoughts begin.
    mentioned: usize,
    /// Something was shown that has not been taken back.
    has_shown: bool,
    /// Whether thoughts ended that had not begun.
    were_unmarked: bool,
    shown: Shown,
}

/// What the text belongs to.
#[derive(PartialEq, Eq)]
enum Place {
    Answer,
    Thoughts,
    /// The head of a message: author and channel.
    Head(String),
}

/// Whether the answer's text may be shown.
enum Release {
    /// Its first words do not say yet.
    Judging(String),
    /// It may be thoughts; the text so far.
    Held(String),
    Free,
}

/// Where in the answer's text the next character stands.
#[derive(Default)]
struct Line {
    /// The line's beginning.
    start: String,
    is_code: bool,
    /// The last two characters.
    last: [Option<char>; 2],
}

impl Thoughts {
    /// `are_expected` says that thoughts of this model begin without a mark.
    pub fn new(are_expected: bool) -> Self {
        Self {
            pending: String::new(),
            place: Place::Answer,
            release: if are_expected { Release::Held(String::new()) } else { Release::Judging(String::new()) },
            line: Line::default(),
            is_fresh: true,
            mentioned: 0,
            has_shown: false,
            were_unmarked: false,
            shown: Shown::default(),
        }
    }

    /// The part that can be shown once `piece` has come.
    pub fn push(&mut self, piece: &str) -> Shown {
        self.pending.push_str(piece);
        self.scan(false);
        self.take_shown()
    }

    /// The rest, at the end of the answer. Thoughts may be all that there is of one that was cut.
    pub fn end(&mut self, is_cut: bool) -> Shown {
        self.scan(true);
        match std::mem::replace(&mut self.release, Release::Free) {
            Release::Judging(text) => self.give(&text),
            Release::Held(text) if !is_cut => self.give(&text),
            Release::Held(_) | Release::Free => {}
        }
        self.take_shown()
    }

    /// The server tells thoughts from the answer itself: what it gives as text is none.
    pub fn are_told_apart(&mut self) {
        if let Release::Judging(text) | Release::Held(text) = std::mem::replace(&mut self.release, Release::Free) {
            self.give(&text);
        }
    }

    /// Whether thoughts ended that had not begun.
    pub fn were_unmarked(&self) -> bool {
        self.were_unmarked
    }

    fn scan(&mut self, is_end: bool) {
        let text = std::mem::take(&mut self.pending);
        let mut rest = text.as_str();
        while let Some(c) = rest.chars().next() {
            let found = if marks::is_first(c) { marks::find(rest) } else { Found::Nothing };
            let length = match found {
                Found::Mark(mark, length) => {
                    self.take_mark(mark, &rest[..length]);
                    length
                }
                Found::Beginning if !is_end => {
                    self.pending = rest.to_owned();
                    return;
                }
                Found::Beginning | Found::Nothing => {
                    let length = rest[c.len_utf8()..].find(marks::is_first).map_or(rest.len(), |at| c.len_utf8() + at);
                    self.take_text(&rest[..length]);
                    length
                }
            };
            rest = &rest[length..];
        }
    }

    fn take_text(&mut self, text: &str) {
        match &mut self.place {
            Place::Answer => self.answer(text),
            Place::Thoughts => {}
            Place::Head(head) => {
                if head.len() + text.len() <= LONGEST_HEAD {
                    head.push_str(text);
                }
            }
        }
    }

    fn take_mark(&mut self, mark: Mark, text: &str) {
        let is_answer = self.place == Place::Answer;
        if is_answer && mark == Mark::Open && !self.line.is_at_start() {
            self.mentioned += 1;
            return self.answer(text);
        }
        if is_answer && mark == Mark::Close && (self.mentioned > 0 || self.line.is_quoted()) {
            self.mentioned = self.mentioned.saturating_sub(1);
            return self.answer(text);
        }
        if is_answer && !matches!(mark, Mark::Open | Mark::Close) && (self.line.is_code || self.line.is_quoted()) {
            return self.answer(text);
        }
        match mark {
            Mark::Open => self.go_to(Place::Thoughts),
            Mark::Close if is_answer => {
                self.were_unmarked = true;
                self.retract();
            }
            Mark::Close => self.go_to(Place::Answer),
            Mark::Start | Mark::Channel => self.go_to(Place::Head(String::new())),
            Mark::Message => {
                if let Place::Head(head) = &self.place {
                    let is_thought = ["analysis", "commentary"].iter().any(|channel| head.trim().starts_with(channel));
                    self.go_to(if is_thought { Place::Thoughts } else { Place::Answer });
                }
            }
            // The end of a message; in a head it stands before what the message is written in.
            Mark::Control if self.place == Place::Thoughts => self.go_to(Place::Answer),
            Mark::Control => {}
        }
    }

    /// Where thoughts are marked, the rest needs not be held back.
    fn go_to(&mut self, place: Place) {
        self.are_told_apart();
        self.place = place;
        self.line = Line::default();
        self.is_fresh = true;
    }

    /// All of the answer so far was thought.
    fn retract(&mut self) {
        self.release = Release::Free;
        self.shown = Shown { retracts: self.shown.retracts || self.has_shown, text: String::new() };
        self.has_shown = false;
        self.line = Line::default();
        self.is_fresh = true;
    }

    fn answer(&mut self, text: &str) {
        text.chars().for_each(|c| self.line.take(c));
        let text = if self.is_fresh { text.trim_start() } else { text };
        self.is_fresh &= text.is_empty();
        match &mut self.release {
            Release::Free => self.give(text),
            Release::Judging(held) => {
                held.push_str(text);
                let verdict = reads_like_thoughts(held);
                let held = std::mem::take(held);
                match verdict {
                    None => self.release = Release::Judging(held),
                    Some(true) => self.release = Release::Held(held),
                    Some(false) => {
                        self.release = Release::Free;
                        self.give(&held);
                    }
                }
            }
            Release::Held(held) if held.len() + text.len() <= MOST_HELD => held.push_str(text),
            Release::Held(_) => {}
        }
        self.end_of_thoughts_without_marks();
    }

    fn end_of_thoughts_without_marks(&mut self) {
        let (begin, end) = WITHOUT_MARKS;
        if let Release::Held(held) = &self.release
            && let Some((_, rest)) = held.split_once(end).filter(|_| held.starts_with(begin))
        {
            let rest = rest.trim_start().to_owned();
            self.release = Release::Free;
            self.is_fresh = rest.is_empty();
            self.give(&rest);
        }
    }

    fn give(&mut self, text: &str) {
        self.shown.text.push_str(text);
    }

    fn take_shown(&mut self) -> Shown {
        self.has_shown |= !self.shown.text.is_empty();
        std::mem::take(&mut self.shown)
    }
}

impl Line {
    fn take(&mut self, c: char) {
        /// Enough for a fence, indented as far as one may be.
        const START: usize = 6;
        self.last = [self.last[1], Some(c)];
        if c == '\n' {
            return self.start.clear();
        }
        if self.start.chars().count() < START {
            self.start.push(c);
            self.is_code ^= matches!(self.start.trim_start(), "```" | "~~~");
        }
    }

    /// Whether a mark counts that thoughts begin.
    fn is_at_start(&self) -> bool {
        !self.is_code && self.start.trim().is_empty()
    }

    /// Whether an opening quotation mark stands before the next word.
    fn is_quoted(&self) -> bool {
        match self.last {
            [_, Some('“' | '‘' | '「')] => true,
            [before, Some('`' | '"' | '\'')] => before.is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '（')),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text that is left in the end, and what was shown although it was taken back, with the input cut into pieces of that size.
    fn filtered(text: &str, size: usize, are_expected: bool, is_cut: bool) -> (String, String) {
        let (mut thoughts, mut shown, mut retracted) = (Thoughts::new(are_expected), String::new(), String::new());
        let characters: Vec<char> = text.chars().collect();
        let mut parts: Vec<Shown> =
            characters.chunks(size).map(|piece| thoughts.push(&piece.iter().collect::<String>())).collect();
        parts.push(thoughts.end(is_cut));
        for part in parts {
            if part.retracts {
                retracted.push_str(&std::mem::take(&mut shown));
            }
            shown.push_str(&part.text);
        }
        (shown, retracted)
    }

    fn check(text: &str, expected: &str) {
        for size in 1..=text.chars().count().max(1) {
            assert_eq!(filtered(text, size, false, false), (expected.into(), String::new()), "{text:?} by {size}");
        }
    }

    #[test]
    fn thoughts_are_left_out_wherever_they_are_cut() {
        check("\n<think>\nHm, 好 < of </thin course\n</think>\n\nYes, it is.", "Yes, it is.");
        check("<think></think>是", "是");
        check("<th", "<th");
        check(" plain", "plain");
        check("<think>never done", "");
        check("<THINKING>Hm.</Thinking>Yes", "Yes");
        check("<thought>Hm.</thought>Yes", "Yes");
        check("<reasoning>Hm.</reasoning>Yes", "Yes");
        check("[THINK]Hm.[/THINK]Yes [1].", "Yes [1].");
        check("<think>Hm.</thinking>Yes", "Yes");
        check("Yes, it is.\n<think>Or not?</think>\nIt is.", "Yes, it is.\nIt is.");
    }

    #[test]
    fn thoughts_that_begin_without_a_mark_are_left_out() {
        check("Okay, the user asks. Passage 1 says two.\n</think>\n\nTwo [1].", "Two [1].");
        check("好的，用户问保修期。</think>三年。", "三年。");
        check("Let me think.</think>\n\n</think>\n\nTwo.", "Two.");
        check("analysisThe user asks.assistantfinalTwo [1].", "Two [1].");
        check("Okay, it is two.", "Okay, it is two.");
        let strange = "Passing on to it, two.</think>Two.";
        assert_eq!(filtered(strange, 100, false, false), ("Two.".into(), String::new()));
        let (text, retracted) = filtered(strange, 3, false, false);
        assert_eq!((text.as_str(), retracted.as_str()), ("Two.", "Passing on to it, two."));
        assert_eq!(filtered(strange, 3, true, false), ("Two.".into(), String::new()), "once it is known");
    }

    #[test]
    fn what_was_cut_before_thoughts_had_an_end_is_thought() {
        assert_eq!(filtered("Okay, the user asks", 3, false, true).0, "");
        assert_eq!(filtered("Two years", 3, true, true).0, "");
        assert_eq!(filtered("Two years", 3, false, true).0, "Two years");
        assert_eq!(filtered("Two years", 3, true, false).0, "Two years");
    }

    #[test]
    fn what_ends_with_a_quotation_is_thought_nevertheless() {
        check("Okay, I say \"two\"</think>Two.", "Two.");
        check("Okay, I run `x`</think>Two.", "Two.");
    }

    #[test]
    fn of_messages_in_channels_only_the_final_one_is_left() {
        let thoughts = "<|channel|>analysis<|message|>User asks about it.<|end|>";
        check(
            &format!("{thoughts}<|start|>assistant<|channel|>final<|message|>Two years [1].<|return|>"),
            "Two years [1].",
        );
        check(&format!("<|start|>assistant{thoughts}<|start|>assistant<|channel|>final<|message|>Two."), "Two.");
        check("<|channel|>commentary to=x <|constrain|>json<|message|>{}<|call|>", "");
        check("<|channel|>analysis<|message|>never done", "");
        check("<|start|>assistant<|message|>Two.<|end|>", "Two.");
        check("<|channel>thought\nHm.<channel|>Two.", "Two.");
        check("Two.<|im_end|>", "Two.");
    }

    #[test]
    fn an_answer_may_speak_of_marks() {
        for text in [
            "Put it between `<think>` and `</think>`.",
            "A model writes <think> first and </think> later.",
            "```\n<think>\nHm.\n</think>\n```\nis how it looks",
            "The token `<|im_end|>` ends it.",
            "a < b <c [d",
        ] {
            check(text, text);
        }
    }
}
