//! Rich Text Format, as Word, WordPad and TextEdit write it.
//!
//! Of its some 1,800 control words these count that change what the text says; all others are passed over, as the format asks.

use std::collections::HashMap;

use super::decode::{Encoding, MACINTOSH, WINDOWS_1252};
use super::lines::not_a_heading;
use super::problem::Problem;
use super::table::lines_of;
use super::{ExtractLimits, Extracted, raised, symbols};

/// Deepest nesting of groups; real documents stay below a hundred.
const DEEPEST: usize = 1000;

/// Most fonts that are known.
const MOST_FONTS: usize = 10_000;

/// Destinations whose content is not the text.
const LEFT_OUT: [&str; 22] = [
    "colortbl",
    "stylesheet",
    "pict",
    "object",
    "themedata",
    "colorschememapping",
    "latentstyles",
    "datastore",
    "generator",
    "filetbl",
    "revtbl",
    "rsidtbl",
    "listtable",
    "listoverridetable",
    "fldinst",
    "xmlnstbl",
    "bkmkstart",
    "bkmkend",
    "annotation",
    "atnid",
    "pgdsctbl",
    "nonshppict",
];

/// Reads the text with headings, lists, tables and notes.
pub fn read(bytes: &[u8], limits: &ExtractLimits) -> Result<Extracted, Problem> {
    let mut reader = Reader::default();
    let mut rest = bytes;
    while let Some((token, after)) = next(rest) {
        rest = after;
        match token {
            Token::Open => reader.open()?,
            Token::Close => {
                reader.flush();
                reader.close();
                if reader.groups.is_empty() {
                    break;
                }
            }
            Token::Word(word, number) => {
                let skipped = reader.word(word, number);
                if skipped > 0 {
                    rest = rest.get(skipped..).unwrap_or_default();
                }
            }
            Token::Sign(sign) => reader.sign(sign),
            Token::Byte(byte) => reader.byte(byte),
        }
        if reader.text.len() + reader.pending.len() > limits.text {
            return Err(Problem::TooMuchText);
        }
    }
    reader.flush();
    reader.in_table = false;
    reader.end_paragraph();
    if !reader.groups.is_empty() {
        return Err(Problem::Broken);
    }
    Ok(Extracted { title: reader.title, author: reader.author, text: reader.text, ..Extracted::default() })
}

enum Token<'a> {
    Open,
    Close,
    Word(&'a str, Option<i32>),
    /// A backslash with a character that is no letter.
    Sign(u8),
    /// A byte of text, also one that is written as `\'e4`.
    Byte(u8),
}

/// The first token, and what follows it.
fn next(bytes: &[u8]) -> Option<(Token<'_>, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match first {
        b'{' => Some((Token::Open, rest)),
        b'}' => Some((Token::Close, rest)),
        b'\r' | b'\n' => next_line(rest),
        b'\\' => control(rest),
        byte => Some((Token::Byte(*byte), rest)),
    }
}

fn next_line(rest: &[u8]) -> Option<(Token<'_>, &[u8])> {
    let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    next(&rest[ends..])
}

