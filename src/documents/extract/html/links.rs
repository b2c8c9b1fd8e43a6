//! Where the links of a page lead.

use std::collections::HashSet;
use std::rc::Rc;

use htmd::Node;

use super::super::{LONGEST_LINK, MOST_LINKS, PageLinks};
use super::pruning::{attribute, for_each_element, name};

/// The links, of which a page that asks not to be followed has none.
pub fn of(page: &Rc<Node>) -> PageLinks {
    let (mut base, mut links, mut is_followed) = (None, Vec::new(), true);
    for_each_element(page, &mut |node| match name(node) {
        Some("base") => base = base.take().or_else(|| attribute(node, "href")),
        Some("meta") => is_followed &= !forbids(node),
        Some("a" | "area") => links.extend(link(node)),
        _ => {}
    });
    if !is_followed {
        return PageLinks::default();
    }
    let mut seen = HashSet::new();
    links.retain(|link| link.len() <= LONGEST_LINK && seen.insert(link.clone()));
    links.truncate(MOST_LINKS);
    PageLinks { base: base.filter(|base| base.len() <= LONGEST_LINK), links }
}

/// Whether it says that programs should not follow the page's links.
fn forbids(node: &Rc<Node>) -> bool {
    let is_for_robots = attribute(node, "name").is_some_and(|name| name.eq_ignore_ascii_case("robots"));
    let content = attribute(node, "content").unwrap_or_default().to_ascii_lowercase();
    is_for_robots && content.split(',').any(|word| matches!(word.trim(), "nofollow" | "none"))
}

fn link(node: &Rc<Node>) -> Option<String> {
    let rel = attribute(node, "rel").unwrap_or_default();
    let is_followed = !rel.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("nofollow"));
    // Within the page.
    let leads_elsewhere = |link: &String| !link.is_empty() && !link.starts_with('#');
    attribute(node, "href").map(|link| link.trim().to_owned()).filter(|link| is_followed && leads_elsewhere(link))
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::PageLinks;

    #[test]
    fn links_are_those_that_a_program_may_follow() {
        let page = r##"<html><head><base href="/docs/"></head><body><nav><a href="one.html">One</a></nav>
            <p>Text with <a href="two.html#part">two</a>, <a href=" one.html ">one</a>, <a href="#here">here</a>,
            <a rel="noopener nofollow" href="/login">log in</a> and <a name="x">none</a>.</p></body></html>"##;
        let links = |page: &str| read(page).map(|read| read.links);
        let followed = ["one.html", "two.html#part"].map(str::to_owned).to_vec();
        assert_eq!(links(page), Ok(PageLinks { base: Some("/docs/".into()), links: followed }));
        let closed = page.replace("<base", "<meta name=Robots content='noindex, NOFOLLOW'><base");
        assert_eq!(links(&closed), Ok(PageLinks::default()));
    }
}
