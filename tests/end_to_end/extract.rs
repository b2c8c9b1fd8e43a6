//! Files of every kind, kind and hostile: what is read out of them by a process of its own, and in which words they are
//! refused.

use std::path::Path;
use std::time::{Duration, Instant};

use chatbot::documents::{ExtractLimits, Extracted, Extractor};
use chatbot::model::DocumentKind;
use chatbot::process::Programs;
use chatbot::text::Locale;
use rustix::fs::{CWD, FileType, Mode};

use crate::documents::upload;
use crate::files::{Pdf, WORD, docx, docx_with, package, pdf, pdf_with, random};
use crate::support::{PATIENCE, ServerProcess};

/// Room for what the tests read, and little enough that hostile files meet the limits soon.
const LIMITS: ExtractLimits =
    ExtractLimits { file: 8 << 20, text: 1 << 20, pages: 1000, memory: 512 << 20, time: Duration::from_secs(15) };

/// Reads a file of that content and name; afterwards nothing may be left of the process.
pub async fn extract(name: &str, content: &[u8]) -> Result<Extracted, String> {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("upload");
    std::fs::write(&file, content).expect("written");
    extract_at(&file, name, LIMITS).await
}

async fn extract_at(file: &Path, name: &str, limits: ExtractLimits) -> Result<Extracted, String> {
    let programs = Programs::new(env!("CARGO_BIN_EXE_chatbot").into());
    let extractor = Extractor::new(programs.clone(), limits, None);
    let start = Instant::now();
    let extracted = extractor.extract(file, name, None, |_| {}).await;
    assert!(start.elapsed() < limits.time + Duration::from_secs(2), "{name} took {:?}", start.elapsed());
    tokio::time::timeout(PATIENCE, programs.all_ended()).await.expect("nothing is left");
    extracted.map_err(|text| {
        for locale in Locale::ALL {
            let words = text.in_locale(locale);
            assert!(!words.contains('\n') && words.ends_with(['.', '。']), "{words}");
        }
        text.code().to_owned()
    })
}

pub async fn refused(name: &str, content: &[u8]) -> String {
    match extract(name, content).await {
        Err(code) => code,
        Ok(extracted) => panic!("{name} was read: {:.200}", extracted.text),
    }
}

/// A file that takes a while to read.
fn long_pdf() -> Vec<u8> {
    let page = vec![(11, "员工应当在三个工作日内提交报销单据。".to_owned()); 30];
    pdf(&vec![page; 900])
}

#[test]
fn the_process_that_reads_a_file_has_given_up_system_calls() {
    if !chatbot::process::syscalls::HAS_FILTER {
        return eprintln!("not tested: there is no filter for this machine");
    }
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("long.pdf");
    std::fs::write(&file, long_pdf()).expect("written");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_chatbot"));
    command.arg("extract").stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let limits = serde_json::to_value(LIMITS).expect("JSON");
    let task =
        serde_json::json!({"file": file, "name": "long.pdf", "media_type": null, "limits": limits, "wanted": "Text"});
    let mut input = child.stdin.take().expect("piped");
    std::io::Write::write_all(&mut input, task.to_string().as_bytes()).expect("told");
    drop(input);
    let until = Instant::now() + PATIENCE;
    let status = loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let has_ended = child.try_wait().expect("a child").is_some();
        if status.contains("Seccomp:\t2") || has_ended || Instant::now() > until {
            break status;
        }
    };
    let _ = child.kill();
    child.wait().expect("it ends");
    assert!(status.contains("Seccomp:\t2") && status.contains("NoNewPrivs:\t1"), "{status}");
}

