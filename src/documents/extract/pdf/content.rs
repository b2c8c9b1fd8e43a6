//! What a page shows, as far as it is text: the operators of its content, and of the forms and annotations on it.

use std::collections::HashMap;
use std::io::Read;
use std::rc::Rc;

use flate2::read::ZlibDecoder;
use hayro_syntax::Filter;
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Do;
use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Number, Object, ObjectIdentifier, Rect, Stream};
use hayro_syntax::page::{Page, Resources};

use super::font::{Code, Font};
use super::matrix::Matrix;
use super::text_string;
use crate::documents::extract::problem::Problem;

/// Bytes of content that are unpacked for one page or form.
const MOST_CONTENT: usize = 128 << 20;

/// Operators of one page with all its forms. The most detailed maps have a few million.
const MOST_OPERATORS: usize = 20_000_000;

/// Depth of forms within forms, and forms that one page has in all.
const DEEPEST_FORM: usize = 24;
const MOST_FORMS: usize = 50_000;

/// Saved states and marks that are open at a time.
const DEEPEST_STATE: usize = 1_000;

/// Annotations of a page that are looked at.
const MOST_ANNOTATIONS: usize = 5_000;

/// Fonts that are kept for the pages to come.
const MOST_FONTS: usize = 200;

/// How far the middle of a character is above the line that letters stand on, as a part of the size.
pub const MIDDLE: f32 = 0.3;

/// A character where it stands, in points from the lower left corner of the page as it is read.
#[derive(Clone, Copy, Debug)]
pub struct Glyph {
    pub c: char,
    pub x: f32,
    pub y: f32,
    /// Where its line runs to, in degrees, counterclockwise from the right.
    pub angle: i16,
    /// Along the line.
    pub width: f32,
    pub size: f32,
    pub is_bold: bool,
}

/// Reads the pages of a file.
pub struct Reader {
    /// By where their dictionary stands in memory.
    fonts: HashMap<(usize, usize), Rc<Font>>,
    /// Layers that are not shown.
    hidden: Vec<ObjectIdentifier>,
    /// Characters that may still be read.
    left: usize,
    glyphs: Vec<Glyph>,
    operators: usize,
    forms: usize,
    marks: Vec<Mark>,
}

/// A part of the content that is marked.
enum Mark {
    Other,
    /// The text of its glyphs, which begin at that index.
    Text(String, usize),
    /// A layer that is not shown.
    Hidden,
}

/// The state of the graphics that matters for text.
#[derive(Clone)]
struct State {
    /// From the content's own units to the page.
    page: Matrix,
    text: Matrix,
    line: Matrix,
    font: Option<Rc<Font>>,
    size: f32,
    character_spacing: f32,
    word_spacing: f32,
    /// Horizontal, as a factor.
    scale: f32,
    leading: f32,
    rise: f32,
    /// Letters have an outline of their own colour, which makes them bold.
    is_outlined: bool,
}

impl State {
    fn new(page: Matrix) -> Self {
        Self {
            page,
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            font: None,
            size: 0.0,
            character_spacing: 0.0,
            word_spacing: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
            is_outlined: false,
        }
    }

    fn next_line(&mut self, x: f32, y: f32) {
        self.line = Matrix([1.0, 0.0, 0.0, 1.0, x, y]).then(&self.line);
        self.text = self.line;
    }

    fn move_on(&mut self, x: f32, y: f32) {
        self.text = Matrix([1.0, 0.0, 0.0, 1.0, x, y]).then(&self.text);
    }
}

impl Reader {
    /// Reads until there is more text than `most` characters. `catalog` says which layers are shown.
    pub fn new(catalog: Option<&Dict<'_>>, most: usize) -> Self {
        Self {
            fonts: HashMap::new(),
            hidden: catalog.map(hidden_layers).unwrap_or_default(),
            left: most,
            glyphs: Vec::new(),
            operators: 0,
            forms: 0,
            marks: Vec::new(),
        }
    }

