//! PDF files. The only module that uses `hayro_syntax`, which reads their objects, and `hayro_cmap`, which knows the encodings
//! of their Chinese, Japanese and Korean fonts.
//!
//! A PDF says where each character stands, and nothing about lines, words or the order of reading. So: [`content`] finds the
//! characters with the help of [`font`], [`tables`] takes out those in drawn cells, [`pieces`] puts the others together, [`rows`] those on one line, [`columns`]
//! finds the order, [`aligned`] the tables whose cells only stand below each other, [`layout`] makes lines, [`furniture`] drops what
//! repeats on each page, and [`headings`] marks what is set large.

mod aligned;
mod annotations;
mod canvas;
mod cells;
mod columns;
mod content;
mod font;
mod furniture;
mod grids;
mod headings;
mod layers;
mod layout;
mod line_numbers;
mod marks;
mod matrix;
mod names;
mod pieces;
mod rows;
mod ruby;
mod rules;
mod samples;
mod streams;
mod tables;
mod widths;

use hayro_syntax::object::{Array, Dict, MaybeRef, Object};
use hayro_syntax::page::Page;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use super::hyphens::{Break, Words};
use super::lines;
use super::problem::Problem;
use super::recognise::LETTERS_OF_A_PAGE;
use super::{ExtractLimits, Extracted, Scanned};
use columns::Columns;
use content::Reader;
use headings::Levels;
use layout::Line;

/// Every PDF should end with `%%EOF`; some writers add a few bytes after it.
const END_WITHIN: usize = 8 * 1024;

/// Reads all pages.
pub fn read(bytes: Vec<u8>, limits: &ExtractLimits) -> Result<Extracted, Problem> {
    let has_end = has_end(&bytes);
    let document = Pdf::new(bytes).map_err(problem)?;
    let count = document.pages().len();
    // Viewers show what there is of a file that was cut off; here, half of it would be taken for all.
    if count == 0 || !(has_end || is_complete(&document)) {
        return Err(Problem::Broken);
    }
    if count > limits.pages {
        return Err(Problem::TooManyPages);
    }
    let catalog = document.xref().get(document.xref().root_id());
    let mut reader = Reader::new(catalog.as_ref(), limits.text);
    let (mut pages, scanned) = pages(&document, &mut reader)?;
    let letters = letters(pages.iter().flatten());
    let is_scan = letters == 0 || (reader.has_pictures && letters < count * LETTERS_OF_A_PAGE);
    if is_scan && scanned.is_empty() {
        return Err(Problem::ScanWithoutText);
    }
    furniture::drop_furniture(&mut pages);
    let levels = Levels::of(&pages);
    let words = Words::of(pages.iter().flatten().map(|line| line.text.as_str()));
    let mut texts: Vec<String> = pages.iter().map(|page| levels.mark(page, &words)).collect();
    make_words_whole(&mut texts, &words);
    let about = document.metadata();
    Ok(Extracted {
        title: about.title.as_deref().map(text_string),
        author: about.author.as_deref().map(text_string),
        text: texts.join("\x0c"),
        pages: u32::try_from(count).ok(),
        scanned: Scanned::Pages(scanned),
        ..Extracted::default()
    })
}

/// What the pictures on a page show together, as a file in the format PGM. `number` is from 0.
///
/// # Errors
/// If there is no such page, or it is too much.
pub fn picture_of(bytes: Vec<u8>, number: u32, limits: &ExtractLimits) -> Result<Vec<u8>, Problem> {
    let document = Pdf::new(bytes).map_err(problem)?;
    let page = document.pages().get(number as usize).ok_or(Problem::Broken)?;
    let catalog = document.xref().get(document.xref().root_id());
    let pictures = Reader::new(catalog.as_ref(), limits.text).pictures_of(page)?;
    Ok(canvas::drawn(&pictures, page.render_dimensions()))
}

