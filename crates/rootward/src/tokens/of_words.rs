//! A tokenizer for tests, made of the words that they need.

use std::collections::HashMap;
use std::path::Path;

use super::Tokens;

/// A tokenizer of whole words: `[UNK]`, then the given ones.
pub(crate) fn of_words(words: &[&str]) -> Tokens {
    let vocabulary: HashMap<String, u32> =
        ["[UNK]"].iter().chain(words).map(|word| (*word).to_owned()).zip(0..).collect();
    let json = serde_json::json!({
        "version": "1.0", "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
        "padding": null, "added_tokens": [],
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    });
    Tokens::from_json(json.to_string().as_bytes(), Path::new("words.json")).expect("it is a tokenizer")
}
