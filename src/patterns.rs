//! Regular expressions from the settings. The only module that uses `regex`.

use regex::{Regex, RegexBuilder};

/// Maximum size of a compiled pattern, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// A regular expression.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// One that is looked for anywhere in a text.
    ///
    /// # Errors
    /// If it is invalid or would take too much memory.
    pub fn anywhere(text: &str) -> Result<Self, String> {
        Self::build(RegexBuilder::new(text).size_limit(MAX_BYTES))
    }

    /// One that must match a text as a whole, line ends included.
    ///
    /// # Errors
    /// If it is invalid or would take too much memory.
    pub fn whole(text: &str) -> Result<Self, String> {
        // Alone: what closes the group below would not be a pattern of its own.
        Self::anywhere(text)?;
        let anchored = format!(r"\A(?:{text})\z");
        Self::build(RegexBuilder::new(&anchored).dot_matches_new_line(true).size_limit(MAX_BYTES))
    }

    fn build(builder: &RegexBuilder) -> Result<Self, String> {
        builder.build().map(Self).map_err(|error| error.to_string())
    }

    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_would_take_too_much_memory_is_refused() {
        assert!(Pattern::anywhere(r"\w{1000}{1000}").is_err());
        assert!(Pattern::whole(r"\w{1000}{1000}").is_err());
        assert!(Pattern::anywhere("部署|deploy").is_ok_and(|pattern| pattern.matches("部署完成")));
    }

    #[test]
    fn a_whole_match_leaves_nothing_out() {
        let matches = |pattern: &str, text: &str| Pattern::whole(pattern).expect("valid").matches(text);
        assert!(matches("a|ab", "ab"));
        assert!(!matches("a|b", "ab"));
        assert!(!matches("a", "a\n"));
        assert!(matches("a.*", "a\n-b"));
        assert!(Pattern::whole("a)|(?:.*").is_err());
    }
}
