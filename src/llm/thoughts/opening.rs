//! Whether an answer begins as thoughts do.
//!
//! The templates of some models have the opening mark already, so that thoughts begin without one, and nothing but their words tells
//! them from an answer before they end. What begins with such words is held back until it is known to be none.

/// First words of thoughts, in small letters.
const THOUGHTS: [&str; 40] = [
    "okay",
    "ok",
    "alright",
    "hmm",
    "hm",
    "well",
    "let me",
    "let's",
    "let us",
    "first",
    "the user",
    "user",
    "we need",
    "we have",
    "we are",
    "we should",
    "we must",
    "we can",
    "i need",
    "i should",
    "i must",
    "i have to",
    "i will",
    "i'll",
    "i am asked",
    "i'm asked",
    "so",
    "got it",
    "looking at",
    "thinking",
    "wait",
    "now",
    "to answer",
    "the question",
    "this question",
    "the passage",
    "passage",
    "the passages",
    "here's a thinking",
    "here is a thinking",
];

/// The same where no spaces stand between words.
const THOUGHTS_OF_CHINESE: [&str; 22] = [
    "嗯",
    "好的",
    "好，",
    "首先",
    "用户",
    "用戶",
    "使用者",
    "我需要",
    "我应该",
    "我應該",
    "我要",
    "我们需要",
    "我們需要",
    "让我",
    "讓我",
    "现在",
    "現在",
    "这个问题",
    "這個問題",
    "根据用户",
    "根據使用者",
    "接下来",
];

/// What gpt-oss's thoughts begin and end with where a server has taken the marks out.
pub const WITHOUT_MARKS: (&str, &str) = ("analysis", "assistantfinal");

/// Whether the beginning of an answer is that of thoughts; `None` while it is too short to say.
pub fn reads_like_thoughts(text: &str) -> Option<bool> {
    let start = text.trim_start().to_lowercase();
    let mut is_open = false;
    for words in THOUGHTS {
        match start.strip_prefix(words).map(|rest| rest.chars().next()) {
            Some(Some(next)) if !next.is_alphanumeric() => return Some(true),
            Some(Some(_)) => {}
            Some(None) => is_open = true,
            None => is_open |= words.starts_with(&start),
        }
    }
    for words in THOUGHTS_OF_CHINESE {
        if start.starts_with(words) {
            return Some(true);
        }
        is_open |= words.starts_with(&start);
    }
    match text.trim_start().strip_prefix(WITHOUT_MARKS.0).map(|rest| rest.chars().next()) {
        Some(Some(next)) if next.is_uppercase() => return Some(true),
        Some(None) => is_open = true,
        _ => is_open |= WITHOUT_MARKS.0.starts_with(&start),
    }
    (!is_open).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_words_tell_thoughts_from_answers() {
        for (text, expected) in [
            ("Okay, the user asks", Some(true)),
            ("\nLet me see", Some(true)),
            ("We need to answer", Some(true)),
            ("好的，用户问的是", Some(true)),
            ("analysisThe user asks", Some(true)),
            ("One,", Some(false)),
            ("Soon after", Some(false)),
            ("I could not find it.", Some(false)),
            ("The ribs", Some(false)),
            ("analysis of it", Some(false)),
            ("三年。", Some(false)),
            ("", None),
            ("Ok", None),
            ("So", None),
            ("The", None),
            ("我", None),
        ] {
            assert_eq!(reads_like_thoughts(text), expected, "{text:?}");
        }
    }
}
