//! Fonts as far as text needs them: how a string is cut into codes, and each code's text and width.

use hayro_cmap::{BfString, CMap, CMapName, CharacterCollection, CidFamily, WritingMode, load_embedded};
use hayro_syntax::object::{Array, Dict, Name, Object, Stream, String as Bytes};

use super::names::{self, Encoding};
use super::widths;

/// Most bytes of a font's parts that are looked into. A map for all of Unicode takes 2 MB.
const LARGEST_PART: usize = 16 << 20;

/// A font of a file.
pub struct Font {
    kind: Kind,
    /// From codes to text, by the file's own account.
    to_unicode: Option<CMap>,
    name: String,
    pub is_bold: bool,
    /// Written from top to bottom.
    pub is_vertical: bool,
    /// Of a letter, as a part of the size that the text is set in. Only fonts of pictures have another than 1.
    pub em: f32,
}

enum Kind {
    /// One byte each.
    Simple(Box<[Simple; 256]>),
    Composite(Box<Composite>),
}

/// What a byte stands for.
#[derive(Clone, Default)]
struct Simple {
    text: Option<String>,
    /// As a part of the size.
    width: f32,
}

/// A font whose codes lead to the numbers of characters in a collection, mostly Chinese, Japanese or Korean.
struct Composite {
    encoding: Codes,
    /// From the numbers of the collection to text.
    collection: Option<CMap>,
    /// First and last number, and their width; sorted.
    widths: Vec<(u32, u32, f32)>,
    default_width: f32,
    /// Of lines that run downwards.
    height: f32,
}

enum Codes {
    /// The code is the character in UTF-16, or the number that a predefined map gives it.
    Utf16(CMap),
    Map(CMap),
    /// Two bytes are the number.
    Identity,
}

/// A code of a string.
pub struct Code {
    pub text: Option<String>,
    /// How far the next one is, as a part of the size. Downwards in vertical fonts.
    pub advance: f32,
    /// A single byte 32, to which the word spacing is added.
    pub is_space: bool,
}

impl Font {
    pub fn new(dict: &Dict<'_>) -> Self {
        let name = dict.get::<Name<'_>>("BaseFont").map(|name| name.as_str().to_owned()).unwrap_or_default();
        let is_composite = dict.get::<Name<'_>>("Subtype").is_some_and(|subtype| &*subtype == b"Type0");
        let descendant = || dict.get::<Array<'_>>("DescendantFonts")?.iter::<Dict<'_>>().next();
        let base = if is_composite { descendant().unwrap_or_default() } else { dict.clone() };
        let descriptor = base.get::<Dict<'_>>("FontDescriptor").unwrap_or_default();
        let is_bold = is_bold(&name, &descriptor);
        let (kind, is_vertical) = if is_composite {
            let (composite, is_vertical) = Composite::new(dict, &base);
            (Kind::Composite(Box::new(composite)), is_vertical)
        } else {
            (Kind::Simple(simple(dict, &descriptor, &name, is_bold)), false)
        };
        Self { kind, to_unicode: to_unicode(dict), is_bold, is_vertical, em: em(dict), name }
    }

    /// Cuts a string of a content stream into codes.
    pub fn codes<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Code> + 'a {
        let mut rest = bytes;
        std::iter::from_fn(move || {
            let (code, length) = self.first_code(rest)?;
            rest = &rest[length..];
            let is_space = length == 1 && code == 32;
            Some(Code { text: self.text(code, length), advance: self.advance(code, length), is_space })
        })
    }

    fn first_code(&self, bytes: &[u8]) -> Option<(u32, usize)> {
        let first = u32::from(*bytes.first()?);
        Some(match &self.kind {
            Kind::Simple(_) => (first, 1),
            Kind::Composite(composite) => composite.first_code(bytes).unwrap_or((first, 1)),
        })
    }

    fn text(&self, code: u32, length: usize) -> Option<String> {
        let own = self.to_unicode.as_ref().and_then(|map| map.lookup_bf_string(code)).map(string);
        let own = own.filter(|text| text.chars().any(|c| !c.is_control() && c != '\u{fffd}'));
        let text = own.or_else(|| match &self.kind {
            Kind::Simple(codes) => codes.get(code as usize)?.text.clone(),
            Kind::Composite(composite) => composite.text(code, length),
        })?;
        let has_own_area = text.chars().any(|c| matches!(c, '\u{f020}'..='\u{f0ff}'));
        if !has_own_area {
            return Some(text);
        }
        Some(text.chars().map(|c| names::of_own_area(c, &self.name).unwrap_or(c)).collect())
    }

    fn advance(&self, code: u32, length: usize) -> f32 {
        match &self.kind {
            Kind::Simple(codes) => codes.get(code as usize).map_or(0.5, |code| code.width),
            Kind::Composite(composite) if self.is_vertical => composite.height,
            Kind::Composite(composite) => composite.width(code, length),
        }
    }
}

