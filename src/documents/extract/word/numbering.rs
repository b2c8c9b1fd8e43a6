//! The numbers that Word gives to paragraphs: they stand nowhere in the text, and clauses are cited by them.

use std::collections::HashMap;

use crate::documents::extract::problem::Problem;
use crate::documents::extract::xml::{Mark, Start, Xml};

/// Levels of a list.
const LEVELS: usize = 9;

/// Most lists and kinds of lists.
const MOST_LISTS: usize = 10_000;

/// How the paragraphs of a level are numbered.
#[derive(Clone, Debug)]
struct Level {
    start: u32,
    format: String,
    /// `%1.%2` stands for the numbers of the first two levels.
    text: String,
    /// Whether the numbers of upper levels are in Arabic digits whatever their format.
    is_legal: bool,
}

impl Default for Level {
    fn default() -> Self {
        Self { start: 1, format: "decimal".into(), text: String::new(), is_legal: false }
    }
}

#[derive(Clone, Debug, Default)]
struct List {
    kind: String,
    /// First numbers of levels that this list begins with.
    starts: HashMap<usize, u32>,
}

/// The lists of a document.
#[derive(Default)]
pub struct Numbering {
    kinds: HashMap<String, Vec<Level>>,
    lists: HashMap<String, List>,
    counters: HashMap<String, [Option<u32>; LEVELS]>,
}

impl Numbering {
    pub fn read(mut xml: Xml) -> Result<Self, Problem> {
        let mut all = Self::default();
        let mut at = At::default();
        while let Some(mark) = xml.next()? {
            match &mark {
                Mark::Start(start) => all.start(start, &mut at),
                Mark::End(name) if name == "abstractNum" => at.kind = None,
                Mark::End(name) if name == "num" => at.list = None,
                _ => {}
            }
        }
        Ok(all)
    }

    fn start(&mut self, start: &Start, at: &mut At) {
        let value = start.get("val").map(str::to_owned);
        match start.name.as_str() {
            "abstractNum" => {
                at.kind = start.get("abstractNumId").map(str::to_owned).filter(|_| self.kinds.len() < MOST_LISTS);
                self.kinds.extend(at.kind.clone().map(|kind| (kind, vec![Level::default(); LEVELS])));
            }
            "num" => {
                at.list = start.get("numId").map(str::to_owned).filter(|_| self.lists.len() < MOST_LISTS);
                self.lists.extend(at.list.clone().map(|list| (list, List::default())));
            }
            "abstractNumId" => {
                if let Some(list) = at.list.as_ref().and_then(|list| self.lists.get_mut(list)) {
                    list.kind = value.unwrap_or_default();
                }
            }
            "lvl" | "lvlOverride" => at.level = start.number("ilvl").filter(|level| *level < LEVELS).unwrap_or(0),
            "startOverride" => {
                if let Some(list) = at.list.as_ref().and_then(|list| self.lists.get_mut(list)) {
                    list.starts.extend(start.number("val").map(|first| (at.level, first)));
                }
            }
            name => {
                let level = at.kind.as_ref().and_then(|kind| self.kinds.get_mut(kind)?.get_mut(at.level));
                if let Some(level) = level {
                    match name {
                        "start" => level.start = start.number("val").unwrap_or(1),
                        "numFmt" => level.format = value.unwrap_or_default(),
                        "lvlText" => level.text = value.unwrap_or_default(),
                        "isLgl" => level.is_legal = start.is_on(),
                        _ => {}
                    }
                }
            }
        }
    }

    /// Whether there is a list of that number.
    pub fn knows(&self, list: &str) -> bool {
        self.lists.contains_key(list)
    }

    /// What stands before the next paragraph of a list: its number, or `-` for a mark.
    pub fn next(&mut self, list: &str, level: usize) -> Option<String> {
        let level = level.min(LEVELS - 1);
        let found = self.lists.get(list)?;
        let levels = self.kinds.get(&found.kind)?;
        // Lists of one kind go on counting, unless one begins anew.
        let counted_as = if found.starts.is_empty() { format!("kind {}", found.kind) } else { list.to_owned() };
        let counters = self.counters.entry(counted_as).or_default();
        let first = |level: usize| found.starts.get(&level).copied().unwrap_or(levels[level].start);
        for (above, counter) in counters[..level].iter_mut().enumerate() {
            counter.get_or_insert_with(|| first(above));
        }
        counters[level] = Some(counters[level].map_or_else(|| first(level), |number| number.saturating_add(1)));
        counters[level + 1..].fill(None);
        let own = &levels[level];
        match own.format.as_str() {
            "bullet" => Some("-".into()),
            "none" if !own.text.contains('%') => None,
            _ => Some(numbered(levels, level, counters)).filter(|number| !number.is_empty()),
        }
    }
}

/// Where it is being read.
#[derive(Default)]
struct At {
    kind: Option<String>,
    list: Option<String>,
    level: usize,
}

fn numbered(levels: &[Level], level: usize, counters: &[Option<u32>; LEVELS]) -> String {
    let own = &levels[level];
    let mut text = String::new();
    let mut rest = own.text.chars().peekable();
    while let Some(c) = rest.next() {
        let digit =
            rest.peek().and_then(|digit| digit.to_digit(10)).filter(|digit| c == '%' && (1..=9).contains(digit));
        let Some(digit) = digit else {
            text.push(c);
            continue;
        };
        rest.next();
        let which = digit as usize - 1;
        let number = counters[which].unwrap_or(levels[which].start);
        let format = if own.is_legal && which < level { "decimal" } else { &levels[which].format };
        text.push_str(&written(number, format));
    }
    text.trim().to_owned()
}

