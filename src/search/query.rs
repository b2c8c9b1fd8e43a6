//! Query syntax: words, "exact phrases" and filters.

use crate::analysis::fold;
use crate::model::{PRIVATE_ROOM, RoomName, Timestamp};
use crate::schedule::Zone;
use crate::text::Text;

use super::words::Word;

/// Longest query in characters.
const MAX_CHARS: usize = 500;

/// Maximum number of words; further ones are ignored.
const MAX_WORDS: usize = 32;

/// A parsed query. All conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub words: Vec<Word>,
    pub room: Option<RoomFilter>,
    /// Folded.
    pub handle: Option<String>,
    pub has_job: bool,
    /// Not before this moment.
    pub after: Option<Timestamp>,
    pub before: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RoomFilter {
    Named(RoomName),
    /// The asker's private one.
    Own,
}

impl Query {
    /// Parses a query; dates are days in `zone`.
    ///
    /// # Errors
    /// A message for the user, if a filter's value is invalid. A filter without a value is still being typed and is ignored.
    pub fn parse(typed: &str, zone: &Zone) -> Result<Self, Text> {
        let length = typed.chars().count();
        if length > MAX_CHARS {
            return Err(Text::new("error-too_long-search").with("length", length).with("max", MAX_CHARS));
        }
        let mut query = Self::default();
        let mut rest = typed;
        while let Some(piece) = Piece::next(&mut rest) {
            query.add(piece, zone)?;
        }
        query.words.truncate(MAX_WORDS);
        Ok(query)
    }

    /// Whether it has no conditions.
    pub fn is_empty(&self) -> bool {
        let Self { words, room, handle, has_job, after, before } = self;
        let has_filter = room.is_some() || handle.is_some() || *has_job || after.is_some() || before.is_some();
        // Punctuation is not indexed; together with a filter it is searched in the texts.
        !has_filter && words.iter().all(|word| word.terms().is_empty())
    }

    fn add(&mut self, piece: Piece<'_>, zone: &Zone) -> Result<(), Text> {
        let (key, value) = match piece {
            Piece::Phrase(text) => {
                self.words.extend(Word::phrase(text));
                return Ok(());
            }
            Piece::Word { text, is_last } => {
                self.words.extend(Word::new(text, is_last));
                return Ok(());
            }
            Piece::Filter { value: "", .. } => return Ok(()),
            Piece::Filter { key, value } => (key, value),
        };
        match key {
            Key::In if value == PRIVATE_ROOM => self.room = Some(RoomFilter::Own),
            Key::In => self.room = Some(RoomFilter::Named(RoomName::public(value.trim_start_matches('#'))?)),
            Key::From => self.handle = Some(fold(value.trim_start_matches('@'))),
            Key::Before => self.before = Some(moment(value, zone)?),
            Key::After => self.after = Some(moment(value, zone)?),
            Key::Has if value.eq_ignore_ascii_case("job") => self.has_job = true,
            Key::Has => return Err(Text::new("error-bad_search-has").with("found", value)),
        }
        Ok(())
    }
}

/// A moment, or the beginning of a day.
fn moment(text: &str, zone: &Zone) -> Result<Timestamp, Text> {
    let found = Timestamp::parse(text).or_else(|| zone.start_of_day(text));
    found.ok_or_else(|| Text::new("error-bad_search-date").with("found", text))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    In,
    From,
    Before,
    After,
    Has,
}

const KEYS: [(&str, Key); 5] =
    [("in", Key::In), ("from", Key::From), ("before", Key::Before), ("after", Key::After), ("has", Key::Has)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Word { text: &'a str, is_last: bool },
    Phrase(&'a str),
    Filter { key: Key, value: &'a str },
}

impl<'a> Piece<'a> {
    /// Takes the next piece from the front of `rest`.
    fn next(rest: &mut &'a str) -> Option<Self> {
        *rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        if let Some(phrase) = quoted(rest) {
            return Some(Self::Phrase(phrase));
        }
        if let Some((key, behind)) = key(rest) {
            *rest = behind;
            let value = quoted(rest).unwrap_or_else(|| unquoted(rest));
            return Some(Self::Filter { key, value });
        }
        let text = unquoted(rest);
        Some(Self::Word { text, is_last: rest.is_empty() })
    }
}

/// The filter that begins here, and what is behind its colon.
fn key(text: &str) -> Option<(Key, &str)> {
    let (name, value) = text.split_once([':', '：'])?;
    let (_, key) = KEYS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known))?;
    Some((*key, value))
}

/// Takes a quoted text; the closing quotation mark may not have been typed yet.
fn quoted<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let is_mark = |c: char| matches!(c, '"' | '“' | '”');
    let inside = rest.strip_prefix(is_mark)?;
    let (text, behind) = inside.split_once(is_mark).unwrap_or((inside, ""));
    *rest = behind;
    Some(text)
}

/// Takes the text up to the next space.
fn unquoted<'a>(rest: &mut &'a str) -> &'a str {
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let (text, behind) = rest.split_at(end);
    *rest = behind;
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(typed: &str) -> Query {
        Query::parse(typed, &Zone::UTC).expect("a query")
    }

    #[test]
    fn filters_are_told_from_words() {
        let query = parse(r#"in:Lobby from:"王 小明" has:job cats before:2026-01-31 after：2026-01-01T12:00:00Z"#);
        assert_eq!(query.room, RoomName::public("lobby").ok().map(RoomFilter::Named));
        assert_eq!(query.handle.as_deref(), Some("王 小明"));
        assert!(query.has_job);
        assert_eq!(query.before, Timestamp::parse("2026-01-31T00:00:00Z"));
        assert_eq!(query.after, Timestamp::parse("2026-01-01T12:00:00Z"));
        assert_eq!(query.words, Vec::from_iter(Word::new("cats", false)));
        assert_eq!(parse("in:@bot x").room, Some(RoomFilter::Own));
        assert_eq!(parse("FROM:@Ann").handle.as_deref(), Some("ann"));
    }

    #[test]
    fn days_begin_where_the_asker_is() {
        let taipei = Zone::named("Asia/Taipei").expect("a zone");
        let query = Query::parse("after:2026-01-31", &taipei).expect("a query");
        assert_eq!(query.after, Timestamp::parse("2026-01-30T16:00:00Z"));
    }

    #[test]
    fn what_is_half_typed_is_no_error() {
        for typed in ["", "  ", "in:", "from: before:", "\"", "!?", "，"] {
            assert!(parse(typed).is_empty(), "{typed:?}");
        }
        for typed in ["a", "猫", "\"exact", "from:ann", "note:x", "http://x", "has:job !!"] {
            assert!(!parse(typed).is_empty(), "{typed:?}");
        }
    }

    #[test]
    fn what_no_filter_takes_is_said() {
        for typed in ["before:soon", "after:2026-13-01", "has:picture", "in:a/b", &"x".repeat(501)] {
            assert!(Query::parse(typed, &Zone::UTC).is_err(), "{typed:?}");
        }
    }
}
