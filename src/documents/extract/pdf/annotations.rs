//! Annotations: the values of a form's fields, and remarks that every viewer shows.

use hayro_syntax::object::{Array, Dict, Name, Object, Rect, Stream, String as Bytes};
use hayro_syntax::page::{Page, Resources};

use super::content::{Reader, State};
use super::font::{Code, Font};
use super::matrix::Matrix;
use super::text_string;
use crate::documents::extract::lines::is_wide;
use crate::documents::extract::problem::Problem;

/// Annotations of a page that are looked at.
const MOST: usize = 5_000;

impl Reader {
    /// Reads the annotations of a page as they lie on it.
    pub fn annotations(&mut self, page: &Page<'_>, upright: Matrix) -> Result<(), Problem> {
        let annotations = page.raw().get::<Array<'_>>("Annots");
        for annotation in annotations.iter().flat_map(|array| array.iter::<Dict<'_>>()).take(MOST) {
            self.marks.clear();
            self.annotation(&annotation, page.resources(), upright)?;
        }
        Ok(())
    }

    /// What an annotation shows: the value of a field, a remark on the page.
    fn annotation(&mut self, dict: &Dict<'_>, outer: &Resources<'_>, page: Matrix) -> Result<(), Problem> {
        /// Invisible, hidden, not for the screen.
        const HIDDEN: u32 = 1 << 1 | 1 << 5;
        let kind = dict.get::<Name<'_>>("Subtype");
        // What only opens something has a picture at most.
        let has_text =
            kind.is_some_and(|kind| !matches!(&*kind, b"Popup" | b"Text" | b"Link" | b"FileAttachment" | b"Sound"));
        let is_hidden = dict.get::<u32>("F").unwrap_or(0) & HIDDEN != 0 || self.layers.hide(dict, "OC");
        let Some(place) = dict.get::<Rect>("Rect").filter(|_| has_text && !is_hidden) else { return Ok(()) };
        if let Some(is_on) = checked(dict) {
            return self.write(if is_on { "[x]" } else { "[ ]" }, place, page);
        }
        let Some(form) = appearance(dict) else { return self.value(dict, place, page) };
        let own = form.dict().get::<[f32; 6]>("Matrix").map_or(Matrix::IDENTITY, Matrix);
        let bounds = form.dict().get::<Rect>("BBox").unwrap_or(place);
        let moved = own.fitting(corners(bounds), corners(place)).then(&page);
        let before = self.glyphs.len();
        self.form(&form, outer, State::new(moved), 0)?;
        // Some programs fill in a form and leave the drawing to the viewer.
        if self.glyphs.len() == before { self.value(dict, place, page) } else { Ok(()) }
    }

    /// A value that the viewer would have to draw itself.
    fn value(&mut self, dict: &Dict<'_>, place: Rect, page: Matrix) -> Result<(), Problem> {
        let value = match dict.get::<Name<'_>>("Subtype").as_deref() {
            Some(b"FreeText") => dict.get::<Object<'_>>("Contents"),
            Some(b"Widget") if !is_secret(dict) => inherited(dict, "V"),
            _ => None,
        };
        let said: Vec<String> = match value {
            Some(Object::String(text)) => vec![text_string(text.as_bytes())],
            Some(Object::Array(chosen)) => {
                chosen.iter::<Bytes<'_>>().take(MOST).map(|text| text_string(text.as_bytes())).collect()
            }
            _ => Vec::new(),
        };
        self.write(&said.join(", "), place, page)
    }

    /// Writes lines into a place, narrower than usual if they would not fit.
    fn write(&mut self, text: &str, place: Rect, page: Matrix) -> Result<(), Problem> {
        const SIZE: f32 = 10.0;
        let font = Font::new(&Dict::default());
        let advance = |c: char| if is_wide(c) { 1.0 } else { 0.5 };
        for (index, line) in text.lines().enumerate() {
            let width = SIZE * line.chars().map(advance).sum::<f32>();
            let fit = ((place.x1 - place.x0) as f32 / width.max(1.0)).clamp(0.4, 1.0);
            let y = place.y1 as f32 - SIZE * (index as f32 + 1.0);
            let mut state = State { size: SIZE, ..State::new(page) };
            state.next_line(place.x0 as f32, y.max(place.y0 as f32));
            for c in line.chars() {
                let code = Code { text: Some(c.to_string()), advance: fit * advance(c), is_space: false };
                let set = Matrix([SIZE, 0.0, 0.0, SIZE, 0.0, 0.0]).then(&state.text).then(&state.page);
                self.place(&code, &font, &set, &state)?;
                state.move_on(code.advance * SIZE, 0.0);
            }
        }
        Ok(())
    }
}

fn corners(rect: Rect) -> [f32; 4] {
    [rect.x0, rect.y0, rect.x1, rect.y1].map(|corner| corner as f32)
}

/// An entry of a field, or else of the field that it is a part of.
fn inherited<'a>(dict: &Dict<'a>, key: &str) -> Option<Object<'a>> {
    dict.get::<Object<'_>>(key).or_else(|| dict.get::<Dict<'_>>("Parent")?.get::<Object<'_>>(key))
}

/// Whether viewers show a password as dots.
fn is_secret(dict: &Dict<'_>) -> bool {
    const PASSWORD: i64 = 1 << 13;
    matches!(inherited(dict, "Ff"), Some(Object::Number(flags)) if flags.as_i64() & PASSWORD != 0)
}

/// Whether a check box is ticked, if it is one.
fn checked(dict: &Dict<'_>) -> Option<bool> {
    let is_button = matches!(inherited(dict, "FT"), Some(Object::Name(kind)) if &*kind == b"Btn");
    dict.get::<Name<'_>>("AS").filter(|_| is_button).map(|state| &*state != b"Off")
}

/// The form that draws an annotation in its present state.
fn appearance<'a>(dict: &Dict<'a>) -> Option<Stream<'a>> {
    let appearances = dict.get::<Dict<'_>>("AP")?;
    let states = || appearances.get::<Dict<'_>>("N");
    appearances.get::<Stream<'_>>("N").or_else(|| states()?.get::<Stream<'_>>(dict.get::<Name<'_>>("AS")?))
}