fn string(text: BfString) -> String {
    match text {
        BfString::Char(c) => c.to_string(),
        BfString::String(text) => text,
    }
}

fn is_bold(name: &str, descriptor: &Dict<'_>) -> bool {
    const FORCED: u32 = 1 << 18;
    ["Bold", "bold", "Black", "Heavy", "Demi"].iter().any(|weight| name.contains(weight))
        || descriptor.get::<f32>("FontWeight").is_some_and(|weight| weight >= 600.0)
        || descriptor.get::<u32>("Flags").is_some_and(|flags| flags & FORCED != 0)
}

/// How large letters of a font of pictures are, for their size may be 1 and all of it in the matrix.
fn em(dict: &Dict<'_>) -> f32 {
    if dict.get::<Name<'_>>("Subtype").is_none_or(|subtype| &*subtype != b"Type3") {
        return 1.0;
    }
    let matrix = dict.get::<[f32; 6]>("FontMatrix").unwrap_or([0.001, 0.0, 0.0, 0.001, 0.0, 0.0]);
    let bounds = dict.get::<[f32; 4]>("FontBBox").unwrap_or_default();
    let height = ((bounds[3] - bounds[1]) * matrix[3]).abs();
    if height.is_finite() && height > 0.0 && !(0.3..3.0).contains(&height) { height } else { 1.0 }
}

fn to_unicode(dict: &Dict<'_>) -> Option<CMap> {
    let data = part(dict, "ToUnicode")?;
    CMap::parse(&data, load_embedded)
}

/// The content of a stream, unless it is absurdly long.
fn part<'a>(dict: &Dict<'a>, key: &str) -> Option<std::borrow::Cow<'a, [u8]>> {
    let data = dict.get::<Stream<'_>>(key)?.decoded_data().ok()?;
    (data.len() <= LARGEST_PART).then_some(data)
}

fn simple(dict: &Dict<'_>, descriptor: &Dict<'_>, name: &str, is_bold: bool) -> Box<[Simple; 256]> {
    let texts = texts(dict, descriptor, name);
    let widths = Widths::new(dict, descriptor);
    let mut codes: Box<[Simple; 256]> = Box::new(std::array::from_fn(|_| Simple::default()));
    for ((code, simple), text) in codes.iter_mut().enumerate().zip(texts) {
        let usual = || text.as_ref().and_then(|text| text.chars().next()).map(|c| widths::usual(c, name, is_bold));
        simple.width = widths.of(code).or_else(usual).unwrap_or(0.5);
        simple.text = text;
    }
    codes
}

/// The texts of all bytes: by the names that the file gives them, by a known encoding, or by the font's own.
fn texts(dict: &Dict<'_>, descriptor: &Dict<'_>, name: &str) -> Vec<Option<String>> {
    let own = own_encoding(descriptor, name);
    let encoding = dict.get::<Dict<'_>>("Encoding");
    let named = match &encoding {
        Some(encoding) => encoding.get::<Name<'_>>("BaseEncoding"),
        None => dict.get::<Name<'_>>("Encoding"),
    };
    let base =
        named.and_then(|name| Encoding::named(&name)).filter(|_| own.is_none_or(|own| own == Encoding::Standard));
    let mut texts: Vec<Option<String>> = match base {
        Some(base) => by_encoding(base),
        None => built_in(descriptor).unwrap_or_else(|| by_encoding(own.unwrap_or_else(|| usual(dict)))),
    };
    let differences = encoding.and_then(|encoding| encoding.get::<Array<'_>>("Differences"));
    let mut code = 0;
    for item in differences.iter().flat_map(|array| array.iter::<Object<'_>>()) {
        match item {
            Object::Number(number) => code = usize::try_from(number.as_i64()).unwrap_or(usize::MAX),
            Object::Name(name) => {
                if let Some(text) = texts.get_mut(code) {
                    *text = names::text_of(name.as_str()).or(text.take());
                }
                code = code.saturating_add(1);
            }
            _ => {}
        }
    }
    texts
}

fn by_encoding(encoding: Encoding) -> Vec<Option<String>> {
    (0..=255).map(|code| encoding.char(code).map(String::from)).collect()
}

/// The encoding of fonts that are known by name.
fn own_encoding(descriptor: &Dict<'_>, name: &str) -> Option<Encoding> {
    let is_embedded = ["FontFile", "FontFile2", "FontFile3"].iter().any(|key| descriptor.contains_key(key));
    if name.contains("Dingbats") {
        Some(Encoding::Dingbats)
    } else if name.contains("Wingdings") {
        Some(Encoding::Wingdings)
    } else if name.ends_with("Symbol") || name.ends_with("SymbolMT") || name.starts_with("Symbol") {
        Some(Encoding::Symbol)
    } else {
        (!is_embedded).then_some(Encoding::Standard)
    }
}

/// What bytes most likely are where nothing says it.
fn usual(dict: &Dict<'_>) -> Encoding {
    match dict.get::<Name<'_>>("Subtype").as_deref() {
        Some(b"TrueType") => Encoding::WinAnsi,
        _ => Encoding::Standard,
    }
}

