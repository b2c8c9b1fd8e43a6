//! PDF files. The only module that uses `pdf_oxide`.

use std::collections::HashMap;

use pdf_oxide::object::Object;
use pdf_oxide::{Error, PdfDocument};

use super::Extracted;
use super::problem::Problem;
use super::{ExtractLimits, lines};

/// Every PDF ends with `%%EOF`; some writers add a few bytes after it.
const END_WITHIN: usize = 8 * 1024;

/// How much larger than the text a heading is, at least.
const HEADING: f32 = 1.15;

/// Longest heading in characters.
const LONGEST_HEADING: usize = 80;

/// Average number of letters per page below which the pages are images: some scanners print a number on each.
const LETTERS_OF_A_PAGE: usize = 4;

/// Fraction of the line width that a wrapped line must fill: letters differ in width.
const FILL: f32 = 0.8;

/// Reads all pages.
pub fn read(bytes: Vec<u8>, limits: &ExtractLimits) -> Result<Extracted, Problem> {
    if !bytes[bytes.len().saturating_sub(END_WITHIN)..].windows(5).any(|window| window == b"%%EOF") {
        return Err(Problem::Broken);
    }
    let document = PdfDocument::from_bytes(bytes).map_err(|error| problem(&error))?;
    if !document.is_authenticated() {
        return Err(Problem::PasswordNeeded);
    }
    let count = document.page_count().map_err(|error| problem(&error))?;
    if count > limits.pages {
        return Err(Problem::TooManyPages);
    }
    let mut pages = pages(&document, count, limits)?;
    let letters: usize = pages.iter().map(|page| page.letters).sum();
    if letters < count * LETTERS_OF_A_PAGE {
        return Err(without_text(&document, count));
    }
    drop_furniture(&mut pages);
    let levels = Levels::of(&pages);
    let texts: Vec<String> = pages.iter().map(|page| levels.mark(page)).collect();
    Ok(Extracted {
        title: about(&document, "Title"),
        author: about(&document, "Author"),
        text: lines::joined(&texts.join("\x0c"), FILL),
        pages: u32::try_from(count).ok(),
        ..Extracted::default()
    })
}

/// The reason for almost no text: a scan, or pages that could not be unpacked within the limits.
fn without_text(document: &PdfDocument, count: usize) -> Problem {
    /// Number of pages examined; if one is like that, most are.
    const SOME: usize = 20;
    let mut contents = (0..count.min(SOME)).map(|index| document.get_page_content_data(index));
    contents.find_map(Result::err).map_or(Problem::ScanWithoutText, |error| match error {
        Error::Decode(_) => Problem::TooComplex,
        error => problem(&error),
    })
}

fn problem(error: &Error) -> Problem {
    match error {
        Error::EncryptedPdf => Problem::PasswordNeeded,
        Error::RecursionLimitExceeded(_) | Error::CircularReference(_) => Problem::TooComplex,
        _ => Problem::Broken,
    }
}

