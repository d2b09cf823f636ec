//! What [HR] reports on `WordNet`: recall in percent at distance 0 to 8, as printed in the paper's table.

/// A row of the paper beside which one of ours stands.
pub(crate) struct Reported {
    /// Name of our recipe for the same method.
    pub(crate) recipe: &'static str,
    /// Numbers in a vector.
    pub(crate) dim: usize,
    /// Recall at distance 0 to 8.
    pub(crate) recall: [f64; 9],
    /// What the paper calls overall; no fixed mean of the others.
    pub(crate) all: f64,
}

/// The paper's rows.
pub(crate) const WORDNET: [Reported; 4] = [
    Reported {
        recipe: "standard",
        dim: 32,
        recall: [100.0, 90.8, 79.2, 62.3, 46.4, 31.8, 20.1, 14.8, 8.4],
        all: 61.8,
    },
    Reported {
        recipe: "pretrain-finetune",
        dim: 32,
        recall: [100.0, 77.3, 76.5, 80.4, 83.5, 84.2, 84.3, 80.1, 67.3],
        all: 87.3,
    },
    Reported {
        recipe: "standard",
        dim: 64,
        recall: [100.0, 93.9, 86.9, 76.8, 60.2, 46.8, 36.1, 28.8, 19.4],
        all: 71.4,
    },
    Reported {
        recipe: "pretrain-finetune",
        dim: 64,
        recall: [100.0, 90.8, 91.6, 92.7, 92.6, 91.8, 90.9, 87.3, 75.7],
        all: 92.3,
    },
];
