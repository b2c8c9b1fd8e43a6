//! Word documents (ECMA-376). The only module that uses `zip` and `quick-xml`.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Cursor, Read};

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use zip::ZipArchive;
use zip::result::ZipError;

use super::ExtractLimits;
use super::Extracted;
use super::lines::not_a_heading;
use super::problem::Problem;

/// Maximum unpacked size of one part, in bytes. The text is a small fraction of the markup.
const UNPACKED: u64 = 128 * 1024 * 1024;

/// Maximum nesting depth of elements; real documents stay below a hundred.
const DEEPEST: usize = 1000;

/// Maximum number of styles.
const MOST_STYLES: usize = 10_000;

type Archive = ZipArchive<Cursor<Vec<u8>>>;

/// Reads the text with its headings; rows of tables become lines.
pub fn read(bytes: Vec<u8>, limits: &ExtractLimits) -> Result<Extracted, Problem> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| problem(&error))?;
    if archive.index_for_name("word/document.xml").is_none() {
        // Some other archive, such as a spreadsheet.
        return Err(Problem::UnknownType);
    }
    let styles = optional(&mut archive, "word/styles.xml", styles)?.unwrap_or_default();
    let (title, author) = optional(&mut archive, "docProps/core.xml", about)?.unwrap_or_default();
    let body = part(&mut archive, "word/document.xml", |xml| Body::read(xml, &styles, limits))?;
    Ok(Extracted { title, author, text: body.text, pages: body.pages, ..Extracted::default() })
}

fn problem(error: &ZipError) -> Problem {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            Problem::PasswordNeeded
        }
        _ => Problem::Broken,
    }
}

fn optional<T>(
    archive: &mut Archive,
    name: &str,
    read: impl FnOnce(Xml) -> Result<T, Problem>,
) -> Result<Option<T>, Problem> {
    let is_there = archive.index_for_name(name).is_some();
    is_there.then(|| part(archive, name, read)).transpose()
}

/// Streams a part; it is never unpacked as a whole.
fn part<T>(archive: &mut Archive, name: &str, read: impl FnOnce(Xml) -> Result<T, Problem>) -> Result<T, Problem> {
    let packed = archive.by_name(name).map_err(|error| problem(&error))?;
    let mut unpacked = BufReader::new(packed.take(UNPACKED));
    let read = read(Xml::new(&mut unpacked));
    if unpacked.get_ref().limit() == 0 { Err(Problem::TooComplex) } else { read }
}

/// A stream of XML events.
struct Xml<'a> {
    reader: Reader<&'a mut dyn BufRead>,
    buffer: Vec<u8>,
    depth: usize,
}

/// The relevant part of an XML event, with local names.
enum Mark {
    Start { name: String, value: Option<String>, id: Option<String> },
    End(String),
    Text(String),
    Over,
}

impl<'a> Xml<'a> {
    fn new(from: &'a mut dyn BufRead) -> Self {
        Self { reader: Reader::from_reader(from), buffer: Vec::new(), depth: 0 }
    }

    /// The next mark. An element without content comes as its start alone.
    fn next(&mut self) -> Result<Mark, Problem> {
        loop {
            self.buffer.clear();
            let mark = match self.reader.read_event_into(&mut self.buffer).map_err(|_| Problem::Broken)? {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        return Err(Problem::TooComplex);
                    }
                    start_of(&start)?
                }
                Event::Empty(start) => start_of(&start)?,
                Event::End(end) => {
                    self.depth -= 1;
                    Mark::End(end.local_name().as_ref().to_owned())
                }
                Event::Text(text) => Mark::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Mark::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                    Ok(Some(character)) => Mark::Text(character.to_string()),
                    // Entities of its own are no part of the format.
                    _ => Mark::Text(resolve_xml_entity(&reference).unwrap_or_default().to_owned()),
                },
                Event::Eof if self.depth > 0 => return Err(Problem::Broken),
                Event::Eof => Mark::Over,
                _ => continue,
            };
            return Ok(mark);
        }
    }
}

fn start_of(start: &BytesStart) -> Result<Mark, Problem> {
    let (mut value, mut id) = (None, None);
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| Problem::Broken)?;
        let text = || attribute.normalized_value(XmlVersion::Implicit1_0).map(|text| text.into_owned()).ok();
        match attribute.key.local_name().as_ref() {
            "val" => value = text(),
            "styleId" => id = text(),
            _ => {}
        }
    }
    Ok(Mark::Start { name: start.local_name().as_ref().to_owned(), value, id })
}

/// Title and author.
fn about(mut xml: Xml) -> Result<(Option<String>, Option<String>), Problem> {
    let (mut title, mut author, mut name) = (String::new(), String::new(), String::new());
    loop {
        match xml.next()? {
            Mark::Start { name: started, .. } => name = started,
            Mark::End(_) => name.clear(),
            Mark::Text(text) if name == "title" => title.push_str(&text),
            Mark::Text(text) if name == "creator" => author.push_str(&text),
            Mark::Text(_) => {}
            Mark::Over => return Ok((Some(title), Some(author))),
        }
    }
}

/// Levels of headings by the ids of their styles.
type Styles = HashMap<String, usize>;