#[tokio::test]
async fn a_pdf_keeps_its_pages_headings_title_and_author() {
    let body = |n: usize| format!("员工应当在第{n}个工作日内提交报销单据，财务部门负责审核。");
    let first = ["第一章 总则".to_owned(), body(1), body(2)];
    let second = [body(3), "第二章 出差".to_owned(), body(4)];
    let sized = |line: String| (if line.starts_with('第') { 20 } else { 11 }, line);
    let pages = [first.map(sized).to_vec(), second.map(sized).to_vec()];
    let read = extract("手册.pdf", &pdf_with(&Pdf { title: "员工手册", author: "王小明", ..Pdf::of(&pages) })).await;
    let read = read.expect("a readable file");
    assert_eq!((read.title.as_deref(), read.author.as_deref()), (Some("员工手册"), Some("王小明")));
    assert_eq!((read.pages, read.kind), (Some(2), DocumentKind::Text));
    let pages: Vec<&str> = read.text.split('\x0c').collect();
    assert_eq!(pages.len(), 2, "{}", read.text);
    assert!(pages[0].starts_with("# 第一章 总则\n") && pages[0].contains(&body(2)), "{}", read.text);
    assert!(pages[1].contains(&body(3)) && pages[1].contains("# 第二章 出差\n"), "{}", read.text);
}

#[tokio::test]
async fn a_word_document_keeps_headings_lists_and_tables() {
    let body = r#"<w:p><w:pPr><w:pStyle w:val="1"/></w:pPr><w:r><w:t>第一章</w:t></w:r><w:r><w:t xml:space="preserve"> 总则 &amp; 说明</w:t></w:r></w:p>
        <w:p><w:r><w:t>First,</w:t><w:br/><w:t># second.</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>
        <w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>车票</w:t></w:r></w:p><w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>酒店</w:t></w:r></w:p>
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>City</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Limit</w:t></w:r></w:p></w:tc></w:tr>
        <w:tr><w:tc><w:p><w:r><w:t>Ulm</w:t></w:r></w:p></w:tc><w:tc><w:p/></w:tc></w:tr></w:tbl>
        <w:p><w:pPr><w:outlineLvl w:val="1"/></w:pPr><w:r><w:lastRenderedPageBreak/><w:t>Part</w:t></w:r></w:p><w:p><w:r><w:t>End.</w:t></w:r></w:p>"#;
    let read = extract("手册.docx", &docx(body)).await.expect("a readable file");
    assert_eq!((read.title.as_deref(), read.author.as_deref()), (Some("员工手册"), Some("Ann")));
    assert_eq!(read.pages, Some(2));
    let expected =
        "# 第一章 总则 & 说明\n\nFirst,\n # second.\n\n- 车票\n- 酒店\n\nCity | Limit\nUlm |\n\n\x0c## Part\n\nEnd.";
    assert_eq!(read.text.replace("\n\x0c", "\x0c").replace("\n\x0c", "\x0c"), expected.replace("\n\n\x0c", "\x0c"));
}

/// A paragraph of a Word document.
fn words(text: &str) -> String {
    format!("<w:p><w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r></w:p>")
}

/// What refers to parts of an Office document.
fn relations(of: &[(&str, &str, &str)]) -> String {
    let of = of.iter().map(|(id, kind, target)| {
        format!("<Relationship Id=\"{id}\" Type=\"http://x/relationships/{kind}\" Target=\"{target}\"/>")
    });
    format!("<Relationships>{}</Relationships>", of.collect::<String>())
}

