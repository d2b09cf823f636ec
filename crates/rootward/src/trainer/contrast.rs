//! The contrast of siblings in a document tree that is learned together with the encoder  [HCE §3].
//!
//! At the start of a stage, and as often as the recipe asks, all documents are encoded and the tree is brought up to
//! them. A step then goes down the tree to each of its positives: at every node it sets the child on the way against the
//! other children, and at the end the document against others of its leaf, which are encoded with the documents of the
//! step. The tree and what is learned of its nodes are part of a checkpoint: the encoder that the tree was grown from is
//! gone when a run goes on.

use std::collections::{HashMap, HashSet};

use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use rootward_kernels::{add_scaled, dot, scale_by};

use super::{TrainError, Trainer};
use crate::doc_tree::{DocTree, NodeIdx};
use crate::encoder::{Input, Keep, Side};
use crate::ids::DocIdx;
use crate::learned::LearnedRows;
use crate::loss::{Contests, LossError, LossGrad, sibling_softmax};
use crate::matrix::Matrix;
use crate::optimiser::Optimiser;
use crate::pairs::Pairs;
use crate::recipe::{Centroids, Renew, Stage, TreeContrast, TreeFrom};
use crate::rows::Rows;
use crate::sampling::Batch;
use crate::table::Score;
use crate::tensors::{Tensor, Tensors};

/// A tree in training.
pub(super) struct Grown {
    pub(super) tree: DocTree,
    /// The step before which it was last brought up to the encoder; none in the stage that runs.
    renewed: Option<usize>,
    nodes: NodeVectors,
}

/// What stands for the nodes of a tree, a row for each slot.
enum NodeVectors {
    Members(Matrix),
    Learned(LearnedRows),
}

/// What bringing up a tree came to.
pub(super) struct Renewed {
    /// Share of the documents whose best leaf was no longer theirs; `None` of the first tree.
    pub(super) drift: Option<f64>,
    /// Nodes that go on from the tree before.
    pub(super) continued: usize,
    /// Mean cosine of the documents with the centroid of their leaf.
    pub(super) cosine: f64,
}

/// What a step contrasts.
pub(super) struct Drawn {
    /// Documents that are encoded behind those of the batch.
    pub(super) docs: Vec<DocIdx>,
    contests: Vec<Contest>,
}

/// A choice among siblings.
struct Contest {
    /// The row of the query.
    query: u32,
    winner: Sibling,
    rivals: Vec<Sibling>,
    /// Levels above the documents of a leaf.
    height: usize,
}

/// A document, as its column in the step, or a node.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Sibling {
    Doc(u32),
    Node(NodeIdx),
}

/// The contrast of a step: its loss and gradients with respect to queries and documents, and to the nodes that learn.
pub(super) struct Contrast {
    pub(super) loss: f64,
    pub(super) queries: Matrix,
    pub(super) docs: Matrix,
    nodes: Vec<(NodeIdx, Vec<f32>)>,
}

/// The nodes that a document is compared with on each level when the tree looks for its best leaf.
pub(crate) const BEAM: usize = 4;

const RENEWED: &str = "renewed";
const LEARNED: &str = "centroid";

