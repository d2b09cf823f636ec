//! What it costs to encode texts and to take a step of training, and how much of it is matrix product.
//!
//! `cargo bench -p rootward-text --bench encode -- FOLDER` with a model's folder prints a table, with `--json` one JSON
//! object for `bench/peers`; without a folder the shape is that of MiniLM-L6 with random weights. 64 sequences of 64
//! tokens, and of 8 to 64, go through in products of `f32` and of bfloat16; the step takes as many sequences of each kind
//! forward and back and moves all parameters by Adam. Times are processor time of all threads.
//!
//! Short texts are the definitions of `data/wordnet-nouns`, 12 words on average: 12,288 by the static model that comes
//! with the program, each run others, and 512 by the Transformer.
//!
//! The share of matrix products is the processor time of the same products alone, measured in the same run on one
//! thread, over that of the whole.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rootward::body::Body;
use rootward::dataset::Dataset;
use rootward::encoder::Side;
use rootward::matrix::Matrix;
use rootward::optimiser::Optimiser;
use rootward::static_body::{Reading, StaticBody};
use rootward_kernels::{HalfPacked, HalfRows, Packed, Store, Strided, product, product_half};
use rootward_text::body::TextBody;
use rootward_text::config::{Config, DropoutRates};
use rootward_text::model::TextModel;
use rootward_text::network::Precision;
use rootward_text::training::{Activations, Frozen, Training};

const TEXTS: usize = 64;
const REPEATS: usize = 5;
/// Products of one run: enough for a clock that is read thousands of times a second.
const PRODUCTS: usize = 200;
/// Short texts that a static model encodes in a run, and a Transformer.
const STATIC: usize = 12_288;
const SHORT: usize = 512;
/// Tokens of a group: what products see at a time.
const GROUP: usize = 128;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // The harness itself is told `--bench`.
    let folder = arguments.iter().find(|argument| !argument.starts_with("--"));
    let made = MadeFolder::new();
    let folder = folder.map_or(made.0.clone(), PathBuf::from);
    let model = |precision| {
        let model = TextModel::open(&folder, usize::MAX).expect("the folder holds a model");
        let training = Training {
            seed: 1,
            dropout: DropoutRates::NONE,
            frozen: Frozen::NOTHING,
            activations: Activations::Kept,
            chunk_tokens: 4096,
            greatest_norm: f32::INFINITY,
        };
        TextBody::new(model, precision, training)
    };
    let (mut single, mut half) = (model(Precision::Single), model(Precision::Half));
    let config = single.model().config().clone();
    let (full, mixed) = (texts(|_| 62), texts(|i| 6 + i * 7 % 57));
    let tokens = |texts: &[String]| texts.iter().map(|text| text.split(' ').count() + 2).sum::<usize>();

    let mut rows = Vec::new();
    for (name, texts) in [("64 tokens", &full), ("8 to 64 tokens", &mixed)] {
        let n = tokens(texts);
        for (kind, body) in [("f32", &single), ("bfloat16", &half)] {
            let products = product_seconds(&config, n, kind == "bfloat16");
            let found = fastest(|| {
                black_box(body.encode(Side::Document, &slices(texts)).expect("texts are plain words"));
            });
            rows.push((format!("encode {name}, {kind}"), found, products));
        }
    }
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data");
    let nouns = Dataset::open(&Path::new(data).join("wordnet-nouns")).expect("it comes with the project");
    let short: Vec<&str> = nouns.docs.iter().map(|doc| doc.text.as_str()).collect();
    let reading = Reading { max_tokens: 512, pairs: 0 };
    let small = StaticBody::open(&Path::new(data).join("static-minilm"), None, reading);
    let small = small.expect("it comes with the project");
    let mut runs = short.chunks_exact(STATIC).cycle();
    let found = fastest(|| {
        let texts = runs.next().expect("a cycle does not end");
        black_box(small.encode(Side::Document, texts).expect("texts are plain words"));
    });
    rows.push((format!("{STATIC} short texts, static"), found, f64::NAN));
    let found = fastest(|| {
        black_box(single.encode(Side::Document, &short[..SHORT]).expect("texts are plain words"));
    });
    rows.push((format!("{SHORT} short texts, f32"), found, f64::NAN));
    let encoding_peak = peak_mb();
    let adam = Optimiser::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, lazy: false, decay: 0.01 };
    let grad =
        Matrix::new(TEXTS, single.dim(), vec![1e-3; TEXTS * single.dim()]).expect("as many as asked for");
    let mut steps_peak = None;
    for (kind, body) in [("f32", &mut single), ("bfloat16", &mut half)] {
        body.start_optimiser(adam);
        for (name, texts) in [("64 tokens", &full), ("8 to 64 tokens", &mixed)] {
            let found = fastest(|| {
                body.backward(Side::Document, &slices(texts), &grad).expect("texts are plain words");
                body.step(1e-6);
            });
            // Forward, back to the inputs, back to the weights: three products of one size.
            let products = 3.0 * product_seconds(&config, tokens(texts), kind == "bfloat16");
            rows.push((format!("step {name}, {kind}"), found, products));
        }
        steps_peak.get_or_insert_with(peak_mb);
    }

    let steps_peak = steps_peak.expect("two kinds of steps were taken");
    if arguments.iter().any(|argument| argument == "--json") {
        let entry = |(name, found, _): &(String, Found, f64)| {
            format!("\"{name}\":{{\"cpu_ms\":{:.1},\"wall_ms\":{:.1}}}", 1e3 * found.cpu, 1e3 * found.wall)
        };
        let peaks = format!("\"peak_mb\":[{encoding_peak:.0},{steps_peak:.0}]");
        println!("{{{},{peaks}}}", rows.iter().map(entry).collect::<Vec<_>>().join(","));
        return;
    }
    println!("{TEXTS} texts, {} layers of {} numbers", config.layers, config.hidden);
    println!("{:<36} {:>8} {:>8} {:>12}", "", "CPU ms", "wall ms", "% products");
    for (name, found, products) in rows {
        let share = match products.is_nan() {
            true => String::new(),
            false => format!("{:.0}", 100.0 * products / found.cpu),
        };
        println!("{name:<36} {:>8.0} {:>8.0} {share:>12}", 1e3 * found.cpu, 1e3 * found.wall);
    }
    println!(
        "most memory so far: {encoding_peak:.0} MB after encoding, {steps_peak:.0} MB after the steps in f32"
    );
}

