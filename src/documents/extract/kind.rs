//! File type detection: by content first; if that is ambiguous, by name or media type.

use super::problem::Problem;
use super::{decode, mail, picture};

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Pdf,
    /// An archive: a document of Office or OpenDocument, or a book.
    Package,
    /// A spreadsheet of Excel before 2007.
    OldSheet,
    Rtf,
    /// A picture of a page, or several.
    Picture,
    /// A message of e-mail, or a page that was saved as one.
    Mail,
    Html,
    Markdown,
    /// Lines of cells with that separator between them.
    Table(u8),
    Text,
}

/// Within so many bytes a PDF must say that it is one (ISO 32000-1, annex H.3.4.1).
const PDF_HEADER_WITHIN: usize = 1024;

/// Bytes of a message that are looked at to tell it from other text.
const MESSAGE_HEADER: usize = 8 * 1024;

/// Number of bytes examined to tell text from other data, and kinds of text apart.
const LOOKED_AT: usize = 64 * 1024;

/// Detects the format of a file.
pub fn format_of(bytes: &[u8], name: &str, media_type: Option<&str>) -> Result<Format, Problem> {
    let head = &bytes[..bytes.len().min(LOOKED_AT)];
    if find(&head[..head.len().min(PDF_HEADER_WITHIN)], b"%PDF-") {
        return Ok(Format::Pdf);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        // Of which kind it is is found out when it is unpacked.
        return Ok(Format::Package);
    }
    // Older documents of Office; newer ones with a password are packed into the same container.
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        let has = |name: &str| find(bytes, &name.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
        // A text or a presentation may have a sheet within it.
        let is_other = has("WordDocument") || has("PowerPoint Document");
        return match (has("EncryptedPackage"), !is_other && (has("Workbook") || has("Book\0"))) {
            (true, _) => Err(Problem::PasswordNeeded),
            (false, true) => Ok(Format::OldSheet),
            (false, false) => Err(Problem::OldOffice),
        };
    }
    if picture::is_picture(head) {
        return Ok(Format::Picture);
    }
    if head.starts_with(b"{\\rtf") {
        return Ok(Format::Rtf);
    }
    let said = said(name, media_type);
    if !decode::is_text(head) {
        let binary = matches!(said, Some(Said::Binary));
        return Err(if binary && !is_known(head) { Problem::Broken } else { Problem::UnknownType });
    }
    match said {
        Some(Said::Binary) => Err(Problem::OtherType),
        Some(Said::Is(format)) => Ok(format),
        None if mail::is_message(&head[..head.len().min(MESSAGE_HEADER)]) => Ok(Format::Mail),
        None if looks_like_html(head) => Ok(Format::Html),
        None => Ok(Format::Text),
    }
}

/// What the name or the media type promises.
enum Said {
    Is(Format),
    /// Something that is not text.
    Binary,
}

fn said(name: &str, media_type: Option<&str>) -> Option<Said> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let by_name = match ending.as_deref() {
        Some("pdf" | "docx" | "xlsx" | "xlsm" | "xls" | "pptx" | "odt" | "ods" | "odp" | "epub") => Some(Said::Binary),
        Some("eml" | "mht" | "mhtml") => Some(Said::Is(Format::Mail)),
        Some("html" | "htm" | "xhtml") => Some(Said::Is(Format::Html)),
        Some("md" | "markdown") => Some(Said::Is(Format::Markdown)),
        Some("csv") => Some(Said::Is(Format::Table(b','))),
        Some("tsv" | "tab") => Some(Said::Is(Format::Table(b'\t'))),
        Some("txt" | "text" | "log") => Some(Said::Is(Format::Text)),
        _ => None,
    };
    let essence = media_type.map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    by_name.or(match essence.as_deref() {
        Some("application/pdf") => Some(Said::Binary),
        Some("text/html" | "application/xhtml+xml") => Some(Said::Is(Format::Html)),
        Some("text/markdown" | "text/x-markdown") => Some(Said::Is(Format::Markdown)),
        Some("text/csv") => Some(Said::Is(Format::Table(b','))),
        Some("message/rfc822" | "multipart/related") => Some(Said::Is(Format::Mail)),
        Some("text/tab-separated-values") => Some(Said::Is(Format::Table(b'\t'))),
        _ => None,
    })
}

/// Other images, archives and programs, which are reported as unsupported rather than as broken, whatever their name.
fn is_known(head: &[u8]) -> bool {
    const STARTS: [&[u8]; 7] = [b"GIF8", b"RIFF", b"\x7fELF", b"MZ", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!"];
    STARTS.iter().any(|start| head.starts_with(start))
}

fn looks_like_html(head: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&head[..head.len().min(1024)]).to_ascii_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    ["<!doctype html", "<html"].iter().any(|tag| start.starts_with(tag))
}

fn find(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_decides_and_then_the_name() {
        let check = |bytes: &[u8], name, media_type, expected| {
            assert_eq!(format_of(bytes, name, media_type), expected, "{name} {media_type:?}");
        };
        check(b"%PDF-1.7\n", "notes.txt", None, Ok(Format::Pdf));
        check(b"junk\n%PDF-1.4", "", None, Ok(Format::Pdf));
        check(b"PK\x03\x04....", "x", None, Ok(Format::Package));
        check(b"<!DOCTYPE html><p>", "page", None, Ok(Format::Html));
        check(b"# Title", "README.MD", None, Ok(Format::Markdown));
        check(b"a,b", "x.csv", Some("text/plain"), Ok(Format::Table(b',')));
        check(b"<p>Hi", "page", Some("Text/HTML; charset=gbk"), Ok(Format::Html));
        check("你好".as_bytes(), "你好", Some("application/octet-stream"), Ok(Format::Text));
        check(b"hello", "report.pdf", None, Err(Problem::OtherType));
        check(b"\x89PNG\r\n\x1a\n\0\0\0", "report.pdf", None, Ok(Format::Picture));
        check(b"GIF89a\0\0\0", "report.pdf", None, Err(Problem::UnknownType));
        check(b"\x12\0\x99\x01\0", "report.docx", None, Err(Problem::Broken));
        check(b"\x12\0\x99\x01\0", "data.bin", None, Err(Problem::UnknownType));
        check(b"{\\rtf1 hello}", "x.doc", None, Ok(Format::Rtf));
        let old_word = [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice(), &[0; 600]].concat();
        check(&old_word, "x.doc", None, Err(Problem::OldOffice));
        let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        check(&[old_word, name].concat(), "x.docx", None, Err(Problem::PasswordNeeded));
    }
}