fn about(document: &PdfDocument, key: &str) -> Option<String> {
    let resolved = |object: &Object| document.resolve_object(object).ok();
    let about = resolved(document.trailer().as_dict()?.get("Info")?)?;
    let value = resolved(about.as_dict()?.get(key)?)?;
    Some(text_string(value.as_string()?))
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

/// A page as it is read.
struct Page {
    lines: Vec<String>,
    /// Letters, digits and characters on it.
    letters: usize,
    /// Characters by the size of their type, in half points.
    sizes: HashMap<u32, usize>,
    /// Short lines, which may be headings, without white space.
    short: HashMap<String, Type>,
}

/// How a line is set.
#[derive(Clone, Copy)]
struct Type {
    /// In half points.
    size: u32,
    /// From its beginning to its end.
    is_bold: bool,
}

fn pages(document: &PdfDocument, count: usize, limits: &ExtractLimits) -> Result<Vec<Page>, Problem> {
    let (mut pages, mut bytes, mut failed) = (Vec::new(), 0, None);
    for index in 0..count {
        let page = page(document, index).unwrap_or_else(|error| {
            failed = Some(problem(&error));
            Page { lines: Vec::new(), letters: 0, sizes: HashMap::new(), short: HashMap::new() }
        });
        bytes += page.lines.iter().map(String::len).sum::<usize>();
        if bytes > limits.text {
            return Err(Problem::TooMuchText);
        }
        pages.push(page);
    }
    // One unreadable page must not discard the others.
    let read_nothing = pages.iter().all(|page| page.letters == 0);
    failed.filter(|_| read_nothing).map_or(Ok(pages), Err)
}

fn page(document: &PdfDocument, index: usize) -> Result<Page, Error> {
    let text = document.extract_text(index)?;
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    let lines = text.lines().map(|line| lines::not_a_heading(line.trim_end()).into_owned()).collect();
    let mut page = Page { lines, letters, sizes: HashMap::new(), short: HashMap::new() };
    // Spans of one line have nearly the same baseline.
    let mut rows: HashMap<i32, Vec<(f32, String, Type)>> = HashMap::new();
    for span in document.extract_spans(index)? {
        let size = (span.font_size.clamp(0.0, 500.0) * 2.0).round() as u32;
        *page.sizes.entry(size).or_default() += span.text.chars().count();
        let is_bold = span.font_weight.is_bold() || span.text.trim().is_empty();
        let row = rows.entry(span.bbox.y.round() as i32).or_default();
        row.push((span.bbox.x, span.text, Type { size, is_bold }));
    }
    for (_, mut row) in rows {
        let size = row.iter().map(|(_, _, set)| set.size).max().unwrap_or_default();
        let is_bold = row.iter().all(|(_, _, set)| set.is_bold);
        let length: usize = row.iter().map(|(_, text, _)| text.chars().count()).sum();
        if length <= LONGEST_HEADING {
            row.sort_by(|a, b| a.0.total_cmp(&b.0));
            page.short.insert(row.iter().map(|(_, text, _)| compact(text)).collect(), Type { size, is_bold });
        }
    }
    Ok(page)
}

fn compact(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Removes headers and footers that repeat on most pages: they would appear in the middle
/// of sentences.
fn drop_furniture(pages: &mut [Page]) {
    const FEW: usize = 4;
    let pattern = |line: &String| {
        line.split(|c: char| c.is_ascii_digit()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("#")
    };
    for place in [first_line, last_line] {
        // A running title with a number below it takes two rounds.
        for _ in 0..2 {
            let mut counts: HashMap<String, usize> = HashMap::new();
            for page in pages.iter() {
                if let Some(index) = place(page) {
                    *counts.entry(pattern(&page.lines[index])).or_default() += 1;
                }
            }
            let repeated = counts.into_iter().find(|(_, count)| *count >= FEW && *count * 2 > pages.len());
            let Some((repeated, _)) = repeated else { break };
            for page in pages.iter_mut() {
                if let Some(index) = place(page).filter(|index| pattern(&page.lines[*index]) == repeated) {
                    page.lines.remove(index);
                }
            }
        }
    }
}

fn first_line(page: &Page) -> Option<usize> {
    page.lines.iter().position(|line| !line.trim().is_empty())
}

fn last_line(page: &Page) -> Option<usize> {
    page.lines.iter().rposition(|line| !line.trim().is_empty())
}

/// The font sizes of headings.
#[derive(Default)]
struct Levels {
    /// The largest first.
    sizes: Vec<u32>,
    /// From here on all are, below only what is bold.
    surely: f32,
}

impl Levels {
    /// Compares with the size that most of the text has.
    fn of(pages: &[Page]) -> Self {
        let mut all: HashMap<u32, usize> = HashMap::new();
        for (size, count) in pages.iter().flat_map(|page| &page.sizes) {
            *all.entry(*size).or_default() += count;
        }
        let total: usize = all.values().sum();
        let Some((&body, _)) = all.iter().max_by_key(|(size, count)| (**count, **size)) else { return Self::default() };
        let surely = body as f32 * HEADING;
        let large: usize = all.iter().filter(|(size, _)| **size as f32 >= surely).map(|(_, count)| count).sum();
        // Where a third of the text is large, as on slides, size says nothing.
        if large * 3 > total {
            return Self::default();
        }
        let short = pages.iter().flat_map(|page| page.short.values());
        let bold = short.filter(|set| set.is_bold && set.size > body).map(|set| set.size);
        let mut sizes: Vec<u32> = all.keys().copied().filter(|size| *size as f32 >= surely).chain(bold).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        sizes.dedup();
        Self { sizes, surely }
    }

    fn level(&self, page: &Page, line: &str) -> Option<usize> {
        let set = page.short.get(&compact(line))?;
        // A line of a table of contents leads to a number.
        let is_leader = [". .", "....", "……"].iter().any(|dots| line.contains(dots));
        let has_words = !is_leader && line.chars().filter(|c| c.is_alphabetic()).count() > 1;
        let stands_out = has_words && (set.is_bold || set.size as f32 >= self.surely);
        self.sizes.iter().position(|size| *size == set.size).filter(|_| stands_out).map(|index| index.min(5) + 1)
    }

    /// A page's text with its headings marked. A heading of two lines is one.
    fn mark(&self, page: &Page) -> String {
        let mut marked: Vec<String> = Vec::with_capacity(page.lines.len());
        let mut above = None;
        for line in &page.lines {
            let level = self.level(page, line);
            match (level, marked.last_mut()) {
                (Some(_), Some(last)) if level == above => lines::glue(last, line.trim()),
                (Some(level), _) => marked.push(format!("{} {}", "#".repeat(level), line.trim())),
                (None, _) => marked.push(line.clone()),
            }
            above = level;
        }
        marked.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lines: &[&str]) -> Page {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Page { lines, letters: 0, sizes: HashMap::new(), short: HashMap::new() }
    }

    #[test]
    fn running_titles_and_page_numbers_are_dropped() {
        let number = |n: usize| format!("第 {n} 页");
        let body = |n: usize| format!("正文{}", "很长".repeat(n));
        let mut pages: Vec<Page> = (1..=6).map(|n| page(&["员工手册", "", &body(n), &number(n * 5), ""])).collect();
        pages[0].lines[0] = "封面".into();
        drop_furniture(&mut pages);
        assert_eq!(pages[0].lines.concat(), "封面正文很长");
        for (page, n) in pages.iter().zip(1..).skip(1) {
            assert_eq!(page.lines.concat(), body(n));
        }
        let mut few: Vec<Page> = (0..3).map(|_| page(&["同样的话", "正文"])).collect();
        drop_furniture(&mut few);
        assert!(few.iter().all(|page| page.lines.len() == 2));
    }

    #[test]
    fn large_type_is_a_heading() {
        let mut text = page(&["第一章", "总则", "", "正文很长，说明规定。", "12"]);
        text.sizes = HashMap::from([(22, 500), (40, 5), (30, 6)]);
        for (line, size) in [("第一章", 40), ("总则", 40), ("正文很长，说明规定。", 22), ("12", 40)] {
            text.short.insert(line.into(), Type { size, is_bold: false });
        }
        let mark = |text: &Page| Levels::of(std::slice::from_ref(text)).mark(text);
        assert_eq!(mark(&text), "# 第一章总则\n\n正文很长，说明规定。\n12");
        let lead = "正文很长，说明规定。";
        text.short.insert(lead.into(), Type { size: 24, is_bold: false });
        assert_eq!(mark(&text), "# 第一章总则\n\n正文很长，说明规定。\n12", "hardly larger");
        text.short.insert(lead.into(), Type { size: 24, is_bold: true });
        assert_eq!(mark(&text), "# 第一章总则\n\n### 正文很长，说明规定。\n12", "hardly larger, but bold");
        text.sizes.insert(40, 400);
        assert_eq!(mark(&text), text.lines.join("\n"), "slides");
    }

    #[test]
    fn texts_about_the_document_are_read_in_every_encoding() {
        assert_eq!(text_string(b"\xfe\xff\x62\x4b\x51\x8c"), "手册");
        assert_eq!(text_string("\u{feff}手册".as_bytes()), "手册");
        assert_eq!(text_string(b"Caf\xe9"), "Café");
    }
}