#[tokio::test]
async fn what_changes_the_meaning_of_a_word_document_is_kept() {
    let numbered = |list: u8, level: u8, text: &str| {
        format!(
            "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"{list}\"/></w:numPr></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"
        )
    };
    let body = [
        numbered(1, 0, "Term"),
        numbered(1, 1, "Rent is due on the third."),
        r#"<w:p><w:r><w:t>Open 1</w:t><w:noBreakHyphen/><w:t>24 hours, nine euros a night</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r>
            <w:r><w:t xml:space="preserve">, 5 m</w:t></w:r><w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>2</w:t></w:r>
            <w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom>
            <w:r><w:sym w:font="Symbol" w:char="F0B3"/></w:r></w:p>"#
            .to_owned(),
        r#"<w:p><w:r><w:ruby><w:rt><w:r><w:t>kan</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢</w:t></w:r></w:rubyBase></w:ruby></w:r><w:r><w:t>字</w:t></w:r></w:p>"#
            .to_owned(),
        r#"<w:p><w:r><w:rPr><w:b/><w:sz w:val="32"/></w:rPr><w:t>Delivery</w:t></w:r></w:p>"#.to_owned(),
        words("Within three days."),
    ]
    .concat();
    let numbering = format!(
        r#"<w:numbering {WORD}><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="2"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
        <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>"#
    );
    let notes = format!(
        "<w:footnotes {WORD}><w:footnote w:type=\"separator\" w:id=\"0\"><w:p/></w:footnote><w:footnote w:id=\"2\">{}</w:footnote></w:footnotes>",
        words("doubled on holidays")
    );
    let footer = format!("<w:ftr {WORD}>{}{}</w:ftr>", words("Hotline 0800 123"), words("7"));
    let related = relations(&[("r1", "footer", "footer1.xml"), ("r2", "numbering", "numbering.xml")]);
    let file = docx_with(
        &body,
        &[
            ("word/numbering.xml", &numbering),
            ("word/footnotes.xml", &notes),
            ("word/footer1.xml", &footer),
            ("word/_rels/document.xml.rels", &related),
        ],
    );
    let read = extract("a.docx", &file).await.expect("a readable file");
    let expected = "2. Term\n2.1 Rent is due on the third.\nOpen 1-24 hours, nine euros a night¹, 5 m²≥\n\n¹ doubled on holidays\n\n\
                    漢(kan)字\n\n## Delivery\n\nWithin three days.\n\nHotline 0800 123";
    assert_eq!(read.text, expected);
}

#[tokio::test]
async fn a_word_document_is_found_wherever_it_says_that_it_is() {
    let body = format!("<w:document {WORD}><w:body>{}</w:body></w:document>", words("From the web."));
    let related = relations(&[("r1", "officeDocument", "word/document2.xml")]);
    let file = package(&[("_rels/.rels", &related), ("word/document2.xml", &body)]);
    assert_eq!(extract("a.docx", &file).await.expect("a readable file").text, "From the web.");
}

#[tokio::test]
async fn cells_of_word_tables_stay_in_their_columns() {
    let cell = |properties: &str, text: &str| format!("<w:tc><w:tcPr>{properties}</w:tcPr>{}</w:tc>", words(text));
    let rows = [
        [cell("", "Item"), cell("", "Red"), cell("", "Blue")].concat(),
        [cell("<w:vMerge w:val=\"restart\"/>", "Rope"), cell("", ""), cell("", "31")].concat(),
        [cell("<w:vMerge/>", ""), cell("", "5"), cell("", "6")].concat(),
        [cell("<w:gridSpan w:val=\"2\"/>", "Both"), cell("", "7")].concat(),
    ];
    let rows: String = rows.iter().map(|row| format!("<w:tr>{row}</w:tr>")).collect();
    let read = extract("a.docx", &docx(&format!("<w:tbl>{rows}</w:tbl>"))).await.expect("a readable file");
    assert_eq!(read.text, "Item | Red | Blue\nRope |  | 31\nRope | 5 | 6\nBoth |  | 7");
}

