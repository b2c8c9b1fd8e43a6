//! Words, patterns and links in a text.

use reqwest::Url;

use crate::analysis::{fold, fold_without_accents, is_unspaced};
use crate::model::{Finding, Links, ModerationSettings, Role};
use crate::patterns::Pattern;
use crate::text::Text;

/// Maximum number of words: every message is searched for each.
const MOST_WORDS: usize = 500;

/// Longest word or phrase, in characters.
const WORD_CHARS: usize = 100;

/// Maximum number of regular expressions: each takes memory.
const MOST_PATTERNS: usize = 20;

/// Longest regular expression, in characters.
const PATTERN_CHARS: usize = 500;

const MOST_HOSTS: usize = 200;

/// Maximum size of all texts together, in bytes: they are one record, and twice in one of the audit log.
const MOST_BYTES: usize = 24 * 1024;

/// Longest time that something waits for approval, in days.
const MOST_DAYS: u32 = 90;

/// Settings as they are looked for.
#[derive(Debug)]
pub struct Filter {
    /// As they were written, and as they are compared.
    words: Vec<(String, String)>,
    patterns: Vec<Pattern>,
    links: Links,
    hosts: Vec<String>,
}

impl Filter {
    /// # Errors
    /// `bad_filter` for what is too much, or cannot be read.
    pub fn new(settings: &ModerationSettings) -> Result<Self, Text> {
        let ModerationSettings { words, patterns, links, link_hosts, hold_days, .. } = settings;
        let is_long = |text: &String, most| text.chars().count() > most;
        if words.len() > MOST_WORDS || words.iter().any(|word| is_long(word, WORD_CHARS)) {
            return Err(Text::new("error-bad_filter-words").with("max", MOST_WORDS).with("chars", WORD_CHARS));
        }
        if patterns.len() > MOST_PATTERNS || patterns.iter().any(|pattern| is_long(pattern, PATTERN_CHARS)) {
            return Err(Text::new("error-bad_filter-patterns").with("max", MOST_PATTERNS).with("chars", PATTERN_CHARS));
        }
        if link_hosts.len() > MOST_HOSTS {
            return Err(Text::new("error-bad_filter-hosts").with("max", MOST_HOSTS));
        }
        let bytes: usize = [words, patterns, link_hosts].into_iter().flatten().map(String::len).sum();
        if bytes > MOST_BYTES {
            return Err(Text::new("error-bad_filter-size").with("max", MOST_BYTES / 1024));
        }
        if !(1..=MOST_DAYS).contains(hold_days) {
            return Err(Text::new("error-bad_filter-days").with("max", MOST_DAYS));
        }
        let words = words.iter().map(|word| (word.trim().to_owned(), bare(word)));
        let pattern = |text: &String| {
            let bad =
                |problem: String| Text::new("error-bad_filter-pattern").with("pattern", text).with("problem", problem);
            Pattern::anywhere(text).map_err(bad)
        };
        let host =
            |text: &String| host_of(text.trim()).ok_or_else(|| Text::new("error-bad_filter-host").with("host", text));
        Ok(Self {
            words: words.filter(|(_, bare)| !bare.is_empty()).collect(),
            patterns: patterns.iter().map(pattern).collect::<Result<_, _>>()?,
            links: *links,
            hosts: link_hosts.iter().map(host).collect::<Result<_, _>>()?,
        })
    }

    /// What somebody of that role may not write, if that is in a text.
    pub fn find(&self, text: &str, role: Role) -> Option<Finding> {
        if self.words.is_empty() && self.patterns.is_empty() && self.links == Links::Allowed {
            return None;
        }
        let compared = bare(text);
        if let Some((word, _)) = self.words.iter().find(|(_, word)| has_word(&compared, word)) {
            return Some(Finding::Word(word.clone()));
        }
        if self.patterns.iter().any(|pattern| pattern.matches(text) || pattern.matches(&compared)) {
            return Some(Finding::Pattern);
        }
        // With accents, which belong to a host.
        let folded = fold(text);
        match self.links {
            Links::Allowed => None,
            Links::Members if role >= Role::Member => None,
            Links::Members => links(&folded).next().map(|_| Finding::Link),
            Links::Listed => {
                let unlisted = links(&folded).find(|authority| !self.is_listed(authority))?;
                Some(Finding::Host(host_of(unlisted).unwrap_or_else(|| unlisted.to_owned())))
            }
        }
    }

    fn is_listed(&self, authority: &str) -> bool {
        let Some(host) = host_of(authority) else { return false };
        let is_below = |listed: &String| host.strip_suffix(listed.as_str()).is_some_and(|rest| rest.ends_with('.'));
        self.hosts.iter().any(|listed| host == *listed || is_below(listed))
    }
}

