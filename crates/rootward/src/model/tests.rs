//! Models that come back as they were, and folders that are refused.

use super::*;
use crate::body::{Body, Start};
use crate::dataset::Document;
use crate::encoder::Input;
use crate::hierarchy::{Edge, Hierarchy};
use crate::ids::DocIdx;
use crate::recipe::BodyConfig;

const RECIPE_TEXT: &str = r#"
seed = 7
encoder = { kind = "table", dim = 6, score = "cosine", init = 0.5 }
validation = { queries = 10, every = 5, far_from = 2 }

[[stages]]
name = "only"
batch = 4
steps = 2
sampling = { kind = "regular", by = "pair" }
negatives = { from = "batch" }
loss = { kind = "softmax", temperature = 0.1 }
optimiser = { kind = "sgd" }
rate = { start = 0.1, end = 0.1 }
"#;

/// A root with documents under it, each document its own query.
fn data(name: &str, ids: &[&str]) -> Dataset {
    let doc = |id: &&str| Document {
        id: (*id).to_owned(),
        title: String::new(),
        text: String::new(),
        synonyms: Vec::new(),
    };
    let edges: Vec<Edge> =
        (1..ids.len() as u32).map(|child| Edge { child: DocIdx(child), parent: DocIdx(0) }).collect();
    let hierarchy = Hierarchy::new(ids.len(), &edges).unwrap();
    Dataset::closed(name.to_owned(), ids.iter().map(doc).collect(), hierarchy)
}

/// A folder with a model in it, and the encoder and data of the model.
fn saved() -> (tempfile::TempDir, Box<dyn Trainable>, Dataset) {
    let (recipe, data) = (Recipe::parse(RECIPE_TEXT, &[]).unwrap(), data("abc", &["a", "b", "c"]));
    let encoder = new_encoder(&recipe, &data, &no_network).unwrap();
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), &*encoder, &recipe, &data).unwrap();
    (folder, encoder, data)
}

fn no_network(_: &BodyConfig, _: Start<'_>) -> Result<Box<dyn Body>, OpenError> {
    Err("no network is known here".into())
}

fn refused(folder: &Path) -> String {
    Model::open(folder, &no_network).unwrap_err().to_string()
}

#[test]
fn a_model_that_was_saved_gives_the_same_vectors() {
    let (folder, encoder, data) = saved();
    let model = Model::open(folder.path(), &no_network).unwrap();
    let inputs = Input::all_docs(&data);
    for side in [Side::Query, Side::Document] {
        assert_eq!(model.encoder.encode(side, &inputs).unwrap(), encoder.encode(side, &inputs).unwrap());
    }
    assert_eq!((model.dim(), model.config.data.clone()), (6, TrainedOn::of(&data)));
    model.belongs_to(&data).unwrap();
}

#[test]
fn the_recipe_lies_beside_the_model() {
    let (folder, ..) = saved();
    let text = recipe_text(folder.path()).unwrap();
    assert_eq!(Recipe::parse(&text, &[]).unwrap(), Recipe::parse(RECIPE_TEXT, &[]).unwrap());
}

#[test]
fn a_model_of_other_data_is_refused() {
    let (folder, ..) = saved();
    let model = Model::open(folder.path(), &no_network).unwrap();
    for ids in [&["a", "b", "d"][..], &["b", "a", "c"], &["a", "b", "c", "d"]] {
        let message = model.belongs_to(&data("other", ids)).unwrap_err().to_string();
        assert!(message.starts_with("the model was trained on `abc` (3 queries, 3 documents, "), "{message}");
        assert!(message.contains("this is `other`"), "{message}");
    }
    model.belongs_to(&data("abc by another name", &["a", "b", "c"])).unwrap();
}

#[test]
fn a_folder_without_a_whole_model_is_refused() {
    let (folder, ..) = saved();
    assert!(exists(folder.path()));
    fs::remove_file(folder.path().join(CONFIG)).unwrap();
    assert!(!exists(folder.path()));
    let message = refused(folder.path());
    assert!(message.contains("is no model: expected `config.json` in it"), "{message}");
    assert!(refused(Path::new("no/such/folder")).starts_with("no/such/folder is no model"));
}

#[test]
fn a_model_of_a_later_format_is_refused_whatever_else_it_says() {
    let (folder, ..) = saved();
    for format in ["1", "3", "4294967298"] {
        fs::write(folder.path().join(CONFIG), format!("{{\"format\": {format}, \"towers\": 3}}")).unwrap();
        let message = refused(folder.path());
        let expected =
            format!("config.json is of format {format}, this program reads format 2; train it again");
        assert!(message.contains(&expected), "{message}");
    }
}

#[test]
fn a_damaged_description_is_refused() {
    let (folder, ..) = saved();
    let path = folder.path().join(CONFIG);
    let text = fs::read_to_string(&path).unwrap();
    for (bad, expected) in [
        (text[..text.len() / 2].to_owned(), "EOF while parsing"),
        (text.replace("\"format\": 2,", ""), "missing field `format`"),
        (text.replace("\"dim\": 6", "\"width\": 6"), "unknown field `width`"),
    ] {
        fs::write(&path, bad).unwrap();
        let message = refused(folder.path());
        assert!(message.contains(expected) && message.contains("a model of format 2"), "{message}");
    }
}

#[test]
fn damaged_or_missing_parameters_are_refused() {
    let (folder, ..) = saved();
    let path = folder.path().join(PARAMETERS);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(refused(folder.path()).contains("model.safetensors is damaged: expected checksum"));
    fs::write(&path, &bytes[..bytes.len() - 4]).unwrap();
    assert!(refused(folder.path()).contains("model.safetensors is damaged: expected a safetensors file"));
    fs::remove_file(&path).unwrap();
    assert!(refused(folder.path()).contains("model.safetensors could not be read"));
}

#[test]
fn parameters_of_another_width_than_the_description_are_refused() {
    let (folder, ..) = saved();
    let path = folder.path().join(CONFIG);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"dim\": 6", "\"dim\": 7")).unwrap();
    let message = refused(folder.path());
    assert!(message.ends_with("tensor `query` has shape [3, 6], expected rows of 7 numbers"), "{message}");
}

#[test]
fn a_save_that_fails_half_way_leaves_no_mixture_of_two_models() {
    let (folder, encoder, data) = saved();
    let recipe = Recipe::parse(RECIPE_TEXT, &[]).unwrap();
    fs::remove_file(folder.path().join(RECIPE)).unwrap();
    fs::create_dir(folder.path().join(RECIPE)).unwrap();
    fs::write(folder.path().join(RECIPE).join("in-the-way"), "").unwrap();
    save(folder.path(), &*encoder, &recipe, &data).unwrap_err();
    assert!(!exists(folder.path()));
}