    /// The characters of a page in the order in which they are drawn.
    ///
    /// # Errors
    /// If there is too much of anything.
    pub fn read(&mut self, page: &Page<'_>) -> Result<Vec<Glyph>, Problem> {
        (self.operators, self.forms) = (0, 0);
        self.marks.clear();
        let upright = Matrix(page.initial_transform(false).as_coeffs().map(|coefficient| coefficient as f32));
        let content = content_of(page)?;
        self.run(&content, page.resources(), State::new(upright), 0)?;
        let annotations = page.raw().get::<Array<'_>>("Annots");
        for annotation in annotations.iter().flat_map(|array| array.iter::<Dict<'_>>()).take(MOST_ANNOTATIONS) {
            self.marks.clear();
            self.annotation(&annotation, page.resources(), upright)?;
        }
        let (width, height) = page.render_dimensions();
        Ok(visible(std::mem::take(&mut self.glyphs), width, height))
    }

    fn run(&mut self, content: &[u8], resources: &Resources<'_>, state: State, depth: usize) -> Result<(), Problem> {
        let (mut state, mut saved) = (state, Vec::new());
        let marks = self.marks.len();
        let mut operators = TypedIter::new(content);
        while let Some(operator) = operators.next() {
            self.operators += 1;
            if self.operators > MOST_OPERATORS {
                return Err(Problem::TooComplex);
            }
            match operator {
                Do::SaveState(_) if saved.len() < DEEPEST_STATE => saved.push(state.clone()),
                Do::RestoreState(_) => state = saved.pop().unwrap_or(state),
                Do::XObject(name) => {
                    if let Some(form) = resources.get_x_object(name.0) {
                        self.form(&form, resources, state.clone(), depth)?;
                    }
                }
                Do::SetGraphicsState(name) => {
                    let font = resources.get_ext_g_state(name.0).and_then(|set| set.get::<Array<'_>>("Font"));
                    if let Some((font, size)) = font.and_then(|font| font.flex_iter().next::<(Dict<'_>, f32)>()) {
                        (state.font, state.size) = (Some(self.font(&font)), size);
                    }
                }
                Do::TextFont(set) => {
                    state.font = resources.get_font(set.0).map(|font| self.font(&font));
                    state.size = set.1.as_f32();
                }
                Do::BeginMarkedContent(_) => self.open(Mark::Other),
                Do::BeginMarkedContentWithProperties(mark) => {
                    let mark = self.mark(mark.0, mark.1, resources);
                    self.open(mark);
                }
                Do::EndMarkedContent(_) if self.marks.len() > marks => self.close(),
                other => self.text_operator(&other, &mut state)?,
            }
        }
        while self.marks.len() > marks {
            self.close();
        }
        Ok(())
    }

    fn text_operator(&mut self, operator: &Do<'_, '_>, state: &mut State) -> Result<(), Problem> {
        match operator {
            Do::Transform(m) => state.page = matrix([m.0, m.1, m.2, m.3, m.4, m.5]).then(&state.page),
            Do::BeginText(_) => (state.text, state.line) = (Matrix::IDENTITY, Matrix::IDENTITY),
            Do::SetTextMatrix(m) => {
                state.line = matrix([m.0, m.1, m.2, m.3, m.4, m.5]);
                state.text = state.line;
            }
            Do::CharacterSpacing(spacing) => state.character_spacing = spacing.0.as_f32(),
            Do::WordSpacing(spacing) => state.word_spacing = spacing.0.as_f32(),
            Do::HorizontalScaling(percent) => state.scale = percent.0.as_f32() / 100.0,
            Do::TextLeading(leading) => state.leading = leading.0.as_f32(),
            Do::TextRise(rise) => state.rise = rise.0.as_f32(),
            Do::TextRenderingMode(mode) => state.is_outlined = mode.0.as_i64() == 2,
            Do::NextLine(by) => state.next_line(by.0.as_f32(), by.1.as_f32()),
            Do::NextLineAndSetLeading(by) => {
                state.leading = -by.1.as_f32();
                state.next_line(by.0.as_f32(), by.1.as_f32());
            }
            Do::NextLineUsingLeading(_) => state.next_line(0.0, -state.leading),
            Do::ShowText(text) => self.show(text.0.as_bytes(), state)?,
            Do::NextLineAndShowText(text) => {
                state.next_line(0.0, -state.leading);
                self.show(text.0.as_bytes(), state)?;
            }
            Do::ShowTextWithParameters(text) => {
                (state.word_spacing, state.character_spacing) = (text.0.as_f32(), text.1.as_f32());
                state.next_line(0.0, -state.leading);
                self.show(text.2.as_bytes(), state)?;
            }
            Do::ShowTexts(texts) => {
                for item in texts.0.iter::<Object<'_>>() {
                    match item {
                        Object::String(text) => self.show(text.as_bytes(), state)?,
                        Object::Number(by) => {
                            let back = -by.as_f32() / 1000.0 * state.size;
                            let is_vertical = state.font.as_ref().is_some_and(|font| font.is_vertical);
                            if is_vertical { state.move_on(0.0, back) } else { state.move_on(back * state.scale, 0.0) }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn show(&mut self, bytes: &[u8], state: &mut State) -> Result<(), Problem> {
        let Some(font) = state.font.clone() else { return Ok(()) };
        let is_hidden = self.marks.iter().any(|mark| matches!(mark, Mark::Hidden));
        for code in font.codes(bytes) {
            let set = Matrix([state.size * state.scale, 0.0, 0.0, state.size, 0.0, state.rise]);
            let placed = set.then(&state.text).then(&state.page);
            if !is_hidden {
                self.place(&code, &font, &placed, state.is_outlined)?;
            }
            let spacing = state.character_spacing + if code.is_space { state.word_spacing } else { 0.0 };
            let advance = code.advance * state.size;
            if font.is_vertical {
                state.move_on(0.0, -advance - spacing);
            } else {
                state.move_on((advance + spacing) * state.scale, 0.0);
            }
        }
        Ok(())
    }

    /// Puts a code's characters side by side in its place.
    fn place(&mut self, code: &Code, font: &Font, placed: &Matrix, is_outlined: bool) -> Result<(), Problem> {
        let Some(text) = &code.text else { return Ok(()) };
        let count = text.chars().count();
        self.left = self.left.checked_sub(count).ok_or(Problem::TooMuchText)?;
        let Matrix([a, b, c, d, x, y]) = *placed;
        let (along, across) = if font.is_vertical { ((-c, -d), (a, b)) } else { ((a, b), (c, d)) };
        let length = along.0.hypot(along.1);
        let size = across.0.hypot(across.1) * font.em;
        // Characters of a line that runs downwards have their middle on it.
        let (x, y) = if font.is_vertical { (x - MIDDLE * across.0, y - MIDDLE * across.1) } else { (x, y) };
        let step = code.advance / count.max(1) as f32;
        for (index, c) in text.chars().enumerate() {
            let at = index as f32 * step;
            let glyph = Glyph {
                c,
                x: x + along.0 * at,
                y: y + along.1 * at,
                angle: along.1.atan2(along.0).to_degrees().round() as i16,
                width: length * step,
                size,
                is_bold: font.is_bold || is_outlined,
            };
            // A text that is set without a size is not meant to be seen, and cannot be put in order.
            if glyph.x.is_finite() && glyph.y.is_finite() && glyph.width.is_finite() && (0.1..2000.0).contains(&size) {
                self.glyphs.push(glyph);
            }
        }
        Ok(())
    }

    fn font(&mut self, dict: &Dict<'_>) -> Rc<Font> {
        let place = (dict.data().as_ptr() as usize, dict.data().len());
        if self.fonts.len() >= MOST_FONTS {
            self.fonts.clear();
        }
        self.fonts.entry(place).or_insert_with(|| Rc::new(Font::new(dict))).clone()
    }

    fn form(&mut self, form: &Stream<'_>, outer: &Resources<'_>, state: State, depth: usize) -> Result<(), Problem> {
        let dict = form.dict();
        let is_form = dict.get::<Name<'_>>("Subtype").is_some_and(|subtype| &*subtype == b"Form");
        let is_hidden = dict.get_ref("OC").is_some_and(|layer| self.hidden.contains(&layer.into()));
        if !is_form || is_hidden || depth >= DEEPEST_FORM {
            return Ok(());
        }
        self.forms += 1;
        if self.forms > MOST_FORMS {
            return Err(Problem::TooComplex);
        }
        let Some(content) = unpacked(form)? else { return Ok(()) };
        let own = dict.get::<[f32; 6]>("Matrix").map_or(Matrix::IDENTITY, Matrix);
        let state = State { page: own.then(&state.page), ..state };
        match dict.get::<Dict<'_>>("Resources") {
            Some(resources) => self.run(&content, &Resources::new(resources), state, depth + 1),
            None => self.run(&content, outer, state, depth + 1),
        }
    }

    /// What an annotation shows: the value of a field, a remark on the page.
    fn annotation(&mut self, dict: &Dict<'_>, outer: &Resources<'_>, page: Matrix) -> Result<(), Problem> {
        /// Invisible, hidden, not for the screen.
        const HIDDEN: u32 = 1 << 1 | 1 << 5;
        let kind = dict.get::<Name<'_>>("Subtype");
        let has_text = kind.is_some_and(|kind| matches!(&*kind, b"FreeText" | b"Widget" | b"Stamp"));
        let is_hidden = dict.get::<u32>("F").unwrap_or(0) & HIDDEN != 0;
        let Some(place) = dict.get::<Rect>("Rect").filter(|_| has_text && !is_hidden) else { return Ok(()) };
        if let Some(is_on) = checked(dict) {
            return self.write(if is_on { "[x]" } else { "[ ]" }, place, page);
        }
        let Some(form) = appearance(dict) else { return self.value(dict, place, page) };
        let own = form.dict().get::<[f32; 6]>("Matrix").map_or(Matrix::IDENTITY, Matrix);
        let bounds = form.dict().get::<Rect>("BBox").unwrap_or(place);
        let moved = own.fitting(corners(bounds), corners(place)).then(&page);
        self.form(&form, outer, State::new(moved), 0)
    }

    /// A value that the viewer would have to draw itself.
    fn value(&mut self, dict: &Dict<'_>, place: Rect, page: Matrix) -> Result<(), Problem> {
        match inherited(dict, "V").or_else(|| inherited(dict, "Contents")) {
            Some(Object::String(text)) => self.write(&text_string(text.as_bytes()), place, page),
            _ => Ok(()),
        }
    }

    fn write(&mut self, text: &str, place: Rect, page: Matrix) -> Result<(), Problem> {
        const SIZE: f32 = 10.0;
        let font = Font::new(&Dict::default());
        for (index, line) in text.lines().enumerate() {
            let y = place.y1 as f32 - SIZE * (index as f32 + 1.0);
            let mut state = State { size: SIZE, ..State::new(page) };
            state.next_line(place.x0 as f32, y.max(place.y0 as f32));
            for c in line.chars() {
                let code =
                    Code { text: Some(c.to_string()), advance: if c.is_ascii() { 0.5 } else { 1.0 }, is_space: false };
                let set = Matrix([SIZE, 0.0, 0.0, SIZE, 0.0, 0.0]).then(&state.text).then(&state.page);
                self.place(&code, &font, &set, false)?;
                state.move_on(code.advance * SIZE, 0.0);
            }
        }
        Ok(())
    }

    fn mark(&self, tag: &[u8], properties: &Object<'_>, resources: &Resources<'_>) -> Mark {
        if let (b"OC", Object::Name(name)) = (tag, properties) {
            let layer = resources.properties.get_ref(name);
            return if layer.is_some_and(|layer| self.hidden.contains(&layer.into())) {
                Mark::Hidden
            } else {
                Mark::Other
            };
        }
        let dict = match properties {
            Object::Dict(dict) => Some(dict.clone()),
            Object::Name(name) => resources.properties.get::<Dict<'_>>(name),
            _ => None,
        };
        match dict.and_then(|dict| dict.get::<hayro_syntax::object::String<'_>>("ActualText")) {
            Some(text) => Mark::Text(text_string(text.as_bytes()), self.glyphs.len()),
            None => Mark::Other,
        }
    }

    fn open(&mut self, mark: Mark) {
        if self.marks.len() < DEEPEST_STATE {
            self.marks.push(mark);
        }
    }

    fn close(&mut self) {
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

/// Leaves out what lies outside the page, where printers put their marks.
fn visible(mut glyphs: Vec<Glyph>, width: f32, height: f32) -> Vec<Glyph> {
    let is_on_page = |glyph: &Glyph| (-2.0..width + 2.0).contains(&glyph.x) && (-2.0..height + 2.0).contains(&glyph.y);
    if glyphs.iter().any(is_on_page) {
        glyphs.retain(is_on_page);
    }
    glyphs
}

/// The content of a page, which may be in pieces.
fn content_of(page: &Page<'_>) -> Result<Vec<u8>, Problem> {
    if let Some(stream) = page.raw().get::<Stream<'_>>("Contents") {
        return Ok(unpacked(&stream)?.unwrap_or_default());
    }
    let mut content = Vec::new();
    let pieces = page.raw().get::<Array<'_>>("Contents");
    for piece in pieces.iter().flat_map(|pieces| pieces.iter::<Stream<'_>>()) {
        content.extend(unpacked(&piece)?.unwrap_or_default());
        content.push(b' ');
        if content.len() > MOST_CONTENT {
            return Err(Problem::TooComplex);
        }
    }
    Ok(content)
}

/// A stream's data, if it can be unpacked.
fn unpacked(stream: &Stream<'_>) -> Result<Option<Vec<u8>>, Problem> {
    if let Some(data) = inflated(stream)? {
        return Ok(Some(data));
    }
    let Ok(data) = stream.decoded_data() else { return Ok(None) };
    if data.len() > MOST_CONTENT { Err(Problem::TooComplex) } else { Ok(Some(data.into_owned())) }
}

/// The data of a stream that is packed as nearly all are. `hayro_syntax` would unpack it without an end, or try three times.
fn inflated(stream: &Stream<'_>) -> Result<Option<Vec<u8>>, Problem> {
    let has_parameters = ["DecodeParms", "DP"].iter().any(|key| stream.dict().contains_key(key));
    if has_parameters || stream.filters().as_slice() != [Filter::FlateDecode] {
        return Ok(None);
    }
    let (packed, mut data) = (stream.raw_data(), Vec::new());
    let read = ZlibDecoder::new(&*packed).take(MOST_CONTENT as u64 + 1).read_to_end(&mut data);
    if data.len() > MOST_CONTENT { Err(Problem::TooComplex) } else { Ok(read.is_ok().then_some(data)) }
}

fn matrix(numbers: [Number; 6]) -> Matrix {
    Matrix(numbers.map(|number| number.as_f32()))
}

fn corners(rect: Rect) -> [f32; 4] {
    [rect.x0, rect.y0, rect.x1, rect.y1].map(|corner| corner as f32)
}

/// An entry of a field, or else of the field that it is a part of.
fn inherited<'a>(dict: &Dict<'a>, key: &str) -> Option<Object<'a>> {
    dict.get::<Object<'_>>(key).or_else(|| dict.get::<Dict<'_>>("Parent")?.get::<Object<'_>>(key))
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

/// Layers that are off when the file is opened.
fn hidden_layers(catalog: &Dict<'_>) -> Vec<ObjectIdentifier> {
    let usual = catalog.get::<Dict<'_>>("OCProperties").and_then(|layers| layers.get::<Dict<'_>>("D"));
    let off = usual.and_then(|usual| usual.get::<Array<'_>>("OFF"));
    let references = off.iter().flat_map(|off| off.raw_iter()).filter_map(|layer| match layer {
        MaybeRef::Ref(layer) => Some(layer.into()),
        MaybeRef::NotRef(_) => None,
    });
    references.take(DEEPEST_STATE).collect()
}
