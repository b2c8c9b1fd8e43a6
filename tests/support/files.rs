//! Files to read, good and bad, made by hand so that every byte of them is known.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// Lines of a page with the size of their type.
pub type Page = Vec<(u32, String)>;

/// What a PDF is made of, and what is wrong with it.
#[derive(Clone, Copy)]
pub struct Pdf<'a> {
    pub pages: &'a [Page],
    pub title: &'a str,
    pub author: &'a str,
    /// Encrypted under a password that is not told.
    pub is_locked: bool,
    /// White space on the first page.
    pub padding: usize,
    /// What the page tree says instead of its pages.
    pub kids: Option<&'a str>,
    /// How many pages it says there are.
    pub count: Option<usize>,
    /// The table of objects names itself as the one before.
    pub is_loop: bool,
    /// An object that the catalog refers to.
    pub extra: &'a str,
}

impl<'a> Pdf<'a> {
    pub fn of(pages: &'a [Page]) -> Self {
        Self {
            pages,
            title: "",
            author: "",
            is_locked: false,
            padding: 0,
            kids: None,
            count: None,
            is_loop: false,
            extra: "null",
        }
    }
}

pub fn pdf(pages: &[Page]) -> Vec<u8> {
    pdf_with(&Pdf::of(pages))
}

/// A PDF with Chinese text: characters are written as UTF-16 and mapped to themselves.
pub fn pdf_with(file: &Pdf) -> Vec<u8> {
    /// Before the pages: catalog, tree, font, its descendant, its map, the facts about the file, the extra object.
    const FIRST: usize = 8;
    // Ranges may only differ in their last byte, and a hundred stand together.
    let ranges: Vec<String> = (0..=255).map(|high| format!("<{high:02x}00> <{high:02x}ff> <{high:02x}00>\n")).collect();
    let ranges: String =
        ranges.chunks(100).map(|some| format!("{} beginbfrange\n{}endbfrange\n", some.len(), some.concat())).collect();
    let cmap = format!(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /X def\n/CMapType 2 def\n\
        1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n{ranges}endcmap\nend\nend\n"
    );
    let kids: Vec<String> = (0..file.pages.len()).map(|index| format!("{} 0 R", FIRST + 2 * index)).collect();
    let kids = file.kids.map_or(kids.join(" "), str::to_owned);
    let count = file.count.unwrap_or(file.pages.len());
    let mut objects: Vec<Vec<u8>> = vec![
        b"<</Type/Catalog/Pages 2 0 R/Extra 7 0 R>>".to_vec(),
        format!("<</Type/Pages/Count {count}/Kids[{kids}]>>").into_bytes(),
        b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[4 0 R]/ToUnicode 5 0 R>>".to_vec(),
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW 1000>>"
            .to_vec(),
        stream(cmap.as_bytes()),
        format!("<</Title<{}>/Author<{}>>>", utf16("\u{feff}", file.title), utf16("\u{feff}", file.author)).into_bytes(),
        file.extra.as_bytes().to_vec(),
    ];
    for (index, page) in file.pages.iter().enumerate() {
        let contents = FIRST + 2 * index + 1;
        objects.push(
            format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>/Contents {contents} 0 R>>")
                .into_bytes(),
        );
        let mut text = String::new();
        for (row, (size, line)) in page.iter().enumerate() {
            let y = 800 - 26 * row as i64;
            text.push_str(&format!("BT /F {size} Tf 1 0 0 1 40 {y} Tm <{}> Tj ET\n", utf16("", line)));
        }
        let padding = if index == 0 { file.padding } else { 0 };
        objects.push(stream(&[text.as_bytes(), &vec![b' '; padding]].concat()));
    }
    let secret = "00".repeat(32);
    let encrypt = format!("/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<{secret}>/U<{secret}>>>");
    written(&objects, if file.is_locked { &encrypt } else { "" }, file.is_loop)
}

/// A PDF of these objects: the catalog is the first, the facts about the file are the sixth.
pub fn pdf_of(objects: &[&str]) -> Vec<u8> {
    let objects: Vec<Vec<u8>> = objects.iter().map(|object| object.as_bytes().to_vec()).collect();
    written(&objects, "", false)
}

fn written(objects: &[Vec<u8>], encrypt: &str, is_loop: bool) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(objects) {
        offsets.push(bytes.len());
        bytes.extend(format!("{number} 0 obj\n").into_bytes());
        bytes.extend(object);
        bytes.extend(b"\nendobj\n");
    }
    let table = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).into_bytes());
    for offset in &offsets {
        bytes.extend(format!("{offset:010} 00000 n \n").into_bytes());
    }
    let previous = if is_loop { format!("/Prev {table}") } else { String::new() };
    let size = offsets.len() + 1;
    bytes.extend(
        format!("trailer\n<</Size {size}/Root 1 0 R/Info 6 0 R{encrypt}{previous}>>\nstartxref\n{table}\n%%EOF\n")
            .into_bytes(),
    );
    bytes
}

fn stream(content: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(content).expect("packed");
    let packed = packed.finish().expect("packed");
    let head = format!("<</Length {}/Filter/FlateDecode>>\nstream\n", packed.len());
    [head.as_bytes(), &packed, b"\nendstream"].concat()
}

fn utf16(mark: &str, text: &str) -> String {
    mark.encode_utf16().chain(text.encode_utf16()).map(|unit| format!("{unit:04x}")).collect()
}

/// An archive with these parts, by their names.
pub fn package(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, content) in parts {
        archive.start_file(*name, options).expect("a part");
        archive.write_all(content.as_bytes()).expect("written");
    }
    archive.finish().expect("an archive").into_inner()
}

/// A Word document with that between the marks of its body.
pub fn docx(body: &str) -> Vec<u8> {
    docx_with(body, &[])
}

/// The same with more parts.
pub fn docx_with(body: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let body = format!("<?xml version=\"1.0\"?><w:document {WORD}><w:body>{body}</w:body></w:document>");
    let styles = format!(
        r#"<w:styles {WORD}><w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/></w:style></w:styles>"#
    );
    let about = r#"<cp:p xmlns:cp="c" xmlns:dc="d"><dc:title>员工手册</dc:title><dc:creator>Ann</dc:creator></cp:p>"#;
    let parts = [
        ("[Content_Types].xml", "<Types/>"),
        ("docProps/core.xml", about),
        ("word/styles.xml", &styles),
        ("word/document.xml", &body),
    ];
    package(&[parts.as_slice(), more].concat())
}

/// The name space of the elements of a Word document.
pub const WORD: &str = r#"xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main""#;

/// Bytes without any order, the same in every run (xorshift).
pub fn random(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}
