//! What an index should hold, as plain maps, and the transactions that lead there.

use std::collections::{BTreeMap, BTreeSet};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rootward::doc_tree::{NodeIdx, TreeShape};
use rootward::ids::DocIdx;
use rootward_index::IndexError;
pub(crate) use rootward_index::store::Record;
use rootward_index::store::{ModelName, Reader, SavedTree, SetId, Settings, Writer};
use serde_json::{Map, Value, json};

/// The numbers of a vector of the first set.
pub(crate) const DIM: usize = 3;
/// Words that texts are made of.
pub(crate) const WORDS: [&str; 12] = [
    "canine", "feline", "dogs", "running", "the", "tree", "leaf", "vectors", "index", "search", "naïve", "42",
];

/// What an index should hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Model {
    /// With the vector in the set that is searched.
    pub(crate) docs: BTreeMap<String, Record>,
    pub(crate) homes: BTreeMap<String, u32>,
    pub(crate) tree: Option<SavedTree>,
    pub(crate) edges: BTreeSet<(String, String)>,
    pub(crate) current: SetId,
    pub(crate) dim: usize,
    pub(crate) second: Option<Second>,
    next_set: u32,
    next_id: u32,
}

/// A second set of vectors.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Second {
    pub(crate) set: SetId,
    pub(crate) dim: usize,
    pub(crate) vectors: BTreeMap<String, Vec<f32>>,
}

/// A transaction, each of which makes one generation.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Change(Vec<Change>),
    BeginSet(usize),
    Compact,
}

/// A part of a transaction.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Add(Record),
    Update(Record),
    Remove(String),
    Tree(SavedTree),
    Home(String, u32),
    Edges(Vec<(String, String)>),
    Second(Vec<(String, Vec<f32>)>),
    Switch(SavedTree),
}

pub(crate) fn settings(dim: usize) -> Settings {
    let model = ModelName { name: format!("model of {dim}"), fingerprint: format!("{dim:08x}") };
    Settings { dim, model: Some(model) }
}

fn vector(random: &mut Pcg64Mcg, dim: usize) -> Vec<f32> {
    (0..dim).map(|_| random.random_range(-4.0f32..4.0)).collect()
}

fn record(random: &mut Pcg64Mcg, id: String, dim: usize) -> Record {
    let words = |random: &mut Pcg64Mcg, most| -> String {
        let n = random.random_range(0..=most);
        (0..n).map(|_| WORDS[random.random_range(0..WORDS.len())]).collect::<Vec<_>>().join(" ")
    };
    let mut metadata = Map::new();
    if random.random_range(0..3) > 0 {
        metadata.insert("year".into(), json!(random.random_range(1990..2000)));
        metadata.insert(
            "tags".into(),
            json!([WORDS[random.random_range(0..4)], WORDS[random.random_range(0..4)]]),
        );
        metadata.insert("new".into(), json!(random.random_range(0..2) == 1));
        metadata.insert("weight".into(), json!(random.random_range(0..8) as f64 / 4.0));
    }
    let (title, text) = (words(random, 2), words(random, 30));
    Record { id, title, text, metadata, vector: vector(random, dim) }
}

fn tree(random: &mut Pcg64Mcg) -> SavedTree {
    let n: u32 = random.random_range(2..12);
    let mut parents = vec![SavedTree::ROOT];
    parents.extend((1..n).map(|node| random.random_range(0..node)));
    if n > 3 {
        parents.push(SavedTree::VACANT);
    }
    let shape = TreeShape { branching: 4, leaf_size: 10, balance: 1.5, iterations: 2, sample: 16 };
    SavedTree { parents, shape, seed: random.random_range(0..u64::MAX), calibration: json!({ "recall": n }) }
}

fn some_node(random: &mut Pcg64Mcg, tree: &SavedTree) -> u32 {
    loop {
        let node = random.random_range(0..tree.parents.len() as u32);
        if tree.parents[node as usize] != SavedTree::VACANT {
            return node;
        }
    }
}

impl Default for Model {
    fn default() -> Self {
        Model {
            docs: BTreeMap::new(),
            homes: BTreeMap::new(),
            tree: None,
            edges: BTreeSet::new(),
            current: SetId(1),
            dim: DIM,
            second: None,
            next_set: 2,
            next_id: 0,
        }
    }
}

impl Model {
    fn some_id(&self, random: &mut Pcg64Mcg) -> Option<String> {
        let at = random.random_range(0..self.docs.len().max(1));
        self.docs.keys().nth(at).cloned()
    }

