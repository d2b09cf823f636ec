//! Which activations training drops: a function of the seed, the step, the text and the place in the network.
//!
//! Nothing is drawn in an order, so a text is dropped from in the same way whatever stands beside it, forward and
//! backward, and however often it is encoded within one step.

use rootward::encoder::Side;
use rootward_kernels::dropout;

use crate::config::DropoutRates;
use crate::group::Group;

/// What is dropped of one group.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    rates: DropoutRates,
    /// A key for each sequence.
    keys: Vec<u64>,
}

/// What names the masks of one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    /// The seed of the run.
    pub(crate) seed: u64,
    /// Steps taken so far.
    pub(crate) step: u64,
    /// The side that is encoded.
    pub(crate) side: Side,
}

/// A place in the network where activations are dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Site {
    /// The embeddings, behind their norm.
    Embeddings,
    /// The shares of one head of attention.
    Shares { layer: usize, head: usize },
    /// What attention adds.
    Attention { layer: usize },
    /// What the dense layers add.
    Dense { layer: usize },
}

impl Noise {
    pub(crate) fn new(rates: DropoutRates, draw: Draw, group: &Group) -> Self {
        let side = match draw.side {
            Side::Query => 1,
            Side::Document => 2,
        };
        let base = [draw.seed, draw.step, side].into_iter().fold(0, mix);
        let key = |bounds: &std::ops::Range<usize>| {
            group.ids[bounds.clone()].iter().fold(base, |key, id| mix(key, u64::from(*id)))
        };
        Noise { rates, keys: group.bounds.iter().map(key).collect() }
    }

    /// Drops from rows of hidden activations, `dim` numbers for each token of the group, or from their gradients.
    pub(crate) fn drop_hidden(&self, group: &Group, site: Site, rows: &mut [f32], dim: usize) {
        if self.rates.hidden == 0.0 {
            return;
        }
        for (bounds, key) in group.bounds.iter().zip(&self.keys) {
            let rows = &mut rows[bounds.start * dim..bounds.end * dim];
            dropout(rows, site_key(*key, site), self.rates.hidden);
        }
    }

    /// Drops from the shares of attention of one sequence, or from their gradients.
    pub(crate) fn drop_shares(&self, sequence: usize, site: Site, shares: &mut [f32]) {
        dropout(shares, site_key(self.keys[sequence], site), self.rates.attention);
    }

    /// Whether shares of attention are dropped at all.
    pub(crate) fn drops_shares(&self) -> bool {
        self.rates.attention > 0.0
    }
}

fn site_key(key: u64, site: Site) -> u64 {
    let name = match site {
        Site::Embeddings => [1, 0, 0],
        Site::Shares { layer, head } => [2, layer as u64, head as u64],
        Site::Attention { layer } => [3, layer as u64, 0],
        Site::Dense { layer } => [4, layer as u64, 0],
    };
    name.into_iter().fold(key, mix)
}

/// Stirs a word into a key: the finaliser of `SplitMix64` [Steele et al., OOPSLA 2014] of both.
fn mix(key: u64, word: u64) -> u64 {
    let x = (key ^ word.wrapping_mul(0xd6e8_feb8_6659_fd93)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: DropoutRates = DropoutRates { hidden: 0.5, attention: 0.5 };

    /// What is left of ones at a place, for the sequence `ids` behind another one.
    fn mask(ids: &[u32], draw: Draw, site: Site) -> Vec<f32> {
        let group = Group::new(&[vec![9; 3], ids.to_vec()]);
        let mut rows = vec![1.0; group.n_tokens() * 40];
        Noise::new(RATES, draw, &group).drop_hidden(&group, site, &mut rows, 40);
        rows.split_off(3 * 40)
    }

    #[test]
    fn a_mask_follows_from_seed_step_side_text_and_place_and_differs_in_each() {
        let draw = Draw { seed: 1, step: 2, side: Side::Query };
        let site = Site::Dense { layer: 1 };
        let first = mask(&[1, 2, 3], draw, site);
        assert_eq!(mask(&[1, 2, 3], draw, site), first);
        let others = [
            mask(&[1, 3, 2], draw, site),
            mask(&[1, 2, 3], Draw { seed: 2, ..draw }, site),
            mask(&[1, 2, 3], Draw { step: 1, ..draw }, site),
            mask(&[1, 2, 3], Draw { side: Side::Document, ..draw }, site),
            mask(&[1, 2, 3], draw, Site::Dense { layer: 0 }),
            mask(&[1, 2, 3], draw, Site::Attention { layer: 1 }),
        ];
        for (at, other) in others.iter().enumerate() {
            let equal = other.iter().zip(&first).filter(|(a, b)| a == b).count();
            assert!((30..90).contains(&equal), "{at}: {equal} of 120 are equal");
        }
    }
}