/// Whether a file ends where it should. Some have been padded with zeros on their way.
fn has_end(bytes: &[u8]) -> bool {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes[end.saturating_sub(END_WITHIN)..end].windows(5).any(|window| window == b"%%EOF")
}

/// Whether all pages are there, with their content and fonts: so it is where only the end mark is missing, or lies far before what
/// was added to the file.
fn is_complete(document: &Pdf) -> bool {
    let xref = document.xref();
    let catalog = xref.get::<Dict<'_>>(xref.root_id());
    let count = catalog.and_then(|catalog| catalog.get::<Dict<'_>>("Pages")?.get::<usize>("Count"));
    let is_there = |object: MaybeRef<Object<'_>>| match object {
        MaybeRef::Ref(to) => xref.get::<Object<'_>>(to.into()).is_some(),
        MaybeRef::NotRef(_) => true,
    };
    let is_whole = |page: &Page<'_>| {
        let content = page.raw().get_raw::<Object<'_>>("Contents").into_iter();
        let parts = page.raw().get::<Array<'_>>("Contents");
        let parts = parts.iter().flat_map(|parts| parts.raw_iter());
        let fonts = page.resources().fonts.entries().map(|(_, font)| font);
        content.chain(parts).chain(fonts).all(is_there)
    };
    count.is_some_and(|count| count <= document.pages().len()) && document.pages().iter().all(is_whole)
}

fn problem(error: LoadPdfError) -> Problem {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Problem::PasswordNeeded,
        LoadPdfError::Decryption(_) | LoadPdfError::Invalid => Problem::Broken,
    }
}

/// The lines of each page, and which pages are pictures without text, from 0.
fn pages(document: &Pdf, reader: &mut Reader) -> Result<(Vec<Vec<Line>>, Vec<u32>), Problem> {
    let (mut columns, mut pages, mut scanned) = (Columns::default(), Vec::new(), Vec::new());
    for (page, number) in document.pages().iter().zip(0..) {
        let shown = reader.read(page)?;
        let has_pictures = shown.has_pictures;
        let lines = layout::lines(shown, &mut columns);
        if has_pictures && letters(&lines) < LETTERS_OF_A_PAGE {
            scanned.push(number);
        }
        pages.push(lines);
    }
    Ok((pages, scanned))
}

fn letters<'a>(lines: impl IntoIterator<Item = &'a Line>) -> usize {
    lines.into_iter().flat_map(|line| line.text.chars()).filter(|c| c.is_alphanumeric()).count()
}

/// Puts words that were broken at the end of a page on that page.
fn make_words_whole(pages: &mut [String], words: &Words) {
    for index in 1..pages.len() {
        let (before, after) = pages.split_at_mut(index);
        let (Some(page), Some(next)) = (before.last_mut(), after.first_mut()) else { continue };
        let is_broken = next.starts_with(char::is_lowercase)
            && matches!(words.at_break(page, next), Some(Break::Soft | Break::Hard));
        if is_broken {
            let rest = next.split_off(next.find(char::is_whitespace).unwrap_or(next.len()));
            lines::glue(page, next, words);
            *next = rest.trim_start().to_owned();
        }
    }
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
    fn a_word_that_was_broken_at_the_end_of_a_page_is_whole() {
        let mut pages =
            ["the infor-", "mation is due.", "Then thirty-", "six", "and so on -", "it goes"].map(str::to_owned);
        make_words_whole(&mut pages, &Words::default());
        assert_eq!(pages, ["the information", "is due.", "Then thirty-six", "", "and so on -", "it goes"]);
    }

    #[test]
    fn a_file_that_was_padded_has_its_end() {
        for (file, is) in
            [(&b"%PDF %%EOF"[..], true), (b"%PDF %%EOF\n\0\0\0", true), (b"%PDF %%EO", false), (b"", false)]
        {
            assert_eq!(has_end(file), is);
        }
        assert!(has_end(&[b"%%EOF".as_slice(), &[0; 20_000]].concat()));
    }
}
