//! What a page shows, as far as it is text: the operators of its content, and of the forms and annotations on it.

use std::collections::HashMap;
use std::rc::Rc;

use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Do;
use hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream};
use hayro_syntax::page::{Page, Resources};

use super::font::{Code, Font};
use super::layers::Layers;
use super::marks::Mark;
use super::matrix::Matrix;
use super::rules::{Pen, Rule};
use super::samples::Picture;
use super::streams::{content_of, unpacked};
use crate::documents::extract::problem::Problem;

/// Operators of one page with all its forms. The most detailed maps have a few million.
const MOST_OPERATORS: usize = 20_000_000;

/// Depth of forms within forms, and forms that one page has in all.
const DEEPEST_FORM: usize = 24;
const MOST_FORMS: usize = 50_000;

/// Saved states.
const DEEPEST_STATE: usize = 1_000;

/// Pictures of a page that are remembered.
const MOST_PICTURES: usize = 10_000;

/// Fonts that are kept for the pages to come.
const MOST_FONTS: usize = 200;

/// How far the middle of a character is above the line that letters stand on, as a part of the size.
pub const MIDDLE: f32 = 0.3;

/// A character where it stands, in points from the lower left corner of the page as it is read.
#[derive(Clone, Copy, Debug, Default)]
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
    /// Drawn without any ink, as what was recognised in a scan is.
    pub is_invisible: bool,
}

/// What a page shows.
#[derive(Default)]
pub struct Shown {
    /// In the order in which they are drawn.
    pub glyphs: Vec<Glyph>,
    pub rules: Vec<Rule>,
    pub has_pictures: bool,
}

/// Reads the pages of a file.
pub struct Reader {
    /// By where their dictionary stands in memory.
    fonts: HashMap<(usize, usize), Rc<Font>>,
    pub layers: Layers,
    /// Characters that may still be read.
    left: usize,
    pub glyphs: Vec<Glyph>,
    pen: Pen,
    /// Where pictures lie on the page: left, bottom, right, top.
    pictures: Vec<[f32; 4]>,
    /// On any page so far.
    pub has_pictures: bool,
    /// Pictures of the page and where they lie, if they are wanted.
    drawn: Option<Vec<(Picture, Matrix)>>,
    operators: usize,
    forms: usize,
    pub marks: Vec<Mark>,
}

/// The state of the graphics that matters for text.
#[derive(Clone)]
pub struct State {
    /// From the content's own units to the page.
    pub page: Matrix,
    pub text: Matrix,
    pub line: Matrix,
    pub font: Option<Rc<Font>>,
    pub size: f32,
    pub character_spacing: f32,
    pub word_spacing: f32,
    /// Horizontal, as a factor.
    pub scale: f32,
    pub leading: f32,
    pub rise: f32,
    /// Letters have an outline of their own colour, which makes them bold.
    pub is_outlined: bool,
    pub is_invisible: bool,
}

impl State {
    pub fn new(page: Matrix) -> Self {
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
            is_invisible: false,
        }
    }

    pub fn next_line(&mut self, x: f32, y: f32) {
        self.line = Matrix([1.0, 0.0, 0.0, 1.0, x, y]).then(&self.line);
        self.text = self.line;
    }

    pub fn move_on(&mut self, x: f32, y: f32) {
        self.text = Matrix([1.0, 0.0, 0.0, 1.0, x, y]).then(&self.text);
    }
}

impl Reader {
    /// Reads until there is more text than `most` characters. `catalog` says which layers are shown.
    pub fn new(catalog: Option<&Dict<'_>>, most: usize) -> Self {
        Self {
            fonts: HashMap::new(),
            layers: catalog.map(Layers::new).unwrap_or_default(),
            left: most,
            glyphs: Vec::new(),
            pen: Pen::default(),
            pictures: Vec::new(),
            has_pictures: false,
            drawn: None,
            operators: 0,
            forms: 0,
            marks: Vec::new(),
        }
    }

