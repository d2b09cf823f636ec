//! The mean of token vectors: the fastest way from a text to a vector, and for short texts a good one.
//!
//! Each token has a vector whose length is its weight; a text is the mean of its tokens' vectors, a text without any is
//! zero. Pairs of neighbouring tokens may have vectors too, which are added before the mean is taken: the order of words
//! then counts. There are too many pairs to list, so they share rows by a hash [Joulin et al., EACL 2017], and begin with
//! zeros. Vectors of tokens begin at random, or are read from a static model: a folder with one matrix in `model.safetensors` and
//! the `tokenizer.json` that numbers its rows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use rootward_kernels::{add_scaled, scale_by};

use crate::body::Body;
use crate::encoder::{EncodeError, Keep, PARAMETERS, Side};
use crate::files::WriteError;
use crate::learned::LearnedRows;
use crate::matrix::Matrix;
use crate::optimiser::Optimiser;
use crate::random::{Purpose, fill_normal, scatter, stream};
use crate::tensors::{TensorError, Tensors};
use crate::tokens::{TokenCache, Tokens, TokensError};

/// A network of one layer: the mean of token vectors.
pub struct StaticBody {
    tokens: Tokens,
    /// Those of tokens, and after them those of pairs.
    vectors: LearnedRows,
    reading: Reading,
    cache: TokenCache,
}

/// What is read of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Tokens at the most.
    pub max_tokens: usize,
    /// Rows that pairs of neighbouring tokens share; 0 where pairs do not count.
    pub pairs: usize,
}

/// A static model could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StaticError {
    /// Its tokenizer cannot be read.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// Its vectors cannot be read.
    #[error("the static model in {}: {cause}; `rootward distill` makes one of a Transformer", path.parent().unwrap_or(path).display())]
    Vectors {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        #[source]
        cause: TensorError,
    },
    /// Tokenizer and vectors are not of one model.
    #[error("{}: its matrix has {n_rows} rows, but the tokenizer numbers {n_tokens} tokens; are they of one model?", path.display())]
    Vocabulary {
        /// The file of the vectors.
        path: PathBuf,
        /// Vectors that there are.
        n_rows: usize,
        /// Tokens that the tokenizer knows.
        n_tokens: usize,
    },
    /// Fewer numbers are there than were asked for.
    #[error("{}: its vectors have {found} numbers, {asked} were asked for; set `encoder.body.dim` to at most that", path.display())]
    Narrow {
        /// The file of the vectors.
        path: PathBuf,
        /// Numbers that a vector has.
        found: usize,
        /// Numbers asked for.
        asked: usize,
    },
}

/// The file of the tokenizer in the folder of a static model.
pub const TOKENIZER: &str = "tokenizer.json";

impl StaticBody {
    /// Random vectors for the tokens of a tokenizer, of about unit length.
    pub fn random(tokens: Tokens, dim: usize, reading: Reading, seed: u64) -> Self {
        let mut vectors = Matrix::zeros(tokens.n_tokens(), dim);
        let deviation = 1.0 / (dim as f32).sqrt();
        fill_normal(vectors.values_mut(), deviation, &mut stream(seed, Purpose::Init));
        Self::of(tokens, vectors, reading)
    }

    /// The static model in a folder, of its vectors the first `dim` numbers where so many are asked for.
    ///
    /// # Errors
    /// When a file cannot be read, the two are not of one model, or the vectors are narrower than asked for.
    pub fn open(folder: &Path, dim: Option<usize>, reading: Reading) -> Result<Self, StaticError> {
        let path = folder.join(PARAMETERS);
        let tensors =
            Tensors::read(&path).map_err(|cause| StaticError::Vectors { path: path.clone(), cause })?;
        Self::from_parts(Tokens::open(&folder.join(TOKENIZER))?, &tensors, &path, dim, reading)
    }

    /// The static model of a tokenizer and of the tensors that a file at `path` holds.
    ///
    /// # Errors
    /// As those of [`StaticBody::open`].
    pub fn from_parts(
        tokens: Tokens,
        tensors: &Tensors,
        path: &Path,
        dim: Option<usize>,
        reading: Reading,
    ) -> Result<Self, StaticError> {
        let bad = |cause| StaticError::Vectors { path: path.to_owned(), cause };
        let vectors = tensors.only_matrix(VECTORS).map_err(bad)?; // (tokens, numbers)
        let (n_rows, n_tokens) = (vectors.n_rows(), tokens.n_tokens());
        if n_rows < n_tokens {
            return Err(StaticError::Vocabulary { path: path.to_owned(), n_rows, n_tokens });
        }
        let vectors = match dim {
            Some(asked) if asked > vectors.dim() => {
                return Err(StaticError::Narrow { path: path.to_owned(), found: vectors.dim(), asked });
            }
            Some(asked) => first_columns(&vectors, asked),
            None => vectors,
        };
        Ok(Self::of(tokens, vectors, reading))
    }