impl Grown {
    /// Whether the tree is to be renewed before a step.
    pub(super) fn is_due(&self, contrast: TreeContrast, step: usize, per_epoch: usize) -> bool {
        match (self.renewed, contrast.renew.every()) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(last), Some(every)) => step - last >= every.steps(per_epoch),
        }
    }

    /// Forgets when it was renewed and what an optimiser remembers, as at the start of a stage.
    pub(super) fn start_stage(&mut self, optimiser: Optimiser) {
        self.renewed = None;
        if let NodeVectors::Learned(learned) = &mut self.nodes {
            learned.start_optimiser(optimiser);
        }
    }

    /// Lets means follow documents and documents go to their best leaves: see [`DocTree::reassign`].
    fn follow(&mut self, vectors: &Matrix, momentum: f32, score: Score) {
        self.tree.reassign(vectors, momentum, BEAM);
        if let NodeVectors::Members(_) = self.nodes {
            self.nodes = NodeVectors::Members(members(&self.tree, score));
        }
    }

    /// What stands for the nodes, as vectors of the encoder's space: shape `(slots, dim)`.
    pub(super) fn vectors(&self, score: Score) -> Matrix {
        match &self.nodes {
            NodeVectors::Members(vectors) => vectors.clone(),
            NodeVectors::Learned(learned) => score.vectors(Side::Document, learned.rows().clone()),
        }
    }

    pub(super) fn tensors(&self, keep: Keep) -> Tensors {
        let mut tensors = self.tree.tensors();
        let renewed = self.renewed.map_or(u32::MAX, |step| step as u32);
        tensors.insert(RENEWED, Tensor::from(&[renewed][..]));
        if let NodeVectors::Learned(learned) = &self.nodes {
            learned.save(LEARNED, keep, &mut tensors);
        }
        tensors
    }

    /// Takes back what [`Grown::tensors`] gave, in a stage with this optimiser.
    pub(super) fn from_tensors(
        tensors: &Tensors,
        score: Score,
        optimiser: Optimiser,
    ) -> Result<Self, TrainError> {
        let tree = DocTree::from_tensors(tensors)?;
        let renewed = tensors.counts(RENEWED, 1)?[0];
        let nodes = match tensors.contains(LEARNED) {
            false => NodeVectors::Members(members(&tree, score)),
            true => {
                let mut learned = LearnedRows::new(Matrix::zeros(tree.n_slots(), tree.dim()));
                learned.start_optimiser(optimiser);
                learned.restore(LEARNED, tensors)?;
                NodeVectors::Learned(learned)
            }
        };
        Ok(Grown { tree, renewed: (renewed != u32::MAX).then_some(renewed as usize), nodes })
    }

    /// The siblings that each positive of a batch is told apart from on its way down the tree.
    ///
    /// `train` has every document that is known to be relevant to a query of the batch; those that the batch guesses to be
    /// are its positives.
    pub(super) fn draw(
        &self,
        contrast: TreeContrast,
        batch: &Batch,
        train: &Pairs,
        rng: &mut Pcg64,
    ) -> Drawn {
        let mut columns: HashMap<DocIdx, u32> = HashMap::new();
        for (column, doc) in (0..).zip(&batch.docs) {
            columns.entry(*doc).or_insert(column);
        }
        let mut drawn = Drawn { docs: Vec::new(), contests: Vec::new() };
        for (query, idx) in batch.queries.iter().enumerate() {
            let row = train.queries().binary_search(idx).expect("a query that is drawn has pairs");
            let positives = batch.positives.row(query).iter().map(|column| batch.docs[*column as usize]);
            let known: HashSet<DocIdx> =
                train.relevant(row).iter().map(|relevant| relevant.doc).chain(positives).collect();
            let above: HashSet<NodeIdx> = known.iter().flat_map(|doc| self.tree.path(*doc)).collect();
            for column in batch.positives.row(query) {
                let doc = batch.docs[*column as usize];
                let path = self.tree.path(doc);
                for (level, node) in path.iter().enumerate() {
                    let (child, height) = (path.get(level + 1), path.len() - 1 - level);
                    let winner = child.map_or(Sibling::Doc(*column), |child| Sibling::Node(*child));
                    let node = self.tree.node(*node);
                    let mut nodes: Vec<NodeIdx> =
                        node.children.iter().filter(|other| !above.contains(other)).copied().collect();
                    let mut docs: Vec<DocIdx> =
                        node.docs.iter().filter(|other| !known.contains(other)).copied().collect();
                    let (nodes, _) = nodes.partial_shuffle(rng, contrast.nodes);
                    let (docs, _) = docs.partial_shuffle(rng, contrast.documents);
                    let mut rivals: Vec<Sibling> = nodes.iter().copied().map(Sibling::Node).collect();
                    for doc in docs {
                        let next = (batch.docs.len() + drawn.docs.len()) as u32;
                        let column = *columns.entry(*doc).or_insert(next);
                        if column == next {
                            drawn.docs.push(*doc);
                        }
                        rivals.push(Sibling::Doc(column));
                    }
                    if !rivals.is_empty() {
                        drawn.contests.push(Contest { query: query as u32, winner, rivals, height });
                    }
                }
            }
        }
        drawn
    }

    /// The contrast of what was drawn, given the vectors of the step's queries and of its documents, those that were
    /// drawn with them behind those of the batch.
    pub(super) fn contrast(
        &self,
        settings: TreeContrast,
        score: Score,
        drawn: &Drawn,
        queries: &Matrix,
        docs: &Matrix,
    ) -> Result<Contrast, LossError> {
        let (n_docs, dim) = (docs.n_rows(), docs.dim());
        let mut named: Vec<NodeIdx> = Vec::new();
        let mut columns: HashMap<NodeIdx, u32> = HashMap::new();
        let mut column_of = |sibling: Sibling| match sibling {
            Sibling::Doc(column) => column,
            Sibling::Node(node) => *columns.entry(node).or_insert_with(|| {
                named.push(node);
                (n_docs + named.len() - 1) as u32
            }),
        };
        let winners: Vec<u32> = drawn.contests.iter().map(|contest| column_of(contest.winner)).collect();
        let mut rivals: Vec<Vec<u32>> = drawn
            .contests
            .iter()
            .map(|contest| contest.rivals.iter().map(|rival| column_of(*rival)).collect())
            .collect();

        let mut values = docs.values().to_vec();
        values.extend_from_slice(self.vectors_of(score, &named).values());
        let all = Matrix::new(n_docs + named.len(), dim, values).expect("a row for each document and node");

        if let Some(most) = settings.near_duplicates {
            // The cosine of equal vectors is 1 but for rounding.
            let most = most.min(1.0 - 1e-6);
            let norms: Vec<f32> =
                (0..all.n_rows()).map(|row| all.row(row).iter().map(|x| x * x).sum::<f32>().sqrt()).collect();
            for (winner, rivals) in winners.iter().zip(&mut rivals) {
                let cosine = |rival: usize| {
                    let product = dot(all.row(*winner as usize), all.row(rival));
                    product / (norms[*winner as usize] * norms[rival]).max(f32::MIN_POSITIVE)
                };
                rivals.retain(|rival| cosine(*rival as usize) < most);
            }
        }
        let n_below = |column: u32| {
            let node = (column as usize).checked_sub(n_docs).map(|at| self.tree.node(named[at]).n_docs);
            node.unwrap_or(1).max(1) as f32
        };
        let log_weights: Option<Rows<f32>> = (settings.size_power != 0.0).then(|| {
            let weigh = |(winner, rivals): (&u32, &Vec<u32>)| {
                let own = n_below(*winner);
                rivals.iter().map(|r| settings.size_power * (n_below(*r) / own).ln()).collect::<Vec<_>>()
            };
            winners.iter().zip(&rivals).map(weigh).collect()
        });
        let contests = Contests {
            queries: &drawn.contests.iter().map(|contest| contest.query).collect::<Vec<_>>(),
            winners: &winners,
            rivals: &rivals.into_iter().collect(),
            log_weights: log_weights.as_ref(),
            weights: &drawn
                .contests
                .iter()
                .map(|contest| settings.level_factor.powi(contest.height as i32))
                .collect::<Vec<_>>(),
        };
        let found = sibling_softmax(queries, &all, contests, settings.temperature)?;

        let grads = found.docs.values();
        let of_nodes = Matrix::new(named.len(), dim, grads[n_docs * dim..].to_vec()).expect("a row for each");
        let nodes = match &self.nodes {
            NodeVectors::Members(_) => Vec::new(),
            NodeVectors::Learned(learned) => {
                let rows = gather(learned.rows(), &named);
                let pulled = score.pull_back(Side::Document, rows, &of_nodes);
                named.iter().enumerate().map(|(at, node)| (*node, pulled.row(at).to_vec())).collect()
            }
        };
        let docs = Matrix::new(n_docs, dim, grads[..n_docs * dim].to_vec()).expect("a row for each document");
        Ok(Contrast { loss: found.loss, queries: found.queries, docs, nodes })
    }

    /// Moves what is learned of the nodes by the gradients of a contrast.
    pub(super) fn step(&mut self, contrast: &Contrast, settings: TreeContrast, rate: f32) {
        if let (NodeVectors::Learned(learned), Centroids::Learned { speed }) =
            (&mut self.nodes, settings.centroids)
        {
            for (node, grad) in &contrast.nodes {
                let grad: Vec<f32> = grad.iter().map(|x| settings.weight * x).collect();
                learned.add(node.0, &grad);
            }
            learned.step(rate * speed);
        }
    }

    /// The vectors of some nodes: shape `(nodes, dim)`.
    fn vectors_of(&self, score: Score, nodes: &[NodeIdx]) -> Matrix {
        match &self.nodes {
            NodeVectors::Members(vectors) => gather(vectors, nodes),
            NodeVectors::Learned(learned) => score.vectors(Side::Document, gather(learned.rows(), nodes)),
        }
    }
}

