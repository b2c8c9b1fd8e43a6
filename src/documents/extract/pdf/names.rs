//! What the codes of simple fonts mean: the names of glyphs, and the encodings that fonts are given or have built in.

use unicode_normalization::char::compose;

/// Names that neither are the character itself nor follow from other names, in the order of their bytes.
const NAMES: &[(&str, char)] = &[
    ("AE", 'Æ'),
    ("Dcroat", 'Đ'),
    ("Delta", '∆'),
    ("Eth", 'Ð'),
    ("Euro", '€'),
    ("Hbar", 'Ħ'),
    ("IJ", 'Ĳ'),
    ("Ldot", 'Ŀ'),
    ("Lslash", 'Ł'),
    ("OE", 'Œ'),
    ("Ohm", 'Ω'),
    ("Oslash", 'Ø'),
    ("Thorn", 'Þ'),
    ("ae", 'æ'),
    ("ampersand", '&'),
    ("angleleft", '〈'),
    ("angleright", '〉'),
    ("approxequal", '≈'),
    ("arrowboth", '↔'),
    ("arrowdblright", '⇒'),
    ("arrowdown", '↓'),
    ("arrowleft", '←'),
    ("arrowright", '→'),
    ("arrowup", '↑'),
    ("asciicircum", '^'),
    ("asciitilde", '~'),
    ("asterisk", '*'),
    ("asteriskmath", '∗'),
    ("at", '@'),
    ("backslash", '\\'),
    ("bar", '|'),
    ("braceleft", '{'),
    ("braceright", '}'),
    ("bracketleft", '['),
    ("bracketright", ']'),
    ("brokenbar", '¦'),
    ("bullet", '•'),
    ("cent", '¢'),
    ("check", '✓'),
    ("checkmark", '✓'),
    ("circle", '○'),
    ("club", '♣'),
    ("colon", ':'),
    ("comma", ','),
    ("commaaccent", ','),
    ("congruent", '≅'),
    ("copyright", '©'),
    ("copyrightsans", '©'),
    ("copyrightserif", '©'),
    ("currency", '¤'),
    ("dagger", '†'),
    ("daggerdbl", '‡'),
    ("dcroat", 'đ'),
    ("degree", '°'),
    ("diamond", '♦'),
    ("divide", '÷'),
    ("dollar", '$'),
    ("dotlessi", 'ı'),
    ("dotlessj", 'ȷ'),
    ("dotmath", '⋅'),
    ("element", '∈'),
    ("ellipsis", '…'),
    ("emdash", '—'),
    ("emptyset", '∅'),
    ("endash", '–'),
    ("eng", 'ŋ'),
    ("equal", '='),
    ("equivalence", '≡'),
    ("estimated", '℮'),
    ("eth", 'ð'),
    ("exclam", '!'),
    ("exclamdown", '¡'),
    ("existential", '∃'),
    ("female", '♀'),
    ("florin", 'ƒ'),
    ("fraction", '⁄'),
    ("germandbls", 'ß'),
    ("gradient", '∇'),
    ("greater", '>'),
    ("greaterequal", '≥'),
    ("guillemotleft", '«'),
    ("guillemotright", '»'),
    ("guilsinglleft", '‹'),
    ("guilsinglright", '›'),
    ("hbar", 'ħ'),
    ("heart", '♥'),
    ("hyphen", '-'),
    ("hyphenminus", '-'),
    ("ij", 'ĳ'),
    ("infinity", '∞'),
    ("integral", '∫'),
    ("intersection", '∩'),
    ("kgreenlandic", 'ĸ'),
    ("ldot", 'ŀ'),
    ("less", '<'),
    ("lessequal", '≤'),
    ("logicaland", '∧'),
    ("logicalnot", '¬'),
    ("logicalor", '∨'),
    ("longs", 'ſ'),
    ("lozenge", '◊'),
    ("lslash", 'ł'),
    ("male", '♂'),
    ("mapsto", '↦'),
    ("middot", '·'),
    ("minus", '−'),
    ("minute", '′'),
    ("multiply", '×'),
    ("napostrophe", 'ŉ'),
    ("nbspace", ' '),
    ("nonbreakingspace", ' '),
    ("notelement", '∉'),
    ("notequal", '≠'),
    ("numbersign", '#'),
    ("numero", '№'),
    ("oe", 'œ'),
    ("onehalf", '½'),
    ("onequarter", '¼'),
    ("openbullet", '◦'),
    ("ordfeminine", 'ª'),
    ("ordmasculine", 'º'),
    ("oslash", 'ø'),
    ("paragraph", '¶'),
    ("parenleft", '('),
    ("parenright", ')'),
    ("partialdiff", '∂'),
    ("percent", '%'),
    ("period", '.'),
    ("periodcentered", '·'),
    ("perpendicular", '⊥'),
    ("perthousand", '‰'),
    ("plus", '+'),
    ("plusminus", '±'),
    ("product", '∏'),
    ("propersubset", '⊂'),
    ("propersuperset", '⊃'),
    ("proportional", '∝'),
    ("question", '?'),
    ("questiondown", '¿'),
    ("quotedbl", '"'),
    ("quotedblbase", '„'),
    ("quotedblleft", '“'),
    ("quotedblright", '”'),
    ("quoteleft", '‘'),
    ("quoteright", '’'),
    ("quotesinglbase", '‚'),
    ("quotesingle", '\''),
    ("radical", '√'),
    ("reflexsubset", '⊆'),
    ("reflexsuperset", '⊇'),
    ("registered", '®'),
    ("registersans", '®'),
    ("registerserif", '®'),
    ("second", '″'),
    ("section", '§'),
    ("semicolon", ';'),
    ("sfthyphen", '\u{ad}'),
    ("similar", '∼'),
    ("slash", '/'),
    ("softhyphen", '\u{ad}'),
    ("space", ' '),
    ("spade", '♠'),
    ("square", '□'),
    ("sterling", '£'),
    ("suchthat", '∋'),
    ("summation", '∑'),
    ("therefore", '∴'),
    ("thorn", 'þ'),
    ("threequarters", '¾'),
    ("trademark", '™'),
    ("trademarksans", '™'),
    ("trademarkserif", '™'),
    ("underscore", '_'),
    ("union", '∪'),
    ("universal", '∀'),
    ("visiblespace", ' '),
    ("weierstrass", '℘'),
    ("yen", '¥'),
];

