//! A stream of XML events. The only module that uses `quick-xml`.

use std::io::BufRead;

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::problem::Problem;

/// Maximum nesting depth of elements; real documents stay below a hundred.
const DEEPEST: usize = 1000;

/// Reads marks one after the other.
pub struct Xml<'a> {
    reader: Reader<&'a mut dyn BufRead>,
    buffer: Vec<u8>,
    depth: usize,
}

/// The relevant part of an XML event, with local names. An element without content comes as its start alone.
pub enum Mark {
    Start(Start),
    End(String),
    Text(String),
}

/// The beginning of an element.
pub struct Start {
    pub name: String,
    attributes: Vec<(String, String)>,
    /// Whether it has no content, and no end follows.
    pub is_empty: bool,
}

impl Start {
    /// An attribute by its local name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The last one of those of a local name that are of several name spaces: what refers to another part comes last.
    pub fn reference(&self, name: &str) -> Option<&str> {
        self.attributes.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A number in an attribute.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.trim().parse().ok()
    }

    /// Whether a property is on: it is there, and does not say that it is off.
    pub fn is_on(&self) -> bool {
        !matches!(self.get("val"), Some("0" | "false" | "off" | "none"))
    }
}

impl Mark {
    /// The beginning of an element of that name.
    pub fn start_of(&self, name: &str) -> Option<&Start> {
        match self {
            Self::Start(start) if start.name == name => Some(start),
            _ => None,
        }
    }
}

impl<'a> Xml<'a> {
    pub fn new(from: &'a mut dyn BufRead) -> Self {
        Self { reader: Reader::from_reader(from), buffer: Vec::new(), depth: 0 }
    }

    /// The next mark; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Mark>, Problem> {
        loop {
            self.buffer.clear();
            let mark = match self.reader.read_event_into(&mut self.buffer).map_err(|_| Problem::Broken)? {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        return Err(Problem::TooComplex);
                    }
                    start_of(&start, false)?
                }
                Event::Empty(start) => start_of(&start, true)?,
                Event::End(end) => {
                    self.depth -= 1;
                    Mark::End(end.local_name().as_ref().to_owned())
                }
                Event::Text(text) => Mark::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Mark::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                    Ok(Some(character)) => Mark::Text(character.to_string()),
                    // Entities of its own are no part of the formats.
                    _ => Mark::Text(resolve_xml_entity(&reference).unwrap_or_default().to_owned()),
                },
                Event::Eof if self.depth > 0 => return Err(Problem::Broken),
                Event::Eof => return Ok(None),
                _ => continue,
            };
            return Ok(Some(mark));
        }
    }

    /// The text up to the end of the element that has just begun, whatever is in it.
    pub fn text_within(&mut self, start: &Start) -> Result<String, Problem> {
        let mut text = String::new();
        if start.is_empty {
            return Ok(text);
        }
        let outside = self.depth - 1;
        while self.depth > outside {
            match self.next()? {
                Some(Mark::Text(more)) => text.push_str(&more),
                Some(_) => {}
                None => return Err(Problem::Broken),
            }
        }
        Ok(text)
    }
}

fn start_of(start: &BytesStart, is_empty: bool) -> Result<Mark, Problem> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| Problem::Broken)?;
        if let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) {
            attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
        }
    }
    Ok(Mark::Start(Start { name: start.local_name().as_ref().to_owned(), attributes, is_empty }))
}