    /// With rows for pairs, where they count and there are none yet.
    fn of(tokens: Tokens, mut vectors: Matrix, reading: Reading) -> Self {
        let n_rows = tokens.n_tokens() + reading.pairs;
        if reading.pairs > 0 && vectors.n_rows() != n_rows {
            let mut values = vectors.values()[..tokens.n_tokens() * vectors.dim()].to_vec();
            values.resize(n_rows * vectors.dim(), 0.0);
            vectors = Matrix::new(n_rows, vectors.dim(), values).expect("it was just made that long");
        }
        let (vectors, cache) = (LearnedRows::new(vectors), TokenCache::default());
        StaticBody { tokens, vectors, reading, cache }
    }

    /// The rows whose vectors a text adds up.
    fn rows_of<'a>(&self, tokens: &'a [u32]) -> impl Iterator<Item = u32> + use<'a> {
        let (n_tokens, buckets) = (self.tokens.n_tokens() as u32, self.reading.pairs as u64);
        let pairs = tokens.windows(2).filter(move |_| buckets > 0).map(move |pair| {
            n_tokens + (scatter(u64::from(pair[0]) << 32 | u64::from(pair[1])) % buckets) as u32
        });
        tokens.iter().copied().chain(pairs)
    }

    /// The mean of the tokens of each text: shape `(texts, dim)`.
    fn means(&self, texts: &[Arc<[u32]>]) -> Matrix {
        let (vectors, dim) = (self.vectors.rows(), self.vectors.rows().dim());
        let mut means = Matrix::zeros(texts.len(), dim);
        let rows = means.values_mut().par_chunks_mut(dim).zip(texts).with_min_len(64);
        rows.for_each(|(mean, tokens)| {
            for row in self.rows_of(tokens) {
                add_scaled(1.0, vectors.row(row as usize), mean);
            }
            scale_by(mean, 1.0 / tokens.len().max(1) as f32);
        });
        means
    }
}

impl Body for StaticBody {
    fn dim(&self) -> usize {
        self.vectors.rows().dim()
    }

    fn encode(&self, _side: Side, texts: &[&str]) -> Result<Matrix, EncodeError> {
        Ok(self.means(&self.tokens.cut(texts, self.reading.max_tokens).map_err(unread)?))
    }

    fn encode_in_training(&mut self, _side: Side, texts: &[&str]) -> Result<Matrix, EncodeError> {
        Ok(self.means(&self.tokens.cut_again(texts, self.reading.max_tokens, &self.cache).map_err(unread)?))
    }

    fn backward(&mut self, _side: Side, texts: &[&str], grad: &Matrix) -> Result<(), EncodeError> {
        EncodeError::check_gradient(texts.len(), self.dim(), grad)?;
        let texts = self.tokens.cut_again(texts, self.reading.max_tokens, &self.cache).map_err(unread)?;
        let mut share = vec![0.0; self.dim()];
        for (i, tokens) in texts.iter().enumerate() {
            share.copy_from_slice(grad.row(i));
            scale_by(&mut share, 1.0 / tokens.len().max(1) as f32);
            self.rows_of(tokens).for_each(|row| self.vectors.add(row, &share));
        }
        Ok(())
    }

    fn step(&mut self, rate: f32) {
        self.vectors.step(rate);
    }

    fn start_optimiser(&mut self, optimiser: Optimiser) {
        self.vectors.start_optimiser(optimiser);
    }

    fn tensors(&self, keep: Keep) -> Tensors {
        let mut tensors = Tensors::default();
        self.vectors.save(VECTORS, keep, &mut tensors);
        tensors
    }

    fn restore(&mut self, tensors: &Tensors) -> Result<(), TensorError> {
        self.vectors.restore(VECTORS, tensors)
    }

    fn save(&self, folder: &Path) -> Result<(), WriteError> {
        self.tokens.write(&folder.join(TOKENIZER))?;
        self.tensors(Keep::Model).write(&folder.join(PARAMETERS))
    }
}

/// The tensor of the token vectors in the file of a static model.
pub const VECTORS: &str = "embeddings";

fn unread(cause: TokensError) -> EncodeError {
    EncodeError::Network { cause: Box::new(cause) }
}

fn first_columns(matrix: &Matrix, n: usize) -> Matrix {
    let mut first = Matrix::zeros(matrix.n_rows(), n);
    (0..matrix.n_rows()).for_each(|i| first.row_mut(i).copy_from_slice(&matrix.row(i)[..n]));
    first
}

#[cfg(test)]
mod tests;
