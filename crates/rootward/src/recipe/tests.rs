//! Recipes that are bundled, recipes that are changed, and recipes that are refused.

use std::fs;
use std::path::Path;

use super::*;

/// A recipe with every key that there is.
const WHOLE: &str = r#"
seed = 7
encoder = { kind = "table", dim = 8, score = "dot", init = 0.1 }
validation = { queries = 10, every = 5, far_from = 2 }

[[stages]]
name = "first"
batch = 4
epochs = 3
sampling = { kind = "regular", by = "query", neighbours = 2 }
negatives = { from = "batch", deduplicate = true, mask_known = true, alpha = 0.5, uniform = 6, siblings = 1, ancestor_siblings = 0.25 }
loss = { kind = "softmax", temperature = 0.1, temperature_end = 0.05 }
optimiser = { kind = "adam", beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, lazy = true }
rate = { start = 0.3, end = 0.0 }
early_stop = { raise = "far", hold = "near", tolerance = 0.01, patience = 5 }

[[stages]]
name = "second"
batch = 4
steps = 20
sampling = { kind = "long_only", from = 2, by = "pair" }
negatives = { from = "corpus" }
loss = { kind = "softmax", temperature = 20.0, temperature_rate = 0.5, distance_power = 1.0 }
optimiser = { kind = "sgd" }
rate = { start = 1e-3, end = 1e-3 }
"#;

fn parse(text: &str) -> Recipe {
    Recipe::parse(text, &[]).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The message that `WHOLE` is refused with after `from` in it became `to`; the first one, where there are several.
fn refused(from: &str, to: &str) -> String {
    assert!(WHOLE.contains(from), "{from}");
    let text = WHOLE.replacen(from, to, 1);
    Recipe::parse(&text, &[]).expect_err(&text).to_string()
}

fn set(settings: &[&str]) -> Result<Recipe, RecipeError> {
    Recipe::parse(WHOLE, &settings.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
}

#[test]
fn every_bundled_recipe_is_read_and_survives_its_own_writing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 3);
    for file in files {
        let recipe = parse(&fs::read_to_string(&file).unwrap());
        assert_eq!(parse(&recipe.to_toml()), recipe, "{}", file.display());
    }
}