#[tokio::test]
async fn slides_are_pages_with_their_notes() {
    let shape = |kind: &str, text: &str| {
        format!(
            "<p:sp><p:nvSpPr><p:nvPr><p:ph type=\"{kind}\"/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
        )
    };
    let slide = |attributes: &str, shapes: &str| {
        format!("<p:sld {attributes} xmlns:p=\"p\" xmlns:a=\"a\"><p:cSld>{shapes}</p:cSld></p:sld>")
    };
    let first = slide("", &[shape("title", "Prices"), shape("body", "Ten euros."), shape("sldNum", "1")].concat());
    let hidden = slide("show=\"0\"", &shape("body", "draft"));
    let table = "<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>City</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>Fee</a:t></a:r></a:p></a:txBody></a:tc></a:tr>\
                 <a:tr><a:tc><a:txBody><a:p><a:r><a:t>Ulm</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p/></a:txBody></a:tc></a:tr></a:tbl></p:graphicFrame>";
    let last = slide("", &(shape("sldNum", "3") + table));
    let notes = slide("", &shape("body", "Say that it is cheap."));
    let main = "<p:presentation xmlns:p=\"p\" xmlns:r=\"r\"><p:sldIdLst><p:sldId id=\"256\" r:id=\"rId2\"/><p:sldId id=\"257\" r:id=\"rId9\"/><p:sldId id=\"258\" r:id=\"rId1\"/></p:sldIdLst></p:presentation>";
    let related = relations(&[
        ("rId1", "slide", "slides/a.xml"),
        ("rId2", "slide", "slides/b.xml"),
        ("rId9", "slide", "slides/c.xml"),
    ]);
    let file = package(&[
        ("ppt/presentation.xml", main),
        ("ppt/_rels/presentation.xml.rels", &related),
        ("ppt/slides/a.xml", &last),
        ("ppt/slides/b.xml", &first),
        ("ppt/slides/c.xml", &hidden),
        ("ppt/slides/_rels/b.xml.rels", &relations(&[("r", "notesSlide", "../notesSlides/n.xml")])),
        ("ppt/notesSlides/n.xml", &notes),
    ]);
    let read = extract("a.pptx", &file).await.expect("a readable file");
    assert_eq!(read.pages, Some(3));
    assert_eq!(read.text, "# Prices\n\nTen euros.\n\nSay that it is cheap.\x0c\x0cCity | Fee\nUlm |");
}

#[tokio::test]
async fn texts_of_open_document_keep_headings_notes_and_tables() {
    let names = "xmlns:office=\"o\" xmlns:text=\"t\" xmlns:table=\"b\" xmlns:style=\"s\" xmlns:draw=\"d\"";
    let content = format!(
        "<office:document-content {names}><office:automatic-styles><style:style style:name=\"T1\"><style:text-properties style:text-position=\"super 58%\"/></style:style>\
         <style:style style:name=\"T2\"><style:text-properties text:display=\"none\"/></style:style></office:automatic-styles><office:body><office:text>\
         <text:tracked-changes><text:p>gone</text:p></text:tracked-changes><text:h text:outline-level=\"2\">Fees</text:h>\
         <text:p>Nine euros<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>doubled on holidays</text:p></text:note-body></text:note>, 5 m<text:span text:style-name=\"T1\">2</text:span>\
         <text:span text:style-name=\"T2\">hidden</text:span></text:p><text:p>Below: <draw:frame><draw:text-box><text:p>Figure 1</text:p></draw:text-box></draw:frame></text:p><text:list><text:list-item><text:p>one</text:p></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>\
         <table:table><table:table-row><table:table-cell><text:p>City</text:p></table:table-cell><table:table-cell><text:p>Fee</text:p></table:table-cell><table:table-cell><text:p>Tax</text:p></table:table-cell></table:table-row>\
         <table:table-row><table:table-cell><text:p>Ulm</text:p></table:table-cell><table:table-cell/><table:table-cell><text:p>3</text:p></table:table-cell></table:table-row></table:table>\
         </office:text></office:body></office:document-content>"
    );
    let file = package(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        ("content.xml", &content),
        ("meta.xml", "<m xmlns:dc=\"d\"><dc:title>Handbook</dc:title></m>"),
    ]);
    let read = extract("a.odt", &file).await.expect("a readable file");
    assert_eq!(read.title.as_deref(), Some("Handbook"));
    let expected = "## Fees\n\nNine euros¹, 5 m²\n\n¹ doubled on holidays\n\nFigure 1\n\nBelow:\n\n- one\n- two\n\nCity | Fee | Tax\nUlm |  | 3";
    assert_eq!(read.text, expected);
    let locked = package(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        ("META-INF/manifest.xml", "<m><e><encryption-data/></e></m>"),
        ("content.xml", "noise"),
    ]);
    assert_eq!(refused("a.odt", &locked).await, "password_needed");
}