impl Contrast {
    /// The contrast as it counts, with the stage's own loss beside it, whose documents are the first of those here.
    pub(super) fn beside(&self, own: Option<LossGrad>, settings: TreeContrast) -> LossGrad {
        let (mut queries, mut docs) = (self.queries.clone(), self.docs.clone());
        [&mut queries, &mut docs].into_iter().for_each(|grads| scale_by(grads.values_mut(), settings.weight));
        let mut loss = f64::from(settings.weight) * self.loss;
        if let Some(own) = own {
            loss += f64::from(settings.beside) * own.loss;
            for (grads, own) in [(&mut queries, &own.queries), (&mut docs, &own.docs)] {
                let n = own.values().len();
                add_scaled(settings.beside, own.values(), &mut grads.values_mut()[..n]);
            }
        }
        LossGrad { loss, queries, docs }
    }
}

impl Trainer<'_> {
    /// Brings the tree of a stage up to the encoder as it stands before a step, growing the first.
    pub(super) fn renew_tree(
        &mut self,
        contrast: TreeContrast,
        optimiser: Optimiser,
        step: usize,
    ) -> Result<Renewed, TrainError> {
        let vectors = self.document_vectors()?; // (documents, dim)
        let score = self.recipe.encoder.score();
        let before = self.grown.take();
        let drift = before.as_ref().map(|grown| grown.tree.drift(&vectors, BEAM).share());
        let (grown, continued) = match (before, contrast.renew) {
            (Some(mut grown), Renew::Move { momentum, .. }) if grown.renewed.is_some() => {
                grown.follow(&vectors, momentum, score);
                let continued = grown.tree.nodes().count();
                (grown, continued)
            }
            (before, _) => self.grow_anew(before, contrast, optimiser, &vectors)?,
        };
        let cosine = grown.tree.mean_cosine(&vectors);
        self.grown = Some(Grown { renewed: Some(step), ..grown });
        Ok(Renewed { drift, continued, cosine })
    }

    /// A tree of the vectors as they are now, whose nodes go on from those of the one before; and how many do.
    fn grow_anew(
        &self,
        before: Option<Grown>,
        contrast: TreeContrast,
        optimiser: Optimiser,
        vectors: &Matrix,
    ) -> Result<(Grown, usize), TrainError> {
        let tree = match contrast.from {
            TreeFrom::Clusters => DocTree::grow(vectors, contrast.shape, self.recipe.seed)?,
            TreeFrom::Hierarchy => {
                DocTree::of_hierarchy(&self.data.hierarchy, vectors, contrast.shape, self.recipe.seed)?
            }
        };
        let fresh = members(&tree, self.recipe.encoder.score());
        let from = before.as_ref().map_or_else(
            || vec![None; tree.n_slots()],
            |before| tree.continues(&before.tree).iter().map(|node| node.map(NodeIdx::at)).collect(),
        );
        let continued = from.iter().flatten().count();
        let nodes = match (contrast.centroids, before.map(|before| before.nodes)) {
            (Centroids::Members {}, _) => NodeVectors::Members(fresh),
            (Centroids::Learned { .. }, Some(NodeVectors::Learned(learned))) => {
                NodeVectors::Learned(learned.continued(fresh, &from))
            }
            (Centroids::Learned { .. }, _) => {
                let mut learned = LearnedRows::new(fresh);
                learned.start_optimiser(optimiser);
                NodeVectors::Learned(learned)
            }
        };
        Ok((Grown { tree, renewed: None, nodes }, continued))
    }

    /// The vectors of all documents as the encoder stands, `(documents, dim)`.
    ///
    /// # Errors
    /// When one is not finite any more.
    fn document_vectors(&self) -> Result<Matrix, TrainError> {
        let vectors = self.encoder.encode(Side::Document, &Input::all_docs(self.data))?;
        match (0..vectors.n_rows()).find(|row| vectors.row(*row).iter().any(|x| !x.is_finite())) {
            None => Ok(vectors),
            Some(row) => Err(self.diverged("vectors of the documents", row)),
        }
    }

    /// Brings the tree of the last stage that had one up to the encoder as it was kept, which has learned since the tree
    /// was renewed: documents go to their best leaves, and means are theirs. A tree of a hierarchy that is grown anew in
    /// training is so once more, and stays the hierarchy's. A tree that is never renewed stays, and learned centroids stay
    /// what was learned.
    ///
    /// # Errors
    /// When the documents cannot be encoded.
    pub fn finish_tree(&mut self) -> Result<(), TrainError> {
        let of_stage = |stage: &Stage| stage.tree.map(|contrast| (contrast, stage.optimiser));
        let last = self.recipe.stages.iter().rev().find_map(of_stage);
        let Some((contrast, optimiser)) = last.filter(|(contrast, _)| contrast.renew.every().is_some())
        else {
            return Ok(());
        };
        let Some(mut grown) = self.grown.take() else { return Ok(()) };
        let vectors = self.document_vectors()?; // (documents, dim)
        self.grown = Some(match (contrast.from, contrast.renew) {
            (TreeFrom::Hierarchy, Renew::Regrow { .. }) => {
                self.grow_anew(Some(grown), contrast, optimiser, &vectors)?.0
            }
            _ => {
                grown.follow(&vectors, 0.0, self.recipe.encoder.score());
                grown
            }
        });
        Ok(())
    }

    /// The tree of the last stage that had one, and what stands for its nodes, a row for each slot.
    pub fn tree(&self) -> Option<(&DocTree, Matrix)> {
        let grown = self.grown.as_ref()?;
        Some((&grown.tree, grown.vectors(self.recipe.encoder.score())))
    }
}

