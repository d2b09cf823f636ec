//! Topics of the training queries, for batches that keep to one  [Hofstätter et al., SIGIR 2021, TAS-B].
//!
//! At the start of a stage that asks for it the queries are clustered by the vectors that the encoder has for them then,
//! into topics of about one size. The topics are part of a checkpoint, as that encoder is gone when a run goes on.

use rand::RngExt;

use super::{TrainError, Trainer};
use crate::doc_tree::{DocTree, TreeError, TreeShape};
use crate::encoder::{Input, Side};
use crate::eval::EvalError;
use crate::ids::DocIdx;
use crate::matrix::Matrix;
use crate::random::{Purpose, stream};
use crate::recipe::Sampling;
use crate::tensors::{Tensor, TensorError, Tensors};

/// The topic of each row of the training pairs; `None` outside of stages that have topics.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Topics(pub(super) Option<Vec<u32>>);

const TOPICS: &str = "topics";
/// No topic has more than so many times its share of the queries.
const BALANCE: f32 = 1.5;
/// Rounds of k-means, and queries per topic that a round looks at.
const ROUNDS: usize = 10;
const SAMPLE: usize = 256;

impl Topics {
    /// What a checkpoint holds of them; nothing where there are none.
    pub(super) fn tensors(&self) -> Tensors {
        let mut tensors = Tensors::default();
        if let Some(topics) = &self.0 {
            tensors.insert(TOPICS, Tensor::from(&topics[..]));
        }
        tensors
    }

    /// Takes back what [`Topics::tensors`] gave.
    pub(super) fn from_tensors(tensors: &Tensors) -> Result<Self, TensorError> {
        tensors.list(TOPICS).map(|topics| Topics(Some(topics)))
    }
}

impl Trainer<'_> {
    /// Finds the topics of a stage that begins, where it has any.
    pub(super) fn find_topics(&mut self, place: usize) -> Result<(), TrainError> {
        let stage = &self.recipe.stages[place];
        let Sampling::Topics { topics, .. } = stage.sampling else { return Ok(()) };
        let queries = Input::queries(self.data, self.train.queries());
        let vectors = self.encoder.encode(Side::Query, &queries)?; // (rows, dim)
        let seed = stream(self.recipe.seed, Purpose::Topics { stage: place }).random();
        let found = cluster(&vectors, topics, seed).map_err(|row| {
            let query = self.names.queries[self.train.queries()[row].at()].to_owned();
            self.unmeasured(EvalError::Nan { query })
        })?;
        self.topics = Topics(Some(found));
        Ok(())
    }
}

/// The cluster of each row: so many, or fewer where there are fewer rows.
///
/// # Errors
/// When a vector is not finite: its row.
fn cluster(vectors: &Matrix, n_clusters: usize, seed: u64) -> Result<Vec<u32>, usize> {
    // A tree of one level: its leaves are so large that so many hold all rows.
    let leaf_size = (3 * vectors.n_rows()).div_ceil(2 * n_clusters).max(1);
    let shape =
        TreeShape { branching: n_clusters, leaf_size, balance: BALANCE, iterations: ROUNDS, sample: SAMPLE };
    let tree = match DocTree::grow(vectors, shape, seed) {
        Err(TreeError::NotFinite { doc }) => return Err(doc.at()),
        grown => grown.expect("vectors that are finite make a tree of this shape"),
    };
    let home = |row| tree.home(DocIdx(row)).expect("every row is in the tree").0;
    Ok((0..vectors.n_rows() as u32).map(home).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_direction_are_one_cluster_and_clusters_are_of_about_one_size() {
        // Four directions, of which 10 rows each have nearly one.
        let row = |i: u32| {
            let angle = f64::from(i % 4) * std::f64::consts::FRAC_PI_2 + f64::from(i) * 1e-3;
            [angle.cos() as f32, angle.sin() as f32]
        };
        let vectors = Matrix::new(40, 2, (0..40).flat_map(row).collect()).unwrap();
        let found = cluster(&vectors, 4, 7).unwrap();
        let mut seen = found.clone();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 4);
        assert!(found.iter().enumerate().all(|(at, topic)| *topic == found[at % 4]), "{found:?}");
        assert_eq!(cluster(&vectors, 4, 7).unwrap(), found);
        assert!(
            cluster(&vectors, 1000, 7).unwrap().len() == 40 && cluster(&Matrix::zeros(1, 2), 2, 7).is_ok()
        );
    }

    #[test]
    fn a_checkpoint_gives_them_back() {
        let topics = Topics(Some(vec![3, 1, 3]));
        assert_eq!(Topics::from_tensors(&topics.tensors()).unwrap(), topics);
        assert!(Topics::default().tensors().names().next().is_none());
    }
}
