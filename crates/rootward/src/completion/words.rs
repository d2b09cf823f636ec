//! The words of documents, as numbers, and how often each occurs.

use std::collections::HashMap;

use crate::dataset::Document;

/// The words of all documents.
pub(super) struct Words {
    /// Number and count of each word of a document, by number.
    pub(super) of: Vec<Vec<(u32, u32)>>,
    /// The words that say what it is called, one list for each of its names.
    pub(super) names: Vec<Vec<Vec<u32>>>,
    /// The first words of its text in their order: where a definition names what it defines.
    pub(super) text: Vec<Vec<u32>>,
    /// Share of each word among all.
    pub(super) share: Vec<f64>,
}

impl Words {
    pub(super) fn of(docs: &[Document]) -> Self {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut split = |text: &str| -> Vec<u32> {
            let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            let number = |word: &str| {
                let next = numbers.len() as u32;
                *numbers.entry(word.to_lowercase()).or_insert(next)
            };
            words.map(number).collect()
        };
        let (mut of, mut names, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        let mut counts: Vec<u64> = Vec::new();
        for doc in docs {
            let called: Vec<Vec<u32>> =
                std::iter::once(&doc.title).chain(&doc.synonyms).map(|name| split(name)).collect();
            // What follows a quotation mark is an example, which speaks of other things.
            let text = split(doc.text.split('"').next().unwrap_or_default());
            let mut all: Vec<u32> = called.iter().flatten().chain(&text).copied().collect();
            all.sort_unstable();
            counts.resize(counts.len().max(all.last().map_or(0, |last| *last as usize + 1)), 0);
            all.iter().for_each(|word| counts[*word as usize] += 1);
            of.push(all.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u32)).collect());
            names.push(called.into_iter().filter(|name| !name.is_empty()).collect());
            texts.push(text);
        }
        let total = counts.iter().sum::<u64>() as f64;
        let share = counts.into_iter().map(|count| count as f64 / total).collect();
        Words { of, names, text: texts, share }
    }

    /// How well the name of one document fits another as what it is: evidence in natural logarithms.
    pub(super) fn names_kind(&self, kind: usize, doc: usize) -> f64 {
        let text = &self.text[doc];
        let at = |name: &Vec<u32>| text.windows(name.len()).position(|window| window == name);
        let said = self.names[kind].iter().filter_map(at).min();
        let said = said.map_or(0.0, |place| if place < FIRST { NAMED_FIRST } else { NAMED });
        let ends =
            |name: &Vec<u32>| self.names[doc].iter().any(|own| own.len() > name.len() && own.ends_with(name));
        if self.names[kind].iter().any(ends) { said + HEAD } else { said }
    }
}

/// Words of a definition among which what it defines is usually named.
const FIRST: usize = 8;
const NAMED_FIRST: f64 = 4.0;
const NAMED: f64 = 2.0;
/// "red oak" is an oak.
const HEAD: f64 = 3.0;