/// The means of the documents of each node, as vectors of the encoder's space.
fn members(tree: &DocTree, score: Score) -> Matrix {
    match score {
        Score::Dot => tree.means(),
        Score::Cosine | Score::Hyperbolic => tree.centroids(),
    }
}

fn gather(rows: &Matrix, nodes: &[NodeIdx]) -> Matrix {
    let values: Vec<f32> = nodes.iter().flat_map(|node| rows.row(node.at())).copied().collect();
    Matrix::new(nodes.len(), rows.dim(), values).expect("a row for each node")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc_tree::TreeShape;
    use crate::ids::QueryIdx;
    use crate::pairs::Relevant;
    use crate::random::{Purpose, stream};

    const SHAPE: TreeShape =
        TreeShape { branching: 2, leaf_size: 2, balance: 1.0, iterations: 5, sample: 64 };

    const SETTINGS: TreeContrast = TreeContrast {
        from: TreeFrom::Clusters,
        shape: SHAPE,
        centroids: Centroids::Members {},
        renew: Renew::Never {},
        weight: 1.0,
        beside: 0.0,
        temperature: 1.0,
        level_factor: 0.5,
        documents: 9,
        nodes: 9,
        near_duplicates: None,
        size_power: 0.0,
    };

    /// Eight documents around a circle, so that neighbours are together in the tree.
    fn grown() -> (Grown, Matrix) {
        let angle = |doc: usize| (doc / 4) as f32 * 2.0 + (doc % 4 / 2) as f32 * 0.5 + (doc % 2) as f32 * 0.1;
        let values = (0..8).flat_map(|doc| [angle(doc).cos(), angle(doc).sin()]).collect();
        let vectors = Matrix::new(8, 2, values).unwrap();
        let tree = DocTree::grow(&vectors, SHAPE, 1).unwrap();
        let nodes = NodeVectors::Members(tree.centroids());
        (Grown { tree, renewed: Some(0), nodes }, vectors)
    }

    /// One query with these relevant documents, of which the first is the positive.
    fn drawn(relevant: &[u32]) -> (Grown, Matrix, Drawn, Batch) {
        drawn_in(grown(), relevant)
    }

    fn drawn_in((grown, vectors): (Grown, Matrix), relevant: &[u32]) -> (Grown, Matrix, Drawn, Batch) {
        let known = relevant.iter().map(|doc| Relevant { distance: 0, doc: DocIdx(*doc) }).collect();
        let train = Pairs::of_rows([(QueryIdx(0), known)]);
        let one: Rows<u32> = [vec![0]].into_iter().collect();
        let batch = Batch {
            queries: vec![QueryIdx(0)],
            docs: vec![DocIdx(relevant[0])],
            positives: one.clone(),
            known: one,
            log_weights: None,
            weights: None,
        };
        let mut rng = stream(1, Purpose::Siblings { stage: 0, step: 0 });
        let drawn = grown.draw(SETTINGS, &batch, &train, &mut rng);
        (grown, vectors, drawn, batch)
    }

    /// For each contest its height and what the documents at or below its rivals are.
    fn rivals(relevant: &[u32]) -> Vec<(usize, Vec<u32>)> {
        let (grown, _, drawn, batch) = drawn(relevant);
        let docs: Vec<DocIdx> = batch.docs.iter().chain(&drawn.docs).copied().collect();
        let below = |sibling: &Sibling| match sibling {
            Sibling::Doc(column) => vec![docs[*column as usize].0],
            Sibling::Node(node) => {
                (0..8).filter(|doc| grown.tree.path(DocIdx(*doc)).contains(node)).collect()
            }
        };
        let mut found: Vec<(usize, Vec<u32>)> = drawn
            .contests
            .iter()
            .map(|contest| (contest.height, contest.rivals.iter().flat_map(below).collect()))
            .collect();
        found.sort();
        found
    }

    #[test]
    fn a_positive_is_told_apart_from_its_siblings_on_every_level() {
        assert_eq!(rivals(&[4]), [(0, vec![5]), (1, vec![6, 7]), (2, vec![0, 1, 2, 3])]);
    }

    #[test]
    fn what_the_batch_guesses_to_be_relevant_is_no_rival() {
        let (grown, ..) = drawn(&[4]);
        let train = Pairs::of_rows([(QueryIdx(0), vec![Relevant { distance: 0, doc: DocIdx(4) }])]);
        let positives: Rows<u32> = [vec![0, 1, 2]].into_iter().collect();
        let batch = Batch {
            queries: vec![QueryIdx(0)],
            docs: [4, 5, 7].map(DocIdx).to_vec(),
            known: positives.clone(),
            positives,
            log_weights: None,
            weights: None,
        };
        let drawn =
            grown.draw(SETTINGS, &batch, &train, &mut stream(1, Purpose::Siblings { stage: 0, step: 0 }));
        assert_eq!(drawn.docs, [DocIdx(6)], "the leaf of documents 4 and 5 has no rival, that of 7 has one");
        assert!(drawn.contests.iter().all(|contest| !contest.rivals.contains(&contest.winner)));
    }

    #[test]
    fn what_holds_another_relevant_document_is_no_rival() {
        assert_eq!(rivals(&[4, 5]), [(1, vec![6, 7]), (2, vec![0, 1, 2, 3])]);
        assert_eq!(rivals(&[4, 1]), [(0, vec![5]), (1, vec![6, 7])]);
    }

    /// The loss of a query that looks where document 4 lies.
    fn loss(settings: TreeContrast) -> Contrast {
        loss_of(drawn(&[4]), settings)
    }

    fn loss_of(
        (grown, vectors, drawn, batch): (Grown, Matrix, Drawn, Batch),
        settings: TreeContrast,
    ) -> Contrast {
        let row = |doc: &DocIdx| vectors.row(doc.at()).to_vec();
        let docs: Vec<f32> = batch.docs.iter().chain(&drawn.docs).flat_map(row).collect();
        let docs = Matrix::new(1 + drawn.docs.len(), 2, docs).unwrap();
        let query = Matrix::new(1, 2, row(&DocIdx(4))).unwrap();
        grown.contrast(settings, Score::Cosine, &drawn, &query, &docs).unwrap()
    }

    #[test]
    fn a_level_counts_a_multiple_of_the_one_below_it() {
        let at = |level_factor: f32| loss(TreeContrast { level_factor, ..SETTINGS }).loss;
        // With the factor f the loss is leaf + f node + f^2 root.
        let leaf = at(0.0);
        let root = (at(2.0) - leaf) / 2.0 - (at(1.0) - leaf);
        let node = at(1.0) - leaf - root;
        assert!(leaf > 0.0 && node > 0.0 && root > 0.0, "{leaf} {node} {root}");
        assert!((at(0.5) - (leaf + 0.5 * node + 0.25 * root)).abs() < 1e-5);
    }

    #[test]
    fn near_duplicates_are_no_rivals() {
        let all = loss(SETTINGS).loss;
        assert!(loss(TreeContrast { near_duplicates: Some(0.99), ..SETTINGS }).loss < all - 0.1);
        // What is left then points the other way.
        assert!(loss(TreeContrast { near_duplicates: Some(0.0), ..SETTINGS }).loss < 0.1);
    }

    #[test]
    fn siblings_weigh_as_much_as_they_have_documents_by_a_power() {
        // Siblings of one tree that is balanced weigh alike, whatever the power.
        let at = |power: f32| TreeContrast { size_power: power, ..SETTINGS };
        assert!((loss(at(1.0)).loss - loss(at(0.0)).loss).abs() < 1e-6);
        // Without documents 0 and 1 what is beside those four is half as many, and weighs half as much.
        let smaller = || {
            let (Grown { mut tree, renewed, .. }, vectors) = grown();
            [0, 1].iter().for_each(|doc| drop(tree.remove(DocIdx(*doc), &vectors).unwrap()));
            let nodes = NodeVectors::Members(tree.centroids());
            drawn_in((Grown { tree, renewed, nodes }, vectors), &[4])
        };
        let root = |power: f32| {
            let with = |level_factor| loss_of(smaller(), TreeContrast { level_factor, ..at(power) }).loss;
            (with(2.0) - with(0.0)) / 2.0 - (with(1.0) - with(0.0))
        };
        let odds = |loss: f64| loss.exp() - 1.0; // of the one rival against the winner
        for power in [0.5f32, 1.0] {
            let expected = 0.5f64.powf(f64::from(power));
            let found = odds(root(power)) / odds(root(0.0));
            assert!((found - expected).abs() < 1e-3, "{power}: {found}, expected {expected}");
        }
    }
}
