//! Character decoding, also of what programs send. The only module that uses `encoding_rs` and `chardetng`.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
pub use encoding_rs::{Encoding, MACINTOSH, WINDOWS_1252};
use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE};

use super::problem::Problem;

/// A page says within so many bytes how it is encoded (HTML, "prescan a byte stream").
const DECLARED_WITHIN: usize = 1024;

/// One in so many characters may be one that stands for something unreadable.
const UNREADABLE: usize = 50;

/// A file is UTF-8 with errors in it, and not in another encoding, if it has so many characters of several bytes for each byte that
/// is none. Text in an older encoding seldom has bytes that happen to be UTF-8.
const CHARACTERS_PER_ERROR: usize = 3;

/// Bytes of a file that are looked at to tell UTF-16 without a mark.
const LOOKED_AT: usize = 64 * 1024;

/// Whether it can be text: only UTF-16 text contains zero bytes, and no text contains many control characters.
pub fn is_text(head: &[u8]) -> bool {
    if Encoding::for_bom(head).is_some() || utf_16(head).is_some() {
        return true;
    }
    let odd = head.iter().filter(|byte| matches!(byte, 0x01..=0x08 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)).count();
    !head.contains(&0) && odd * 100 <= head.len()
}

/// Decodes text: by its byte order mark, else as UTF-8 if valid, else by the server's charset, else by guessing among the older
/// Chinese encodings and others.
pub fn text(bytes: &[u8], media_type: Option<&str>) -> Result<String, Problem> {
    decode(bytes, || label_in(media_type?))
}

/// Decodes an HTML page, which may declare its own encoding.
pub fn html(bytes: &[u8], media_type: Option<&str>) -> Result<String, Problem> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARED_WITHIN)]).to_ascii_lowercase();
    decode(bytes, || media_type.and_then(label_in).or_else(|| label_in(&head)))
}

/// Decodes what a program sent with its media type: by its byte order mark, else by the charset that it names, else as [`text`].
/// What cannot be read has marks in it.
pub fn sent(bytes: &[u8], media_type: &str) -> String {
    // Libraries name the charset that HTTP once had by default, and send another.
    let is_default = |encoding: &&'static Encoding| *encoding == WINDOWS_1252 && std::str::from_utf8(bytes).is_ok();
    let declared = label_in(&media_type.to_ascii_lowercase()).filter(|encoding| !is_default(encoding));
    match declared {
        // A byte order mark counts more here, too.
        Some(encoding) => encoding.decode(bytes).0.into_owned(),
        None => text(bytes, None).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned()),
    }
}

fn decode(bytes: &[u8], declared: impl FnOnce() -> Option<&'static Encoding>) -> Result<String, Problem> {
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let known = marked.or_else(|| utf_16(&bytes[..bytes.len().min(LOOKED_AT)]));
    if known.is_none() && is_nearly_utf_8(bytes) {
        // One byte that is wrong is one mark in the text, and no reason to read all others differently.
        return Ok(UTF_8.decode(bytes).0.into_owned());
    }
    let encoding = known.or_else(declared).unwrap_or_else(|| guess(bytes));
    let text = encoding.decode(bytes).0.into_owned();
    let unreadable = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    if unreadable * UNREADABLE > text.chars().count() { Err(Problem::UnknownType) } else { Ok(text) }
}

/// Whether it is UTF-8, but for a few bytes.
fn is_nearly_utf_8(bytes: &[u8]) -> bool {
    let (mut characters, mut errors) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        characters += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        errors += usize::from(!chunk.invalid().is_empty());
    }
    errors * CHARACTERS_PER_ERROR <= characters
}

/// Which UTF-16 it is, if it is text in one without a mark: half of its bytes are those of common scripts, and it has lines or
/// words.
fn utf_16(head: &[u8]) -> Option<&'static Encoding> {
    // It may end within a character.
    let head = &head[..head.len() / 4 * 4];
    let is_text = |encoding: &&'static Encoding| {
        let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(head) else { return false };
        let (mut all, mut common) = (0_usize, 0_usize);
        for c in text.chars() {
            if c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c') {
                return false;
            }
            all += 1;
            common += usize::from(is_common(c));
        }
        common * 20 >= all * 19
    };
    let has_zero = head.contains(&0);
    [UTF_16LE, UTF_16BE].into_iter().find(|encoding| has_zero && is_text(encoding))
}

/// A character of what people write most: European scripts, and those of East Asia with their marks.
fn is_common(c: char) -> bool {
    matches!(c, '\t'..='\u{52f}' | '\u{2010}'..='\u{2040}' | '\u{20ac}' | '\u{3000}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{ff00}'..='\u{ff60}')
}

