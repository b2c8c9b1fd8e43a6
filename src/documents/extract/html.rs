//! HTML pages. The only module that uses `htmd`.

use std::sync::Arc;

use htmd::element_handler::{HandlerResult, Handlers};
use htmd::options::{BulletListMarker, Options};
use htmd::{Element, HtmlToMarkdown};
use parking_lot::Mutex;

use super::Extracted;
use super::lines::not_a_heading;
use super::problem::Problem;

/// Elements that are not part of the main text.
const SKIPPED: [&str; 16] = [
    "script", "style", "noscript", "template", "nav", "footer", "aside", "form", "button", "select", "iframe", "svg",
    "img", "video", "audio", "object",
];

/// Temporary cell separator that cannot occur in text.
const CELL_END: char = '\u{1f}';

/// Elements within each other that have an end of their own; people's pages stay below a hundred. The parser looks through all
/// that are open for each that begins.
const DEEPEST: usize = 5000;

/// Elements that need no end, or never have one.
const WITHOUT_END: [&str; 24] = [
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option", "p",
    "param", "rp", "rt", "source", "tbody", "td", "th", "tr", "wbr",
];

/// Whether elements are nested too deeply.
fn is_too_deep(page: &str) -> bool {
    let mut depth = 0_usize;
    for tag in page.split('<').skip(1) {
        let (ends, name) = tag.strip_prefix('/').map_or((false, tag), |name| (true, name));
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_ascii_lowercase();
        if name.is_empty() || WITHOUT_END.contains(&name.as_str()) {
            continue;
        }
        depth = if ends { depth.saturating_sub(1) } else { depth + 1 };
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

/// Extracts the text of a page with headings, lists and tables, without navigation and the like.
pub fn read(page: &str) -> Result<Extracted, Problem> {
    if is_too_deep(page) {
        return Err(Problem::TooComplex);
    }
    let (title, author) = (Found::default(), Found::default());
    let (found_title, found_author) = (title.clone(), author.clone());
    let options = Options { bullet_list_marker: BulletListMarker::Dash, ul_bullet_spacing: 1, ..Options::default() };
    let converter = HtmlToMarkdown::builder()
        .options(options)
        .skip_tags(SKIPPED.to_vec())
        .add_handler(vec!["title"], move |handlers: &dyn Handlers, element: Element| {
            found_title.set(handlers.walk_children(element.node).content);
            None
        })
        .add_handler(vec!["meta"], move |_: &dyn Handlers, element: Element| {
            if attribute(&element, "name").is_some_and(|name| name.eq_ignore_ascii_case("author")) {
                found_author.set(attribute(&element, "content").unwrap_or_default());
            }
            None
        })
        // Markup within words and URLs after them would interfere with searching and quoting.
        .add_handler(vec!["a", "b", "strong", "i", "em", "u", "mark"], inner)
        .add_handler(vec!["td", "th"], |handlers: &dyn Handlers, element: Element| {
            let cell = handlers.walk_children(element.node).content;
            Some(format!("{}{CELL_END}", cell.split_whitespace().collect::<Vec<_>>().join(" ")).into())
        })
        .add_handler(vec!["tr"], |handlers: &dyn Handlers, element: Element| {
            let row = handlers.walk_children(element.node).content;
            let cells: Vec<&str> = row.trim().trim_end_matches(CELL_END).split(CELL_END).map(str::trim).collect();
            Some(format!("\n{}\n", cells.join(" | ")).into())
        })
        .add_handler(vec!["table"], |handlers: &dyn Handlers, element: Element| {
            let rows = handlers.walk_children(element.node).content;
            let rows: Vec<&str> = rows.lines().filter(|row| !row.trim().is_empty()).collect();
            Some(format!("\n\n{}\n\n", rows.join("\n")).into())
        })
        .build();
    let text = converter.convert(page).map_err(|_| Problem::Broken)?;
    Ok(Extracted { title: title.take(), author: author.take(), text: unescaped(&text), ..Extracted::default() })
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

    #[test]
    fn nesting_is_no_problem_as_deep_as_people_write() {
        let page = format!("{}deep{}", "<div>".repeat(500), "</div>".repeat(500));
        assert_eq!(read(&page).expect("a page").text.trim(), "deep");
        let unclosed = "<p>text<br><b>bold</b>".repeat(10_000);
        assert!(read(&unclosed).expect("a page").text.contains("text"));
        assert_eq!(read(&"<div>".repeat(500_000)).map(|_| ()), Err(Problem::TooComplex));
    }
}
