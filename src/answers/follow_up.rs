//! Questions that are only understood together with the one before: "and for two?", "那冬天呢？".

use std::collections::HashMap;

use crate::analysis::{is_particle, is_unspaced};
use crate::model::{RetrievedContext, Source};
use crate::retrieval::fuse;

/// What such a question begins with, in English and German.
const BEGINNINGS: [&str; 22] = [
    "and ",
    "but ",
    "or ",
    "what about",
    "how about",
    "what if",
    "then ",
    "so ",
    "also ",
    "for ",
    "with ",
    "without ",
    "even ",
    "why not",
    "which one",
    "und ",
    "aber ",
    "oder ",
    "was ist mit",
    "wie ist es mit",
    "auch ",
    "dann ",
];

/// Words that stand for something that was said before.
const PRONOUNS: [&str; 26] = [
    "it", "its", "it's", "they", "them", "their", "theirs", "he", "she", "him", "her", "this", "that", "these",
    "those", "one", "ones", "same", "dafür", "davon", "damit", "darüber", "dazu", "darin", "deren", "dessen",
];

/// What such a question begins with in Chinese.
const CHINESE_BEGINNINGS: [&str; 15] =
    ["那", "还有", "還有", "然后", "然後", "如果", "要是", "但", "可是", "而", "以及", "再", "另外", "换成", "換成"];

/// Chinese words that stand for something that was said before.
const CHINESE_PRONOUNS: [&str; 16] = [
    "它", "他们", "他們", "她们", "她們", "这个", "這個", "那个", "那個", "这些", "這些", "那些", "这种", "這種",
    "那种", "那種",
];

/// Words from which on a question says enough by itself, whatever it begins with.
const LONG: usize = 14;

/// Words up to which a question says too little by itself.
const SHORT: usize = 2;

/// The same in Chinese characters.
const LONG_CHINESE: usize = 24;
const SHORT_CHINESE: usize = 3;

/// Whether a question seems to go on with the one before it. One that does not may be taken for one: then the passages for it alone
/// count as well.
pub fn is_follow_up(question: &str) -> bool {
    let question = question.trim().trim_end_matches(['?', '？', '!', '！', '.', '。', ' ']).to_lowercase();
    let chinese = question.chars().filter(|c| matches!(c, '\u{4e00}'..='\u{9fff}')).count();
    if chinese > 0 {
        let begins = CHINESE_BEGINNINGS.iter().any(|beginning| question.starts_with(beginning));
        let refers = CHINESE_PRONOUNS.iter().any(|pronoun| question.contains(pronoun));
        let asks_on = question.ends_with('呢');
        let of_subject = question.chars().filter(|c| is_unspaced(*c) && !is_particle(*c)).count();
        return chinese <= SHORT_CHINESE
            || of_subject <= 1
            || (chinese <= LONG_CHINESE && (begins || refers || asks_on));
    }
    let words: Vec<&str> =
        question.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty()).collect();
    let begins = BEGINNINGS.iter().any(|beginning| question.starts_with(beginning));
    let refers = words.iter().any(|word| PRONOUNS.contains(word));
    !words.is_empty() && (words.len() <= SHORT || (words.len() <= LONG && (begins || refers)))
}

/// What was found for a question that goes on with the one before: by itself, and together with that. Passages that both found
/// come first.
pub fn joined(alone: RetrievedContext, together: RetrievedContext, limit: usize) -> RetrievedContext {
    if !together.confident {
        return alone;
    }
    if !alone.confident {
        return RetrievedContext { faq: None, ..together };
    }
    let key = |source: &Source| (source.document.clone(), source.chunk);
    let [first, second] = [&alone, &together].map(|found| found.sources.iter().map(key).collect::<Vec<_>>());
    let places: HashMap<_, usize> = first.iter().chain(&second).cloned().zip(0..).collect();
    let orders = [first, second].map(|keys| keys.iter().filter_map(|key| places.get(key).copied()).collect::<Vec<_>>());
    let mut sources: Vec<Option<Source>> = alone.sources.into_iter().chain(together.sources).map(Some).collect();
    let fused = fuse(&[(orders[0].as_slice(), 1.0), (orders[1].as_slice(), 1.0)]);
    let best = fused.into_iter().filter_map(|(place, score)| Some(Source { score, ..sources.get_mut(place)?.take()? }));
    let sources: Vec<Source> = best.take(limit).collect();
    let is_new = |other: &Source| sources.iter().all(|source| key(source) != key(other));
    let other_language = together.other_language.filter(is_new);
    RetrievedContext { sources, other_language, faq: alone.faq, unmentioned: alone.unmentioned, ..together }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::tests::source;

    #[test]
    fn what_both_found_comes_first() {
        let sources: Vec<Source> = ["a", "b", "c"].map(|title| source(title, "text")).into();
        let found = |order: &[usize], confident| RetrievedContext {
            sources: order.iter().map(|at| sources[*at].clone()).collect(),
            confident,
            ..RetrievedContext::default()
        };
        let titles = |found: RetrievedContext| found.sources.into_iter().map(|source| source.title).collect::<String>();
        assert_eq!(titles(joined(found(&[0, 1], true), found(&[2, 1], true), 3)), "bac");
        assert_eq!(titles(joined(found(&[0, 1], true), found(&[2, 1], true), 1)), "b");
        assert_eq!(titles(joined(found(&[0], false), found(&[2, 1], true), 3)), "cb");
        assert_eq!(titles(joined(found(&[0], true), found(&[2], false), 3)), "a");
    }

    #[test]
    fn what_refers_to_what_was_said_goes_on_with_it() {
        for question in [
            "and for two?",
            "What about the 36 V one?",
            "How long does it take?",
            "Und im Winter?",
            "Was kostet das Zubehör dafür?",
            "in winter?",
            "那两个呢？",
            "两个的话呢",
            "它的保修期是多久？",
            "這個多少錢？",
            "冬天呢",
            "是谁教的？",
            "滿了會怎樣？",
        ] {
            assert!(is_follow_up(question), "{question}");
        }
    }

    #[test]
    fn another_subject_does_not_go_on_with_the_last() {
        for question in [
            "What is the capital of Mongolia?",
            "How much is the 18 V battery?",
            "Wie lange ist die Garantie der Pumpe?",
            "水泵的保修期是多久？",
            "蒙古的首都是哪里？",
            "怎么退款？",
            "明天会下雨吗",
            "",
        ] {
            assert!(!is_follow_up(question), "{question}");
        }
    }
}