/// The ten digits.
const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// Small Greek letters from U+03B1 on; the two sigmas are in the middle.
const GREEK: [&str; 25] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "omicron", "pi", "rho", "sigma1", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
];

/// Accents with the mark that joins the letter before it, and with the character that stands alone.
const ACCENTS: [(&str, char, char); 16] = [
    ("grave", '\u{300}', '`'),
    ("acute", '\u{301}', '´'),
    ("circumflex", '\u{302}', 'ˆ'),
    ("tilde", '\u{303}', '˜'),
    ("macron", '\u{304}', '¯'),
    ("breve", '\u{306}', '˘'),
    ("dotaccent", '\u{307}', '˙'),
    ("dieresis", '\u{308}', '¨'),
    ("ring", '\u{30a}', '˚'),
    ("hungarumlaut", '\u{30b}', '˝'),
    ("caron", '\u{30c}', 'ˇ'),
    ("cedilla", '\u{327}', '¸'),
    ("commaaccent", '\u{326}', ','),
    ("ogonek", '\u{328}', '˛'),
    ("horn", '\u{31b}', '\u{31b}'),
    ("dotbelow", '\u{323}', '\u{323}'),
];

/// The text of a glyph with that name, as Adobe's glyph list and the fonts of TeX name them.
pub fn text_of(name: &str) -> Option<String> {
    // What follows a full stop is the form, and parts of ligatures are joined by underscores.
    let base = name.split_once('.').map_or(name, |(base, _)| base);
    if base.is_empty() {
        return None;
    }
    if let Some(c) = char_of(base) {
        return Some(c.to_string());
    }
    match base {
        "ff" | "fi" | "fl" | "ffi" | "ffl" | "st" => return Some(base.to_owned()),
        "IJsmall" => return Some("IJ".to_owned()),
        _ => {}
    }
    if let Some(digits) = base.strip_prefix("uni").filter(|digits| !digits.is_empty() && digits.len() % 4 == 0) {
        let units: Option<Vec<u16>> = digits
            .as_bytes()
            .chunks(4)
            .map(|unit| u16::from_str_radix(std::str::from_utf8(unit).ok()?, 16).ok())
            .collect();
        return String::from_utf16(&units?).ok();
    }
    let parts: Vec<&str> = base.split('_').collect();
    if parts.len() > 1 { parts.into_iter().map(text_of).collect() } else { numbered(base).map(String::from) }
}

