//! The model that an index was built with, opened when it is needed and told from others by its fingerprint.

use std::path::{Path, PathBuf};

use anyhow::bail;
use rootward::encoder::{Input, Side, Text};
use rootward::matrix::Matrix;
use rootward_index::Index;

use crate::text_model::TextModel;
use crate::vectors_from::{encode, named};

/// The model of an index.
pub(crate) struct IndexModel {
    /// Where it lies, if not where it lay when the index was built.
    folder: Option<PathBuf>,
    opened: Option<TextModel>,
}

impl IndexModel {
    /// The model of an index, which is looked for in `folder` or, without it, where it was when the index was built.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        IndexModel { folder, opened: None }
    }

    /// The vectors of texts: shape `(texts, dim)`.
    ///
    /// # Errors
    /// When the index has no model or the one that is found is another, it does not read such texts, or one cannot be
    /// encoded.
    pub(crate) fn encode(&mut self, index: &Index, side: Side, texts: &[Text<'_>]) -> anyhow::Result<Matrix> {
        let model = self.get(index)?;
        if !model.encoder().reads_texts(side) {
            bail!(
                "the model of {} has a vector of its own for each document that it was trained on, and none for others: \
                 give each line a `vector`, or switch to a model that reads documents",
                index.path().display()
            );
        }
        let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input { idx: u32::MAX, text: *text }).collect();
        encode(model, side, &inputs, &mut |_| ())
    }

    fn get(&mut self, index: &Index) -> anyhow::Result<&TextModel> {
        let path = index.path().display();
        let Some(name) = index.settings()?.model else {
            bail!(
                "{path} holds vectors that were made elsewhere: give each line a `vector`, ask --by words, or give the \
                 index the vectors of a model by `rootward index switch`"
            );
        };
        if let Some(model) = self.opened.take() {
            return Ok(self.opened.insert(model));
        }
        let folder = self.folder.as_deref().unwrap_or(Path::new(&name.name));
        if folder != Path::new("builtin") && !folder.is_dir() {
            bail!(
                "{path} was built with the model `{}`, which is not at {}: say by --model where it is",
                name.name,
                folder.display()
            );
        }
        let (model, found) = named(folder)?;
        index.check_model(&found.fingerprint)?;
        Ok(self.opened.insert(model))
    }
}