    /// A transaction that makes sense now; `step` and `seed` say which.
    pub(crate) fn plan(&self, seed: u64, step: u64) -> Step {
        let mut random = Pcg64Mcg::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(step));
        let random = &mut random;
        match (random.random_range(0..20), &self.second) {
            (0, _) => return Step::Compact,
            (1, None) => return Step::BeginSet(random.random_range(1..6)),
            _ => {}
        }
        let mut after = self.clone();
        let mut changes: Vec<Change> = Vec::new();
        let mut push = |after: &mut Model, change: Change| {
            after.apply(&change);
            changes.push(change);
        };
        match (random.random_range(0..10), &self.second) {
            (0, _) => {
                let tree = tree(random);
                push(&mut after, Change::Tree(tree.clone()));
                for id in self.docs.keys() {
                    push(&mut after, Change::Home(id.clone(), some_node(random, &tree)));
                }
            }
            (1, _) => {
                let some = |random: &mut Pcg64Mcg| format!("d{}", random.random_range(0..self.next_id + 3));
                let edges = (0..random.random_range(0..8)).map(|_| (some(random), some(random))).collect();
                push(&mut after, Change::Edges(edges));
            }
            (2..=4, Some(second)) => {
                let lacking: Vec<&String> =
                    self.docs.keys().filter(|id| !second.vectors.contains_key(*id)).collect();
                if lacking.is_empty() {
                    let tree = tree(random);
                    push(&mut after, Change::Switch(tree.clone()));
                    for id in self.docs.keys() {
                        push(&mut after, Change::Home(id.clone(), some_node(random, &tree)));
                    }
                } else {
                    let n = random.random_range(1..=lacking.len());
                    let put = lacking[..n].iter().map(|id| ((*id).clone(), vector(random, second.dim)));
                    push(&mut after, Change::Second(put.collect()));
                }
            }
            _ => {
                for _ in 0..random.random_range(1..12) {
                    let known = after.some_id(random);
                    let change = match (random.random_range(0..8), known) {
                        (0..=1, Some(id)) => Change::Remove(id),
                        (2, Some(id)) => Change::Update(record(random, id, after.dim)),
                        _ => Change::Add(record(random, format!("d{}", after.next_id), after.dim)),
                    };
                    let id = match &change {
                        Change::Add(record) | Change::Update(record) => Some(record.id.clone()),
                        _ => None,
                    };
                    push(&mut after, change);
                    if let (Some(id), Some(tree)) = (id, after.tree.clone()) {
                        push(&mut after, Change::Home(id, some_node(random, &tree)));
                    }
                }
            }
        }
        Step::Change(changes)
    }

    /// What will be after a transaction.
    pub(crate) fn step(&mut self, step: &Step) {
        match step {
            Step::Compact => {}
            Step::BeginSet(dim) => {
                self.second = Some(Second { set: SetId(self.next_set), dim: *dim, vectors: BTreeMap::new() });
                self.next_set += 1;
            }
            Step::Change(changes) => changes.iter().for_each(|change| self.apply(change)),
        }
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::Add(record) => {
                self.docs.insert(record.id.clone(), record.clone());
                self.next_id += 1;
            }
            Change::Update(record) => {
                self.forget(&record.id);
                self.docs.insert(record.id.clone(), record.clone());
            }
            Change::Remove(id) => self.forget(id),
            Change::Tree(tree) => self.tree = Some(tree.clone()),
            Change::Home(id, node) => {
                self.homes.insert(id.clone(), *node);
            }
            Change::Edges(edges) => self.edges.extend(edges.iter().cloned()),
            Change::Second(vectors) => {
                self.second.as_mut().unwrap().vectors.extend(vectors.iter().cloned());
            }
            Change::Switch(tree) => {
                let second = self.second.take().unwrap();
                for (id, vector) in second.vectors {
                    self.docs.get_mut(&id).unwrap().vector = vector;
                }
                (self.current, self.dim, self.tree) = (second.set, second.dim, Some(tree.clone()));
            }
        }
    }

    fn forget(&mut self, id: &str) {
        self.docs.remove(id);
        self.homes.remove(id);
        if let Some(second) = &mut self.second {
            second.vectors.remove(id);
        }
    }

    /// Makes the change in an index that holds what this does.
    pub(crate) fn perform(
        &self,
        writer: &mut Writer,
        reader: &mut Reader,
        step: &Step,
    ) -> Result<u64, IndexError> {
        let changes = match step {
            Step::Compact => return writer.compact(|_| ()),
            Step::BeginSet(dim) => {
                writer.begin_set(&settings(*dim))?;
                return writer.generation();
            }
            Step::Change(changes) => changes,
        };
        let mut set = self.current;
        let mut rows: BTreeMap<String, DocIdx> = BTreeMap::new();
        reader.snapshot()?.each_id(|doc, id| {
            rows.insert(id.to_owned(), doc);
        })?;
        let mut open = writer.begin()?;
        for change in changes {
            match change {
                Change::Add(record) => {
                    rows.insert(record.id.clone(), open.add(record)?);
                }
                Change::Update(record) => {
                    rows.insert(record.id.clone(), open.update(record)?);
                }
                Change::Remove(id) => assert_eq!(rows.remove(id), Some(open.remove(id)?)),
                Change::Tree(tree) => open.set_tree(set, tree)?,
                Change::Home(id, node) => open.set_homes(set, [(rows[id], NodeIdx(*node))])?,
                Change::Edges(edges) => {
                    open.add_edges(edges.iter().map(|(child, parent)| (&child[..], &parent[..])))?;
                }
                Change::Second(vectors) => {
                    let second = self.second.as_ref().unwrap().set;
                    open.put_vectors(second, vectors.iter().map(|(id, vector)| (rows[id], &vector[..])))?;
                }
                Change::Switch(tree) => {
                    set = self.second.as_ref().unwrap().set;
                    open.set_tree(set, tree)?;
                    open.switch(set)?;
                }
            }
        }
        open.commit()
    }

    /// The values under a key of a document.
    pub(crate) fn values<'a>(record: &'a Record, key: &str) -> Vec<&'a Value> {
        match record.metadata.get(key) {
            None => Vec::new(),
            Some(Value::Array(values)) => values.iter().collect(),
            Some(value) => vec![value],
        }
    }

    /// Documents below an id, and that one.
    pub(crate) fn below(&self, id: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::from([id.to_owned()]);
        loop {
            let more: Vec<String> = self
                .edges
                .iter()
                .filter(|(child, parent)| found.contains(parent) && !found.contains(child))
                .map(|(child, _)| child.clone())
                .collect();
            if more.is_empty() {
                return found.into_iter().filter(|id| self.docs.contains_key(id)).collect();
            }
            found.extend(more);
        }
    }
}
