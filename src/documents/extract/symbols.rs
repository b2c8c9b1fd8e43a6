//! Signs of fonts that have no letters: the codes in a file say which drawing is meant, and not which character.

/// First code of the private area in which such fonts have their signs.
const PRIVATE: u32 = 0xf000;

/// The character that a sign of a font stands for, if it is known; letters of other fonts are themselves.
pub fn of_font(font: &str, code: u32) -> Option<char> {
    let font = font.to_ascii_lowercase();
    let sign = if (PRIVATE..=PRIVATE + 0xff).contains(&code) { code - PRIVATE } else { code };
    if font.starts_with("symbol") {
        of_symbol(sign)
    } else if font.starts_with("wingdings") {
        of_wingdings(sign)
    } else {
        char::from_u32(code).filter(|_| code < 0xe000)
    }
}

fn of_symbol(sign: u32) -> Option<char> {
    const GREEK: [(char, &str); 2] = [('A', "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ"), ('a', "αβχδεφγηιϕκλμνοπθρστυϖωξψζ")];
    for (first, letters) in GREEK {
        if let Some(at) = sign.checked_sub(first as u32).filter(|at| *at < 26) {
            return letters.chars().nth(at as usize);
        }
    }
    match sign {
        0x22 => Some('∀'),
        0x24 => Some('∃'),
        0xa3 => Some('≤'),
        0xa5 => Some('∞'),
        0xab => Some('↔'),
        0xac => Some('←'),
        0xad => Some('↑'),
        0xae => Some('→'),
        0xaf => Some('↓'),
        0xb0 => Some('°'),
        0xb1 => Some('±'),
        0xb2 => Some('″'),
        0xb3 => Some('≥'),
        0xb4 => Some('×'),
        0xb7 => Some('•'),
        0xb8 => Some('÷'),
        0xb9 => Some('≠'),
        0xbb => Some('≈'),
        0xbc => Some('…'),
        0xc5 => Some('⊕'),
        0xd6 => Some('√'),
        0xd7 => Some('⋅'),
        0xe5 => Some('∑'),
        0xf2 => Some('∫'),
        0x20..=0x7e => char::from_u32(sign),
        _ => None,
    }
}

fn of_wingdings(sign: u32) -> Option<char> {
    match sign {
        0x28 => Some('☎'),
        0x2a => Some('✉'),
        0x4a => Some('☺'),
        0x6c | 0x9f => Some('•'),
        0x6e | 0xa7 => Some('▪'),
        0x6f | 0x71 | 0xa8 => Some('☐'),
        0x76 | 0x75 => Some('❖'),
        0xd8 => Some('➢'),
        0xdf | 0xe7 => Some('←'),
        0xe0 | 0xe8 | 0xf0 => Some('→'),
        0xfb => Some('✗'),
        0xfc => Some('✓'),
        0xfd => Some('☒'),
        0xfe => Some('☑'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_the_characters_that_they_are_drawn_as() {
        for (font, code, sign) in [
            ("Symbol", 0xf0b7, Some('•')),
            ("Symbol", 0x61, Some('α')),
            ("Symbol", 0xf0b3, Some('≥')),
            ("Wingdings", 0xf0fc, Some('✓')),
            ("Wingdings", 0xf0a7, Some('▪')),
            ("Arial", 0x41, Some('A')),
            ("Arial", 0xf041, None),
        ] {
            assert_eq!(of_font(font, code), sign, "{font} {code:x}");
        }
    }
}