/// The encoding within an embedded font of Type 1, whose beginning is a program in plain text.
fn built_in(descriptor: &Dict<'_>) -> Option<Vec<Option<String>>> {
    let data = part(descriptor, "FontFile")?;
    let end = data.windows(5).position(|window| window == b"eexec").unwrap_or(data.len());
    let program = String::from_utf8_lossy(&data[..end]);
    let (_, encoding) = program.split_once("/Encoding")?;
    if encoding.trim_start().starts_with("StandardEncoding") {
        return Some(by_encoding(Encoding::Standard));
    }
    let mut texts = vec![None; 256];
    let mut words = encoding.split_ascii_whitespace().take_while(|word| *word != "def" && *word != "readonly");
    // "dup 65 /A put", after a loop that sets all to nothing.
    while let Some(word) = words.next() {
        if word != "dup" {
            continue;
        }
        let code = words.next().and_then(|code| code.parse::<usize>().ok());
        let name = words.next().and_then(|name| name.strip_prefix('/'));
        if let (Some(text), Some(name)) = (code.and_then(|code| texts.get_mut(code)), name) {
            *text = names::text_of(name);
        }
    }
    texts.iter().any(Option::is_some).then_some(texts)
}

/// The widths that a simple font tells.
struct Widths {
    first: usize,
    widths: Vec<f32>,
    missing: Option<f32>,
    /// Of a unit, as a part of the size.
    unit: f32,
}

impl Widths {
    fn new(dict: &Dict<'_>, descriptor: &Dict<'_>) -> Self {
        let matrix = dict.get::<[f32; 6]>("FontMatrix").filter(|_| dict.contains_key("CharProcs"));
        let widths: Vec<f32> =
            dict.get::<Array<'_>>("Widths").map(|widths| widths.iter::<f32>().take(256).collect()).unwrap_or_default();
        Self {
            first: dict.get::<usize>("FirstChar").unwrap_or(0),
            missing: descriptor.get::<f32>("MissingWidth").filter(|_| !widths.is_empty()),
            widths,
            unit: matrix.map_or(0.001, |matrix| matrix[0].abs()),
        }
    }

    fn of(&self, code: usize) -> Option<f32> {
        let width = code.checked_sub(self.first).and_then(|index| self.widths.get(index).copied());
        width.or(self.missing).map(|width| width * self.unit)
    }
}

impl Composite {
    /// The font, and whether its lines run downwards.
    fn new(dict: &Dict<'_>, descendant: &Dict<'_>) -> (Self, bool) {
        let (encoding, is_vertical, of_map) = Codes::new(dict);
        let collection = of_map.or_else(|| collection(descendant)).and_then(|family| {
            let data = load_embedded(family.ucs2_cmap()?)?;
            CMap::parse(data, load_embedded)
        });
        let thousandths = |key: &str| descendant.get::<f32>(key).map(|width| width / 1000.0);
        let height = descendant.get::<[f32; 2]>("DW2").map_or(1.0, |[_, height]| (height / 1000.0).abs());
        let composite = Self {
            encoding,
            collection,
            widths: composite_widths(descendant),
            default_width: thousandths("DW").unwrap_or(1.0),
            height,
        };
        (composite, is_vertical)
    }