    /// What a page shows.
    ///
    /// # Errors
    /// If there is too much of anything.
    pub fn read(&mut self, page: &Page<'_>) -> Result<Shown, Problem> {
        (self.operators, self.forms) = (0, 0);
        self.marks.clear();
        self.pictures.clear();
        let upright = Matrix(page.initial_transform(false).as_coeffs().map(|coefficient| coefficient as f32));
        let content = content_of(page)?;
        self.run(&content, page.resources(), State::new(upright), 0)?;
        self.annotations(page, upright)?;
        let (width, height) = page.render_dimensions();
        let glyphs = within(seen(std::mem::take(&mut self.glyphs), &self.pictures), width, height);
        Ok(Shown { glyphs, rules: self.pen.take(), has_pictures: !self.pictures.is_empty() })
    }

    /// The pictures on a page and where they lie, as they are drawn one after the other.
    ///
    /// # Errors
    /// If there is too much of anything.
    pub fn pictures_of(&mut self, page: &Page<'_>) -> Result<Vec<(Picture, Matrix)>, Problem> {
        self.drawn = Some(Vec::new());
        self.read(page)?;
        Ok(self.drawn.take().unwrap_or_default())
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
                Do::InlineImage(image) => self.picture(image.0, &state.page)?,
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
                other if self.pen.draws(&other, &state.page) => {}
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
            Do::TextRenderingMode(mode) => {
                (state.is_outlined, state.is_invisible) = (mode.0.as_i64() == 2, mode.0.as_i64() == 3);
            }
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
                self.place(&code, &font, &placed, state)?;
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
    pub fn place(&mut self, code: &Code, font: &Font, placed: &Matrix, state: &State) -> Result<(), Problem> {
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
                is_bold: font.is_bold || state.is_outlined,
                is_invisible: state.is_invisible,
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

    /// Draws a form, or remembers where a picture lies.
    pub fn form(
        &mut self,
        form: &Stream<'_>,
        outer: &Resources<'_>,
        state: State,
        depth: usize,
    ) -> Result<(), Problem> {
        let dict = form.dict();
        let kind = dict.get::<Name<'_>>("Subtype");
        if self.layers.hide(dict, "OC") || depth >= DEEPEST_FORM {
            return Ok(());
        }
        match kind.as_deref() {
            Some(b"Form") => {}
            Some(b"Image") => return self.picture(form, &state.page),
            _ => return Ok(()),
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

    /// Remembers where a picture lies, which fills the unit square, and itself if it is wanted.
    fn picture(&mut self, picture: &Stream<'_>, page: &Matrix) -> Result<(), Problem> {
        self.has_pictures = true;
        if self.pictures.len() >= MOST_PICTURES {
            return Ok(());
        }
        self.pictures.push(page.around([0.0, 0.0, 1.0, 1.0]));
        if let Some(drawn) = &mut self.drawn {
            drawn.extend(Picture::of(picture)?.map(|picture| (picture, *page)));
        }
        Ok(())
    }
}

/// Leaves out what is drawn without ink, unless it is what was recognised in the picture above it, or all that there is.
fn seen(mut glyphs: Vec<Glyph>, pictures: &[[f32; 4]]) -> Vec<Glyph> {
    /// Parts of the text that may be visible on a page that was recognised, such as a number that was stamped on it: one in ten.
    const FEW: usize = 10;
    let invisible = glyphs.iter().filter(|glyph| glyph.is_invisible).count();
    if (glyphs.len() - invisible) * FEW > invisible {
        glyphs.retain(|glyph| !glyph.is_invisible || pictures.iter().any(|picture| lies_in(glyph, picture)));
    }
    glyphs
}

fn lies_in(glyph: &Glyph, [left, bottom, right, top]: &[f32; 4]) -> bool {
    (*left..=*right).contains(&glyph.x) && (*bottom..=*top).contains(&glyph.y)
}

/// Leaves out what lies outside the page, where printers put their marks.
fn within(mut glyphs: Vec<Glyph>, width: f32, height: f32) -> Vec<Glyph> {
    let is_on_page = |glyph: &Glyph| (-2.0..width + 2.0).contains(&glyph.x) && (-2.0..height + 2.0).contains(&glyph.y);
    if glyphs.iter().any(is_on_page) {
        glyphs.retain(is_on_page);
    }
    glyphs
}

fn matrix(numbers: [Number; 6]) -> Matrix {
    Matrix(numbers.map(|number| number.as_f32()))
}
