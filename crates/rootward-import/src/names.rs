//! Numbers for names, at the price of their bytes and a few more.
//!
//! A hash map of strings takes about 80 bytes for a name; millions of nodes need something leaner.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// The number of a name, in the order in which names were first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Symbol(pub(crate) u32);

impl Symbol {
    /// As an index.
    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

/// Names, one after the other in one text, found by their hashes.
#[derive(Default)]
pub(crate) struct Symbols {
    text: String,
    /// Where each name ends in `text`.
    ends: Vec<usize>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Symbols {
    /// The symbol of a name, a new one if it was not seen before.
    pub(crate) fn add(&mut self, name: &str) -> Symbol {
        let hash = self.hasher.hash_one(name);
        let (text, ends, hasher) = (&self.text, &self.ends, &self.hasher);
        if let Some(known) = self.table.find(hash, |at| nth(text, ends, *at) == name) {
            return Symbol(*known);
        }
        let new = u32::try_from(ends.len()).expect("an import has fewer than 2^32 names");
        self.table.insert_unique(hash, new, |at| hasher.hash_one(nth(text, ends, *at)));
        self.text.push_str(name);
        self.ends.push(self.text.len());
        Symbol(new)
    }

    /// The symbol of a name, if it was seen before.
    pub(crate) fn get(&self, name: &str) -> Option<Symbol> {
        let hash = self.hasher.hash_one(name);
        self.table.find(hash, |at| nth(&self.text, &self.ends, *at) == name).copied().map(Symbol)
    }

    /// The name of a symbol.
    pub(crate) fn name(&self, symbol: Symbol) -> &str {
        nth(&self.text, &self.ends, symbol.0)
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }
}

fn nth<'a>(text: &'a str, ends: &[usize], at: u32) -> &'a str {
    let at = at as usize;
    let start = if at == 0 { 0 } else { ends[at - 1] };
    &text[start..ends[at]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number() {
        let mut symbols = Symbols::default();
        let given: Vec<u32> = ["a", "", "ab", "a", "b", ""].iter().map(|name| symbols.add(name).0).collect();
        assert_eq!(given, [0, 1, 2, 0, 3, 1]);
        assert_eq!((symbols.name(Symbol(2)), symbols.name(Symbol(1)), symbols.len()), ("ab", "", 4));
        assert_eq!((symbols.get("b"), symbols.get("c")), (Some(Symbol(3)), None));
    }

    #[test]
    fn many_names_are_all_found_again() {
        let mut symbols = Symbols::default();
        let names: Vec<String> = (0..5_000).map(|i| format!("n{}", i * 7919 % 5_000)).collect();
        let given: Vec<Symbol> = names.iter().map(|name| symbols.add(name)).collect();
        assert!(names.iter().zip(&given).all(|(name, symbol)| symbols.get(name) == Some(*symbol)));
        assert_eq!(symbols.len(), 5_000);
    }
}