/// Texts of so many words each, every one a token.
fn texts(length: impl Fn(usize) -> usize) -> Vec<String> {
    const WORDS: [&str; 8] = ["the", "of", "and", "in", "to", "was", "he", "is"];
    let text = |i: usize| (0..length(i)).map(|j| WORDS[(i + j * j) % 8]).collect::<Vec<_>>().join(" ");
    (0..TEXTS).map(text).collect()
}

fn slices(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// Seconds of one run.
#[derive(Clone, Copy)]
struct Found {
    cpu: f64,
    wall: f64,
}

/// The cheapest of several runs, after one that is not counted.
fn fastest(mut run: impl FnMut()) -> Found {
    run();
    let mut best = Found { cpu: f64::INFINITY, wall: f64::INFINITY };
    for _ in 0..REPEATS {
        let (cpu, began) = (cpu_seconds(), Instant::now());
        run();
        best.cpu = best.cpu.min(cpu_seconds() - cpu);
        best.wall = best.wall.min(began.elapsed().as_secs_f64());
    }
    best
}

/// How long the four products of every layer take on one thread for so many tokens.
fn product_seconds(config: &Config, n_tokens: usize, half: bool) -> f64 {
    let (hidden, inner) = (config.hidden, config.inner);
    let mut seconds = 0.0;
    for (inputs, outputs) in [(hidden, 3 * hidden), (hidden, hidden), (hidden, inner), (inner, hidden)] {
        let (x, weights) = (vec![0.5; GROUP * inputs], vec![0.25; inputs * outputs]);
        let mut out = vec![0.0; GROUP * outputs];
        let (mut packed, mut half_packed) = (Packed::default(), HalfPacked::default());
        packed.pack(inputs, outputs, Strided::transposed(&weights, inputs));
        half_packed.pack(inputs, outputs, Strided::transposed(&weights, inputs));
        let mut halves = HalfRows::default();
        halves.fill(GROUP, inputs, &x);
        let once = fastest(|| {
            for _ in 0..PRODUCTS {
                if half {
                    product_half(Store::Set, halves.all(), &half_packed, &mut out, outputs);
                } else {
                    product(Store::Set, GROUP, Strided::rows(&x, inputs), &packed, &mut out, outputs);
                }
                black_box(&mut out);
            }
        });
        seconds += once.cpu / PRODUCTS as f64;
    }
    seconds * config.layers as f64 * n_tokens as f64 / GROUP as f64
}

/// A folder with a model of MiniLM's shape and random weights, gone when the benchmark ends.
struct MadeFolder(PathBuf);

impl MadeFolder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("rootward-text-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder can be made");
        let write =
            |name: &str, text: String| std::fs::write(folder.join(name), text).expect("it can be filled");
        let config = serde_json::json!({
            "model_type": "bert", "vocab_size": 30522, "hidden_size": 384, "num_attention_heads": 12,
            "intermediate_size": 1536, "num_hidden_layers": 6, "max_position_embeddings": 512, "type_vocab_size": 2,
            "hidden_act": "gelu",
        });
        write("config.json", config.to_string());
        let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "of", "and", "in", "to", "was", "he", "is"];
        let vocabulary: serde_json::Map<String, serde_json::Value> =
            words.iter().zip(0..).map(|(word, id)| ((*word).to_owned(), serde_json::json!(id))).collect();
        let ends = |name: &str, id: u32| serde_json::json!({"id": name, "ids": [id], "tokens": [name]});
        let tokenizer = serde_json::json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
            "pre_tokenizer": {"type": "Whitespace"}, "decoder": null,
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [
                    {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                    {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
                ],
                "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
                "special_tokens": {"[CLS]": ends("[CLS]", 2), "[SEP]": ends("[SEP]", 3)},
            },
            "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
        });
        write("tokenizer.json", tokenizer.to_string());
        write_weights(&folder);
        MadeFolder(folder)
    }
}