/// One character by its name.
fn char_of(name: &str) -> Option<char> {
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return Some(c);
    }
    if let Ok(index) = NAMES.binary_search_by(|(other, _)| (*other).cmp(name)) {
        return Some(NAMES[index].1);
    }
    let plain =
        ["oldstyle", "small", "lining", "fitted"].iter().find_map(|form| name.strip_suffix(form)).unwrap_or(name);
    if let Some(digit) = DIGITS.iter().position(|digit| *digit == plain) {
        return char::from_digit(digit as u32, 10);
    }
    if plain.len() == 1 {
        return plain.chars().next();
    }
    raised(name).or_else(|| greek(name)).or_else(|| accented(name))
}

/// Digits that are set high or low.
fn raised(name: &str) -> Option<char> {
    let digit = |form: &str| name.strip_suffix(form).and_then(|word| DIGITS.iter().position(|digit| *digit == word));
    if let Some(index) = digit("superior") {
        return "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(index);
    }
    digit("inferior").and_then(|index| "₀₁₂₃₄₅₆₇₈₉".chars().nth(index))
}

fn greek(name: &str) -> Option<char> {
    let place =
        |name: &str| GREEK.iter().position(|letter| *letter == name).and_then(|index| u32::try_from(index).ok());
    if let Some(index) = place(name) {
        return char::from_u32(0x3b1 + index);
    }
    let first = name.chars().next()?;
    let small = name.replacen(first, &first.to_ascii_lowercase().to_string(), 1);
    place(&small).filter(|_| first.is_ascii_uppercase()).and_then(|index| char::from_u32(0x391 + index))
}

/// A letter with the name of an accent after it, or the accent alone.
fn accented(name: &str) -> Option<char> {
    ACCENTS.iter().find_map(|(accent, mark, alone)| match name.strip_suffix(accent)? {
        "" => Some(*alone),
        "dotlessi" => compose('i', *mark),
        letter => compose(char_of(letter).filter(|c| c.is_alphabetic())?, *mark),
    })
}

/// The letter with an accent that was drawn over it.
pub fn with_accent(letter: char, accent: char) -> Option<char> {
    let (_, mark, _) = ACCENTS.iter().find(|(_, _, alone)| *alone == accent)?;
    compose(if letter == 'ı' { 'i' } else { letter }, *mark)
}

/// Names that only count: Cyrillic letters, code points, and characters by their code.
fn numbered(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix("afii") {
        return match number.parse().ok()? {
            number @ 10017..=10022_u32 => char::from_u32(0x410 + number - 10017),
            10023 => Some('Ё'),
            number @ 10024..=10049 => char::from_u32(0x416 + number - 10024),
            number @ 10065..=10070 => char::from_u32(0x430 + number - 10065),
            10071 => Some('ё'),
            number @ 10072..=10097 => char::from_u32(0x436 + number - 10072),
            61352 => Some('№'),
            _ => None,
        };
    }
    if let Some(digits) = name.strip_prefix('u').filter(|digits| (4..=6).contains(&digits.len())) {
        return u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    }
    // Fonts made of pictures of letters: "a65", "C65", "char65".
    let number = ["char", "a", "c", "C"].iter().find_map(|start| name.strip_prefix(start))?;
    number.parse().ok().filter(|code| (0x21..0x7f).contains(code)).and_then(char::from_u32)
}

/// An encoding that a font names, or has when it names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Standard,
    WinAnsi,
    MacRoman,
    Symbol,
    Dingbats,
    /// Of the fonts with that name: pictures that stand before items of lists.
    Wingdings,
}

impl Encoding {
    pub fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"WinAnsiEncoding" => Some(Self::WinAnsi),
            b"MacRomanEncoding" => Some(Self::MacRoman),
            b"StandardEncoding" => Some(Self::Standard),
            _ => None,
        }
    }

    pub fn char(self, code: u8) -> Option<char> {
        match self {
            Self::WinAnsi => decoded(encoding_rs::WINDOWS_1252, code).filter(|c| !c.is_control()),
            Self::MacRoman => decoded(encoding_rs::MACINTOSH, code).filter(|c| !c.is_control()),
            Self::Standard => at(STANDARD, 0xa1, code).or_else(|| ascii(code).map(quoted)),
            Self::Symbol => at(SYMBOL, 0x21, code).or_else(|| ascii(code)),
            Self::Dingbats => match code {
                0x20 => Some(' '),
                0x21..=0x7e => char::from_u32(0x2700 + u32::from(code) - 0x20).map(bulleted),
                0xa1..=0xef => char::from_u32(0x2760 + u32::from(code) - 0xa0),
                _ => None,
            },
            Self::Wingdings => Some(wingding(code)),
        }
    }
}

