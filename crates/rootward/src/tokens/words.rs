//! The tokens of words that were cut before: most words of a text are those of the texts before it.
//!
//! A tokenizer that ends a word at a blank, whatever stands around it, gives a text the tokens of its words one after
//! another. Then a text is cut by looking its words up, and only new words go through the tokenizer, which takes about
//! fifty times as long. What comes out is the same either way.

use std::collections::HashMap;
use std::sync::RwLock;

/// Words and their tokens.
#[derive(Default)]
pub(super) struct Words {
    known: RwLock<HashMap<Box<str>, Box<[u32]>>>,
}

/// Words that are kept at the most: some 20 megabytes.
const MOST_KNOWN: usize = 1 << 17;
/// Bytes of a word that is kept at the most.
const LONGEST: usize = 40;

impl Words {
    /// Words for the tokenizer that a `tokenizer.json` describes; `None` where it may look across blanks.
    pub(super) fn of(json: &[u8]) -> Option<Self> {
        let json: serde_json::Value = serde_json::from_slice(json).ok()?;
        let kind = |part: &str, kinds: &[&str]| {
            json[part]["type"].as_str().is_some_and(|kind| kinds.contains(&kind))
        };
        let normalises_letters =
            json["normalizer"].is_null() || kind("normalizer", &["BertNormalizer", "Lowercase"]);
        let splits = kind("pre_tokenizer", &["BertPreTokenizer", "Whitespace", "WhitespaceSplit"]);
        let keeps_to_words = kind("model", &["WordPiece", "WordLevel"]);
        let has_blank =
            |added: &serde_json::Value| added["content"].as_str().is_none_or(|text| text.contains(' '));
        let spans = json["added_tokens"].as_array().is_some_and(|added| added.iter().any(has_blank));
        (normalises_letters && splits && keeps_to_words && !spans).then(Words::default)
    }

    /// The tokens of a text, at most `most`; `cut` cuts what is not known.
    ///
    /// # Errors
    /// When `cut` fails.
    ///
    /// # Panics
    /// When another thread panicked in the list.
    pub(super) fn cut<E>(
        &self,
        text: &str,
        most: usize,
        cut: impl Fn(&str) -> Result<Box<[u32]>, E>,
    ) -> Result<Vec<u32>, E> {
        const SOUND: &str = "no thread panics while it holds the list";
        let mut tokens = Vec::with_capacity(most.min(text.len() / 4 + 2));
        let mut known = self.known.read().expect(SOUND);
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            if tokens.len() >= most {
                break;
            }
            if let Some(found) = known.get(word) {
                tokens.extend_from_slice(found);
                continue;
            }
            let is_kept = known.len() < MOST_KNOWN && word.len() <= LONGEST;
            drop(known);
            let found = cut(word)?;
            tokens.extend_from_slice(&found);
            if is_kept {
                self.known.write().expect(SOUND).insert(word.into(), found);
            }
            known = self.known.read().expect(SOUND);
        }
        tokens.truncate(most);
        Ok(tokens)
    }
}
