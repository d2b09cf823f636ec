//! Which documents may be found, one bit for each.

use rootward::ids::DocIdx;

/// A set of documents.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    words: Vec<u64>,
    len: usize,
}

impl Allowed {
    /// The set of some documents, in any order, repeats counting once.
    pub fn of(docs: impl IntoIterator<Item = DocIdx>) -> Self {
        let mut allowed = Allowed::default();
        for doc in docs {
            let (word, bit) = (doc.at() / 64, 1 << (doc.at() % 64));
            if allowed.words.len() <= word {
                allowed.words.resize(word + 1, 0);
            }
            allowed.len += usize::from(allowed.words[word] & bit == 0);
            allowed.words[word] |= bit;
        }
        allowed
    }

    /// Whether a document is one of them.
    pub fn contains(&self, doc: DocIdx) -> bool {
        self.words.get(doc.at() / 64).is_some_and(|word| word >> (doc.at() % 64) & 1 == 1)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_is_given_twice_counts_once() {
        let allowed = Allowed::of([70, 3, 70].map(DocIdx));
        assert_eq!(allowed.len(), 2);
        assert_eq!([3, 4, 70, 1_000].map(|doc| allowed.contains(DocIdx(doc))), [true, false, true, false]);
    }
}
