//! Parameters in safetensors files, in and out.
//!
//! Every tensor of the layout must be there, in its shape, with finite numbers, and nothing else may be: a file with
//! more layers than `config.json` says would compute something else without a word. Only what other programs put
//! beside an encoder is let pass: heads of pretraining, and the pooler, which is kept so that it can be saved again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;
use std::path::Path;

use rootward::files::{WriteError, write_aside};
use rootward::tensors::fill_floats;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::error::OpenError;
use crate::layout::{Layout, Part, Place};

/// Tensors that belong to no encoder but stand beside it in many files.
const BESIDE: [&str; 7] = [
    "cls.",
    "lm_head.",
    "classifier.",
    "qa_outputs.",
    "embeddings.position_ids",
    "embeddings.token_type_ids",
    POOLER,
];
/// Those that are kept.
const POOLER: &str = "pooler.";

/// A tensor that is only carried from file to file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Carried {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// Fills the places of some tensors, which follow those that are filled, from a file, and returns those that are carried
/// along. Memory is taken for tensors that are there only, whatever a configuration asks for.
pub(crate) fn read(
    path: &Path,
    places: &[&Place],
    parameters: &mut Vec<f32>,
) -> Result<BTreeMap<String, Carried>, OpenError> {
    let bytes = std::fs::read(path).map_err(|cause| OpenError::Read { path: path.to_owned(), cause })?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|cause| OpenError::Format { path: path.to_owned(), cause })?;
    let tensors: HashMap<String, TensorView<'_>> =
        file.iter().map(|(name, view)| (usual_name(name), view)).collect();
    let mut known = BTreeSet::new();
    let mut found = Vec::new();
    for place in places {
        let Some(view) = tensors.get(&place.name) else {
            let (tensor, expected) = (place.name.clone(), place.shape.clone());
            return Err(OpenError::MissingTensor { path: path.to_owned(), tensor, expected });
        };
        if view.shape() != place.shape {
            let (tensor, expected, found) = (place.name.clone(), place.shape.clone(), view.shape().to_vec());
            return Err(OpenError::TensorShape { path: path.to_owned(), tensor, expected, found });
        }
        found.push(view);
        known.insert(place.name.as_str());
    }
    let end = places.iter().map(|place| place.range.end).max().unwrap_or(0);
    parameters.resize(end.max(parameters.len()), 0.0);
    for (place, view) in places.iter().zip(found) {
        fill(path, place, view, &mut parameters[place.range.clone()])?;
    }
    let mut carried = BTreeMap::new();
    for (name, view) in &tensors {
        if name.starts_with(POOLER) {
            let (dtype, shape, bytes) = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
            carried.insert(name.clone(), Carried { dtype, shape, bytes });
        }
    }
    let beside = |name: &str| BESIDE.iter().any(|start| name.starts_with(start));
    let unexpected = tensors.keys().filter(|name| !known.contains(name.as_str()) && !beside(name)).min();
    match unexpected {
        Some(tensor) => Err(OpenError::UnexpectedTensor { path: path.to_owned(), tensor: tensor.clone() }),
        None => Ok(carried),
    }
}

/// Writes some tensors, and those that are carried along, as `f32` with the note that Hugging Face asks for.
pub(crate) fn write<'a>(
    path: &Path,
    places: impl Iterator<Item = &'a Place>,
    parameters: &[f32],
    carried: &BTreeMap<String, Carried>,
) -> Result<(), WriteError> {
    let number_bytes = |place: &Place| -> Vec<u8> {
        parameters[place.range.clone()].iter().flat_map(|x| x.to_le_bytes()).collect()
    };
    let ours: Vec<(&str, &[usize], Vec<u8>)> =
        places.map(|place| (place.name.as_str(), &place.shape[..], number_bytes(place))).collect();
    let ours = ours.iter().map(|(name, shape, bytes)| (*name, Dtype::F32, *shape, &bytes[..]));
    let theirs = carried.iter().map(|(name, t)| (name.as_str(), t.dtype, &t.shape[..], &t.bytes[..]));
    let views: BTreeMap<&str, TensorView<'_>> = ours
        .chain(theirs)
        .map(|(name, dtype, shape, bytes)| {
            let view =
                TensorView::new(dtype, shape.to_vec(), bytes).expect("a tensor's bytes fill its shape");
            (name, view)
        })
        .collect();
    let notes = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let bytes =
        safetensors::serialize(views, Some(notes)).expect("sorted, complete tensors always serialise");
    write_aside(path, |file| file.write_all(&bytes))
}

/// Whether a tensor is in the encoder's file, not in that of a layer of the head.
pub(crate) fn in_encoder(place: &&Place) -> bool {
    !matches!(place.part, Part::Head(_))
}

/// The tensors of one layer of the head.
pub(crate) fn of_head(layout: &Layout, at: usize) -> impl Iterator<Item = &Place> {
    layout.tensors().iter().filter(move |place| place.part == Part::Head(at))
}

/// A tensor's name without that of the model around the encoder, and as today's files have it.
fn usual_name(name: &str) -> String {
    let name = ["bert.", "roberta."].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    match (name.strip_suffix("LayerNorm.gamma"), name.strip_suffix("LayerNorm.beta")) {
        (Some(start), _) => format!("{start}LayerNorm.weight"),
        (_, Some(start)) => format!("{start}LayerNorm.bias"),
        _ => name.to_owned(),
    }
}

fn fill(path: &Path, place: &Place, view: &TensorView<'_>, to: &mut [f32]) -> Result<(), OpenError> {
    let tensor = place.name.clone();
    if !fill_floats(view.dtype(), view.data(), to) {
        let found = format!("{:?}", view.dtype());
        return Err(OpenError::TensorType { path: path.to_owned(), tensor, found });
    }
    match to.iter().position(|number| !number.is_finite()) {
        Some(place) => Err(OpenError::NotFinite { path: path.to_owned(), tensor, place, found: to[place] }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_older_files_and_of_models_around_the_encoder_are_understood() {
        assert_eq!(usual_name("bert.embeddings.LayerNorm.gamma"), "embeddings.LayerNorm.weight");
        assert_eq!(
            usual_name("roberta.encoder.layer.0.output.LayerNorm.beta"),
            "encoder.layer.0.output.LayerNorm.bias"
        );
        assert_eq!(usual_name("pooler.dense.bias"), "pooler.dense.bias");
    }
}