impl Drop for MadeFolder {
    fn drop(&mut self) {
        // A folder that cannot be removed is left to the system.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Numbers of about the size that trained models have.
fn write_weights(folder: &Path) {
    let text = std::fs::read(folder.join("config.json")).expect("it was just written");
    let config = Config::parse(&text, folder).expect("it is a configuration");
    let layout = rootward_text::layout::Layout::new(&config, &[]);
    let number = |i: usize| ((i * 7919 + 13) % 2003) as f32 / 2003.0 * 0.1 - 0.05;
    let bytes = |n: usize| (0..n).flat_map(|i| number(i).to_le_bytes()).collect::<Vec<u8>>();
    let all: Vec<_> = layout.tensors().iter().map(|place| (place, bytes(place.range.len()))).collect();
    let views = all.iter().map(|(place, bytes)| {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, place.shape.clone(), bytes);
        (&place.name, view.expect("its bytes fill its shape"))
    });
    let bytes = safetensors::serialize(views, None).expect("complete tensors serialise");
    std::fs::write(folder.join("model.safetensors"), bytes).expect("the folder can be filled");
}

/// The most memory that the process ever held, in millions of bytes; NaN where the system does not tell.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib * 1024.0 / 1e6)
}

/// Processor seconds of the threads of this process so far; NaN where the system does not tell.
fn cpu_seconds() -> f64 {
    let nanoseconds = |task: std::fs::DirEntry| {
        let line = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    let tasks = std::fs::read_dir("/proc/self/task").map(|tasks| tasks.filter_map(Result::ok));
    tasks.map_or(f64::NAN, |tasks| tasks.filter_map(nanoseconds).sum::<f64>() / 1e9)
}
