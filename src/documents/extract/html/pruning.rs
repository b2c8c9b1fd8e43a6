//! Removes from a page what is not part of its text: navigation, controls, and what a reader does not see.
//!
//! A page that was saved as one form keeps its text, and so does what unfolds at a click: sections of an accordion are hidden only
//! until somebody opens them.

use std::collections::HashSet;
use std::rc::Rc;

use htmd::Node;
use markup5ever_rcdom::NodeData;

/// Elements that never have text of the page.
const LEFT_OUT: [&str; 15] = [
    "script", "style", "noscript", "template", "nav", "footer", "select", "textarea", "iframe", "svg", "video",
    "audio", "object", "canvas", "dialog",
];

/// Roles of what is not the page's text.
const ROLES_LEFT_OUT: [&str; 7] = ["navigation", "search", "menu", "menubar", "contentinfo", "dialog", "alertdialog"];

/// Parts of class names of what unfolds at a click.
const UNFOLDING: [&str; 9] = ["accordion", "collaps", "panel", "tab-", "faq", "answer", "toggle", "expand", "content"];

/// Attributes that name what a click unfolds; with a `#` in front in the last ones.
const UNFOLDS: [&str; 4] = ["aria-controls", "data-bs-target", "data-target", "href"];

/// An aside is navigation if so much of its text is links, in percent.
const LINKS: usize = 60;

/// Removes what is not part of the text.
pub fn prune(page: &Rc<Node>) {
    let mut unfolded = HashSet::new();
    for_each_element(page, &mut |node| {
        let targets = UNFOLDS.iter().filter_map(|name| attribute(node, name));
        unfolded.extend(targets.map(|id| id.trim_start_matches('#').to_owned()).filter(|id| !id.is_empty()));
    });
    prune_children(page, &unfolded);
}

fn prune_children(node: &Rc<Node>, unfolded: &HashSet<String>) {
    node.children.borrow_mut().retain(|child| !is_left_out(child, unfolded));
    for child in node.children.borrow().iter() {
        prune_children(child, unfolded);
    }
}

fn is_left_out(node: &Rc<Node>, unfolded: &HashSet<String>) -> bool {
    let Some(name) = name(node) else { return matches!(node.data, NodeData::Comment { .. }) };
    LEFT_OUT.contains(&name)
        || attribute(node, "role").is_some_and(|role| ROLES_LEFT_OUT.contains(&role.as_str()))
        || is_hidden(node, unfolded)
        || (name == "button" && !is_heading_button(node))
        || (name == "aside" && is_navigation(node))
}

/// Whether a reader never sees it.
fn is_hidden(node: &Rc<Node>, unfolded: &HashSet<String>) -> bool {
    let style = attribute(node, "style").unwrap_or_default().to_ascii_lowercase().replace(char::is_whitespace, "");
    if style.contains("mso-hide:all") {
        return true;
    }
    let hidden = attribute(node, "hidden").is_some_and(|how| how != "until-found");
    if !hidden && !style.contains("display:none") && !style.contains("visibility:hidden") {
        return false;
    }
    let class = attribute(node, "class").unwrap_or_default().to_ascii_lowercase();
    let unfolds = attribute(node, "id").is_some_and(|id| unfolded.contains(&id))
        || attribute(node, "role").is_some_and(|role| role == "tabpanel" || role == "region")
        || UNFOLDING.iter().any(|part| class.contains(part));
    !unfolds
}

/// Whether a button is what a section is under: in a heading, or what unfolds the section.
fn is_heading_button(button: &Rc<Node>) -> bool {
    let unfolds = ["aria-expanded", "aria-controls", "data-bs-toggle", "data-toggle"];
    let class = attribute(button, "class").unwrap_or_default().to_ascii_lowercase();
    let is_said_to = unfolds.iter().any(|name| attribute(button, name).is_some())
        || ["accordion", "collaps", "faq"].iter().any(|part| class.contains(part));
    // A button that opens the menu says so in a word.
    let says = text(button);
    let says_enough = says.split_whitespace().count() > 2 || says.chars().filter(|c| !c.is_ascii()).count() > 3;
    is_in_heading(button) || (is_said_to && says_enough)
}

/// Whether it stands in a heading, or in what stands for one.
pub fn is_in_heading(node: &Rc<Node>) -> bool {
    /// How far up: there may be a `div` or two in between.
    const UP: usize = 4;
    std::iter::successors(parent(node), parent).take(UP).any(|above| {
        matches!(name(&above), Some("h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dt" | "summary" | "legend"))
    })
}

/// Whether most of its text is links.
fn is_navigation(aside: &Rc<Node>) -> bool {
    let mut links = 0;
    for_each_element(aside, &mut |node| {
        if name(node) == Some("a") {
            links += text(node).len();
        }
    });
    links * 100 >= text(aside).len() * LINKS && links > 0
}

/// The words in an element.
pub fn text(node: &Rc<Node>) -> String {
    let mut text = String::new();
    add_text(node, &mut text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn add_text(node: &Rc<Node>, text: &mut String) {
    if let NodeData::Text { contents } = &node.data {
        text.push_str(&contents.borrow());
    }
    for child in node.children.borrow().iter() {
        add_text(child, text);
    }
}

/// Calls `visit` with all elements within a node.
pub fn for_each_element(node: &Rc<Node>, visit: &mut impl FnMut(&Rc<Node>)) {
    for child in node.children.borrow().iter() {
        if name(child).is_some() {
            visit(child);
        }
        for_each_element(child, visit);
    }
}

/// The name of an element.
pub fn name(node: &Rc<Node>) -> Option<&str> {
    match &node.data {
        NodeData::Element { name, .. } => Some(&name.local),
        _ => None,
    }
}

/// An attribute of an element.
pub fn attribute(node: &Rc<Node>, wanted: &str) -> Option<String> {
    let NodeData::Element { attrs, .. } = &node.data else { return None };
    attrs
        .borrow()
        .iter()
        .find(|attribute| &*attribute.name.local == wanted)
        .map(|attribute| attribute.value.to_string())
}

fn parent(node: &Rc<Node>) -> Option<Rc<Node>> {
    // Taken and put back: there is no other way to look into the cell.
    let weak = node.parent.take();
    let above = weak.as_ref().and_then(std::rc::Weak::upgrade);
    node.parent.set(weak);
    above
}
