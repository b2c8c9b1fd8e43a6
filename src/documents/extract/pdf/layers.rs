//! Layers, which may be off when the file is opened (ISO 32000-2, 8.11).

use std::collections::HashSet;

use hayro_syntax::object::{Array, Dict, MaybeRef, Name, ObjectIdentifier};

/// Layers that are looked at.
const MOST: usize = 10_000;

/// Which layers are shown.
#[derive(Default)]
pub struct Layers {
    off: HashSet<ObjectIdentifier>,
}

impl Layers {
    /// The state in which the file is opened.
    pub fn new(catalog: &Dict<'_>) -> Self {
        let layers = catalog.get::<Dict<'_>>("OCProperties").unwrap_or_default();
        let usual = layers.get::<Dict<'_>>("D").unwrap_or_default();
        let starts_off = usual.get::<Name<'_>>("BaseState").is_some_and(|state| &*state == b"OFF");
        let mut off: HashSet<ObjectIdentifier> =
            if starts_off { references(&layers, "OCGs").collect() } else { HashSet::new() };
        for layer in references(&usual, "ON") {
            off.remove(&layer);
        }
        off.extend(references(&usual, "OFF"));
        Self { off }
    }

    /// Whether what belongs to the layer under that key is not shown: one layer, or a rule about some.
    pub fn hide(&self, dict: &Dict<'_>, key: &str) -> bool {
        if self.off.is_empty() {
            return false;
        }
        if dict.get_ref(key).is_some_and(|layer| self.off.contains(&layer.into())) {
            return true;
        }
        dict.get::<Dict<'_>>(key).is_some_and(|rule| self.hidden_by(&rule))
    }

    /// A rule about some layers hides what belongs to it, unless any of them is on or the rule says otherwise.
    fn hidden_by(&self, rule: &Dict<'_>) -> bool {
        let one = rule.get_ref("OCGs").filter(|_| rule.get::<Array<'_>>("OCGs").is_none());
        let mut layers: Vec<ObjectIdentifier> = references(rule, "OCGs").collect();
        layers.extend(one.map(ObjectIdentifier::from));
        if layers.is_empty() {
            return false;
        }
        let (off, all) = (layers.iter().filter(|layer| self.off.contains(layer)).count(), layers.len());
        match rule.get::<Name<'_>>("P").as_deref() {
            Some(b"AllOn") => off > 0,
            Some(b"AnyOff") => off == 0,
            Some(b"AllOff") => off < all,
            _ => off == all,
        }
    }
}

fn references(dict: &Dict<'_>, key: &str) -> impl Iterator<Item = ObjectIdentifier> {
    let array = dict.get::<Array<'_>>(key);
    let layers: Vec<ObjectIdentifier> = array
        .iter()
        .flat_map(|array| array.raw_iter())
        .filter_map(|layer| match layer {
            MaybeRef::Ref(layer) => Some(layer.into()),
            MaybeRef::NotRef(_) => None,
        })
        .take(MOST)
        .collect();
    layers.into_iter()
}