fn styles(mut xml: Xml) -> Result<Styles, Problem> {
    let (mut levels, mut style) = (Styles::new(), String::new());
    loop {
        let level = match xml.next()? {
            Mark::Start { name, id: Some(id), .. } if name == "style" => {
                style = id;
                None
            }
            Mark::Start { name, value: Some(value), .. } => match name.as_str() {
                // The names are the same in every language of Word.
                "name" if value.eq_ignore_ascii_case("title") => Some(1),
                "name" => value.to_ascii_lowercase().strip_prefix("heading ").and_then(|level| level.parse().ok()),
                "outlineLvl" => outline_level(&value),
                _ => None,
            },
            Mark::Over => return Ok(levels),
            _ => None,
        };
        if let Some(level) = level.filter(|level| (1..=9).contains(level) && levels.len() < MOST_STYLES) {
            levels.entry(style.clone()).or_insert(level.min(6));
        }
    }
}

/// Counted from 0 in the file; 9 is text.
fn outline_level(value: &str) -> Option<usize> {
    value.parse::<usize>().ok().filter(|level| *level < 9).map(|level| level + 1)
}

/// The text being built.
#[derive(Default)]
struct Body {
    text: String,
    /// Paragraphs that have begun: one, and more where boxes of text stand within.
    paragraphs: Vec<Paragraph>,
    /// Rows that have begun, with their cells: one, and more where tables stand within.
    rows: Vec<Vec<String>>,
    /// Pages that ended within a row.
    page_ends: usize,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    level: Option<usize>,
    is_item: bool,
}

/// The text, and how many pages it had when it was last shown.
struct Outcome {
    text: String,
    pages: Option<u32>,
}

impl Body {
    fn read(mut xml: Xml, styles: &Styles, limits: &ExtractLimits) -> Result<Outcome, Problem> {
        let mut body = Self::default();
        let (mut in_text, mut skipped) = (false, 0_usize);
        loop {
            match xml.next()? {
                // Says again, for older programs, what stands beside it.
                Mark::Start { name, .. } if name == "Fallback" => skipped += 1,
                Mark::End(name) if name == "Fallback" => skipped = skipped.saturating_sub(1),
                Mark::Over => break,
                _ if skipped > 0 => {}
                Mark::Start { name, .. } if name == "t" => in_text = true,
                Mark::End(name) if name == "t" => in_text = false,
                Mark::Text(text) if in_text => body.add(&text),
                Mark::Text(_) => {}
                Mark::Start { name, value, .. } => body.start(&name, value.as_deref(), styles),
                Mark::End(name) => body.end(&name),
            }
            if body.text.len() > limits.text {
                return Err(Problem::TooMuchText);
            }
        }
        let ends = body.text.matches('\x0c').count() as u32;
        Ok(Outcome { text: body.text, pages: (ends > 0).then_some(ends + 1) })
    }

    fn add(&mut self, text: &str) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.push_str(text);
        }
    }

    fn start(&mut self, name: &str, value: Option<&str>, styles: &Styles) {
        match (name, self.paragraphs.last_mut()) {
            ("p", _) => self.paragraphs.push(Paragraph::default()),
            ("tr", _) => self.rows.push(Vec::new()),
            ("tc", _) => {
                if let Some(row) = self.rows.last_mut() {
                    row.push(String::new());
                }
            }
            ("lastRenderedPageBreak", _) if !self.rows.is_empty() => self.page_ends += 1,
            ("lastRenderedPageBreak", _) => self.add("\x0c"),
            ("tab", Some(paragraph)) if !paragraph.text.is_empty() => paragraph.text.push('\t'),
            ("br" | "cr", Some(paragraph)) => paragraph.text.push('\n'),
            ("pStyle", Some(paragraph)) => {
                let level = value.and_then(|style| styles.get(style).copied());
                paragraph.level = paragraph.level.or(level);
            }
            ("outlineLvl", Some(paragraph)) => {
                paragraph.level = value.and_then(outline_level).map(|level| level.min(6))
            }
            ("numPr", Some(paragraph)) => paragraph.is_item = true,
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "p" => {
                if let Some(paragraph) = self.paragraphs.pop() {
                    self.finish(paragraph);
                }
            }
            "tr" => {
                let row = self.rows.pop().unwrap_or_default();
                let cells: Vec<&str> = row.iter().map(|cell| cell.trim()).collect();
                let is_empty = cells.iter().all(|cell| cell.is_empty());
                let text = if is_empty { String::new() } else { cells.join(" | ") };
                self.finish(Paragraph { text, level: None, is_item: false });
                if self.rows.is_empty() {
                    self.text.push_str(&"\x0c".repeat(std::mem::take(&mut self.page_ends)));
                }
            }
            "tbl" if self.rows.is_empty() => self.text.push('\n'),
            _ => {}
        }
    }

    /// Appends a paragraph to the current cell, or to the text.
    fn finish(&mut self, paragraph: Paragraph) {
        let Paragraph { text, level, is_item } = paragraph;
        if let Some(cell) = self.rows.last_mut().and_then(|row| row.last_mut()) {
            let words = text.split_whitespace().flat_map(|word| [" ", word]);
            cell.extend(words);
            return;
        }
        // A page may end before the first word.
        let starts = text.len() - text.trim_start_matches('\x0c').len();
        self.text.push_str(&text[..starts]);
        let text = &text[starts..];
        match level {
            Some(level) if !text.trim().is_empty() => {
                let words = text.split(['\n', '\t', ' ']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
                self.text.push_str(&format!("{} {words}\n\n", "#".repeat(level)));
            }
            _ => {
                let mark = if is_item { "- " } else { "" };
                let lines: Vec<_> = text.lines().map(not_a_heading).collect();
                self.text.push_str(&format!("{mark}{}\n", lines.join("\n")));
                if !is_item && self.paragraphs.is_empty() && !text.contains(" | ") {
                    self.text.push('\n');
                }
            }
        }
    }
}
