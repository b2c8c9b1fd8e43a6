//! Parts of a page's content that are marked: layers, and texts that stand for what is drawn.

use hayro_syntax::object::{Dict, Object, String as Bytes};
use hayro_syntax::page::Resources;

use super::content::{Glyph, Reader};
use super::text_string;

/// Marks that are open at a time.
const DEEPEST: usize = 1_000;

/// A part of the content that is marked.
pub enum Mark {
    Other,
    /// The text of its glyphs, which begin at that index.
    Text(String, usize),
    /// A layer that is not shown.
    Hidden,
}

impl Reader {
    pub fn mark(&self, tag: &[u8], properties: &Object<'_>, resources: &Resources<'_>) -> Mark {
        if let (b"OC", Object::Name(name)) = (tag, properties) {
            return if self.layers.hide(&resources.properties, name.as_str()) { Mark::Hidden } else { Mark::Other };
        }
        let dict = match properties {
            Object::Dict(dict) => Some(dict.clone()),
            Object::Name(name) => resources.properties.get::<Dict<'_>>(name),
            _ => None,
        };
        match dict.and_then(|dict| dict.get::<Bytes<'_>>("ActualText")) {
            Some(text) => Mark::Text(text_string(text.as_bytes()), self.glyphs.len()),
            None => Mark::Other,
        }
    }

    pub fn open(&mut self, mark: Mark) {
        if self.marks.len() < DEEPEST {
            self.marks.push(mark);
        }
    }

    pub fn close(&mut self) {
        if let Some(Mark::Text(text, start)) = self.marks.pop() {
            say_instead(&mut self.glyphs, start, &text);
        }
    }
}

/// Puts a text in the place of glyphs, if they stand on one line; a paragraph's text would have no lines.
fn say_instead(glyphs: &mut Vec<Glyph>, start: usize, text: &str) {
    let Some((first, last)) = glyphs.get(start).copied().zip(glyphs.last().copied()) else { return };
    let is_line = first.angle == last.angle && (first.y - last.y).abs().min((first.x - last.x).abs()) < first.size;
    if !is_line {
        return;
    }
    let length = (last.x - first.x).hypot(last.y - first.y) + last.width;
    let (sin, cos) = f32::from(first.angle).to_radians().sin_cos();
    let width = length / text.chars().count().max(1) as f32;
    glyphs.truncate(start);
    glyphs.extend(text.chars().enumerate().map(|(index, c)| {
        let at = width * index as f32;
        Glyph { c, x: first.x + cos * at, y: first.y + sin * at, width, ..first }
    }));
}