/// A text as the words are compared: as search does, and without accents and repeated spaces.
fn bare(text: &str) -> String {
    fold_without_accents(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a word is in a text, both as they are compared. Chinese is written without spaces; in other scripts the word must not be
/// a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() && !is_unspaced(c);
    let (begins, ends) = (word.starts_with(is_part), word.ends_with(is_part));
    text.match_indices(word).any(|(at, _)| {
        let (before, behind) = (&text[..at], &text[at + word.len()..]);
        let is_within = (begins && before.ends_with(is_part)) || (ends && behind.starts_with(is_part));
        !is_within
    })
}

/// What follows the scheme of each link, up to its path. What is taken for a link is what has a scheme, or begins with `www.`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let is_end = |c: char| c.is_whitespace() || "/?#\"'<>`，。；：！？、（）「」『』《》【】".contains(c);
    let authority = move |rest: &str| rest.find(is_end).unwrap_or(rest.len());
    let with_scheme = text.match_indices("://").map(move |(at, mark)| {
        let rest = &text[at + mark.len()..];
        &rest[..authority(rest)]
    });
    let is_inside =
        |before: &str| before.ends_with(|c: char| (c.is_alphanumeric() && !is_unspaced(c)) || "/.@-_".contains(c));
    let bare = text.match_indices("www.").filter(move |(at, _)| !is_inside(&text[..*at])).map(move |(at, _)| {
        let rest = &text[at..];
        &rest[..authority(rest)]
    });
    with_scheme.chain(bare)
}

/// The host of an authority, as browsers read it; without a dot at its end.
fn host_of(authority: &str) -> Option<String> {
    let url = Url::parse(&format!("http://{authority}/")).ok()?;
    let host = url.host_str()?.trim_end_matches('.').to_owned();
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(words: &[&str], patterns: &[&str]) -> ModerationSettings {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        ModerationSettings { words: owned(words), patterns: owned(patterns), ..ModerationSettings::default() }
    }

    fn finds(settings: &ModerationSettings, text: &str) -> bool {
        Filter::new(settings).expect("valid").find(text, Role::Guest).is_some()
    }

    #[test]
    fn words_are_found_however_they_are_written_but_not_within_others() {
        let settings = settings(&["casino", "賭博", "buy now", "加v信", "cafe"], &[]);
        for text in [
            "CASINO!",
            "the ｃａｓｉｎｏ",
            "ca\u{200b}sino",
            "cásino",
            "网上赌博很好",
            "網上賭博很好",
            "Buy \n NOW.",
            "请加V信联系",
            "来casino玩",
            "Café",
        ] {
            assert!(finds(&settings, text), "{text:?}");
        }
        for text in ["casinos", "occasino", "赌", "buynow", "加v", "buy it now", "cafeteria", ""] {
            assert!(!finds(&settings, text), "{text:?}");
        }
    }

    #[test]
    fn patterns_are_found_and_bounded() {
        assert!(finds(&settings(&[], &[r"\b\d{11}\b"]), "call １３８００１３８０００"));
        assert!(!finds(&settings(&[], &[r"\b\d{11}\b"]), "call 123"));
        let bad = |settings: ModerationSettings| Filter::new(&settings).expect_err("refused").code().to_owned();
        assert_eq!(bad(settings(&[], &["("])), "bad_filter");
        assert_eq!(bad(settings(&[], &[r"\w{1000}{1000}"])), "bad_filter");
        assert_eq!(bad(settings(&[], &[&"a".repeat(PATTERN_CHARS + 1)])), "bad_filter");
        assert_eq!(bad(settings(&[], &["a"; MOST_PATTERNS + 1])), "bad_filter");
        assert_eq!(bad(settings(&["a"; MOST_WORDS + 1], &[])), "bad_filter");
        assert_eq!(bad(ModerationSettings { link_hosts: vec!["a b".into()], ..settings(&[], &[]) }), "bad_filter");
        let long = "长".repeat(WORD_CHARS);
        assert_eq!(bad(settings(&[long.as_str(); MOST_WORDS / 4], &[])), "bad_filter");
        assert_eq!(bad(ModerationSettings { hold_days: 0, ..settings(&[], &[]) }), "bad_filter");
    }

    #[test]
    fn links_are_for_members_or_to_listed_hosts() {
        let members = ModerationSettings { links: Links::Members, ..ModerationSettings::default() };
        for text in [
            "see https://example.com",
            "HTTPS://EXAMPLE.COM",
            "ｈｔｔｐｓ：／／example.com",
            "看www.example.com",
            "ftp://x",
        ] {
            assert!(finds(&members, text), "{text:?}");
        }
        for text in ["example.com", "either/or: 1://", "awww.nice", "node.js"] {
            assert_eq!(finds(&members, text), text.contains("://"), "{text:?}");
        }
        let filter = Filter::new(&members).expect("valid");
        assert_eq!(filter.find("https://example.com", Role::Member), None);

        let hosts = vec!["example.com".to_owned(), "Bücher.example".to_owned()];
        let listed = ModerationSettings { links: Links::Listed, link_hosts: hosts, ..ModerationSettings::default() };
        for text in [
            "https://example.com/a",
            "https://www.example.com:8080?q",
            "https://bücher.example",
            "http://example.com./",
        ] {
            assert!(!finds(&listed, text), "{text:?}");
        }
        for text in [
            "https://example.com.evil.example",
            "https://example.com@evil.example/",
            "https://badexample.com",
            "https://example.com https://evil.example",
            "www.evil.example",
            "https://[",
        ] {
            assert!(finds(&listed, text), "{text:?}");
        }
    }

    #[test]
    fn it_is_for_guests_or_also_for_members_and_never_for_those_who_moderate() {
        let guests = ModerationSettings::default();
        let members = ModerationSettings { filter_members: true, ..guests.clone() };
        for (role, of_guests, of_members) in [
            (Role::Guest, true, true),
            (Role::Member, false, true),
            (Role::Moderator, false, false),
            (Role::Owner, false, false),
            (Role::Hook, false, false),
        ] {
            assert_eq!((guests.is_for(role), members.is_for(role)), (of_guests, of_members), "{role:?}");
        }
    }
}
