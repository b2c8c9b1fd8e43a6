//! Character classes, and which characters are equivalent in search.

use std::sync::LazyLock;

use unicode_normalization::char::is_combining_mark;

/// How characters are combined into terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Of a script that puts no spaces between words, or an ideograph or emoji: cut into pairs.
    Unspaced,
    /// A letter or digit of a word.
    Word,
    Gap,
}

pub(super) fn class(c: char) -> Class {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => Class::Word,
        '\0'..='\x7f' => Class::Gap,
        _ if is_unspaced(c) => Class::Unspaced,
        _ if c.is_alphanumeric() || is_combining_mark(c) => Class::Word,
        _ => Class::Gap,
    }
}

/// Whether a character is of a script that puts no spaces between words, or a picture.
pub fn is_unspaced(c: char) -> bool {
    is_han(c)
        || is_kana(c)
        || is_hangul(c)
        || matches!(c,
            // Thai, Lao, Myanmar, Khmer.
            '\u{0e01}'..='\u{0e4e}' | '\u{0e80}'..='\u{0ece}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17d3}'
            // Bopomofo.
            | '\u{3105}'..='\u{312f}'
            // Pictures.
            | '\u{2600}'..='\u{27bf}' | '\u{1f300}'..='\u{1faff}')
}

/// Ideographs, with the marks that stand for one.
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{3005}' | '\u{3007}' | '\u{2e80}'..='\u{2fdf}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3fffd}')
}

pub(super) fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9f}')
}

pub(super) fn is_hangul(c: char) -> bool {
    matches!(c, '\u{ac00}'..='\u{d7af}' | '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{ffa1}'..='\u{ffdc}')
}

/// Invisible characters that may occur inside words: soft hyphen, zero-width space, word joiner, byte order mark.
pub(super) fn is_nothing(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// The ideographs that a traditional form is known for.
const FIRST: usize = 0x3400;
const LAST: usize = 0x9fff;

struct Scripts {
    /// By character from `FIRST`: the one that stands for all its forms.
    same: Box<[u16]>,
    /// By character from `FIRST`: characters that occur in one script only.
    script: Box<[Option<Script>]>,
}

/// Which Chinese script a character belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Traditional,
    /// Some of these are written in traditional texts, too.
    Simplified,
}

/// 85 KB, built on first use. Character by character: the pairs for which `fast2s` chooses by context would make a character's
/// form depend on its neighbours, which differ between query and text. Its alternatives are equivalent in search.
static SCRIPTS: LazyLock<Scripts> = LazyLock::new(|| {
    let mut same = Vec::with_capacity(LAST - FIRST + 1);
    let mut script = vec![None; LAST - FIRST + 1];
    for code in FIRST..=LAST {
        let c = char::from_u32(code as u32).unwrap_or_default();
        let simplified = fast2s::convert(c.encode_utf8(&mut [0; 4])).chars().next().unwrap_or(c);
        if simplified != c {
            script[code - FIRST] = Some(Script::Traditional);
            if let Some(of_simplified) = script.get_mut((simplified as usize).wrapping_sub(FIRST)) {
                of_simplified.get_or_insert(Script::Simplified);
            }
        }
        let one = match simplified {
            // 計畫 is 计划, 看著 is 看着, 鍾書 is 锺书.
            '划' => '画',
            '著' => '着',
            '锺' => '钟',
            other => other,
        };
        same.push(u16::try_from(one as u32).unwrap_or(code as u16));
    }
    Scripts { same: same.into(), script: script.into() }
});

/// The representative of this character's variants in all scripts; a character that is not an ideograph is returned unchanged.
pub(super) fn same_in_both_scripts(c: char) -> char {
    match SCRIPTS_RANGE.contains(&c) {
        true => char::from_u32(u32::from(SCRIPTS.same[c as usize - FIRST])).unwrap_or(c),
        false => c,
    }
}

/// The script in which alone this character occurs.
pub(super) fn script(c: char) -> Option<Script> {
    if SCRIPTS_RANGE.contains(&c) { SCRIPTS.script[c as usize - FIRST] } else { None }
}

const SCRIPTS_RANGE: std::ops::RangeInclusive<char> = '\u{3400}'..='\u{9fff}';