#[tokio::test]
async fn sheets_become_questions_or_rows_with_the_names_of_their_columns() {
    let strings = |cells: &[&str]| {
        cells.iter().map(|cell| format!("<c t=\"inlineStr\"><is><t>{cell}</t></is></c>")).collect::<String>()
    };
    let sheet = |rows: &[String]| {
        let rows: String = rows.iter().map(|row| format!("<row>{row}</row>")).collect();
        format!(
            "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>"
        )
    };
    let book = |sheets: &[(&str, &str)]| {
        let listed = sheets
            .iter()
            .enumerate()
            .map(|(at, (name, _))| format!("<sheet name=\"{name}\" sheetId=\"{}\" r:id=\"r{at}\"/>", at + 1));
        let listed: String = listed.collect();
        let main = format!(
            "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets>{listed}</sheets></workbook>"
        );
        let ids: Vec<String> = (0..sheets.len()).map(|at| format!("r{at}")).collect();
        let targets: Vec<String> = (0..sheets.len()).map(|at| format!("worksheets/sheet{at}.xml")).collect();
        let related: Vec<_> =
            ids.iter().zip(&targets).map(|(id, target)| (id.as_str(), "worksheet", target.as_str())).collect();
        let related =
            relations(&related).replace("http://x/", "http://schemas.openxmlformats.org/officeDocument/2006/");
        let related = related.replace(
            "<Relationships>",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">",
        );
        let names: Vec<String> = targets.iter().map(|target| format!("xl/{target}")).collect();
        let root = relations(&[("r", "officeDocument", "xl/workbook.xml")]);
        let mut parts = vec![
            ("_rels/.rels", root.as_str()),
            ("xl/workbook.xml", main.as_str()),
            ("xl/_rels/workbook.xml.rels", related.as_str()),
        ];
        parts.extend(names.iter().zip(sheets).map(|(name, (_, sheet))| (name.as_str(), *sheet)));
        package(&parts)
    };
    let faq = sheet(&[strings(&["Question", "Answer"]), strings(&["How long?", "Three days."])]);
    let read = extract("faq.xlsx", &book(&[("Sheet1", &faq)])).await.expect("a readable file");
    assert_eq!((read.kind, read.text.as_str()), (DocumentKind::Faq, "## How long?\n\nThree days."));
    let prices = sheet(&[
        strings(&["Prices 2026"]),
        strings(&["Item", "Price", "Unit"]),
        strings(&["Rope"]) + "<c><v>12.5</v></c>" + &strings(&["m"]),
        strings(&["Bolt"]) + "<c/>" + &strings(&["piece"]),
    ]);
    let hours = sheet(&[strings(&["Day", "Opens"]), strings(&["Monday"]) + "<c><v>0.30000000000000004</v></c>"]);
    let read = extract("b.xlsx", &book(&[("Prices", &prices), ("Hours", &hours)])).await.expect("a readable file");
    let expected = "# Prices\n\nPrices 2026\n\nItem: Rope | Price: 12.5 | Unit: m\n\nItem: Bolt | Unit: piece\n\n# Hours\n\nDay: Monday | Opens: 0.3";
    assert_eq!((read.kind, read.text.as_str()), (DocumentKind::Text, expected));
    assert_eq!(refused("a.xlsx", &package(&[("xl/workbook.xml", "<a>")])).await, "file_broken");
}

#[tokio::test]
async fn a_book_is_read_in_the_order_of_its_chapters() {
    let file = package(&[
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", "<c><rootfiles><rootfile full-path=\"OEBPS/a.opf\"/></rootfiles></c>"),
        (
            "OEBPS/a.opf",
            "<package xmlns:dc=\"d\"><metadata><dc:title>A book</dc:title><dc:creator>Ann</dc:creator></metadata><manifest>\
             <item id=\"one\" href=\"text/1%201.xhtml\"/><item id=\"two\" href=\"text/2.xhtml\"/><item id=\"nav\" href=\"nav.xhtml\"/><item id=\"gone\" href=\"gone.xhtml\"/></manifest>\
             <spine><itemref idref=\"nav\" linear=\"no\"/><itemref idref=\"gone\"/><itemref idref=\"two\"/><itemref idref=\"one\"/></spine></package>",
        ),
        ("OEBPS/text/1 1.xhtml", "<html><body><h1>End</h1><p>last</p></body></html>"),
        ("OEBPS/text/2.xhtml", "<html><body><h1>Start</h1><p>first</p></body></html>"),
        ("OEBPS/nav.xhtml", "<html><body>contents</body></html>"),
    ]);
    let read = extract("a.epub", &file).await.expect("a readable file");
    assert_eq!((read.title.as_deref(), read.author.as_deref()), (Some("A book"), Some("Ann")));
    assert_eq!(read.text, "# Start\n\nfirst\n\n# End\n\nlast");
}

