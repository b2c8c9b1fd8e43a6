//! Templates of hooks: how a hook shows the JSON that is posted to it, in Jinja's language. The home of `minijinja`.

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value as Data, escape_formatter};
use serde_json::Value;

/// How much work a template may do; one unit is about one instruction, or 64 bytes of text.
const FUEL: u64 = 50_000;

/// How deep a template's calls may be.
const DEEPEST: usize = 50;

/// Longest template, in characters.
pub const LONGEST: usize = 4_000;

/// Longest description of a problem, in characters.
const LONGEST_PROBLEM: usize = 300;

/// What is wrong with a template, in the engine's words: in English, with the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(pub String);

/// Whether a template can be understood.
///
/// # Errors
///
/// What is wrong with it.
pub fn check(template: &str) -> Result<(), Problem> {
    environment().template_from_named_str("template", template).map(drop).map_err(problem)
}

/// What a template makes of a body. Names stand for the entries of the object that was posted, `posted` for what was posted as a
/// whole; what is not there is empty. There is nothing else in reach: no files, no other templates, no text that is not in the body.
///
/// # Errors
///
/// What is wrong with it, or went wrong; a template that does not come to an end soon is one reason.
pub fn rendered(template: &str, body: &Value) -> Result<String, Problem> {
    let environment = environment();
    let template = environment.template_from_named_str("template", template).map_err(problem)?;
    let entries = body.as_object().into_iter().flatten();
    let mut names: BTreeMap<&str, Data> =
        entries.map(|(name, value)| (name.as_str(), Data::from(Serde(value)))).collect();
    names.insert("posted", Data::from(Serde(body)));
    template.render(names).map_err(problem)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_formatter(|out, state, value| match value.is_none() {
        // What is "null" says as little as what is missing.
        true => Ok(()),
        false => escape_formatter(out, state, value),
    });
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(DEEPEST);
    environment
}

fn problem(error: minijinja::Error) -> Problem {
    let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    let words = match error.detail() {
        Some(detail) => format!("{line}{}: {detail}", error.kind()),
        None => format!("{line}{}", error.kind()),
    };
    Problem(words.chars().take(LONGEST_PROBLEM).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_shows_what_was_posted() {
        let body = json!({"host": "web-1", "checks": [{"name": "disk", "ok": false}, {"name": "load", "ok": true}], "n": 3, "none": null, "x": "<b>&"});
        for (template, shown) in [
            ("{{ host }} is down", "web-1 is down"),
            ("{% for check in checks if not check.ok %}{{ check.name }}\n{% endfor %}", "disk\n"),
            ("{{ nothing.of.that.kind }}{{ none }}{{ posted.n + 1 }} {{ x }}", "4 <b>&"),
            ("{{ host | upper | replace('-', ' ') }} {{ checks | length }}", "WEB 1 2"),
        ] {
            assert_eq!(rendered(template, &body), Ok(shown.to_owned()), "{template}");
        }
        assert_eq!(rendered("{{ posted[0] }}", &json!(["first"])), Ok("first".to_owned()));
    }

    #[test]
    fn what_is_wrong_with_a_template_is_said_with_its_line() {
        let Problem(words) = check("{{ a }}\n{% for x in %}").expect_err("no expression");
        assert!(words.starts_with("line 2: syntax error"), "{words}");
        let Problem(words) = rendered("{{ 1 + 'a' }}", &json!({})).expect_err("no number");
        assert!(words.contains("line 1"), "{words}");
        assert!(rendered("{% include 'other' %}", &json!({})).is_err());
    }

    #[test]
    fn a_template_comes_to_an_end_within_bounds() {
        let doubled = format!("{{% set x = 'ab' %}}{}{{{{ x }}}}", "{% set x = x ~ x %}".repeat(60));
        for template in [
            doubled.as_str(),
            "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
            "{{ 'x' * 999999999 }}",
            "{{ 'a' | replace('a', 'aaaaaaaaaaaaaaaaaaaaaaa' * 99) | replace('a', 'aaaaaaaaaaaaaaaaaaaaaaa' * 99) | replace('a', 'aa' * 9999) }}",
        ] {
            assert!(rendered(template, &json!({})).is_err(), "{template}");
        }
    }
}
