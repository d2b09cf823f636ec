//! What [HR] reports on `WordNet`: recall in percent at distance 0 to 8, d = 64, as printed in the paper's table.

/// Rows of the paper beside which ours stand, under the names of our recipes.
pub(crate) const WORDNET_64: [(&str, [f64; 9]); 2] = [
    ("standard", [100.0, 93.9, 86.9, 76.8, 60.2, 46.8, 36.1, 28.8, 19.4]),
    ("pretrain-finetune", [100.0, 90.8, 91.6, 92.7, 92.6, 91.8, 90.9, 87.3, 75.7]),
];