fn label_in(text: &str) -> Option<&'static Encoding> {
    let (_, label) = text.split_once("charset=")?;
    let label = label.trim_start_matches(['"', '\'']);
    Encoding::for_label(label.split(['"', '\'', ';', '>', ' ', '/']).next()?.as_bytes())
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIMPLIFIED: &str = "员工应当在三个工作日内提交报销单据，财务部门负责审核。出差前请填写申请表。";
    const TRADITIONAL: &str = "員工應當在三個工作日內提交報銷單據，財務部門負責審核。出差前請填寫申請表。";

    fn encoded(text: &str, label: &str) -> Vec<u8> {
        Encoding::for_label(label.as_bytes()).expect("an encoding").encode(text).0.into_owned()
    }

    #[test]
    fn older_chinese_encodings_are_recognised() {
        for (written, label) in [(SIMPLIFIED, "gb18030"), (TRADITIONAL, "big5"), (SIMPLIFIED, "utf-8")] {
            let bytes = encoded(written, label);
            assert!(is_text(&bytes), "{label}");
            assert_eq!(text(&bytes, None), Ok(written.to_owned()), "{label}");
        }
        let little: Vec<u8> = "\u{feff}你好".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}你好".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [little, big] {
            assert!(is_text(&bytes));
            assert_eq!(text(&bytes, None), Ok("你好".to_owned()));
        }
        assert_eq!(text("\u{feff}marked".as_bytes(), None), Ok("marked".to_owned()));
    }

    #[test]
    fn a_page_says_how_it_is_encoded_and_its_server_too() {
        let page = |label: &str| format!("<meta charset=\"{label}\"><p>短</p>");
        assert_eq!(html(&encoded(&page("gbk"), "gbk"), None), Ok(page("gbk")));
        assert_eq!(html(&encoded(&page("?"), "big5"), Some("text/html; charset=Big5")), Ok(page("?")));
        assert_eq!(text(&encoded("短", "gbk"), Some("text/plain; charset=gb2312")), Ok("短".to_owned()));
    }

    #[test]
    fn what_was_sent_is_in_the_charset_that_the_sender_names() {
        for (label, words) in
            [("gbk", "联通"), ("big5", "備份完成"), ("iso-8859-1", "Größe"), ("shift_jis", "完了"), ("utf-8", "好")]
        {
            assert_eq!(sent(&encoded(words, label), &format!("text/plain; charset={label}")), words);
        }
        assert_eq!(sent(&encoded("磁盘已满，请检查", "gbk"), "text/plain"), "磁盘已满，请检查");
        assert_eq!(sent("好".as_bytes(), "application/json; charset=ISO-8859-1"), "好");
        assert_eq!(sent("\u{feff}好".as_bytes(), "text/plain; charset=gbk"), "好");
    }

    #[test]
    fn a_wrong_byte_does_not_change_the_encoding_of_all_others() {
        let with_error = |text: &str, at: &str| {
            let at = text.find(at).expect("there");
            [&text.as_bytes()[..at], b"\xe4", &text.as_bytes()[at..]].concat()
        };
        let chinese = "水泵的保修期为二十四个月，易损件除外。";
        assert_eq!(text(&with_error(chinese, "易"), None), Ok(chinese.replace("易", "\u{fffd}易")));
        let german = "Der Zähler läuft rückwärts, wenn die Tür geöffnet wird.";
        assert_eq!(text(&with_error(german, "wenn"), None), Ok(german.replace("wenn", "\u{fffd}wenn")));
        // Not what an older encoding looks like, also where two of its bytes happen to be a character of UTF-8.
        let older = "Zähler läuft rückwärts, für Ã¤ltere Geräte";
        assert_eq!(text(&encoded(older, "windows-1252"), None).as_deref(), Ok(older));
    }

    #[test]
    fn utf_16_needs_no_mark() {
        for words in
            ["Plain words of a Windows program\r\nin two lines", "泵的保修期 is 24 个月。\n第二行", "Größe: 5 µm\n"]
        {
            let little: Vec<u8> = words.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = words.encode_utf16().flat_map(u16::to_be_bytes).collect();
            for bytes in [little, big] {
                assert!(is_text(&bytes), "{words}");
                assert_eq!(text(&bytes, None).as_deref(), Ok(words));
            }
        }
    }

    #[test]
    fn other_bytes_are_no_text() {
        assert!(!is_text(b"a\0b"));
        assert!(!is_text(&(0..=255).collect::<Vec<u8>>()));
        assert!(is_text("one\ttwo\r\n\x0cthree 字".as_bytes()));
        // Odd bytes after a mark that promises UTF-16.
        let broken: Vec<u8> = [0xff, 0xfe].into_iter().chain([0x00, 0xdc].repeat(100)).collect();
        assert_eq!(text(&broken, None), Err(Problem::UnknownType));
    }
}