fn control(rest: &[u8]) -> Option<(Token<'_>, &[u8])> {
    let letters = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    if letters == 0 {
        let (sign, after) = rest.split_first()?;
        let hex = after
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        return Some(match (sign, hex) {
            (b'\'', Some(byte)) => (Token::Byte(byte), &after[2..]),
            // A line end after a backslash ends a paragraph.
            (b'\r' | b'\n', _) => (Token::Word("par", None), after),
            (sign, _) => (Token::Sign(*sign), after),
        });
    }
    let word = std::str::from_utf8(&rest[..letters]).ok()?;
    let mut after = &rest[letters..];
    let sign = usize::from(after.first() == Some(&b'-'));
    let digits = after[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = (digits > 0).then(|| std::str::from_utf8(&after[..sign + digits]).ok()?.parse().ok()).flatten();
    if digits > 0 {
        after = &after[sign + digits..];
    }
    // One space belongs to the word.
    after = after.strip_prefix(b" ").unwrap_or(after);
    Some((Token::Word(word, number), after))
}

/// What holds within a group.
#[derive(Clone)]
struct Group {
    destination: Destination,
    encoding: &'static Encoding,
    font: i32,
    is_hidden: bool,
    is_raised: bool,
    /// Characters that stand for one of Unicode, for programs that know none.
    fallback: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Destination {
    Text,
    Fonts,
    Title,
    Author,
    Note,
    /// A mark or number of a list, as it is shown.
    ListText,
    LeftOut,
}

#[derive(Default)]
struct Reader {
    groups: Vec<Group>,
    /// Bytes that are not decoded yet: a character may have several.
    pending: Vec<u8>,
    text: String,
    paragraph: String,
    title: Option<String>,
    author: Option<String>,
    fonts: HashMap<i32, (&'static str, bool)>,
    font: i32,
    /// Half of a character beyond the first plane.
    half: Option<u16>,
    /// Bytes or escapes that are still to be passed over.
    to_skip: usize,
    level: Option<usize>,
    rows: Vec<Vec<String>>,
    row: Vec<String>,
    in_table: bool,
    notes: Vec<String>,
    note: String,
    noted: usize,
}

impl Reader {
    fn open(&mut self) -> Result<(), Problem> {
        self.flush();
        if self.groups.len() >= DEEPEST {
            return Err(Problem::TooComplex);
        }
        let group = self.groups.last().cloned().unwrap_or(Group {
            destination: Destination::Text,
            encoding: WINDOWS_1252,
            font: 0,
            is_hidden: false,
            is_raised: false,
            fallback: 1,
        });
        self.groups.push(group);
        Ok(())
    }

    fn close(&mut self) {
        let Some(closed) = self.groups.pop() else { return };
        let above = self.groups.last().map(|group| group.destination);
        if closed.destination == Destination::Note && above != Some(Destination::Note) {
            let note = std::mem::take(&mut self.note);
            let mark = raised(&self.noted.to_string());
            self.notes.push(format!("{mark} {}", note.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
    }

    /// Takes a control word; how many bytes of data follow it that are no text.
    fn word(&mut self, word: &str, number: Option<i32>) -> usize {
        if word == "u" {
            self.unicode(number.unwrap_or(0));
            return 0;
        }
        if word == "bin" {
            return usize::try_from(number.unwrap_or(0)).unwrap_or(0);
        }
        self.flush();
        let is_on = number != Some(0);
        let Some(group) = self.groups.last_mut() else { return 0 };
        match word {
            "ansicpg" => group.encoding = code_page(number.unwrap_or(1252)),
            "mac" => group.encoding = MACINTOSH,
            "uc" => group.fallback = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(10),
            "fonttbl" => group.destination = Destination::Fonts,
            "title" => group.destination = Destination::Title,
            "author" => group.destination = Destination::Author,
            "footnote" => self.begin_note(),
            "listtext" | "pntext" => group.destination = Destination::ListText,
            "info" | "header" | "headerl" | "headerr" | "headerf" => group.destination = Destination::LeftOut,
            "f" if group.destination == Destination::Fonts => self.font = number.unwrap_or(0),
            "f" => group.font = number.unwrap_or(0),
            "fcharset" => self.note_charset(number.unwrap_or(0)),
            "v" | "deleted" => group.is_hidden = is_on,
            "super" => group.is_raised = is_on,
            "nosupersub" | "sub" => group.is_raised = false,
            "plain" => (group.is_hidden, group.is_raised) = (false, false),
            word if LEFT_OUT.contains(&word) => group.destination = Destination::LeftOut,
            // What ends a paragraph of a note, or a style, ends none of the text.
            "par" | "sect" | "line" | "tab" if group.destination == Destination::Note => self.add(" "),
            word if group.destination == Destination::Text => self.layout(word, number),
            word => self.character(word),
        }
        0
    }

    /// Words that end something, or place it.
    fn layout(&mut self, word: &str, number: Option<i32>) {
        match word {
            "par" | "sect" | "page" => self.end_paragraph(),
            "pard" => (self.level, self.in_table) = (None, false),
            "outlinelevel" => {
                self.level = number
                    .and_then(|level| usize::try_from(level).ok())
                    .filter(|level| *level < 9)
                    .map(|level| (level + 1).min(6));
            }
            "intbl" => self.in_table = true,
            "cell" | "nestcell" => {
                let cell = std::mem::take(&mut self.paragraph);
                self.row.push(cell.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            "row" => {
                let row = std::mem::take(&mut self.row);
                self.rows.push(row);
            }
            "line" | "softline" => self.add("\n"),
            "tab" => self.add("\t"),
            word => self.character(word),
        }
    }

    /// Words that stand for a character.
    fn character(&mut self, word: &str) {
        match word {
            "emdash" => self.add("—"),
            "endash" => self.add("–"),
            "bullet" => self.add("•"),
            "lquote" => self.add("‘"),
            "rquote" => self.add("’"),
            "ldblquote" => self.add("“"),
            "rdblquote" => self.add("”"),
            "emspace" | "enspace" | "qmspace" => self.add(" "),
            _ => {}
        }
    }

    fn sign(&mut self, sign: u8) {
        self.flush();
        match sign {
            b'~' => self.add(" "),
            b'_' => self.add("-"),
            b'\\' | b'{' | b'}' => self.byte(sign),
            // What begins so may be passed over by whoever does not know it; what is known is taken by its own word.
            b'*' => {
                if let Some(group) = self.groups.last_mut() {
                    group.destination = Destination::LeftOut;
                }
            }
            _ => {}
        }
    }

    fn byte(&mut self, byte: u8) {
        // Pictures are megabytes of hexadecimal digits.
        let is_read = !self.groups.last().is_some_and(|group| group.destination == Destination::LeftOut);
        if self.to_skip > 0 {
            self.to_skip -= 1;
        } else if is_read {
            self.pending.push(byte);
        }
    }

    fn unicode(&mut self, number: i32) {
        self.flush();
        // Numbers above 32767 are written as negative ones.
        let unit = (number & 0xffff) as u16;
        match (self.half.take(), char::decode_utf16([unit]).next()) {
            (Some(half), _) if (0xdc00..0xe000).contains(&unit) => {
                let text = String::from_utf16_lossy(&[half, unit]);
                self.add(&text);
            }
            (_, Some(Ok(c))) if ('\u{f000}'..='\u{f0ff}').contains(&c) => {
                let font = self.groups.last().and_then(|group| self.fonts.get(&group.font));
                let is_symbol = font.is_some_and(|(_, is_symbol)| *is_symbol);
                let sign = symbols::of_font(if is_symbol { "symbol" } else { "wingdings" }, u32::from(c));
                self.add(&sign.map(String::from).unwrap_or_default());
            }
            (_, Some(Ok(c))) => self.add(c.encode_utf8(&mut [0; 4])),
            _ => self.half = Some(unit),
        }
        self.to_skip = self.groups.last().map_or(1, |group| group.fallback);
    }

    /// Decodes the bytes that came.
    fn flush(&mut self) {
        self.to_skip = 0;
        if self.pending.is_empty() {
            return;
        }
        let Some(group) = self.groups.last() else {
            self.pending.clear();
            return;
        };
        let of_font = self.fonts.get(&group.font).and_then(|(label, _)| Encoding::for_label(label.as_bytes()));
        let text = of_font.unwrap_or(group.encoding).decode_without_bom_handling(&self.pending).0.into_owned();
        self.pending.clear();
        self.add(&text);
    }

    fn add(&mut self, text: &str) {
        let Some(group) = self.groups.last().filter(|group| !group.is_hidden) else { return };
        let text = if group.is_raised { raised(text) } else { text.to_owned() };
        match group.destination {
            Destination::Text => self.paragraph.push_str(&text),
            Destination::Note => self.note.push_str(&text),
            Destination::Title => self.title.get_or_insert_default().push_str(&text),
            Destination::Author => self.author.get_or_insert_default().push_str(&text),
            Destination::ListText => self.paragraph.push_str(&list_mark(&text)),
            Destination::Fonts | Destination::LeftOut => {}
        }
    }

    fn begin_note(&mut self) {
        self.noted += 1;
        let mark = raised(&self.noted.to_string());
        self.paragraph.push_str(&mark);
        if let Some(group) = self.groups.last_mut() {
            group.destination = Destination::Note;
        }
    }

    fn note_charset(&mut self, charset: i32) {
        let label = match charset {
            77 => "macintosh",
            128 => "shift_jis",
            129 => "euc-kr",
            134 => "gbk",
            136 => "big5",
            161 => "windows-1253",
            162 => "windows-1254",
            163 => "windows-1258",
            177 => "windows-1255",
            178 => "windows-1256",
            186 => "windows-1257",
            204 => "windows-1251",
            222 => "windows-874",
            238 => "windows-1250",
            // That of the document.
            _ => "",
        };
        if self.fonts.len() < MOST_FONTS {
            self.fonts.insert(self.font, (label, charset == 2));
        }
    }

    fn end_paragraph(&mut self) {
        let text = std::mem::take(&mut self.paragraph);
        if self.in_table && self.groups.last().is_none_or(|group| group.destination == Destination::Text) {
            // A paragraph within a cell.
            self.paragraph = format!("{text} ");
            return;
        }
        if !self.rows.is_empty() {
            self.text.push_str(&format!("\n{}\n\n", lines_of(&std::mem::take(&mut self.rows))));
        }
        match self.level.filter(|_| !text.trim().is_empty()) {
            Some(level) => {
                let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
                self.text.push_str(&format!("{} {words}\n\n", "#".repeat(level)));
            }
            None => {
                let lines: Vec<_> = text.trim_end().lines().map(not_a_heading).collect();
                self.text.push_str(&format!("{}\n", lines.join("\n")));
                if !text.starts_with("- ") {
                    self.text.push('\n');
                }
            }
        }
        for note in self.notes.drain(..) {
            self.text.push_str(&format!("{note}\n\n"));
        }
    }
}

/// A number as it is, any other mark as `-`.
fn list_mark(text: &str) -> String {
    let mark = text.trim();
    match mark.chars().next() {
        None => String::new(),
        Some(c) if c.is_alphanumeric() || c == '(' => format!("{mark} "),
        Some(_) => "- ".to_owned(),
    }
}

fn code_page(number: i32) -> &'static Encoding {
    let label = match number {
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        10000 => "macintosh".to_owned(),
        65001 => "utf-8".to_owned(),
        number => format!("windows-{number}"),
    };
    Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(rtf: &[u8]) -> String {
        read(rtf, &ExtractLimits::default()).expect("a document").text.trim().to_owned()
    }

    #[test]
    fn text_is_read_in_the_encodings_of_its_fonts() {
        let rtf = b"{\\rtf1\\ansi\\ansicpg1252\\uc1{\\fonttbl{\\f0\\fswiss Arial;}{\\f1\\fcharset134 SimSun;}}{\\info{\\title A title}{\\author Ann}}
\\f0 Gr\\'f6\\'dfe: 5\\~m{\\super 2}, 1\\_24\\par {\\f1 \\'b1\\'a3\\'d0\\'de\\'c6\\'da}\\u26159?\\u-10179?\\u-8704?\\par}";
        let read = read(rtf, &ExtractLimits::default()).expect("a document");
        assert_eq!((read.title.as_deref(), read.author.as_deref()), (Some("A title"), Some("Ann")));
        assert_eq!(read.text.trim(), "Größe: 5 m², 1-24\n\n保修期是😀");
    }

    #[test]
    fn headings_lists_tables_and_notes_are_what_they_are() {
        let rtf = b"{\\rtf1{\\*\\generator X;}\\pard\\outlinelevel0 Prices\\par\\pard {\\listtext\\'b7\\tab}One\\par{\\pntext 2.\\tab}Two\\par
\\pard\\intbl Item\\cell Price\\cell\\row\\pard\\intbl Rope\\cell\\cell\\row\\pard The fee{\\footnote doubled on holidays} is nine.{\\v hidden}\\par}";
        assert_eq!(
            text_of(rtf),
            "# Prices\n\n- One\n2. Two\n\n\nItem | Price\nRope |\n\nThe fee\u{b9} is nine.\n\n\u{b9} doubled on holidays"
        );
    }

    #[test]
    fn what_is_cut_off_or_nested_without_end_is_refused() {
        let limits = ExtractLimits::default();
        assert_eq!(read(b"{\\rtf1 text", &limits).map(drop), Err(Problem::Broken));
        assert_eq!(read(&b"{".repeat(100_000), &limits).map(drop), Err(Problem::TooComplex));
        assert_eq!(text_of(b"{\\rtf1 a\\bin5 {{{{{b}"), "ab");
        let picture = [b"{\\rtf1 a{\\pict ".as_slice(), &b"ff".repeat(10 << 20), b"}b}"].concat();
        assert_eq!(text_of(&picture), "ab");
    }

    #[test]
    fn notes_and_styles_change_no_paragraph_of_the_text() {
        let rtf = b"{\\rtf1{\\stylesheet{\\s1\\outlinelevel0 heading 1;}}\\pard\\outlinelevel1 Fees{\\footnote \\pard\\plain one\\par two} of 2026\\par
\\pard Text.\\par\\trowd\\intbl A\\cell B\\cell\\row}";
        assert_eq!(text_of(rtf), "## Fees\u{b9} of 2026\n\n\u{b9} one two\n\nText.\n\n\nA | B");
    }
}
