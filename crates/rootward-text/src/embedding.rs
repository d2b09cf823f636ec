//! What enters the first layer: the sum of each token's word, position and type, normalised.

use rootward_kernels::{add_norm, add_scaled, norm_back};

use crate::layer::{Normed, Pass};
use crate::noise::Site;

/// The activations of a group before the first layer: shape `(tokens, hidden)`.
pub(crate) fn forward(pass: Pass<'_>, saved: &mut Normed, added: &mut Vec<f32>) -> Vec<f32> {
    let Pass { network, group, noise } = pass;
    let (layout, parameters, hidden) = (network.layout, network.parameters, network.config.hidden);
    let n = group.n_tokens();
    added.resize(n * hidden, 0.0);
    for (row, (id, position)) in added.chunks_exact_mut(hidden).zip(places(pass)) {
        row.copy_from_slice(&parameters[layout.words.start + id * hidden..][..hidden]);
        add_scaled(1.0, &parameters[layout.positions.start + position * hidden..][..hidden], row);
    }
    saved.resize(n, hidden);
    let mut x = vec![0.0; n * hidden];
    let token_type = &parameters[layout.token_types.start..][..hidden];
    let norm = network.norm(&layout.first_norm);
    add_norm(norm, added, token_type, &mut x, &mut saved.unit, &mut saved.inverse);
    if let Some(noise) = noise {
        noise.drop_hidden(group, Site::Embeddings, &mut x, hidden);
    }
    x
}

/// Takes the gradient of [`forward`]'s results back to the sum, in place, and returns those of the norm's scale and shift.
pub(crate) fn back(pass: Pass<'_>, saved: &Normed, grad: &mut [f32]) -> [Vec<f32>; 2] {
    let hidden = pass.network.config.hidden;
    if let Some(noise) = pass.noise {
        noise.drop_hidden(pass.group, Site::Embeddings, grad, hidden);
    }
    let [mut scale_grad, mut shift_grad] = [vec![0.0; hidden], vec![0.0; hidden]];
    let norm = pass.network.norm(&pass.network.layout.first_norm);
    norm_back(norm.scale, &saved.unit, &saved.inverse, grad, &mut scale_grad, &mut shift_grad);
    [scale_grad, shift_grad]
}

/// Adds the gradient of the sum to those of the rows that were added: `grad` has the shape `(tokens, hidden)`.
pub(crate) fn scatter(pass: Pass<'_>, grad: &[f32], gradient: &mut [f32]) {
    let (layout, hidden) = (pass.network.layout, pass.network.config.hidden);
    for (row, (id, position)) in grad.chunks_exact(hidden).zip(places(pass)) {
        for begin in [
            layout.words.start + id * hidden,
            layout.positions.start + position * hidden,
            layout.token_types.start,
        ] {
            add_scaled(1.0, row, &mut gradient[begin..begin + hidden]);
        }
    }
}

/// The rows of word and position of each token.
fn places(pass: Pass<'_>) -> impl Iterator<Item = (usize, usize)> {
    let first = pass.network.config.first_position;
    let positions = pass.group.bounds.iter().flat_map(move |bounds| first..first + bounds.len());
    pass.group.ids.iter().map(|id| *id as usize).zip(positions)
}
