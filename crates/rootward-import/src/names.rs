//! Numbers for names, at the price of 16 bytes and 8 more, or of their bytes and 24 where they are longer than 15.
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

/// Names, found by their hashes.
#[derive(Default)]
pub(crate) struct Symbols {
    names: Vec<Name>,
    /// The names that are too long for [`Name`], one after the other.
    text: String,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// Names that are looked up together.
///
/// Among millions of names each look-up waits for memory twice; those of a batch wait at the same time.
#[derive(Default)]
pub(crate) struct Batch {
    text: String,
    ends: Vec<usize>,
    hashes: Vec<u64>,
    /// For each name the number of one that has probably the same hash.
    likely: Vec<u32>,
}

impl Batch {
    /// Adds a name.
    pub(crate) fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| &self.text[*start..*end])
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }
}

/// A name of up to 15 bytes, or the place of a longer one: to compare most names, memory is asked once.
#[derive(Clone, Copy)]
struct Name {
    bytes: [u8; 15],
    /// How many of the bytes are the name.
    length: u8,
}

/// The length of a name that is too long for [`Name`], whose bytes are its start and its length.
const LONG: u8 = u8::MAX;

/// How many bytes the start of a long name takes; its length takes four more.
const START: usize = 8;

impl Symbols {
    /// The symbol of a name, a new one if it was not seen before.
    pub(crate) fn add(&mut self, name: &str) -> Symbol {
        let hash = self.hasher.hash_one(name);
        let (text, names, hasher) = (&self.text, &self.names, &self.hasher);
        if let Some(known) = find(&self.table, hash, text, names, name) {
            return known;
        }
        let new = u32::try_from(names.len()).expect("an import has fewer than 2^32 names");
        self.table.insert_unique(hash, new, |at| hasher.hash_one(names[*at as usize].get(text)));
        let new_name = Name::short(name).unwrap_or_else(|| Name::long(self.text.len(), name.len()));
        if new_name.length == LONG {
            self.text.push_str(name);
        }
        self.names.push(new_name);
        Symbol(new)
    }

    /// Calls `take` with the symbol of each name of a batch, in order and as [`Symbols::add`] gives it, and empties the
    /// batch.
    pub(crate) fn add_all(&mut self, batch: &mut Batch, mut take: impl FnMut(Symbol)) {
        let mut hashes = std::mem::take(&mut batch.hashes);
        let mut likely = std::mem::take(&mut batch.likely);
        hashes.clear();
        hashes.extend(batch.names().map(|name| self.hasher.hash_one(name)));
        likely.clear();
        // No step of these loops waits for the one before it.
        likely.extend(hashes.iter().map(|hash| self.table.find(*hash, |_| true).copied().unwrap_or(0)));
        for (name, at) in batch.names().zip(&likely) {
            let is_it = match (self.names.get(*at as usize), Name::short(name)) {
                (Some(known), Some(short)) => known.is(short),
                _ => false,
            };
            take(if is_it { Symbol(*at) } else { self.add(name) });
        }
        (batch.hashes, batch.likely) = (hashes, likely);
        batch.clear();
    }

    /// The symbol of a name, if it was seen before.
    pub(crate) fn get(&self, name: &str) -> Option<Symbol> {
        find(&self.table, self.hasher.hash_one(name), &self.text, &self.names, name)
    }

    /// The name of a symbol.
    pub(crate) fn name(&self, symbol: Symbol) -> &str {
        self.names[symbol.at()].get(&self.text)
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

fn find(table: &HashTable<u32>, hash: u64, text: &str, names: &[Name], name: &str) -> Option<Symbol> {
    let found = match Name::short(name) {
        Some(short) => table.find(hash, |at| names[*at as usize].is(short)),
        None => table.find(hash, |at| names[*at as usize].get(text) == name),
    };
    found.copied().map(Symbol)
}

impl Name {
    fn short(name: &str) -> Option<Self> {
        let mut bytes = [0; 15];
        bytes.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        Some(Name { bytes, length: name.len() as u8 })
    }

    fn long(start: usize, length: usize) -> Self {
        let mut bytes = [0; 15];
        bytes[..START].copy_from_slice(&(start as u64).to_le_bytes());
        let length = u32::try_from(length).expect("a name has fewer than 2^32 bytes");
        bytes[START..START + 4].copy_from_slice(&length.to_le_bytes());
        Name { bytes, length: LONG }
    }

    fn is(&self, other: Name) -> bool {
        self.length == other.length && self.bytes == other.bytes
    }

    fn get<'a>(&'a self, text: &'a str) -> &'a str {
        if self.length == LONG {
            let part = |range: std::ops::Range<usize>| {
                self.bytes[range].iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
            };
            let (start, length) = (part(0..START), part(START..START + 4));
            return &text[start..start + length];
        }
        str::from_utf8(&self.bytes[..usize::from(self.length)]).expect("it was made of a text")
    }
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
    fn names_of_any_length_are_told_apart() {
        let mut symbols = Symbols::default();
        let names: Vec<String> = (0..40).flat_map(|n| ["ä".repeat(n), "b".repeat(n) + "\0"]).collect();
        let given: Vec<Symbol> = names.iter().map(|name| symbols.add(name)).collect();
        assert!(names.iter().zip(&given).all(|(name, symbol)| symbols.name(*symbol) == name));
        assert!(names.iter().zip(&given).all(|(name, symbol)| symbols.get(name) == Some(*symbol)));
        assert_eq!(symbols.len(), names.len());
    }

    #[test]
    fn a_batch_gives_what_its_names_give_one_by_one() {
        let (mut one_by_one, mut together, mut batch) =
            (Symbols::default(), Symbols::default(), Batch::default());
        for round in 0..20 {
            let names: Vec<String> =
                (0..50).map(|i| "n".repeat(i * 7 % 23) + &(i * round % 31).to_string()).collect();
            names.iter().for_each(|name| batch.push(name));
            let mut found = Vec::new();
            together.add_all(&mut batch, |symbol| found.push(symbol));
            assert_eq!(found, names.iter().map(|name| one_by_one.add(name)).collect::<Vec<_>>());
            assert_eq!(batch.len(), 0);
        }
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