#[tokio::test]
async fn messages_say_who_wrote_what_to_whom() {
    let mail = "From: =?utf-8?B?546L5bCP5piO?= <wang@example.org>\r\nTo: Ann <ann@example.org>\r\nSubject: The pump\r\n\
                Date: Thu, 1 Jan 2026 09:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
                --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>It is <b>broken</b>.</p>\r\n--b\r\nContent-Type: application/pdf\r\n\
                Content-Disposition: attachment; filename=\"bill.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n";
    for name in ["mail.eml", "mail"] {
        let read = extract(name, mail.as_bytes()).await.expect("a readable file");
        assert_eq!((read.title.as_deref(), read.author.as_deref()), (Some("The pump"), Some("王小明")));
        let expected = "From: 王小明 <wang@example.org>\nTo: Ann <ann@example.org>\nDate: 2026-01-01T09:00:00+01:00\n\nIt is broken.\n\nAttachments: bill.pdf";
        assert_eq!(read.text, expected, "{name}");
    }
    let page = "From: <Saved by Blink>\r\nSubject: Opening hours\r\nDate: Thu, 1 Jan 2026 09:00:00 +0100\r\nMIME-Version: 1.0\r\n\
                Content-Type: multipart/related; type=\"text/html\"; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/html\r\n\
                Content-Transfer-Encoding: quoted-printable\r\n\r\n<html><h1>Hours</h1><p>Ten=20to six.</p></html>\r\n--b--\r\n";
    let read = extract("page.mht", page.as_bytes()).await.expect("a readable file");
    assert_eq!((read.title.as_deref(), read.text.as_str()), (Some("Opening hours"), "# Hours\n\nTen to six."));
}

#[tokio::test]
async fn what_cannot_be_read_of_office_says_what_to_do() {
    let old = |stream: &str| {
        let mut file = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
        file.extend(stream.encode_utf16().flat_map(u16::to_le_bytes));
        file
    };
    assert_eq!(refused("a.doc", &old("WordDocument")).await, "file_unknown_type");
    assert_eq!(refused("a.xls", &old("Workbook")).await, "file_broken");
    assert_eq!(refused("a.zip", &package(&[("a.txt", "text")])).await, "file_unknown_type");
}

#[tokio::test]
async fn text_markdown_pages_and_tables_are_read_as_what_they_are() {
    let check = async |name: &str, content: &[u8], kind, text: &str, title: Option<&str>| {
        let read = extract(name, content).await.expect("a readable file");
        assert_eq!((read.kind, read.text.as_str(), read.title.as_deref()), (kind, text, title), "{name}");
    };
    check("a.txt", "\u{feff}ＡＢＣ ⽂件\r\n".as_bytes(), DocumentKind::Text, "ABC 文件", None).await;
    check("a.md", b"# Rules\nBe kind.", DocumentKind::Text, "# Rules\nBe kind.", Some("Rules")).await;
    let page = b"<html><title>Rules</title><nav>Home</nav><h2>One</h2><p>Be <b>kind</b>.</p>";
    check("page", page, DocumentKind::Text, "## One\n\nBe kind.", Some("Rules")).await;
    let faq = "问题,答案\n怎么报销？,在系统里填写。\n".as_bytes();
    check("faq.csv", faq, DocumentKind::Faq, "## 怎么报销？\n\n在系统里填写。", None).await;
}