    fn first_code(&self, bytes: &[u8]) -> Option<(u32, usize)> {
        let number = |length: usize| {
            let bytes = bytes.get(..length)?;
            Some(bytes.iter().fold(0, |code, byte| code << 8 | u32::from(*byte)))
        };
        match &self.encoding {
            Codes::Identity => Some((number(2)?, 2)),
            Codes::Utf16(_) => {
                let is_pair = number(2).is_some_and(|unit| (0xd800..0xdc00).contains(&unit));
                let length = if is_pair { 4 } else { 2 };
                Some((number(length)?, length))
            }
            Codes::Map(map) => {
                let known = (1..=4).find_map(|length| {
                    let code = number(length)?;
                    map.lookup_cid_code(code, length as u8).map(|_| (code, length))
                });
                // An unknown character is most likely as long as all others.
                known.or_else(|| Some((number(2)?, 2)))
            }
        }
    }

    fn cid(&self, code: u32, length: usize) -> Option<u32> {
        match &self.encoding {
            Codes::Identity => Some(code),
            Codes::Utf16(map) | Codes::Map(map) => map.lookup_cid_code(code, length as u8),
        }
    }

    fn text(&self, code: u32, length: usize) -> Option<String> {
        if let Codes::Utf16(_) = self.encoding {
            let units = [(code >> 16) as u16, code as u16];
            return String::from_utf16(if length == 4 { &units } else { &units[1..] }).ok();
        }
        let (map, cid) = (self.collection.as_ref()?, self.cid(code, length)?);
        let as_cid = || (1..=4).find_map(|length| map.lookup_cid_code(cid, length)).and_then(char::from_u32);
        map.lookup_bf_string(cid).map(string).or_else(|| as_cid().map(String::from))
    }

    fn width(&self, code: u32, length: usize) -> f32 {
        let Some(cid) = self.cid(code, length) else { return self.default_width };
        let after = self.widths.partition_point(|(first, _, _)| *first <= cid);
        let entry = after.checked_sub(1).and_then(|index| self.widths.get(index));
        entry.filter(|(_, last, _)| cid <= *last).map_or(self.default_width, |(_, _, width)| *width)
    }
}

impl Codes {
    /// How strings are cut, whether lines run downwards, and the collection that a predefined map names.
    fn new(dict: &Dict<'_>) -> (Self, bool, Option<CidFamily>) {
        let name = dict.get::<Name<'_>>("Encoding");
        let name = name.as_deref().unwrap_or_default();
        let embedded = || CMap::parse(&part(dict, "Encoding")?, load_embedded);
        let predefined = || CMap::parse(load_embedded(CMapName::from_bytes(name))?, load_embedded);
        let is_downwards = name.ends_with(b"-V") || name == b"V";
        let Some(map) = embedded().or_else(predefined) else { return (Self::Identity, is_downwards, None) };
        let is_vertical = is_downwards || map.metadata().writing_mode == Some(WritingMode::Vertical);
        let of_map = map.metadata().character_collection.clone().map(|CharacterCollection { family, .. }| family);
        let of_map = of_map.filter(|family| family.ucs2_cmap().is_some());
        let is_utf16 = name.starts_with(b"Uni")
            && [&b"UCS2"[..], b"UTF16"].iter().any(|form| name[3..].windows(form.len()).any(|part| part == *form));
        (if is_utf16 { Self::Utf16(map) } else { Self::Map(map) }, is_vertical, of_map)
    }
}

fn collection(descendant: &Dict<'_>) -> Option<CidFamily> {
    let info = descendant.get::<Dict<'_>>("CIDSystemInfo")?;
    let text = |key: &str| info.get::<Bytes<'_>>(key);
    Some(CidFamily::from_registry_ordering(&text("Registry")?, &text("Ordering")?))
}

/// "c [w1 w2 …]" or "first last w", in any order.
fn composite_widths(descendant: &Dict<'_>) -> Vec<(u32, u32, f32)> {
    let Some(array) = descendant.get::<Array<'_>>("W") else { return Vec::new() };
    let mut widths = Vec::new();
    let mut items = array.flex_iter();
    loop {
        if let Some((first, list)) = items.next::<(u32, Array<'_>)>() {
            widths.extend((first..=u32::MAX).zip(list.iter::<f32>()).map(|(cid, width)| (cid, cid, width / 1000.0)));
        } else if let Some((first, last, width)) = items.next::<(u32, u32, f32)>() {
            widths.push((first, last, width / 1000.0));
        } else {
            break;
        }
    }
    widths.sort_by_key(|(first, _, _)| *first);
    widths
}