#[test]
fn a_recipe_with_every_key_survives_its_own_writing() {
    for sampling in [
        r#"kind = "rebalanced", p = 0.25, from = 3"#,
        r#"kind = "long_only", from = 2, by = "query""#,
        r#"kind = "curriculum", near = 1, until = 0.5"#,
        r#"kind = "distance_weighted", power = 1.0"#,
        r#"kind = "even_distances""#,
        r#"kind = "topics", by = "pair", topics = 64"#,
    ] {
        let text = WHOLE.replacen(r#"kind = "long_only", from = 2, by = "pair""#, sampling, 1);
        let recipe = parse(&text);
        let written = recipe.to_toml();
        assert_eq!(parse(&written), recipe);
        assert_eq!(parse(&written).to_toml(), written);
    }
}

#[test]
fn switches_that_are_left_out_are_off() {
    let recipe = parse(WHOLE);
    let expected = Negatives {
        from: Source::Corpus,
        deduplicate: false,
        mask_known: false,
        alpha: None,
        uniform: 0,
        siblings: 0,
        ancestor_siblings: 0.0,
        mined: None,
    };
    assert_eq!((recipe.stages[1].negatives, recipe.stages[1].early_stop), (expected, None));
}

#[test]
fn settings_replace_single_values() {
    let changed = set(&[
        "seed=9",
        "stages.1.loss.temperature=5.5",
        "stages.0.name=other words",
        "encoder.score=cosine",
    ]);
    let recipe = changed.unwrap();
    let EncoderConfig::Table(table) = recipe.encoder else { panic!("a table was asked for") };
    assert_eq!((recipe.seed, table.score), (9, crate::table::Score::Cosine));
    let Loss::Softmax { temperature, .. } = recipe.stages[1].loss;
    assert_eq!((temperature, &recipe.stages[0].name[..]), (5.5, "other words"));
    assert_eq!(parse(WHOLE), set(&["seed=7"]).unwrap());
}

#[test]
fn settings_may_add_a_switch_or_a_whole_table() {
    let recipe = set(&[
        "stages.1.negatives.mask_known=true",
        "stages.1.sampling={ kind = \"rebalanced\", p = 1, from = 2 }",
    ]);
    let stage = &recipe.unwrap().stages[1];
    assert!(stage.negatives.mask_known);
    assert_eq!(stage.sampling, Sampling::Rebalanced { p: 1.0, from: 2 });
}

#[test]
fn a_length_in_epochs_replaces_one_in_steps_and_the_other_way_round() {
    let recipe = set(&["stages.1.epochs=2", "stages.0.steps=9"]).unwrap();
    let lengths: Vec<_> = recipe.stages.iter().map(|s| (s.epochs, s.steps)).collect();
    assert_eq!(lengths, [(None, Some(9)), (Some(2), None)]);
    assert_eq!(recipe.stages.iter().map(|s| s.n_steps(10)).collect::<Vec<_>>(), [9, 20]);
}

#[test]
fn settings_that_name_no_place_are_refused() {
    let cases = [
        ("seed", "--set seed: expected KEY=VALUE"),
        ("stage.0.epochs=1", "--set stage.0.epochs=1: no such table in the recipe"),
        ("stages.epochs=1", "--set stages.epochs=1: expected a number after the name of a list"),
        ("stages.first.epochs=1", "--set stages.first.epochs=1: expected a number after the name of a list"),
        ("stages.2.epochs=1", "--set stages.2.epochs=1: the list has no entry of that number"),
        ("seed.x=1", "--set seed.x=1: expected a table before the last name"),
        ("epochs=1", "unknown field `epochs`"),
        ("stages.0.epoch=1", "unknown field `epoch`"),
        ("stages.0.negatives.mask=true", "unknown field `mask`"),
        ("stages.0.batch=0", "`stages.0.batch` is 0, expected 1 to 16777216"),
        ("stages.0.batch=many", "invalid type: string \"many\""),
    ];
    for (setting, expected) in cases {
        let found = set(&[setting]).expect_err(setting).to_string();
        assert!(found.starts_with(expected), "{setting}: {found}");
    }
}

#[test]
fn a_key_that_is_unknown_is_refused_wherever_it_stands() {
    let places = [
        "seed = 7",
        "kind = \"table\"",
        "queries = 10",
        "batch = 4",
        "kind = \"regular\"",
        "from = \"batch\"",
        "kind = \"softmax\"",
        "kind = \"adam\"",
        "kind = \"sgd\"",
        "start = 0.3",
        "patience = 5",
        "kind = \"long_only\"",
    ];
    for place in places {
        let separator = if place == "seed = 7" || place == "batch = 4" { "\n" } else { ", " };
        let found = refused(place, &format!("{place}{separator}colour = 1"));
        assert!(found.contains("unknown field `colour`, "), "{place}: {found}");
    }
    let rebalanced = refused(
        "kind = \"long_only\", from = 2, by = \"pair\"",
        "kind = \"rebalanced\", p = 0.5, from = 2, by = \"pair\"",
    );
    assert!(rebalanced.contains("unknown field `by`"), "{rebalanced}");
    let even =
        refused("kind = \"long_only\", from = 2, by = \"pair\"", "kind = \"even_distances\", power = 1.0");
    assert!(even.contains("unknown field `power`"), "{even}");
}

#[test]
fn a_key_that_is_missing_is_named() {
    let cases = [
        ("seed = 7", "seed"),
        ("kind = \"table\", ", "kind"),
        (", init = 0.1", "init"),
        (", far_from = 2", "far_from"),
        ("name = \"first\"", "name"),
        ("batch = 4", "batch"),
        (", by = \"pair\"", "by"),
        ("from = \"batch\", ", "from"),
        (", temperature = 0.1", "temperature"),
        (", lazy = true", "lazy"),
        (", end = 0.0", "end"),
        (", patience = 5", "patience"),
        ("loss = { kind = \"softmax\", temperature = 0.1, temperature_end = 0.05 }", "loss"),
    ];
    for (line, key) in cases {
        let found = refused(line, "");
        assert!(found.contains(&format!("missing field `{key}`")), "{line}: {found}");
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_with_its_line() {
    let cases = [
        ("seed = 7", "seed = -1", "line 2", "expected u64"),
        ("dim = 8", "dim = 8.5", "line 3", "expected usize"),
        (
            "score = \"dot\"",
            "score = \"l2\"",
            "line 3",
            "unknown variant `l2`, expected one of `dot`, `cosine`, `hyperbolic`",
        ),
        ("batch = 4", "batch = \"4\"", "line 8", "expected usize"),
        (
            "\"regular\"",
            "\"random\"",
            "line 10",
            "unknown variant `random`, expected one of `regular`, `rebalanced`, `long_only`, `curriculum`, `distance_weighted`, `even_distances`",
        ),
        ("mask_known = true", "mask_known = 1", "line 11", "expected a boolean"),
        ("raise = \"far\"", "raise = \"farther\"", "line 15", "unknown variant `farther`"),
        ("seed = 7", "seed = ", "line 2", ""),
    ];
    for (from, to, line, expected) in cases {
        let found = refused(from, to);
        assert!(found.contains(line) && found.contains(expected), "{to}: {found}");
    }
}

#[test]
fn a_value_that_makes_no_sense_is_refused() {
    let positive = "expected a number above 0";
    let divides = "expected a number above 0; scores are divided by it";
    let cases = [
        ("dim = 8", "dim = 0", "`encoder.dim` is 0, expected 1 to 65536".to_owned()),
        ("dim = 8", "dim = 65537", "`encoder.dim` is 65537, expected 1 to 65536".to_owned()),
        ("init = 0.1", "init = 0.0", format!("`encoder.init` is 0, {positive}")),
        ("queries = 10", "queries = 0", "`validation.queries` is 0, expected 1 or more".to_owned()),
        ("every = 5", "every = 0", "`validation.every` is 0, expected 1 or more".to_owned()),
        ("batch = 4", "batch = 0", "`stages.0.batch` is 0, expected 1 to 16777216".to_owned()),
        ("epochs = 3", "epochs = 0", "`stages.0.epochs` is 0, expected 1 or more".to_owned()),
        ("epochs = 3", "steps = 0", "`stages.0.steps` is 0, expected 1 or more".to_owned()),
        ("epochs = 3", "", "`stages.0.epochs` is missing, expected either epochs or steps".to_owned()),
        (
            "epochs = 3",
            "epochs = 3\nsteps = 4",
            "`stages.0.steps` is 3, expected either epochs or steps".to_owned(),
        ),
        ("temperature = 0.1", "temperature = 0", format!("`stages.0.loss.temperature` is 0, {divides}")),
        ("temperature = 0.1", "temperature = -1.0", format!("`stages.0.loss.temperature` is -1, {divides}")),
        ("temperature = 0.1", "temperature = nan", format!("`stages.0.loss.temperature` is NaN, {divides}")),
        ("temperature = 0.1", "temperature = inf", format!("`stages.0.loss.temperature` is inf, {divides}")),
        (
            "beta1 = 0.9",
            "beta1 = 1.0",
            "`stages.0.optimiser.beta1` is 1, expected 0 or more and below 1".to_owned(),
        ),
        (
            "beta2 = 0.999",
            "beta2 = -0.1",
            "`stages.0.optimiser.beta2` is -0.1, expected 0 or more and below 1".to_owned(),
        ),
        ("epsilon = 1e-8", "epsilon = 0.0", format!("`stages.0.optimiser.epsilon` is 0, {positive}")),
        ("start = 0.3", "start = 0.0", format!("`stages.0.rate.start` is 0, {positive}")),
        (", end = 0.0", ", end = -0.5", "`stages.0.rate.end` is -0.5, expected 0 or more".to_owned()),
        (
            "tolerance = 0.01",
            "tolerance = 2.0",
            "`stages.0.early_stop.tolerance` is 2, expected 0 to 1".to_owned(),
        ),
        (
            "patience = 5",
            "patience = 0",
            "`stages.0.early_stop.patience` is 0, expected 1 or more".to_owned(),
        ),
        ("alpha = 0.5", "alpha = 1.5", "`stages.0.negatives.alpha` is 1.5, expected 0 to 1".to_owned()),
        (
            "alpha = 0.5",
            "alpha = 0.5, mined = { each = 1, every = 9, among = 4, margin = 0.1 }",
            "`stages.0.negatives.mined` is given, expected no mined negatives beside alpha: how often they come is not known"
                .to_owned(),
        ),
        (
            "alpha = 0.5",
            "mined = { each = 9, every = 9, among = 4, margin = 0.1 }",
            "`stages.0.negatives.mined.among` is 4, expected at least `each`, at most 16777216".to_owned(),
        ),
        ("alpha = 0.5", "alpha = nan", "`stages.0.negatives.alpha` is NaN, expected 0 to 1".to_owned()),
        (
            "siblings = 0.25",
            "siblings = 1.5",
            "`stages.0.negatives.ancestor_siblings` is 1.5, expected 0 to 1".to_owned(),
        ),
        (
            "kind = \"long_only\", from = 2, by = \"pair\"",
            "kind = \"rebalanced\", p = 1.5, from = 2",
            "`stages.1.sampling.p` is 1.5, expected 0 to 1".to_owned(),
        ),
        (
            "kind = \"long_only\", from = 2, by = \"pair\"",
            "kind = \"curriculum\", near = 0, until = 0.0",
            "`stages.1.sampling.until` is 0, expected above 0 and at most 1".to_owned(),
        ),
        (
            "kind = \"long_only\", from = 2, by = \"pair\"",
            "kind = \"topics\", by = \"pair\", topics = 1",
            "`stages.1.sampling.topics` is 1, expected 2 to 65536".to_owned(),
        ),
        (
            "kind = \"long_only\", from = 2, by = \"pair\"",
            "kind = \"distance_weighted\", power = 11.0",
            "`stages.1.sampling.power` is 11, expected -10 to 10".to_owned(),
        ),
        (
            "temperature_end = 0.05",
            "temperature_end = 0.0",
            format!("`stages.0.loss.temperature_end` is 0, {divides}"),
        ),
        (
            "temperature_rate = 0.5",
            "temperature_rate = 0.0",
            format!("`stages.1.loss.temperature_rate` is 0, {positive}"),
        ),
        (
            "temperature = 20.0",
            "temperature = 2e4",
            "`stages.1.loss.temperature` is 20000, expected 0.001 to 10000 where it is learned".to_owned(),
        ),
        (
            "distance_power = 1.0",
            "distance_power = nan",
            "`stages.1.loss.distance_power` is NaN, expected -10 to 10".to_owned(),
        ),
    ];
    for (from, to, expected) in cases {
        assert_eq!(refused(from, to), expected, "{to}");
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let cases = [
        (
            "deduplicate = true, ",
            "",
            "`stages.0.negatives.deduplicate` is false, expected true where batches count queries",
        ),
        (
            "by = \"query\"",
            "by = \"pair\"",
            "`stages.0.sampling.neighbours` is 2, expected 0 where batches count pairs",
        ),
        (
            "from = \"batch\"",
            "from = \"corpus\"",
            "`stages.0.negatives.from` is corpus, expected batch where uniform, sibling or mined negatives are added",
        ),
        (
            "from = \"corpus\"",
            "from = \"corpus\", alpha = 0.0",
            "`stages.1.negatives.alpha` is 0, expected no alpha where all documents are negatives",
        ),
        (
            "kind = \"regular\", by = \"query\", neighbours = 2",
            "kind = \"curriculum\", near = 0, until = 1.0",
            "`stages.0.negatives.alpha` is 0.5, expected no alpha beside a curriculum, whose frequencies change",
        ),
        (
            "temperature_end = 0.05",
            "temperature_end = 0.05, temperature_rate = 0.5",
            "`stages.0.loss.temperature_rate` is 0.5, expected either a temperature_end or a temperature_rate",
        ),
    ];
    for (from, to, expected) in cases {
        assert_eq!(refused(from, to), expected, "{to}");
    }
}

#[test]
fn geometries_that_do_not_fit_each_other_are_refused() {
    let learned = WHOLE.replace("score = \"dot\"", "score = \"hyperbolic\"");
    let hyperbolic = learned.replace("temperature_rate = 0.5, ", "");
    let with = |text: &str, settings: &[&str]| {
        Recipe::parse(text, &settings.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
            .map_err(|error| error.to_string())
    };
    let distances = ["stages.0.loss.distance=hyperbolic", "stages.1.loss.distance=hyperbolic"];
    let riemannian = "stages.1.optimiser={ kind = \"riemannian_sgd\", clip = 1.0 }";
    assert!(with(&hyperbolic, &[distances[0], distances[1], riemannian]).is_ok());
    let cases = [
        (
            with(&learned, &distances),
            "`stages.1.loss.temperature_rate` is 0.5, expected none beside a hyperbolic distance",
        ),
        (
            with(&hyperbolic, &distances[..1]),
            "`stages.1.loss.distance` is missing, expected hyperbolic, as `encoder.score` is",
        ),
        (
            with(WHOLE, &distances[..1]),
            "`stages.0.loss.distance` is hyperbolic, expected none unless `encoder.score` is hyperbolic",
        ),
        (
            with(WHOLE, &[riemannian]),
            "`stages.1.optimiser.kind` is riemannian, expected adam, adagrad or sgd unless `encoder.score` is hyperbolic",
        ),
        (
            with(&hyperbolic, &[distances[0], distances[1], riemannian, "stages.1.optimiser.clip=0.0"]),
            "`stages.1.optimiser.clip` is 0, expected a number above 0",
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found.unwrap_err(), expected);
    }
}

#[test]
fn a_recipe_without_stages_is_refused() {
    let (head, _) = WHOLE.split_once("[[stages]]").unwrap();
    let empty = Recipe::parse(&format!("{head}\nstages = []"), &[]).unwrap_err();
    assert_eq!(empty.to_string(), "`stages` is empty, expected at least one stage");
    assert!(Recipe::parse(head, &[]).unwrap_err().to_string().contains("missing field `stages`"));
}

#[test]
fn hard_negatives_are_mined_by_the_encoder_unless_by_words() {
    let mined = |by: &str| {
        let text = format!("mined = {{ {by}each = 2, every = 100, among = 50, margin = 0.1 }}");
        let recipe = parse(&WHOLE.replacen("alpha = 0.5", &text, 1));
        assert_eq!(parse(&recipe.to_toml()), recipe);
        recipe.stages[0].negatives.mined.map(|mined| mined.by)
    };
    assert_eq!((mined(""), mined("by = \"words\", ")), (Some(MinedBy::Encoder), Some(MinedBy::Words)));
}

/// A recipe with every source of queries.
const TAUGHT: &str = r#"
seed = 7
learn_from = [{ repeated_judgements = { times = 4 } }, "titles", "synonyms", "texts", { spans = { each = 2, least = 8, most = 24 } }, { crops = { each = 1, least = 4, most = 9 } }, { generated = { name = "qgen" } }]
validation = { queries = 10, every = 5, far_from = 2 }

[encoder]
kind = "text"
body = { kind = "static", from = "builtin", max_tokens = 256 }
towers = "one"
documents = { kind = "encoded" }
score = "cosine"

[[stages]]
name = "only"
batch = 4
steps = 20
sampling = { kind = "regular", by = "pair" }
negatives = { from = "batch" }
loss = { kind = "softmax", temperature = 0.05 }
optimiser = { kind = "sgd" }
rate = { start = 1e-3, end = 1e-3 }
"#;

#[test]
fn what_is_learned_from_survives_its_own_writing() {
    let only = TAUGHT.replace(r#""titles", "synonyms", "texts", "#, "");
    for text in [TAUGHT, &only] {
        let recipe = parse(text);
        assert_eq!(parse(&recipe.to_toml()), recipe);
    }
    let setting = "learn_from=[\"judgements\", { crops = { each = 1, least = 4, most = 9 } }]".to_owned();
    let crops = LearnFrom::Crops(Runs { each: 1, least: 4, most: 9, within: None });
    assert_eq!(Recipe::parse(TAUGHT, &[setting]).unwrap().learn_from, [LearnFrom::Judgements, crops]);
}

#[test]
fn what_cannot_be_learned_from_is_refused() {
    let cases = [
        ("times = 4", "times = 0", "`learn_from.0.repeated_judgements.times` is 0, expected 1 to 16777216"),
        ("each = 2", "each = 0", "`learn_from.4.spans.each` is 0, expected 1 to 1000"),
        ("least = 8", "least = 0", "`learn_from.4.spans.least` is 0, expected 1 or more"),
        (
            "most = 9",
            "most = 3",
            "`learn_from.5.crops.most` is 3, expected at least `least`, at most 16777216",
        ),
        (
            "\"qgen\"",
            "\"a/b\"",
            "`learn_from.6.generated.name` is a/b, expected the beginning of the name of a file",
        ),
        ("\"titles\"", "\"judgements\"", "`learn_from.1` is given before, expected each source once"),
        ("\"texts\"", "\"titles\"", "`learn_from.3` is given before, expected each source once"),
    ];
    for (from, to, expected) in cases {
        assert!(TAUGHT.contains(from), "{from}");
        let error = Recipe::parse(&TAUGHT.replacen(from, to, 1), &[]).expect_err(to).to_string();
        assert_eq!(error, expected);
    }
    let unknown = Recipe::parse(&TAUGHT.replace("each = 2", "each = 2, colour = 1"), &[]).unwrap_err();
    assert!(unknown.to_string().contains("unknown field `colour`"), "{unknown}");
}