#[tokio::test]
async fn what_holds_no_text_says_so() {
    assert_eq!(refused("a.txt", b"").await, "file_empty");
    assert_eq!(refused("a.txt", b" \n\n").await, "file_empty");
    assert_eq!(refused("a.html", b"<html><script>var text</script>").await, "file_empty");
    assert_eq!(refused("scan.pdf", &pdf(&[vec![], vec![]])).await, "scan_without_text");
}

#[tokio::test]
async fn a_password_is_asked_for() {
    let pages = [vec![(11, "Secret".to_owned())]];
    assert_eq!(refused("a.pdf", &pdf_with(&Pdf { is_locked: true, ..Pdf::of(&pages) })).await, "password_needed");
    let mut word = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    word.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(refused("a.docx", &word).await, "password_needed");
}

#[tokio::test]
async fn what_is_cut_off_or_noise_is_broken() {
    let page = vec![(11, "员工应当在三个工作日内提交报销单据。".to_owned()); 20];
    let whole = pdf(&vec![page; 20]);
    let last_page = whole.windows(9).rposition(|window| window == b"endstream").expect("a stream");
    for part in [10, 200, whole.len() / 2, last_page] {
        assert_eq!(refused("a.pdf", &whole[..part]).await, "file_broken", "{part} of {}", whole.len());
    }
    let word = docx(&"<w:p><w:r><w:t>text</w:t></w:r></w:p>".repeat(1000));
    assert_eq!(refused("a.docx", &word[..word.len() / 2]).await, "file_broken");
    assert_eq!(refused("a.docx", &docx("<w:p><w:r>")).await, "file_broken");
    let noise = random(1_000_000);
    assert_eq!(refused("a.pdf", &noise).await, "file_broken");
    assert_eq!(refused("a.bin", &noise).await, "file_unknown_type");
    for start in [b"%PDF-1.7\n".as_slice(), b"PK\x03\x04"] {
        assert_eq!(refused("a", &[start, &noise, b"\n%%EOF"].concat()).await, "file_broken");
    }
}

#[tokio::test]
async fn other_types_are_not_read() {
    assert_eq!(refused("a.pdf", b"GIF89a\0\0\0\x2c").await, "file_unknown_type");
    assert_eq!(refused("a.pdf", b"only text").await, "file_unknown_type");
    assert_eq!(
        refused("a.txt", &std::fs::read("/proc/self/exe").expect("a program")[..100_000]).await,
        "file_unknown_type"
    );
}

#[tokio::test]
async fn what_unpacks_without_end_meets_a_limit() {
    // Half a megabyte each that unpacks to hundreds.
    let zeros = pdf_with(&Pdf { padding: 300 << 20, ..Pdf::of(&[vec![(11, "short".to_owned())]]) });
    assert!(zeros.len() < 1 << 20, "{}", zeros.len());
    let text = vec![vec![(11, "员工应当提交报销单据。".repeat(2000)); 200]];
    let (words, spaces) = ("<w:p><w:r><w:t>bomb</w:t></w:r></w:p>".repeat(4 << 20), " ".repeat(300 << 20));
    for (name, content, codes) in [
        ("zeros.pdf", zeros, &["file_too_complex"][..]),
        ("text.pdf", pdf(&text), &["file_too_big", "file_too_complex"]),
        ("words.docx", docx(&words), &["file_too_big", "file_too_complex"]),
        ("spaces.docx", docx(&spaces), &["file_too_complex"]),
    ] {
        let code = refused(name, &content).await;
        assert!(codes.contains(&code.as_str()), "{name}: {code}");
    }
}

