//! PDF files. The only module that uses `hayro_syntax`, which reads their objects, and `hayro_cmap`, which knows the encodings
//! of their Chinese, Japanese and Korean fonts.
//!
//! A PDF says where each character stands, and nothing about lines, words or the order of reading. So: [`content`] finds the
//! characters with the help of [`font`], [`pieces`] puts them together, [`columns`] finds the order, [`layout`] makes lines,
//! [`furniture`] drops what repeats on each page, and [`headings`] marks what is set large.

mod columns;
mod content;
mod font;
mod furniture;
mod headings;
mod layout;
mod matrix;
mod names;
mod pieces;
mod widths;

use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use super::hyphens::Words;
use super::problem::Problem;
use super::{ExtractLimits, Extracted};
use content::Reader;
use headings::Levels;
use layout::Line;

/// Every PDF ends with `%%EOF`; some writers add a few bytes after it.
const END_WITHIN: usize = 8 * 1024;

/// Average number of letters per page below which the pages are images: some scanners print a number on each.
const LETTERS_OF_A_PAGE: usize = 4;

/// Reads all pages.
pub fn read(bytes: Vec<u8>, limits: &ExtractLimits) -> Result<Extracted, Problem> {
    if !is_whole(&bytes) {
        return Err(Problem::Broken);
    }
    let document = Pdf::new(bytes).map_err(problem)?;
    let count = document.pages().len();
    if count == 0 {
        return Err(Problem::Broken);
    }
    if count > limits.pages {
        return Err(Problem::TooManyPages);
    }
    let mut pages = pages(&document, limits)?;
    let letters = pages.iter().flatten().flat_map(|line| line.text.chars()).filter(|c| c.is_alphanumeric()).count();
    if letters < count * LETTERS_OF_A_PAGE {
        return Err(Problem::ScanWithoutText);
    }
    furniture::drop_furniture(&mut pages);
    let levels = Levels::of(&pages);
    let words = Words::of(pages.iter().flatten().map(|line| line.text.as_str()));
    let texts: Vec<String> = pages.iter().map(|page| levels.mark(page, &words)).collect();
    let about = document.metadata();
    Ok(Extracted {
        title: about.title.as_deref().map(text_string),
        author: about.author.as_deref().map(text_string),
        text: texts.join("\x0c"),
        pages: u32::try_from(count).ok(),
        ..Extracted::default()
    })
}

/// Whether a file ends where it should. Some have been padded with zeros on their way.
fn is_whole(bytes: &[u8]) -> bool {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes[end.saturating_sub(END_WITHIN)..end].windows(5).any(|window| window == b"%%EOF")
}

fn problem(error: LoadPdfError) -> Problem {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Problem::PasswordNeeded,
        LoadPdfError::Decryption(_) | LoadPdfError::Invalid => Problem::Broken,
    }
}

fn pages(document: &Pdf, limits: &ExtractLimits) -> Result<Vec<Vec<Line>>, Problem> {
    let catalog = document.xref().get(document.xref().root_id());
    let mut reader = Reader::new(catalog.as_ref(), limits.text);
    document.pages().iter().map(|page| Ok(layout::lines(reader.read(page)?))).collect()
}

/// Text outside of pages: UTF-16, UTF-8 or nearly Latin-1 (ISO 32000-2, 7.9.2.2).
fn text_string(bytes: &[u8]) -> String {
    let utf16 = |pairs: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = pairs.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_about_the_document_are_read_in_every_encoding() {
        assert_eq!(text_string(b"\xfe\xff\x62\x4b\x51\x8c"), "手册");
        assert_eq!(text_string("\u{feff}手册".as_bytes()), "手册");
        assert_eq!(text_string(b"Caf\xe9"), "Café");
    }

    #[test]
    fn a_file_that_was_padded_is_whole() {
        for (file, is) in
            [(&b"%PDF %%EOF"[..], true), (b"%PDF %%EOF\n\0\0\0", true), (b"%PDF %%EO", false), (b"", false)]
        {
            assert_eq!(is_whole(file), is);
        }
        assert!(is_whole(&[b"%%EOF".as_slice(), &[0; 20_000]].concat()));
    }
}
