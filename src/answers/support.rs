//! What in a model's answer rests on no passage: sentences without a citation, and numbers that stand in none of the passages.

use std::collections::HashSet;
use std::ops::Range;

use super::sentences::{is_cited, sentences};
use crate::analysis::{ENGLISH_NUMBERS, chinese_numeral};
use crate::model::{Source, utf16_range};

/// Ranges of one answer; what is behind them is not looked at.
const MOST: usize = 100;

/// Words for numbers, as passages write them, beside those that a number below a hundred is put together from.
const MORE_NUMBERS: [(&str, u32); 3] = [("zero", 0), ("hundred", 100), ("thousand", 1000)];

/// Ranges of the answer that rest on none of the passages that the model was given, in UTF-16 code units, in order.
pub fn unsupported(answer: &str, question: &str, passages: &[Source]) -> Vec<[u32; 2]> {
    let mut known = Numbers::default();
    known.add(question);
    for passage in passages {
        known.add(&passage.title);
        known.add(&passage.in_context());
        known.add(passage.heading.as_deref().unwrap_or_default());
        known.0.extend(passage.page.map(|page| page.to_string()));
    }
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for sentence in sentences(answer) {
        let text = &answer[sentence.clone()];
        if is_cited(text) {
            let unknown = numbers(text).filter(|range| !known.has(&text[range.clone()]));
            ranges.extend(unknown.map(|range| sentence.start + range.start..sentence.start + range.end));
        } else if is_statement(text) {
            ranges.push(sentence);
        }
    }
    ranges.iter().take(MOST).map(|range| utf16_range(answer, range)).collect()
}

/// Questions, what introduces a list, and single words such as "Yes." state nothing by themselves.
fn is_statement(sentence: &str) -> bool {
    let bare = sentence.trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '?' | '？' | ':' | '：'));
    let has_digits = bare.chars().any(|c| c.is_ascii_digit());
    let is_short = bare.split_whitespace().count() < 2 && bare.chars().count() < 8 && bare.is_ascii();
    let is_short_chinese = !bare.is_ascii() && bare.chars().count() < 4;
    !bare.is_empty() && !bare.ends_with(['?', '？', ':', '：']) && (has_digits || !(is_short || is_short_chinese))
}

/// Numbers as written in one way.
#[derive(Default)]
struct Numbers(HashSet<String>);

impl Numbers {
    fn add(&mut self, text: &str) {
        self.0.extend(numbers(text).map(|range| plain(&text[range])));
        for word in text.split(|c: char| !c.is_ascii_alphabetic()) {
            let number = ENGLISH_NUMBERS.iter().chain(&MORE_NUMBERS).find(|(name, _)| name.eq_ignore_ascii_case(word));
            self.0.extend(number.map(|(_, number)| number.to_string()));
        }
        let chinese = text.split(|c: char| chinese_numeral(c).is_none()).filter(|number| !number.is_empty());
        self.0.extend(chinese.map(|number| of_chinese(number).to_string()));
    }

    fn has(&self, number: &str) -> bool {
        // Of a date or a version, each part.
        let parts = || number.split(['.', ',']).map(plain);
        self.0.contains(&plain(number)) || (parts().count() > 1 && parts().all(|part| self.0.contains(&part)))
    }
}

/// Where digits are, with the points and commas between them; without the numbers of citations, and not within code.
fn numbers(text: &str) -> impl Iterator<Item = Range<usize>> {
    let (mut found, mut begin, mut is_code) = (Vec::new(), None, false);
    for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
        is_code ^= c == '`';
        if c.is_ascii_digit() && !is_code {
            begin = begin.or(Some(at));
        }
        let next_is_digit = text[at..].chars().nth(1).is_some_and(|c| c.is_ascii_digit());
        let goes_on = c.is_ascii_digit() || (matches!(c, '.' | ',') && next_is_digit);
        if !goes_on && let Some(begin) = begin.take() {
            let is_mark = text[..begin].ends_with('[') && c == ']';
            let is_name = text[..begin].ends_with(|c: char| c.is_alphabetic() && c.is_ascii());
            if !is_mark && !is_name {
                found.push(begin..at);
            }
        }
    }
    found.into_iter()
}

/// Without what separates thousands, zeros in front, and zeros behind a point: `1,250.50` and `1250.5` are one number.
fn plain(number: &str) -> String {
    let parts: Vec<&str> = number.split(['.', ',']).collect();
    let are_thousands =
        |parts: &[&str]| parts.len() > 1 && parts[1..].iter().all(|part| part.len() == 3) && parts[0].len() <= 3;
    let (whole, decimals) = match parts.as_slice() {
        all if are_thousands(all) => (all.concat(), ""),
        [first @ .., last] if are_thousands(first) => (first.concat(), *last),
        [whole, decimals] => ((*whole).to_owned(), *decimals),
        _ => (number.to_owned(), ""),
    };
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    match decimals.trim_end_matches('0') {
        "" => whole.to_owned(),
        decimals => format!("{whole}.{decimals}"),
    }
}

/// `二十五` is 25; digits without units, such as those of a year, stand beside each other.
fn of_chinese(number: &str) -> u64 {
    let (mut total, mut section, mut last) = (0_u64, 0_u64, 0_u64);
    for value in number.chars().filter_map(chinese_numeral).map(u64::from) {
        match value {
            10_000 => {
                total = total.saturating_add(section.saturating_add(last).max(1).saturating_mul(value));
                (section, last) = (0, 0);
            }
            10.. => {
                section = section.saturating_add(last.max(1).saturating_mul(value));
                last = 0;
            }
            digit => last = last.saturating_mul(10).saturating_add(digit),
        }
    }
    total.saturating_add(section).saturating_add(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::tests::source;

    /// The parts of the answer that rest on nothing.
    fn parts(answer: &str, passage: &str) -> Vec<String> {
        let units: Vec<u16> = answer.encode_utf16().collect();
        let ranges = unsupported(answer, "Why 42?", &[source("Terms 2024", passage)]);
        let part = |[begin, end]: [u32; 2]| String::from_utf16(&units[begin as usize..end as usize]).expect("text");
        ranges.into_iter().map(part).collect()
    }

    #[test]
    fn what_no_passage_says_is_found() {
        for (answer, passage, expected) in [
            ("Two years [1]. They are kind.", "two years", vec!["They are kind."]),
            ("It is 14 days [1].", "Within fourteen days.", vec![]),
            ("It is 15 days [1].", "Within fourteen days.", vec!["15"]),
            ("好：保修 25 年 [1]。", "保修二十五年", vec![]),
            ("😀 保修 26 年 [1]。", "保修二十五年", vec!["26"]),
            ("It costs 1,250.50 or 1250 [1].", "1250.5 and 1.250", vec![]),
            ("On 05.01.2024, for reason 42 [1].", "2024-01-05", vec![]),
            ("1. It is so [1]\n2. Yes\nFurther:\nIs it?", "so", vec![]),
            ("Use `x = 7` and B12 [1].\n```\n99\n```", "so", vec![]),
            ("在 30 天内退款。", "30", vec!["在 30 天内退款。"]),
        ] {
            assert_eq!(parts(answer, passage), expected, "{answer}");
        }
    }

    #[test]
    fn numbers_in_chinese_are_numbers() {
        for (text, expected) in
            [("二十五", 25), ("十", 10), ("三百零五", 305), ("二〇二四", 2024), ("三万五千", 35_000), ("两", 2)]
        {
            assert_eq!(of_chinese(text), expected, "{text}");
        }
    }
}