#[tokio::test]
async fn what_is_nested_without_end_meets_a_limit() {
    const DEEP: usize = 500_000;
    let nested = |open: &str, close: &str| open.repeat(DEEP) + "deep" + &close.repeat(DEEP);
    let in_pdf =
        |inner: String| pdf_with(&Pdf { extra: &inner, ..Pdf::of(&[vec![(11, "text of a page".to_owned())]]) });
    for (name, content) in [
        ("a.html", nested("<div>", "</div>").into_bytes()),
        ("b.html", nested("<table><tr><td>", "").into_bytes()),
        ("c.docx", docx(&nested("<w:sdt>", "</w:sdt>"))),
        ("d.pdf", in_pdf(nested("[", "]"))),
        ("e.pdf", in_pdf(nested("<</A", ">>"))),
    ] {
        // Readers that do not descend are right to read it; nobody may break down or hang.
        if let Err(code) = extract(name, &content).await {
            assert!(["file_too_complex", "file_broken", "file_too_slow"].contains(&code.as_str()), "{name}: {code}");
        }
    }
}

#[tokio::test]
async fn what_refers_to_itself_ends() {
    let page = [vec![(11, "text of a page".to_owned())]];
    for (name, file) in [
        ("tree.pdf", Pdf { kids: Some("2 0 R"), count: Some(1_000_000), ..Pdf::of(&page) }),
        ("count.pdf", Pdf { count: Some(900), ..Pdf::of(&page) }),
        ("table.pdf", Pdf { is_loop: true, ..Pdf::of(&page) }),
    ] {
        match extract(name, &pdf_with(&file)).await {
            Ok(read) => assert!(read.text.contains("text of a page"), "{name}: {read:?}"),
            Err(code) => assert!(code.starts_with("file_") || code == "scan_without_text", "{name}: {code}"),
        }
    }
}

#[tokio::test]
async fn only_ordinary_files_within_the_limit_are_opened() {
    let dir = tempfile::tempdir().expect("a folder");
    let at = |name: &str| dir.path().join(name);
    std::fs::write(at("real"), "text").expect("written");
    std::os::unix::fs::symlink(at("real"), at("link.txt")).expect("a link");
    rustix::fs::mknodat(CWD, at("endless.pdf"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    std::fs::File::create(at("huge.pdf")).and_then(|file| file.set_len(100 << 20)).expect("a large file");
    for (name, code) in [("link.txt", "file_broken"), ("endless.pdf", "file_broken"), ("huge.pdf", "file_too_big")] {
        assert_eq!(extract_at(&at(name), name, ExtractLimits::default()).await, Err(code.to_owned()), "{name}");
    }
    assert_eq!(extract_at(&at("real"), "../../etc/passwd", LIMITS).await.map(|read| read.text), Ok("text".into()));
}

#[tokio::test]
async fn what_takes_too_long_is_stopped() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("long");
    std::fs::write(&file, long_pdf()).expect("written");
    let limits = ExtractLimits { time: Duration::from_millis(50), ..LIMITS };
    assert_eq!(extract_at(&file, "long.pdf", limits).await, Err("file_too_slow".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_the_reading_of_a_file_and_waits_for_its_processes() {
    let content = long_pdf();
    let dir = tempfile::tempdir().expect("a folder");
    let mut server = ServerProcess::start(dir.path(), &[]);
    let address = server.address();
    let sending = tokio::spawn(async move {
        upload(address, "POST", "/api/documents/preview", ("long.pdf", &content), &[]).await.refusal()
    });
    // The keeper, and the process that reads.
    let start = std::time::Instant::now();
    let [keeper, reader] = loop {
        let keepers = children(server.id());
        let readers: Vec<_> = keepers.iter().flat_map(|keeper| children(*keeper)).collect();
        if let ([keeper], [reader]) = (&keepers[..], &readers[..]) {
            break [*keeper, *reader];
        }
        assert!(start.elapsed() < PATIENCE, "it is being read");
        tokio::task::yield_now().await;
    };
    assert_eq!(server.terminate(), Some(0));
    for process in [keeper, reader] {
        assert!(!Path::new(&format!("/proc/{process}")).exists(), "{process} is gone before the server");
    }
    assert_eq!(sending.await.expect("no panic"), (503, "busy".to_owned()));
}

/// The processes that a process has started.
fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("processes").flatten();
    let child = |entry: std::fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // Behind the name, which may hold anything: state and parent.
        let of: u32 = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
        (of == parent).then_some(id)
    };
    entries.filter_map(child).collect()
}
