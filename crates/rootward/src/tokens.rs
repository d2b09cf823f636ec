//! Texts as numbers of tokens, by the `tokenizer.json` of a model.
//!
//! What a token is, and what happens to capitals, accents and strange characters before, is all in that file; any text
//! goes through, whatever is in it.

mod words;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;
use tokenizers::Tokenizer;

use crate::files::{WriteError, write_aside};
use words::Words;

/// A vocabulary and the way texts are cut into it.
pub struct Tokens {
    tokenizer: Tokenizer,
    n_tokens: usize,
    /// The file as it was read, to be written again.
    json: Arc<[u8]>,
    /// Where the tokens of a text are those of its words.
    words: Option<Words>,
}

/// Tokens of texts that are asked for again and again, as those of a data set in training.
#[derive(Default)]
pub struct TokenCache {
    known: Mutex<HashMap<Box<str>, Arc<[u32]>>>,
}

/// A tokenizer could not be read, or could not read a text.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The operating system could not read the file.
    #[error("{} could not be read: {cause}; expected the tokenizer of a model", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
    /// The file is no tokenizer.
    #[error("{} is no tokenizer: {cause}; expected a tokenizer.json as Hugging Face's tokenizers write it", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A text cannot be cut into tokens.
    #[error("a text of {length} bytes could not be cut into tokens: {cause}")]
    Text {
        /// Its length.
        length: usize,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Tokens {
    /// The tokenizer in a file.
    ///
    /// # Errors
    /// When the file cannot be read or is no tokenizer.
    pub fn open(path: &Path) -> Result<Self, TokensError> {
        let read = std::fs::read(path);
        Self::from_json(&read.map_err(|cause| TokensError::Read { path: path.to_owned(), cause })?, path)
    }

    /// The tokenizer that a file at `path` holds.
    ///
    /// # Errors
    /// When it is no tokenizer.
    pub fn from_json(json: &[u8], path: &Path) -> Result<Self, TokensError> {
        let bad = |cause| TokensError::Format { path: path.to_owned(), cause };
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(bad)?;
        // How much is read of a text, and how texts of different lengths stand side by side, is not the file's business.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(bad)?;
        let greatest = tokenizer.get_vocab(true).into_values().max();
        let n_tokens = greatest.map_or(0, |greatest| greatest as usize + 1);
        Ok(Tokens { tokenizer, n_tokens, json: json.into(), words: Words::of(json) })
    }

    /// A tokenizer of whole words in small letters, whatever else stands in a text: 0 for an unknown one, then the given
    /// ones in their order.
    pub fn of_words(words: &[&str]) -> Self {
        let all = std::iter::once(UNKNOWN).chain(words.iter().copied());
        let vocabulary: HashMap<&str, u32> = all.zip(0..).collect();
        let json = serde_json::json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": [],
            "normalizer": {"type": "Lowercase"},
            "pre_tokenizer": {"type": "Whitespace"},
            "post_processor": null,
            "decoder": null,
            "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": UNKNOWN},
        });
        Self::from_json(json.to_string().as_bytes(), Path::new("the tokenizer of words"))
            .expect("it is as tokenizers are written")
    }

    /// Numbers that tokens may have: one more than the greatest.
    pub fn n_tokens(&self) -> usize {
        self.n_tokens
    }

    /// The tokens of a word of the vocabulary, each with its text: what a list of all of them shows.
    pub fn vocabulary(&self) -> Vec<(String, u32)> {
        let mut all: Vec<(String, u32)> = self.tokenizer.get_vocab(true).into_iter().collect();
        all.sort_by_key(|(_, number)| *number);
        all
    }

    /// The tokens of each text, at most `most`, without those that models put around texts.
    ///
    /// # Errors
    /// When a text cannot be cut into tokens.
    pub fn cut(&self, texts: &[&str], most: usize) -> Result<Vec<Arc<[u32]>>, TokensError> {
        texts.par_iter().map(|text| self.cut_one(text, most)).collect()
    }

    /// As [`Tokens::cut`], for texts that will be asked for again.
    ///
    /// # Errors
    /// When a text cannot be cut into tokens.
    ///
    /// # Panics
    /// When another thread panicked in the cache.
    pub fn cut_again(
        &self,
        texts: &[&str],
        most: usize,
        cache: &TokenCache,
    ) -> Result<Vec<Arc<[u32]>>, TokensError> {
        let known = || cache.known.lock().expect("no thread panics while it holds the cache");
        let mut cut: Vec<Option<Arc<[u32]>>> = {
            let known = known();
            texts.iter().map(|text| known.get(*text).cloned()).collect()
        };
        let lacking: Vec<usize> = (0..texts.len()).filter(|i| cut[*i].is_none()).collect();
        let found =
            lacking.par_iter().map(|i| self.cut_one(texts[*i], most)).collect::<Result<Vec<_>, _>>()?;
        let mut known = known();
        for (i, tokens) in lacking.into_iter().zip(found) {
            if known.len() < MOST_KNOWN {
                known.insert(texts[i].into(), tokens.clone());
            }
            cut[i] = Some(tokens);
        }
        Ok(cut.into_iter().map(|tokens| tokens.expect("what was lacking was just cut")).collect())
    }

    /// Writes the tokenizer as it was read.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        write_aside(path, |file| std::io::Write::write_all(file, &self.json))
    }

    fn cut_one(&self, text: &str, most: usize) -> Result<Arc<[u32]>, TokensError> {
        if let Some(words) = &self.words {
            return Ok(words.cut(text, most, |word| self.cut_whole(word))?.into());
        }
        let ids = self.cut_whole(text)?;
        Ok(ids[..ids.len().min(most)].into())
    }

    /// All tokens of a text, by the tokenizer itself.
    fn cut_whole(&self, text: &str) -> Result<Box<[u32]>, TokensError> {
        let cut = self.tokenizer.encode_fast(text, false);
        let cut = cut.map_err(|cause| TokensError::Text { length: text.len(), cause })?;
        Ok(cut.get_ids().into())
    }
}

