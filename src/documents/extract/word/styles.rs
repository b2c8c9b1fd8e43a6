//! The styles of a Word document, as far as they change what its text says.

use std::collections::HashMap;

use crate::documents::extract::problem::Problem;
use crate::documents::extract::xml::{Mark, Xml};

/// Maximum number of styles.
const MOST_STYLES: usize = 10_000;

/// How many styles may be based on each other.
const DEEPEST: usize = 20;

/// The number of a list that takes a paragraph out of the list of its style.
pub const NO_LIST: &str = "0";

/// What a paragraph or a run of text gets by a style.
#[derive(Clone, Debug, Default)]
pub struct Style {
    /// Level of the heading.
    pub level: Option<usize>,
    /// Number of the list, and the level in it.
    pub list: Option<String>,
    pub list_level: Option<usize>,
    pub is_hidden: bool,
    based_on: Option<String>,
}

/// Styles by their ids.
#[derive(Default)]
pub struct Styles(HashMap<String, Style>);

impl Styles {
    pub fn read(mut xml: Xml) -> Result<Self, Problem> {
        let (mut styles, mut open) = (HashMap::<String, Style>::new(), None::<(String, Style)>);
        while let Some(mark) = xml.next()? {
            match (&mark, &mut open) {
                (Mark::Start(start), _) if start.name == "style" => {
                    open = start.get("styleId").map(|id| (id.to_owned(), Style::default()));
                }
                (Mark::End(name), _) if name == "style" => {
                    if let Some((id, style)) = open.take()
                        && styles.len() < MOST_STYLES
                    {
                        styles.entry(id).or_insert(style);
                    }
                }
                (Mark::Start(start), Some((_, style))) => {
                    let value = start.get("val");
                    match start.name.as_str() {
                        "name" => style.level = value.and_then(level_by_name).or(style.level),
                        "outlineLvl" => style.level = style.level.or(value.and_then(outline_level)),
                        "basedOn" => style.based_on = value.map(str::to_owned),
                        "numId" => style.list = value.map(str::to_owned),
                        "ilvl" => style.list_level = start.number("val"),
                        "vanish" => style.is_hidden = start.is_on(),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        Ok(Self(styles))
    }

    /// The style of that id, with what it has from those that it is based on.
    pub fn get(&self, id: &str) -> Style {
        let mut found = Style::default();
        let mut next = self.0.get(id);
        for _ in 0..DEEPEST {
            let Some(style) = next else { break };
            found.level = found.level.or(style.level);
            if found.list.is_none() {
                found.list.clone_from(&style.list);
                found.list_level = found.list_level.or(style.list_level);
            }
            found.is_hidden |= style.is_hidden;
            next = style.based_on.as_deref().and_then(|id| self.0.get(id));
        }
        found.list = found.list.filter(|list| list != NO_LIST);
        found
    }
}

/// The names are the same in every language of Word.
fn level_by_name(name: &str) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    if name == "title" {
        return Some(1);
    }
    name.strip_prefix("heading ")?.parse().ok().filter(|level| (1..=9).contains(level)).map(|level: usize| level.min(6))
}

/// Counted from 0 in the file; 9 is text.
pub fn outline_level(value: &str) -> Option<usize> {
    value.parse::<usize>().ok().filter(|level| *level < 9).map(|level| (level + 1).min(6))
}
