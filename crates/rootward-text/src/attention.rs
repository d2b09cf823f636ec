//! Attention of the tokens of one sequence to each other, forward and backward.
//!
//! `softmax(Q Kᵀ / √d) V` for each head of `d` numbers  [Vaswani et al. 2017, eq. 1]. Queries, keys and values of a token
//! lie side by side; heads are runs of columns and are read where they are.

use rootward_kernels::{Packed, Store, Strided, attention_softmax, attention_softmax_back, product};

use crate::noise::{Noise, Site};

/// What attention computes with; kept so that its memory is used again.
#[derive(Default)]
pub(crate) struct Scratch {
    packed: Packed,
    shares: Vec<f32>,
    dropped: Vec<f32>,
    grad: Vec<f32>,
}

/// The heads of one sequence in one layer.
#[derive(Clone, Copy)]
pub(crate) struct Heads<'a> {
    pub(crate) hidden: usize,
    pub(crate) heads: usize,
    pub(crate) layer: usize,
    /// The place of the sequence in its group.
    pub(crate) sequence: usize,
    /// What training drops of the shares.
    pub(crate) noise: Option<&'a Noise>,
}

impl Heads<'_> {
    /// The mixed values of all heads.
    ///
    /// # Shapes
    /// - `qkv`: `(tokens, 3 * hidden)`, `context`: `(tokens, hidden)`
    pub(crate) fn forward(self, qkv: &[f32], context: &mut [f32], scratch: &mut Scratch) {
        let hidden = self.hidden;
        let n = context.len() / hidden;
        for head in 0..self.heads {
            let [_, _, values] = self.columns(head);
            self.shares(qkv, n, head, scratch);
            let (stride, dim) = (stride(n), self.dim());
            if let Some(noise) = self.noise.filter(|noise| noise.drops_shares()) {
                noise.drop_shares(self.sequence, self.site(head), &mut scratch.shares);
            }
            scratch.packed.pack(n, dim, Strided::rows(&qkv[values..], 3 * hidden));
            let shares = Strided::rows(&scratch.shares, stride);
            product(Store::Set, n, shares, &scratch.packed, &mut context[head * dim..], hidden);
        }
    }

    /// The gradient of queries, keys and values from that of the mixed values.
    ///
    /// # Shapes
    /// - `qkv`, `out`: `(tokens, 3 * hidden)`, `grad`: `(tokens, hidden)`
    pub(crate) fn back(self, qkv: &[f32], grad: &[f32], out: &mut [f32], scratch: &mut Scratch) {
        let hidden = self.hidden;
        let n = grad.len() / hidden;
        let (stride, dim) = (stride(n), self.dim());
        for head in 0..self.heads {
            let [queries, keys, values] = self.columns(head);
            let head_grad = &grad[head * dim..];
            self.shares(qkv, n, head, scratch);
            let Scratch { packed, shares, dropped, grad: share_grad } = scratch;
            share_grad.resize(n * stride, 0.0);
            packed.pack(dim, n, Strided::transposed(&qkv[values..], 3 * hidden));
            product(Store::Set, n, Strided::rows(head_grad, hidden), packed, share_grad, stride);
            let noise = self.noise.filter(|noise| noise.drops_shares());
            let used = match noise {
                Some(noise) => {
                    dropped.clone_from(shares);
                    noise.drop_shares(self.sequence, self.site(head), dropped);
                    noise.drop_shares(self.sequence, self.site(head), share_grad);
                    &*dropped
                }
                None => &*shares,
            };
            packed.pack(n, dim, Strided::rows(head_grad, hidden));
            product(Store::Set, n, Strided::transposed(used, stride), packed, &mut out[values..], 3 * hidden);
            attention_softmax_back(shares, share_grad, stride, n, self.scale());
            packed.pack(n, dim, Strided::rows(&qkv[keys..], 3 * hidden));
            product(
                Store::Set,
                n,
                Strided::rows(share_grad, stride),
                packed,
                &mut out[queries..],
                3 * hidden,
            );
            packed.pack(n, dim, Strided::rows(&qkv[queries..], 3 * hidden));
            let transposed = Strided::transposed(share_grad, stride);
            product(Store::Set, n, transposed, packed, &mut out[keys..], 3 * hidden);
        }
    }

    /// What each token takes of each other one, before anything is dropped: shape `(tokens, stride)`.
    fn shares(self, qkv: &[f32], n: usize, head: usize, scratch: &mut Scratch) {
        let [queries, keys, _] = self.columns(head);
        let Scratch { packed, shares, .. } = scratch;
        shares.resize(n * stride(n), 0.0);
        packed.pack(self.dim(), n, Strided::transposed(&qkv[keys..], 3 * self.hidden));
        let queries = Strided::rows(&qkv[queries..], 3 * self.hidden);
        product(Store::Set, n, queries, packed, shares, stride(n));
        attention_softmax(shares, stride(n), n, self.scale());
    }

    /// Where the queries, keys and values of a head begin in a row.
    fn columns(self, head: usize) -> [usize; 3] {
        [0, 1, 2].map(|part| part * self.hidden + head * self.dim())
    }

    fn dim(self) -> usize {
        self.hidden / self.heads
    }

    fn scale(self) -> f32 {
        1.0 / (self.dim() as f32).sqrt()
    }

    fn site(self, head: usize) -> Site {
        Site::Shares { layer: self.layer, head }
    }
}

/// How far rows of `n` shares lie apart: whole vectors.
fn stride(n: usize) -> usize {
    n.next_multiple_of(16)
}
