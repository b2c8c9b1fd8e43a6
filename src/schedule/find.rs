//! Finds the time in a text, and what in the rest may belong to it, so that nothing of a time is passed over in silence.

use super::Asker;
use super::parts::Weight;
use super::parts::reader::Reader;
use super::parts::unclear::{Unclear, unclear};
use super::phrase::{Phrase, phrase, timestamp};
use crate::model::Timestamp;
use crate::text::Text;

/// Bytes at the beginning and at the end of a text that are searched: a time is not further from both.
const SEARCHED: usize = 400;

/// Characters between a time and the rest.
const SEPARATORS: &str = ",;:.!?-–—~()&，；：、。！？～（）\"'“”‘’「」";

/// What says that a text follows, and no more of the time.
const MARKS: [(&str, Mark); 15] = [
    (":", Mark::Certain),
    ("\"", Mark::Certain),
    ("“", Mark::Certain),
    ("「", Mark::Certain),
    ("to", Mark::Likely),
    ("that", Mark::Likely),
    ("提醒我", Mark::Likely),
    ("叫我", Mark::Likely),
    ("请提醒我", Mark::Likely),
    ("请叫我", Mark::Likely),
    ("记得", Mark::Likely),
    ("me to", Mark::Likely),
    ("要我", Mark::Likely),
    ("让我", Mark::Likely),
    (", to", Mark::Likely),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    /// What follows may still complete the time.
    Likely,
    Certain,
}

/// Words that may stand before a time; whether they say that it is only one end of a time, or another thing's.
const BINDING: [(&str, bool); 28] = [
    ("at", false),
    ("on", false),
    ("by", false),
    ("in", false),
    ("在", false),
    ("for", true),
    ("from", true),
    ("until", true),
    ("till", true),
    ("before", true),
    ("after", true),
    ("since", true),
    ("about", true),
    ("of", true),
    ("the", true),
    ("to", true),
    ("through", true),
    ("between", true),
    ("starting", true),
    ("and", true),
    ("or", true),
    ("到", true),
    ("至", true),
    ("从", true),
    ("和", true),
    ("或", true),
    ("直到", true),
    ("的", true),
];

/// Something like a time in a text.
#[derive(Debug)]
struct Found {
    start: usize,
    end: usize,
    what: What,
    weight: Weight,
}

#[derive(Debug)]
enum What {
    Phrase(Phrase),
    Unclear(Unclear),
}

impl Found {
    fn phrase(&self) -> Option<&Phrase> {
        match &self.what {
            What::Phrase(phrase) => Some(phrase),
            What::Unclear(_) => None,
        }
    }

    /// Whether it could say something that a phrase does not.
    fn may_complete(&self, time: &Phrase) -> bool {
        match &self.what {
            What::Phrase(phrase) => time.lacks(phrase),
            What::Unclear(Unclear::Clock | Unclear::Number) => !time.has_clock(),
            What::Unclear(Unclear::Day) => !time.has_day(),
            What::Unclear(Unclear::Zone | Unclear::Place) => !time.has_place(),
            What::Unclear(Unclear::Span | Unclear::Repeated) => false,
        }
    }

    /// Whether what is between it and a time leaves them together. "About 3 apples" are no hour.
    fn is_bound_by(&self, between: &str) -> bool {
        match self.what {
            What::Unclear(Unclear::Number) => is_blank(between),
            _ => is_binding(between),
        }
    }

    fn hint(&self) -> &'static str {
        match &self.what {
            What::Phrase(phrase) if phrase.weight() == Weight::Hint => "time-write-day",
            What::Phrase(_) => "time-write-once",
            What::Unclear(unclear) => unclear.hint(),
        }
    }
}

/// Reads the point in time that a text begins with, or ends with, or that is in both places; the moment, and the rest of the text.
///
/// # Errors
/// When there is no time in it, or none that can be planned, or when something in the rest may belong to it. What `:` precedes is
/// the text, whatever it says.
pub fn read<'a>(text: &'a str, asker: &Asker) -> Result<(Timestamp, &'a str), Text> {
    let text = text.trim();
    let all = search(text);
    let time = Time::choose(text, &all).ok_or_else(|| none(text, &all, asker))?;
    let moment = time.phrase.moment(asker)?;
    let moment = timestamp(&moment);
    match time.not_understood(&all) {
        Some(left) => {
            let words = time.words_of(left);
            let read = asker.zone.words(moment, asker.now, asker.locale);
            let hint = Text::new(left.hint()).in_locale(asker.locale);
            Err(Text::new("time-partly").with("time", read).with("left", words).with("hint", hint))
        }
        None => Ok((moment, time.rest())),
    }
}

/// What a text begins with that looks like a part of a time; its words, and the key of the text that says how to write it.
pub(super) fn beside(text: &str) -> Option<(&str, &'static str)> {
    let mut reader = Reader::new(text);
    loop {
        let mut tried = reader;
        if let Some((what, weight)) = one(&mut tried) {
            let is_number = matches!(what, What::Unclear(Unclear::Number));
            let hint = match what {
                What::Phrase(_) => "recurrence-write",
                What::Unclear(unclear) => unclear.hint(),
            };
            return (weight != Weight::Lone && !is_number).then(|| (text[..tried.position()].trim(), hint));
        }
        reader.one_of(&BINDING)?;
    }
}

