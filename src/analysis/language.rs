//! Language detection.

use super::characters::{Class, Script, class, is_han, is_hangul, is_kana, script};
use crate::model::Language;

/// Words that make up about a third of any English text.
const ENGLISH: [&str; 20] = [
    "the", "of", "and", "to", "in", "a", "is", "that", "for", "it", "as", "with", "on", "be", "are", "this", "by",
    "or", "you", "i",
];

/// Number of characters that are examined; enough to decide.
const ENOUGH: usize = 20_000;

/// What a text is mostly written in: Chinese where it has more ideographs than words of letters, its script by the characters
/// that the other one lacks; English if it contains common function words.
pub fn language(text: &str) -> Language {
    let end = text.char_indices().nth(ENOUGH).map_or(text.len(), |(at, _)| at);
    let text = &text[..end];
    let (mut han, mut other, mut traditional, mut simplified) = (0, 0, 0, 0);
    for c in text.chars().filter(|c| !c.is_ascii()) {
        match c {
            _ if is_han(c) => {
                han += 1;
                match script(c) {
                    Some(Script::Traditional) => traditional += 1,
                    Some(Script::Simplified) => simplified += 1,
                    None => {}
                }
            }
            _ if is_kana(c) || is_hangul(c) || class(c) == Class::Unspaced => other += 1,
            _ => {}
        }
    }
    let (mut words, mut english, mut foreign) = (0, 0, 0);
    for word in text.split(|c: char| !c.is_alphabetic() || class(c) != Class::Word).filter(|word| !word.is_empty()) {
        words += 1;
        english += usize::from(ENGLISH.iter().any(|known| word.eq_ignore_ascii_case(known)));
        foreign += usize::from(!word.is_ascii());
    }
    if han + other > words {
        return match () {
            // Japanese has at least as many kana as ideographs.
            () if other * 3 > han => Language::Other,
            () if traditional > 0 && traditional >= simplified => Language::Traditional,
            () => Language::Simplified,
        };
    }
    // Headings and short lists may contain no function words.
    let is_english = words > 0 && foreign * 10 <= words && (words < 20 || english * 20 >= words);
    if is_english { Language::English } else { Language::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart() {
        let cases = [
            ("How do I reset my password?", Language::English),
            ("Installation Guide", Language::English),
            ("如何重置我的密码？", Language::Simplified),
            ("如何重設我的密碼？", Language::Traditional),
            ("我要把資料庫存到台灣的伺服器裡", Language::Traditional),
            ("在 Docker 里运行 PostgreSQL 数据库", Language::Simplified),
            ("中文", Language::Simplified),
            ("データベースを作成します", Language::Other),
            ("비밀번호를 재설정하는 방법", Language::Other),
            ("Как сбросить пароль?", Language::Other),
            ("Où est le café où nous étions, près de l'école élémentaire?", Language::Other),
            ("", Language::Other),
            ("12 34", Language::Other),
        ];
        for (text, expected) in cases {
            assert_eq!(language(text), expected, "{text:?}");
        }
    }
}
