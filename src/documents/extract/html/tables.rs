//! Tables of pages: their cells, as wide and high as they are, or the boxes that a page was laid out with.

use std::rc::Rc;

use htmd::Node;
use htmd::element_handler::Handlers;

use super::pruning::{attribute, for_each_element, name};
use crate::documents::extract::table::lines_of;

/// Most columns or rows that a cell may say that it takes.
const MOST_SPAN: usize = 50;

/// The text of a table.
pub fn text(handlers: &dyn Handlers, table: &Rc<Node>) -> String {
    if is_layout(table) {
        return handlers.walk_children(table).content;
    }
    let (mut rows, mut caption) = (Vec::new(), String::new());
    let mut below: Vec<(usize, String)> = Vec::new();
    for_each_element(table, &mut |node| match name(node) {
        Some("caption") => caption = on_a_line(&handlers.walk_children(node).content),
        Some("tr") => rows.push(row(handlers, node, &mut below)),
        _ => {}
    });
    format!("\n\n{caption}\n\n{}\n\n", lines_of(&rows))
}

/// Whether a table only says where things stand: it has another one in it, headings or lists, or a single cell a row.
fn is_layout(table: &Rc<Node>) -> bool {
    let (mut rows, mut cells, mut blocks) = (0, 0, false);
    for_each_element(table, &mut |node| match name(node) {
        Some("tr") => rows += 1,
        Some("td" | "th") => cells += 1,
        Some("table" | "h1" | "h2" | "h3" | "h4" | "ul" | "ol" | "form" | "article") => blocks = true,
        _ => {}
    });
    blocks || cells <= rows || attribute(table, "role").is_some_and(|role| role == "presentation" || role == "none")
}

/// The cells of a row. `below`: for each column, how many more rows a cell from above takes, and what is in it.
fn row(handlers: &dyn Handlers, row: &Rc<Node>, below: &mut Vec<(usize, String)>) -> Vec<String> {
    let mut cells = Vec::new();
    let take_below = |cells: &mut Vec<String>, below: &mut Vec<(usize, String)>| {
        while let Some((left, text)) = below.get_mut(cells.len()).filter(|(left, _)| *left > 0) {
            *left -= 1;
            cells.push(text.clone());
        }
    };
    for cell in row.children.borrow().iter().filter(|cell| matches!(name(cell), Some("td" | "th"))) {
        take_below(&mut cells, below);
        let span = |name: &str| {
            let span = attribute(cell, name).and_then(|span| span.trim().parse().ok()).unwrap_or(1);
            usize::clamp(span, 1, MOST_SPAN)
        };
        let text = on_a_line(&handlers.walk_children(cell).content);
        for column in 0..span("colspan") {
            below.resize_with(below.len().max(cells.len() + 1), Default::default);
            let text = if column == 0 { text.clone() } else { String::new() };
            below[cells.len()] = (span("rowspan") - 1, text.clone());
            cells.push(text);
        }
    }
    take_below(&mut cells, below);
    cells
}

fn on_a_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