/// What in a text may be part of a time.
fn search(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut reader = Reader::new(text);
    while !reader.rest().is_empty() {
        let position = reader.position();
        if position >= SEARCHED && position + SEARCHED < text.len() {
            let next = (text.len() - SEARCHED..text.len()).find(|index| text.is_char_boundary(*index));
            reader = reader.moved_to(next.unwrap_or(text.len()));
            reader.skip_word();
            continue;
        }
        reader.skip_spaces();
        let start = reader.position();
        let read = reader.is_start().then(|| one(&mut reader)).flatten();
        match read.filter(|_| reader.position() > start) {
            Some((what, weight)) => found.push(Found { start, end: reader.position(), what, weight }),
            None => reader.skip_word(),
        }
    }
    found
}

fn one(reader: &mut Reader<'_>) -> Option<(What, Weight)> {
    let phrase = reader.attempt(|reader| {
        let phrase = phrase(reader)?;
        Some((phrase.weight(), What::Phrase(phrase)))
    });
    if let Some((weight, what)) = phrase {
        return Some((what, weight));
    }
    reader.attempt(unclear).map(|(unclear, weight)| (What::Unclear(unclear), weight))
}

/// The sentence for a text that has no time at its ends.
fn none(text: &str, all: &[Found], asker: &Asker) -> Text {
    let words = |found: &Found| text[found.start..found.end].to_owned();
    let unclear = |words: &str, hint: &'static str| {
        let hint = Text::new(hint).in_locale(asker.locale);
        Text::new("time-unclear").with("left", words).with("hint", hint)
    };
    let is_number = |found: &Found| matches!(found.what, What::Unclear(Unclear::Number));
    // "after 5pm" is no moment, and in "the table for 5pm" it is the table's.
    if let Some(found) =
        all.first().filter(|found| !is_number(found) && found.start > 0 && is_binding(&text[..found.start]))
    {
        return unclear(&text[..found.end], found.hint());
    }
    let last = all.last().filter(|found| found.phrase().is_some() && is_blank(&text[found.end..]));
    if let Some((found, start)) = last.and_then(|found| Some((found, binding_before(text, found.start)?))) {
        return unclear(&text[start..found.end], found.hint());
    }
    let strong = all.iter().filter(|found| found.weight == Weight::Strong);
    let inside = strong.filter_map(|found| Some((found, found.phrase()?))).next();
    if let Some((found, Ok(moment))) = inside.map(|(found, phrase)| (found, phrase.moment(asker))) {
        let time = asker.zone.words(timestamp(&moment), asker.now, asker.locale);
        return Text::new("time-inside").with("time", time).with("words", words(found));
    }
    let is_at_end = |found: &&Found| is_blank(&text[..found.start]) || is_blank(&text[found.end..]);
    match all.iter().filter(is_at_end).find(|found| !is_number(found)) {
        Some(found) => unclear(&words(found), found.hint()),
        None => Text::new("time-none"),
    }
}

/// The time of a text: where it stands, and what it is.
struct Time<'a> {
    text: &'a str,
    phrase: Phrase,
    /// Where what says it at the beginning ends, and where what says it at the end begins.
    from: usize,
    to: usize,
    /// What says that the rest is text.
    mark: Option<Mark>,
}

impl<'a> Time<'a> {
    /// The time at the beginning, completed by what stands at the end; else the one at the end.
    fn choose(text: &'a str, all: &[Found]) -> Option<Self> {
        let first = all.first().filter(|found| is_blank(&text[..found.start]) && found.weight != Weight::Hint);
        let last = all.last().filter(|found| is_blank(&text[found.end..]) && found.weight != Weight::Hint);
        let is_free = |found: &&Found| binding_before(text, found.start).is_none();
        let last_phrase = || last.filter(is_free).and_then(|last| Some((last, last.phrase()?)));
        let Some((first, phrase)) = first.and_then(|first| Some((first, first.phrase()?))) else {
            let (last, phrase) = last_phrase()?;
            let mark = mark(text).filter(|_| all.first().is_none_or(|found| found.start > 0)).map(|(mark, _)| mark);
            return Some(Self { text, phrase: phrase.clone(), from: 0, to: last.start, mark });
        };
        let behind = &text[first.end..];
        let is_next = |found: &Found| is_blank(&text[first.end..found.start]);
        // "to 10:00" goes on with the time.
        let mark = mark(behind)
            .map(|(mark, _)| mark)
            .filter(|mark| *mark == Mark::Certain || !all.get(1).is_some_and(is_next));
        let whole = Self { text, phrase: phrase.clone(), from: first.end, to: text.len(), mark };
        match last_phrase().filter(|(last, _)| whole.is_completed_by(last)) {
            Some((last, also)) => {
                Some(Self { phrase: whole.phrase.clone().and(also.clone()), to: last.start, ..whole })
            }
            None => Some(whole),
        }
    }