/// The word that stands for those that are not known.
const UNKNOWN: &str = "[UNK]";

/// Texts whose tokens are kept at the most: some gigabytes of long ones.
const MOST_KNOWN: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    fn cut(text: &str, most: usize) -> Vec<u32> {
        Tokens::of_words(&["a", "sandal"]).cut(&[text], most).unwrap()[0].to_vec()
    }

    #[test]
    fn a_text_becomes_the_numbers_of_its_tokens_as_many_as_are_read() {
        assert_eq!(cut("A sandal, a", 9), [1, 2, 0, 1]);
        assert_eq!(cut("A sandal, a", 2), [1, 2]);
        assert_eq!((cut("", 9), cut(" \u{0}\u{202e}\u{fffd}", 9).len()), (vec![], 1));
        assert_eq!(cut(&"sandal ".repeat(100_000), 512).len(), 512);
    }

    /// The tokenizer of the model that comes with the program: that of BERT.
    static BERT: LazyLock<Tokens> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/static-minilm/tokenizer.json");
        Tokens::open(&path).unwrap()
    });

    proptest! {
        #[test]
        fn a_text_cut_by_its_words_is_what_the_tokenizer_makes_of_it(
            texts in vec("([ \t\n\u{a0}\u{3000}]{0,2}([a-zA-Z]{1,9}|[éÜßſ東京İ]{1,3}|[\u{301}\u{200b}\u{0}.,'#-]{1,2}|\\[SEP\\]|##s)){0,9}", 1..9)
        ) {
            let tokens = &*BERT;
            assert!(tokens.words.is_some());
            for text in &texts {
                for _ in 0..2 {
                    assert_eq!(&*tokens.cut_one(text, usize::MAX).unwrap(), &*tokens.cut_whole(text).unwrap(), "{text:?}");
                }
                let few = tokens.cut_one(text, 3).unwrap();
                assert_eq!(&*few, &tokens.cut_whole(text).unwrap()[..few.len()]);
            }
        }
    }

    #[test]
    fn only_a_tokenizer_that_ends_words_at_blanks_is_asked_word_by_word() {
        let json = |pre: &str, added: &str| {
            serde_json::json!({
                "normalizer": {"type": "BertNormalizer"},
                "pre_tokenizer": {"type": pre},
                "added_tokens": [{"content": added}],
                "model": {"type": "WordPiece"},
            })
            .to_string()
        };
        let asked = |pre, added| Words::of(json(pre, added).as_bytes()).is_some();
        assert!(asked("BertPreTokenizer", "[SEP]"));
        assert!(!asked("Metaspace", "[SEP]") && !asked("ByteLevel", "[SEP]"));
        assert!(!asked("BertPreTokenizer", "two words") && Words::of(b"{").is_none());
    }

    #[test]
    fn what_is_cut_again_is_what_was_cut_before() {
        let (tokens, cache) = (Tokens::of_words(&["a", "sandal"]), TokenCache::default());
        let texts = ["a sandal", "sandal", "a sandal"];
        let first = tokens.cut_again(&texts, 9, &cache).unwrap();
        assert_eq!(first, tokens.cut(&texts, 9).unwrap());
        assert_eq!(tokens.cut_again(&texts, 9, &cache).unwrap(), first);
    }

    #[test]
    fn a_file_that_is_no_tokenizer_is_named() {
        let said = |json: &[u8]| Tokens::from_json(json, Path::new("t.json")).err().unwrap().to_string();
        for json in [&b""[..], b"{}", b"\xff", b"[1, 2"] {
            assert!(said(json).starts_with("t.json is no tokenizer: "), "{}", said(json));
        }
        let missing = Tokens::open(Path::new("nowhere/tokenizer.json")).err().unwrap().to_string();
        assert!(missing.starts_with("nowhere/tokenizer.json could not be read"), "{missing}");
    }

    #[test]
    fn a_tokenizer_is_written_as_it_was_read() {
        let (dir, tokens) = (tempfile::tempdir().unwrap(), Tokens::of_words(&["a"]));
        let path = dir.path().join("tokenizer.json");
        tokens.write(&path).unwrap();
        let again = Tokens::open(&path).unwrap();
        assert_eq!((again.n_tokens(), again.vocabulary()), (2, tokens.vocabulary()));
    }
}