fn decoded(encoding: &'static encoding_rs::Encoding, code: u8) -> Option<char> {
    encoding.decode_without_bom_handling(&[code]).0.chars().next()
}

fn ascii(code: u8) -> Option<char> {
    matches!(code, b' '..=b'~').then(|| char::from(code))
}

fn at(table: &str, first: u8, code: u8) -> Option<char> {
    table.chars().nth(usize::from(code.checked_sub(first)?)).filter(|c| *c != '\0')
}

/// The quotes of the standard encoding are curved.
fn quoted(c: char) -> char {
    match c {
        '\'' => '’',
        '`' => '‘',
        c => c,
    }
}

/// Pictures that stand before items of lists.
fn bulleted(c: char) -> char {
    match c {
        '\u{274d}' | '\u{274f}'..='\u{2752}' => '□',
        '\u{274c}' | '\u{274e}' => '●',
        c => c,
    }
}

/// The standard encoding from 0xa1 on.
const STANDARD: &str = "¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ\0–†‡·\0¶•‚„”»…‰\0¿\0`´ˆ˜¯˘˙¨\0˚¸\0˝˛ˇ—\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0Æ\0ª\0\0\0\0ŁØŒº\0\0\0\0\0æ\0\0\0ı\0\0łøœß";

/// The encoding of the font Symbol from 0x21 on.
const SYMBOL: &str = "!∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧ∆ΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…|—↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪\0〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭";

/// What a character of a picture font's own area stands for: Symbol and Wingdings have their bullets there.
pub fn of_own_area(c: char, font: &str) -> Option<char> {
    let code = u8::try_from(u32::from(c).checked_sub(0xf000)?).ok()?;
    if font.contains("Wingdings") { Some(wingding(code)) } else { Encoding::Symbol.char(code) }
}

fn wingding(code: u8) -> char {
    match code {
        0x20 => ' ',
        0xfc | 0xfe => '✓',
        0xfb | 0xfd => '✗',
        0xe0 | 0xf0 | 0xd8 => '→',
        0x6f | 0x71 | 0x72 | 0xa8 => '□',
        0x6e | 0xa7 => '■',
        _ => '•',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_glyphs_are_texts() {
        for (name, text) in [
            ("A", "A"),
            ("Adieresis", "Ä"),
            ("ccaron", "č"),
            ("scommaaccent", "ș"),
            ("germandbls", "ß"),
            ("f_f_i", "ffi"),
            ("ffl", "ffl"),
            ("seven.oldstyle", "7"),
            ("sevenoldstyle", "7"),
            ("twosuperior", "²"),
            ("uni4E2D56FD", "中国"),
            ("u1F600", "😀"),
            ("Omega", "Ω"),
            ("pi", "π"),
            ("afii10017", "А"),
            ("afii10097", "я"),
            ("dieresis", "¨"),
            ("a65", "A"),
            ("quoteright", "’"),
        ] {
            assert_eq!(text_of(name).as_deref(), Some(text), "{name}");
        }
        for name in [".notdef", "", "g12", "nonsense"] {
            assert_eq!(text_of(name), None, "{name}");
        }
    }

    #[test]
    fn accents_join_the_letter_below_them() {
        assert_eq!((with_accent('o', '¨'), with_accent('ı', '´')), (Some('ö'), Some('í')));
        assert_eq!((with_accent('x', '¨'), with_accent('o', 'x')), (Some('ẍ'), None));
    }

    #[test]
    fn the_list_of_names_can_be_searched() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn codes_have_the_characters_of_their_encoding() {
        for (encoding, code, c) in [
            (Encoding::WinAnsi, 0x80, '€'),
            (Encoding::WinAnsi, 0xe4, 'ä'),
            (Encoding::MacRoman, 0x8a, 'ä'),
            (Encoding::Standard, 0xae, 'ﬁ'),
            (Encoding::Standard, 0xd0, '—'),
            (Encoding::Standard, 0xfb, 'ß'),
            (Encoding::Standard, 0x27, '’'),
            (Encoding::Symbol, 0xb7, '•'),
            (Encoding::Symbol, 0x61, 'α'),
            (Encoding::Symbol, 0xfe, '⎭'),
            (Encoding::Dingbats, 0x34, '✔'),
        ] {
            assert_eq!(encoding.char(code), Some(c), "{encoding:?} {code:x}");
        }
        assert_eq!(of_own_area('\u{f0b7}', "Symbol"), Some('•'));
        assert_eq!(of_own_area('a', "Symbol"), None);
    }
}