    /// Whether the time at the beginning goes on with one at the end, with a text between them.
    fn is_completed_by(&self, last: &Found) -> bool {
        let between = self.text.get(self.from..last.start).unwrap_or_default();
        last.start >= self.from
            && last.weight == Weight::Strong
            && self.mark != Some(Mark::Certain)
            && last.may_complete(&self.phrase)
            && !is_blank(between)
    }

    /// The first thing in the rest that may belong to the time.
    fn not_understood<'b>(&self, all: &'b [Found]) -> Option<&'b Found> {
        let mut others = all.iter().filter(|found| found.start >= self.from && found.end <= self.to);
        others.find(|found| self.mark != Some(Mark::Certain) && self.may_have(found))
    }

    /// Whether something in the rest may belong to the time: what is beside it; what it lacks; what stands where a time does.
    fn may_have(&self, found: &Found) -> bool {
        let is_number = matches!(found.what, What::Unclear(Unclear::Number));
        let is_activity = found.weight == Weight::Lone && !found.phrase().is_some_and(Phrase::is_days_alone);
        if is_activity || (is_number && self.phrase.has_clock()) {
            return false;
        }
        if matches!(found.what, What::Unclear(Unclear::Place)) {
            return self.is_behind(found) && found.may_complete(&self.phrase);
        }
        if self.is_beside(found) {
            return true;
        }
        // "Tomorrow's meeting" is a thing.
        if is_attribute(&self.text[found.end..]) {
            return false;
        }
        let is_first = self.from == 0 && is_blank(&self.text[..found.start]);
        let is_last = is_blank(&self.text[found.end..]) || (self.from > 0 && is_blank(&self.text[found.end..self.to]));
        match found.may_complete(&self.phrase) {
            true if found.weight == Weight::Strong => true,
            is_lacking => (is_first || is_last) && found.weight >= Weight::Weak && (is_lacking || self.mark.is_none()),
        }
    }

    /// Whether only separators and words such as "from" are between something and the time.
    fn is_beside(&self, found: &Found) -> bool {
        let is_before = || self.to < self.text.len() && found.is_bound_by(&self.text[found.end..self.to]);
        self.is_behind(found) || is_before()
    }

    /// The same, where the time is before it.
    fn is_behind(&self, found: &Found) -> bool {
        self.from > 0 && found.is_bound_by(&self.text[self.from..found.start])
    }

    /// The words of something, with the one before it that binds it.
    fn words_of(&self, found: &Found) -> &'a str {
        let start = binding_before(self.text, found.start).unwrap_or(found.start).max(self.from);
        self.text[start..found.end].trim()
    }

    /// The text without the time.
    fn rest(&self) -> &'a str {
        let is_separator = |c: char| c.is_whitespace() || ",;:.-–—，；：、。".contains(c);
        let mut rest = self.text[self.from..self.to].trim();
        if self.from > 0 {
            rest = rest.trim_start_matches(is_separator);
        }
        if self.to < self.text.len() {
            rest = rest.trim_end_matches(is_separator);
        }
        match mark(rest) {
            _ if is_blank(rest) => "",
            Some((Mark::Likely, behind)) => behind,
            _ => rest.strip_prefix('的').unwrap_or(rest),
        }
    }
}

/// What a text begins with that says so, and what follows.
fn mark(text: &str) -> Option<(Mark, &str)> {
    if text.starts_with(['\n', '\r']) {
        return Some((Mark::Certain, text));
    }
    let mut reader = Reader::new(text);
    let mark = reader.one_of(&MARKS)?;
    Some((mark, reader.rest().trim_start()))
}

/// Whether nothing but spaces and signs is in a text.
fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || SEPARATORS.contains(c))
}

/// Whether nothing but binding words, spaces and signs is in a text.
fn is_binding(text: &str) -> bool {
    let mut reader = Reader::new(text);
    loop {
        let rest = reader.rest().trim_start_matches(|c: char| c.is_whitespace() || SEPARATORS.contains(c));
        reader = Reader::new(rest);
        if rest.is_empty() {
            return true;
        }
        if reader.one_of(&BINDING).is_none() {
            return false;
        }
    }
}

/// Whether what stands before this text is said of a thing: `'s report`, 的会议.
fn is_attribute(text: &str) -> bool {
    let mut reader = Reader::new(text);
    reader.one_of(&[("'s", ()), ("的", ())]).is_some() && !is_blank(reader.rest())
}

/// Where the word begins that binds what stands at a position to the words before it.
fn binding_before(text: &str, position: usize) -> Option<usize> {
    let before = text[..position].trim_end();
    let start = |word: &str| {
        let (rest, end) = before.split_at_checked(before.len().checked_sub(word.len())?)?;
        let is_whole = !word.is_ascii() || !rest.ends_with(|c: char| c.is_ascii_alphanumeric());
        (end.eq_ignore_ascii_case(word) && is_whole).then_some(rest.len())
    };
    BINDING.iter().filter(|(_, is_apart)| *is_apart).find_map(|(word, _)| start(word))
}

#[cfg(test)]
mod tests;