/// A number in a format of ECMA-376, 17.18.59; in Arabic digits if it is another one.
fn written(number: u32, format: &str) -> String {
    match format {
        "none" => String::new(),
        "decimalZero" => format!("{number:02}"),
        "lowerLetter" => letters(number).to_lowercase(),
        "upperLetter" => letters(number),
        "lowerRoman" => roman(number).to_lowercase(),
        "upperRoman" => roman(number),
        "decimalEnclosedCircle" | "decimalEnclosedCircleChinese" => char::from_u32(0x245f_u32.saturating_add(number))
            .filter(|_| (1..=20).contains(&number))
            .map_or_else(|| number.to_string(), String::from),
        "chineseCounting"
        | "chineseCountingThousand"
        | "taiwaneseCounting"
        | "taiwaneseCountingThousand"
        | "japaneseCounting"
        | "ideographDigital" => chinese(number),
        "ideographTraditional" => of_ring("甲乙丙丁戊己庚辛壬癸", number),
        "ideographZodiac" => of_ring("子丑寅卯辰巳午未申酉戌亥", number),
        _ => number.to_string(),
    }
}

fn of_ring(signs: &str, number: u32) -> String {
    let at = number.checked_sub(1).and_then(|at| signs.chars().nth(at as usize));
    at.map_or_else(|| number.to_string(), String::from)
}

/// A to Z, AA to ZZ, as Word counts.
fn letters(number: u32) -> String {
    let Some(at) = number.checked_sub(1).filter(|at| *at < 26 * 20) else { return number.to_string() };
    let letter = char::from(b'A' + (at % 26) as u8);
    std::iter::repeat_n(letter, at as usize / 26 + 1).collect()
}

fn roman(number: u32) -> String {
    const SIGNS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if number == 0 || number > 3999 {
        return number.to_string();
    }
    let (mut rest, mut text) = (number, String::new());
    for (value, sign) in SIGNS {
        while rest >= value {
            text.push_str(sign);
            rest -= value;
        }
    }
    text
}

/// As it is said: 十二, 一百零五.
fn chinese(number: u32) -> String {
    const DIGITS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    const PLACES: [&str; 4] = ["", "十", "百", "千"];
    if number == 0 || number > 9999 {
        return number.to_string();
    }
    let digits: Vec<usize> = number.to_string().bytes().map(|digit| usize::from(digit - b'0')).collect();
    let (mut text, mut skipped) = (String::new(), false);
    for (at, digit) in digits.iter().enumerate() {
        let place = digits.len() - 1 - at;
        if *digit == 0 {
            skipped = true;
            continue;
        }
        if std::mem::take(&mut skipped) {
            text.push_str(DIGITS[0]);
        }
        // 十二 and not 一十二.
        if !(place == 1 && *digit == 1 && at == 0) {
            text.push_str(DIGITS[*digit]);
        }
        text.push_str(PLACES[place]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_word_does() {
        for (number, format, text) in [
            (4, "decimal", "4"),
            (4, "decimalZero", "04"),
            (28, "lowerLetter", "bb"),
            (14, "upperRoman", "XIV"),
            (3, "decimalEnclosedCircle", "③"),
            (12, "chineseCounting", "十二"),
            (105, "chineseCountingThousand", "一百零五"),
            (2030, "chineseCountingThousand", "二千零三十"),
            (2, "ideographTraditional", "乙"),
            (11, "ideographTraditional", "11"),
            (7, "somethingNew", "7"),
        ] {
            assert_eq!(written(number, format), text, "{number} {format}");
        }
    }

    #[test]
    fn levels_are_counted_below_each_other() {
        let xml = r#"<numbering><abstractNum abstractNumId="0"><lvl ilvl="0"><start val="1"/><numFmt val="decimal"/><lvlText val="%1."/></lvl>
            <lvl ilvl="1"><start val="1"/><numFmt val="decimal"/><lvlText val="%1.%2"/></lvl><lvl ilvl="2"><numFmt val="bullet"/><lvlText val="·"/></lvl></abstractNum>
            <num numId="5"><abstractNumId val="0"/></num><num numId="6"><abstractNumId val="0"/><lvlOverride ilvl="0"><startOverride val="7"/></lvlOverride></num></numbering>"#;
        let mut bytes = xml.as_bytes();
        let mut numbering = Numbering::read(Xml::new(&mut bytes)).expect("XML");
        let asked = [("5", 0), ("5", 1), ("5", 1), ("5", 2), ("5", 0), ("5", 1), ("6", 0), ("6", 1), ("5", 0)];
        let numbers: Vec<_> = asked.iter().map(|(list, level)| numbering.next(list, *level)).collect();
        let expected = ["1.", "1.1", "1.2", "-", "2.", "2.1", "7.", "7.1", "3."];
        assert_eq!(numbers, expected.map(|number| Some(number.to_owned())));
        assert_eq!(numbering.next("0", 0), None);
    }
}
