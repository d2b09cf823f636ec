//! Randomness that follows from one seed and from nothing else.
//!
//! Every draw comes from a stream named by what it is for: the start of the tables, the order of epoch 3 of stage 1,
//! the negatives of step 1,200. A run that is resumed names the same streams and so draws the same numbers; no state of
//! a generator has to be saved.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// What a stream of random numbers is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The numbers that an encoder starts from.
    Init,
    /// Which queries are measured during training.
    Validation,
    /// The order of an epoch.
    Epoch {
        /// Place of the stage in the recipe.
        stage: usize,
        /// Place of the epoch in the stage.
        epoch: usize,
    },
    /// Which pairs are hidden.
    Hide,
    /// Which queries are divided off.
    Divide,
    /// The topics of the training queries.
    Topics {
        /// Place of the stage in the recipe.
        stage: usize,
    },
    /// The hard negatives of a query.
    Mine {
        /// Place of the stage in the recipe.
        stage: usize,
        /// Place of the step before which they are mined.
        step: usize,
        /// The query's place among the pairs.
        row: usize,
    },
    /// The draws of a step.
    Step {
        /// Place of the stage in the recipe.
        stage: usize,
        /// Place of the step in the stage.
        step: usize,
    },
    /// The siblings that a step tells documents apart from.
    Siblings {
        /// Place of the stage in the recipe.
        stage: usize,
        /// Place of the step in the stage.
        step: usize,
    },
    /// The signs of a randomisation test.
    Signs {
        /// Which 64 of its permutations.
        block: usize,
    },
    /// The queries of the samples of a bootstrap.
    Bootstrap {
        /// Which of its samples.
        sample: usize,
    },
    /// The runs of sentences of a document that become queries.
    Spans {
        /// Place of the document.
        doc: usize,
    },
    /// The runs of words of a document that become queries.
    Crops {
        /// Place of the document.
        doc: usize,
    },
    /// The edges of a hierarchy made to order.
    Synth,
    /// The vector that the construction draws for a document.
    Construction {
        /// Place of the document.
        doc: usize,
    },
    /// How the documents of a node of a doc tree are divided.
    Cluster {
        /// Place of the node.
        node: usize,
    },
}

/// The stream of a purpose under a seed.
pub fn stream(seed: u64, purpose: Purpose) -> Pcg64 {
    let name = match purpose {
        Purpose::Init => [1, 0, 0],
        Purpose::Hide => [6, 0, 0],
        Purpose::Divide => [11, 0, 0],
        Purpose::Validation => [2, 0, 0],
        Purpose::Epoch { stage, epoch } => [3, stage as u64, epoch as u64],
        Purpose::Step { stage, step } => [4, stage as u64, step as u64],
        Purpose::Mine { stage, step, row } => [12, (stage as u64) << 32 | step as u64, row as u64],
        Purpose::Siblings { stage, step } => [13, stage as u64, step as u64],
        Purpose::Signs { block } => [20, block as u64, 0],
        Purpose::Bootstrap { sample } => [21, sample as u64, 0],
        Purpose::Spans { doc } => [40, doc as u64, 0],
        Purpose::Topics { stage } => [42, stage as u64, 0],
        Purpose::Crops { doc } => [41, doc as u64, 0],
        Purpose::Synth => [9, 0, 0],
        Purpose::Construction { doc } => [5, doc as u64, 0],
        Purpose::Cluster { node } => [40, node as u64, 0],
    };
    Pcg64::seed_from_u64(name.into_iter().fold(scatter(seed), |state, word| scatter(state ^ scatter(word))))
}

/// The numbers `0..n` in random order.
pub fn shuffled(n: usize, rng: &mut Pcg64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n as u32).collect();
    order.shuffle(rng);
    order
}

/// One of the items, all equally likely; `None` when there is none.
pub fn pick<T: Copy>(items: &[T], rng: &mut Pcg64) -> Option<T> {
    if items.is_empty() { None } else { Some(items[rng.random_range(0..items.len())]) }
}

/// Fills a slice with independent, normally distributed numbers of mean 0, by the Box-Muller transform.
///
/// They are drawn two at a time, so a shorter slice gets the first numbers of a longer one.
pub fn fill_normal(values: &mut [f32], deviation: f32, rng: &mut impl Rng) {
    for pair in values.chunks_mut(2) {
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt() * f64::from(deviation);
        let (sin, cos) = (std::f64::consts::TAU * rng.random::<f64>()).sin_cos();
        for (value, direction) in pair.iter_mut().zip([cos, sin]) {
            *value = (radius * direction) as f32;
        }
    }
}

/// Spreads a small difference over all bits: the finaliser of `SplitMix64` [Steele et al., OOPSLA 2014].
pub(crate) fn scatter(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_each_time_and_another_for_another_purpose() {
        let draw = |seed, purpose| stream(seed, purpose).random::<u64>();
        let step = |stage, step| Purpose::Step { stage, step };
        let draws = [
            draw(7, Purpose::Init),
            draw(8, Purpose::Init),
            draw(7, step(0, 1)),
            draw(7, step(1, 0)),
            draw(7, Purpose::Epoch { stage: 0, epoch: 1 }),
        ];
        for (i, one) in draws.iter().enumerate() {
            assert!(!draws[..i].contains(one), "{i}");
        }
        assert_eq!(draw(7, step(1, 0)), draws[3]);
    }

    #[test]
    fn shuffled_numbers_are_all_there_and_in_another_order() {
        let mut order = shuffled(100, &mut stream(1, Purpose::Init));
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn normal_numbers_have_their_mean_and_deviation_and_fewer_of_them_are_the_first() {
        let draw = |n| {
            let mut values = vec![0.0; n];
            fill_normal(&mut values, 2.0, &mut stream(1, Purpose::Construction { doc: 3 }));
            values
        };
        let values = draw(10_001);
        let mean = values.iter().sum::<f32>() / 10_001.0;
        let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / 10_001.0;
        assert!(mean.abs() < 0.05 && (variance - 4.0).abs() < 0.2, "{mean} {variance}");
        assert_eq!(draw(5), values[..5]);
    }

    #[test]
    fn items_are_picked_equally_often_and_nothing_from_nothing() {
        let mut rng = stream(1, Purpose::Validation);
        let mut counts = [0; 3];
        (0..3000).for_each(|_| counts[pick(&[0, 1, 2], &mut rng).unwrap()] += 1);
        assert!(counts.iter().all(|n| (850..1150).contains(n)), "{counts:?}");
        assert_eq!(pick::<u8>(&[], &mut rng), None);
    }
}
