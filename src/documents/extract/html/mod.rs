//! HTML pages. The only module that uses `htmd` and its tree.

mod links;
mod pruning;
mod tables;

use std::sync::Arc;

use htmd::element_handler::{HandlerResult, Handlers};
use htmd::options::{BulletListMarker, Options};
use htmd::{Element, HtmlToMarkdown};
use parking_lot::Mutex;

use super::Extracted;
use super::lines::not_a_heading;
use super::problem::Problem;
use pruning::is_in_heading;

/// Elements within each other that have an end of their own; people's pages stay below a hundred. The parser looks through all
/// that are open for each that begins.
const DEEPEST: usize = 5000;

/// Elements that need no end, or never have one.
const WITHOUT_END: [&str; 24] = [
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option", "p",
    "param", "rp", "rt", "source", "tbody", "td", "th", "tr", "wbr",
];

/// Elements whose content is not read as elements.
const RAW: [&str; 4] = ["script", "style", "textarea", "title"];

/// Whether elements are nested too deeply.
fn is_too_deep(page: &str) -> bool {
    let mut depth = 0_usize;
    let (mut raw, mut in_drawing) = (None::<String>, false);
    for tag in page.split('<').skip(1) {
        let (ends, name) = tag.strip_prefix('/').map_or((false, tag), |name| (true, name));
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_ascii_lowercase();
        if raw.as_ref().is_some_and(|open| !ends || *open != name) {
            continue;
        }
        raw = RAW.contains(&name.as_str()).then(|| name.clone()).filter(|_| !ends);
        in_drawing = if name == "svg" { !ends } else { in_drawing };
        // Elements of pages are not closed by it.
        let is_closed = in_drawing && tag.split('>').next().is_some_and(|inside| inside.ends_with('/'));
        if name.is_empty() || is_closed || WITHOUT_END.contains(&name.as_str()) {
            continue;
        }
        depth = if ends { depth.saturating_sub(1) } else { depth + 1 };
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

/// Extracts the text of a page with headings, lists and tables, without navigation and what nobody sees.
pub fn read(page: &str) -> Result<Extracted, Problem> {
    if is_too_deep(page) {
        return Err(Problem::TooComplex);
    }
    let (title, author) = (Found::default(), Found::default());
    let converter = converter(&title, &author);
    let tree = converter.html_to_tree(page).map_err(|_| Problem::Broken)?;
    let links = links::of(&tree);
    pruning::prune(&tree);
    let text = converter.tree_to_markdown(&tree);
    Ok(Extracted { title: title.take(), author: author.take(), text: unescaped(&text), links, ..Extracted::default() })
}

/// Makes text of the tree of a page, and notes title and author.
fn converter(title: &Found, author: &Found) -> HtmlToMarkdown {
    let (title, author) = (title.clone(), author.clone());
    let options = Options { bullet_list_marker: BulletListMarker::Dash, ul_bullet_spacing: 1, ..Options::default() };
    HtmlToMarkdown::builder()
        .options(options)
        .skip_tags(vec!["img", "input"])
        .add_handler(vec!["title"], move |handlers: &dyn Handlers, element: Element| {
            title.set(handlers.walk_children(element.node).content);
            None
        })
        .add_handler(vec!["meta"], move |_: &dyn Handlers, element: Element| {
            if attribute(&element, "name").is_some_and(|name| name.eq_ignore_ascii_case("author")) {
                author.set(attribute(&element, "content").unwrap_or_default());
            }
            None
        })
        // Markup within words and URLs after them would interfere with searching and quoting.
        .add_handler(vec!["a", "b", "strong", "i", "em", "u", "mark"], inner)
        .add_handler(vec!["summary", "button"], unfolding)
        .add_handler(vec!["sup"], raised)
        .add_handler(vec!["ruby"], ruby)
        .add_handler(vec!["span"], span)
        .add_handler(vec!["td", "th", "tr", "tbody", "thead", "tfoot"], block)
        .add_handler(vec!["table"], |handlers: &dyn Handlers, element: Element| {
            Some(tables::text(handlers, element.node).into())
        })
        .build()
}

/// Of a table that a page is laid out with: of others the table sees to the cells.
fn block(handlers: &dyn Handlers, element: Element) -> Option<HandlerResult> {
    Some(format!("\n\n{}\n\n", handlers.walk_children(element.node).content.trim()).into())
}

/// What a section is under that unfolds at a click.
fn unfolding(handlers: &dyn Handlers, element: Element) -> Option<HandlerResult> {
    let words = handlers.walk_children(element.node).content;
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words.trim_start_matches('#').trim_start();
    Some(if is_in_heading(element.node) { words.into() } else { format!("\n\n### {words}\n\n").into() })
}

/// A raised number is no digit of the number before it.
fn raised(handlers: &dyn Handlers, element: Element) -> Option<HandlerResult> {
    let content = handlers.walk_children(element.node).content;
    Some(super::raised(&content).into())
}

/// A word with its reading above: the reading follows in brackets.
fn ruby(_: &dyn Handlers, element: Element) -> Option<HandlerResult> {
    let (mut words, mut reading) = (String::new(), String::new());
    for child in element.node.children.borrow().iter() {
        match pruning::name(child) {
            Some("rt") => reading.push_str(&pruning::text(child)),
            Some("rp") => {}
            _ => words.push_str(&pruning::text(child)),
        }
    }
    Some(if reading.is_empty() { words.into() } else { format!("{words}({reading})").into() })
}

/// What Word writes for the mark or number of an item of a list; others are text.
fn span(handlers: &dyn Handlers, element: Element) -> Option<HandlerResult> {
    let content = handlers.walk_children(element.node).content;
    let style = attribute(&element, "style").unwrap_or_default().replace(char::is_whitespace, "").to_ascii_lowercase();
    if !style.contains("mso-list:ignore") {
        return Some(content.into());
    }
    let mark = content.split(|c: char| c.is_whitespace() || c == '\u{a0}').next().unwrap_or_default();
    let is_number = mark.trim_end_matches(['.', ')']).chars().any(|c| c.is_ascii_digit()) || mark.ends_with(['.', ')']);
    Some(if is_number { format!("{mark} ").into() } else { "- ".into() })
}

fn inner(handlers: &dyn Handlers, element: Element) -> Option<HandlerResult> {
    Some(handlers.walk_children(element.node))
}

fn attribute(element: &Element, name: &str) -> Option<String> {
    element.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| attribute.value.to_string())
}

/// The first match found while traversing the page.
#[derive(Clone, Default)]
struct Found(Arc<Mutex<Option<String>>>);

impl Found {
    fn set(&self, text: String) {
        self.0.lock().get_or_insert(text);
    }

    fn take(self) -> Option<String> {
        self.0.lock().take().map(|text| unescaped(&text))
    }
}

/// Removes the backslashes with which the converter escapes Markdown, except in code.
fn unescaped(text: &str) -> String {
    let mut in_code = false;
    let lines = text.split('\n').map(|line| {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            return line.to_owned();
        }
        if in_code {
            return not_a_heading(line).into_owned();
        }
        let mut plain = String::with_capacity(line.len());
        let mut rest = line.chars().peekable();
        while let Some(c) = rest.next() {
            let is_escape = c == '\\' && rest.peek().is_some_and(char::is_ascii_punctuation);
            plain.push(if is_escape { rest.next().unwrap_or(c) } else { c });
        }
        if line.starts_with("\\#") { not_a_heading(&plain).into_owned() } else { plain }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_text_with_headings_lists_and_tables() {
        let page = r##"<!doctype html><html><head><title>Travel &amp; costs</title><meta name="Author" content="Ann">
            <style>p{}</style><script>var a = "<p>no</p>";</script></head><body><nav><a href="/">Home</a></nav>
            <main><h1>Travel</h1><p>Ask <b>be</b>fore <a href="https://example.com">you go</a>: 1*2_3.<br>Then go.</p>
            <h2>出差</h2><ul><li>车票</li><li>酒店</li></ul>
            <table><tr><th>City</th><th>Limit</th></tr><tr><td>Ulm</td><td>100</td></tr></table>
            <pre><code># no heading
a\_b</code></pre><p># no heading either</p></main><footer>© 2026</footer></body></html>"##;
        let extracted = read(page).expect("a page");
        assert_eq!(extracted.links.links, ["/", "https://example.com"]);
        assert_eq!((extracted.title.as_deref(), extracted.author.as_deref()), (Some("Travel & costs"), Some("Ann")));
        for part in [
            "# Travel\n",
            "Ask before you go: 1*2_3.",
            "Then go.",
            "## 出差",
            "- 车票\n- 酒店",
            "City | Limit\n",
            "Ulm | 100",
            "a\\_b",
        ] {
            assert!(extracted.text.contains(part), "{part}: {}", extracted.text);
        }
        for part in ["Home", "©", "example.com", "var a", "p{}", "\n# no heading"] {
            assert!(!extracted.text.contains(part), "{part}: {}", extracted.text);
        }
    }

    /// The text of a page with that body.
    fn text_of(body: &str) -> String {
        read(&format!("<!doctype html><html><body>{body}</body></html>")).expect("a page").text
    }

    #[test]
    fn a_page_that_is_one_form_keeps_its_text() {
        let text = text_of(
            "<form id=aspnetForm><input type=hidden value=secret><h1>Opening hours</h1><p>From ten to six.</p>\
             <select><option>Monday</option></select><button type=submit>Send</button></form>",
        );
        assert_eq!(text.trim(), "# Opening hours\n\nFrom ten to six.");
    }

    #[test]
    fn what_unfolds_at_a_click_is_read_under_what_unfolds_it() {
        let text = text_of(
            "<button aria-expanded=false aria-controls=menu>Menu</button>\
             <div class=accordion-item><h2><button class=accordion-button>How long?</button></h2>\
             <div class='collapse' style='display:none'>Up to fourteen days.</div></div>\
             <button class=accordion>What does a lost peg cost?</button><div class=panel hidden>Fifty cents.</div>\
             <details><summary>可以带狗吗？</summary>不可以。</details>\
             <button aria-controls=a>Is there a discount?</button><p id=a hidden>Ten percent.</p>",
        );
        for part in [
            "## How long?\n\nUp to fourteen days.",
            "### What does a lost peg cost?\n\nFifty cents.",
            "### 可以带狗吗？\n\n不可以。",
            "### Is there a discount?\n\nTen percent.",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("Menu"), "{text}");
    }

    #[test]
    fn what_nobody_sees_is_left_out() {
        let text = text_of(
            "<p>The price is 40 euros.</p><p style='display: none'>old price 25 euros</p><p hidden>draft price 10 euros</p>\
             <p style='visibility:hidden'>x1</p><p><span style='mso-hide:all'>x2</span>end</p><!-- x3 --><div role=navigation>x4</div>",
        );
        assert_eq!(text.trim(), "The price is 40 euros.\n\nend");
    }

    #[test]
    fn an_aside_is_text_unless_it_is_links() {
        let text = text_of(
            "<aside>Hotline: 0800 123, from nine to five.</aside><aside><a href=a>Other products</a> <a href=b>News</a></aside><p>Text</p>",
        );
        assert_eq!(text.trim(), "Hotline: 0800 123, from nine to five.\n\nText");
    }

    #[test]
    fn cells_stay_in_their_columns() {
        let text = text_of(
            "<table><caption>Prices</caption><tr><th>Item<th>Red<th>Blue</tr><tr><td rowspan=2>Rope<td><td>31.00</tr>\
             <tr><td>5<td>6</tr><tr><td colspan=2>Both<td>7</tr></table>",
        );
        assert_eq!(text.trim(), "Prices\n\nItem | Red | Blue\nRope |  | 31.00\nRope | 5 | 6\nBoth |  | 7");
    }

    #[test]
    fn tables_for_layout_are_boxes_with_text() {
        let text = text_of(
            "<table><tr><td><h1>Shop</h1><p>One.</p><p>Two.</p></td><td><table><tr><td>A<td>1</tr><tr><td>B<td>2</tr></table></td></tr></table>",
        );
        assert_eq!(text.trim(), "# Shop\n\nOne.\n\nTwo.\n\nA | 1\nB | 2");
    }

    #[test]
    fn raised_numbers_readings_and_marks_of_word_keep_their_meaning() {
        let text = text_of(
            "<p>120<sup>2</sup> euros, 5 m<sup>2</sup>, 10<sup>-3</sup>, the 1<sup>st</sup></p><p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>字</p>\
             <p><span style='mso-list:Ignore'>·<span>&nbsp;&nbsp; </span></span>first</p><p><span style='mso-list:Ignore'>2.<span> </span></span>second</p>",
        );
        assert_eq!(text.trim(), "120² euros, 5 m², 10⁻³, the 1st\n\n漢(kan)字\n\n- first\n\n2. second");
    }

    #[test]
    fn nesting_is_no_problem_as_deep_as_people_write() {
        let page = format!("{}deep{}", "<div>".repeat(500), "</div>".repeat(500));
        assert_eq!(read(&page).expect("a page").text.trim(), "deep");
        let unclosed = "<p>text<br><b>bold</b>".repeat(10_000);
        assert!(read(&unclosed).expect("a page").text.contains("text"));
        let drawing =
            format!("<svg>{}</svg><script>for(i=0;i<e.length;i++)</script>text", "<path d='M0 0'/>".repeat(6000));
        assert_eq!(read(&drawing).expect("a page").text.trim(), "text");
        assert_eq!(read(&"<div>".repeat(500_000)).map(|_| ()), Err(Problem::TooComplex));
        // What only looks closed is nested nevertheless.
        assert_eq!(read(&"<div><i>".repeat(250_000)).map(|_| ()), Err(Problem::TooComplex));
    }
}
