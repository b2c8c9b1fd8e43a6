//! Character decoding. The only module that uses `encoding_rs` and `chardetng`.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

use super::problem::Problem;

/// A page says within so many bytes how it is encoded (HTML, "prescan a byte stream").
const DECLARED_WITHIN: usize = 1024;

/// One in so many characters may be one that stands for something unreadable.
const UNREADABLE: usize = 50;

/// Whether it can be text: only UTF-16 text contains zero bytes, and no text contains many control characters.
pub fn is_text(head: &[u8]) -> bool {
    if Encoding::for_bom(head).is_some() {
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

fn decode(bytes: &[u8], declared: impl FnOnce() -> Option<&'static Encoding>) -> Result<String, Problem> {
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let known = marked.or_else(|| std::str::from_utf8(bytes).is_ok().then_some(UTF_8));
    let encoding = known.or_else(declared).unwrap_or_else(|| guess(bytes));
    let text = encoding.decode(bytes).0.into_owned();
    let unreadable = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    if unreadable * UNREADABLE > text.chars().count() { Err(Problem::UnknownType) } else { Ok(text) }
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
    fn other_bytes_are_no_text() {
        assert!(!is_text(b"a\0b"));
        assert!(!is_text(&(0..=255).collect::<Vec<u8>>()));
        assert!(is_text("one\ttwo\r\n\x0cthree 字".as_bytes()));
        // Odd bytes after a mark that promises UTF-16.
        let broken: Vec<u8> = [0xff, 0xfe].into_iter().chain([0x00, 0xdc].repeat(100)).collect();
        assert_eq!(text(&broken, None), Err(Problem::UnknownType));
    }
}
