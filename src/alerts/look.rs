//! Reading JSON of which nothing is certain: what is missing, or is something else, is empty.

use serde_json::{Map, Value};

/// A path is names joined by dots; the empty one leads to the value itself.
pub trait Look {
    /// What is there; `null` if there is nothing.
    fn at(&self, path: &str) -> &Value;

    /// The text there; empty if there is none.
    fn text(&self, path: &str) -> &str;

    /// What a text, a number or a truth value there is written as; empty if there is none of these.
    fn shown(&self, path: &str) -> String;

    /// The elements of the list there. An object alone is one element: some languages make no list of one.
    fn list(&self, path: &str) -> &[Value];

    /// The first of these texts that is not blank.
    fn first_text(&self, paths: &[&str]) -> &str;

    /// The entries of the object there.
    fn entries(&self, path: &str) -> impl Iterator<Item = (&str, &Value)>;

    fn has(&self, path: &str) -> bool;

    fn is_text(&self, path: &str) -> bool;

    fn is_list(&self, path: &str) -> bool;

    fn is_object_at(&self, path: &str) -> bool;

    /// Whether it is an object with entries of these names, between spaces, and no others.
    fn has_only(&self, names: &str) -> bool;
}

impl Look for Value {
    fn at(&self, path: &str) -> &Value {
        let names = path.split('.').filter(|name| !name.is_empty());
        names.fold(self, |value, name| value.get(name).unwrap_or(&Value::Null))
    }

    fn text(&self, path: &str) -> &str {
        self.at(path).as_str().unwrap_or_default()
    }

    fn shown(&self, path: &str) -> String {
        scalar(self.at(path)).unwrap_or_default()
    }

    fn list(&self, path: &str) -> &[Value] {
        match self.at(path) {
            Value::Array(elements) => elements,
            one @ Value::Object(_) => std::slice::from_ref(one),
            _ => &[],
        }
    }

    fn first_text(&self, paths: &[&str]) -> &str {
        paths.iter().map(|path| self.text(path)).find(|text| !text.trim().is_empty()).unwrap_or_default()
    }

    fn entries(&self, path: &str) -> impl Iterator<Item = (&str, &Value)> {
        self.at(path).as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
    }

    fn has(&self, path: &str) -> bool {
        !self.at(path).is_null()
    }

    fn is_text(&self, path: &str) -> bool {
        self.at(path).is_string()
    }

    fn is_list(&self, path: &str) -> bool {
        self.at(path).is_array()
    }

    fn is_object_at(&self, path: &str) -> bool {
        self.at(path).is_object()
    }

    fn has_only(&self, names: &str) -> bool {
        self.as_object().is_some_and(|object| object.keys().all(|name| is_among(name, names)))
    }
}

/// Whether it is one of the words between spaces.
pub fn is_among(name: &str, names: &str) -> bool {
    names.split_ascii_whitespace().any(|known| known == name)
}

/// How a value that has no parts is written; `None` for what has parts, and for `null`.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
