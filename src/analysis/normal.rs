//! Normalization of stored texts.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_compatible;

use super::characters::is_nothing;
use super::radicals::unified;

/// Normalizes a text for storage: composed (NFC), `\n` as line ends, tabs and form feeds the only other
/// control characters, nothing invisible inside words.
///
/// Forms that only a font or an old encoding needed become the characters that they stand for (NFKC): radicals in place of
/// ideographs, ligatures, letters and digits of full width, kana of half width, letters of formulas, odd spaces. Other
/// compatibility forms stay, for people read the text: "，" is not ",", "①" not "1", "10²" not "102".
pub fn normalize(text: &str) -> String {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t' | b'\x0c');
    if text.bytes().all(is_plain) {
        return text.to_owned();
    }
    let text = if text.contains('\r') { &text.replace("\r\n", "\n").replace('\r', "\n") } else { text };
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\x0c' | ' '..='~' => plain.push(c),
            '\x0b' | '\u{85}' | '\u{2028}' | '\u{2029}' => plain.push('\n'),
            _ if c.is_control() || is_nothing(c) => {}
            '\u{2e80}'..='\u{2eff}' => plain.push(unified(c)),
            _ if is_form(c) => decompose_compatible(c, |part| plain.push(part)),
            _ => plain.push(c),
        }
    }
    if unicode_normalization::is_nfc(&plain) { plain } else { plain.nfc().collect() }
}

/// Whether only a font or an old encoding needed this form.
fn is_form(c: char) -> bool {
    matches!(c,
        // Kangxi radicals.
        '\u{2f00}'..='\u{2fdf}'
        // Ligatures, Arabic as it is joined.
        | '\u{fb00}'..='\u{fb06}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        // Full width, half width.
        | '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' | '\u{ff66}'..='\u{ffdc}'
        // Spaces and a hyphen that does not break.
        | '\u{00a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{2011}'
        // Letters of formulas.
        | '\u{1d400}'..='\u{1d7ff}')
}

/// Converts traditional characters to simplified ones by context, for models that know simplified ones better.
pub fn simplify(text: &str) -> String {
    fast2s::convert(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_fonts_and_encodings_become_their_characters() {
        let cases = [
            ("plain text\twith\x0ctwo pages\n", "plain text\twith\x0ctwo pages\n"),
            ("a\r\nb\rc\u{2028}d", "a\nb\nc\nd"),
            ("⼈⼯智能 ⻓⻆ ⺟", "人工智能 长角 母"),
            ("ｃｈａｔ ２０２６ ﬁle e\u{301}", "chat 2026 file é"),
            ("ｶﾞﾗｽ\u{3000}𝑥\u{a0}y", "ガラス x y"),
            ("co\u{ad}operate\u{feff}\u{0}\u{7f}", "cooperate"),
            ("你好，世界。① 10² …", "你好，世界。① 10² …"),
        ];
        for (text, expected) in cases {
            assert_eq!(normalize(text), expected, "{text:?}");
            assert_eq!(normalize(expected), expected, "again: {expected:?}");
        }
    }

    #[test]
    fn traditional_is_simplified_by_its_context() {
        assert_eq!(simplify("乾隆的計畫, 乾淨的畫"), "乾隆的计划, 干净的画");
    }
}
