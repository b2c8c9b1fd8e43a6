//! The radicals that are no characters of their own, as some PDFs write them in place of characters.

/// First of the CJK radicals supplement. Those from U+2F00 on (Kangxi) have compatibility decompositions; these have none.
const FIRST: u32 = 0x2e80;

/// Replacements for U+2E80 to U+2EF3: the property Equivalent_Unified_Ideograph of the Unicode Character Database 15.0
/// (EquivalentUnifiedIdeograph.txt, Unicode-3.0 licence). U+2E80 has none, U+2E9A is not assigned; both map to themselves.
const UNIFIED: &str = "\
    ⺀厂乛乚乙亻冂𠘨刀刂卜㔾小小兀尣尢𡯂巳幺彑𫜹忄心扌攵⺚旡日月歺母\
    民氵氺灬爫爫丬牛犭王𤴔目示礻𥫗糹纟罓罒㓁冗𦉫羊𦍌𦍋耂肀聿肉𦥑艹艹\
    艹虎衤覀西见角𧢲讠贝𧾷车辶辶辶邑钅長镸长门𨸏阝雨青韦页风飞食𩙿飠\
    饣𩠐马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟";

/// The ideograph that a radical of the supplement looks like; any other character as it is.
pub(super) fn unified(c: char) -> char {
    let index = (c as u32).wrapping_sub(FIRST);
    if index >= 0x74 {
        return c;
    }
    UNIFIED.chars().nth(index as usize).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_radical_has_its_place_in_the_table() {
        assert_eq!(UNIFIED.chars().count(), 0x74);
        let cases = [('⺅', '亻'), ('⺟', '母'), ('⻅', '见'), ('⻓', '长'), ('⻚', '页'), ('⻢', '马'), ('⻳', '龟')];
        for (radical, ideograph) in cases {
            assert_eq!(unified(radical), ideograph);
        }
        assert_eq!(['⺀', '⺚', '⻴', '中', 'a'].map(unified), ['⺀', '⺚', '⻴', '中', 'a']);
    }
}
