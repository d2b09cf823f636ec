//! `rootward encode`: texts in, a file of vectors out.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{ArgGroup, Args, ValueEnum};
use rootward::dataset::Dataset;
use rootward::digits::grouped;
use rootward::encoder::{Input, Keep, Side, Text, Trainable};
use rootward::tensors::{Tensor, Tensors};
use rootward_import::TextForm;
use rootward_import::vectors::{Contents, Ids, VectorFile, VectorFormat};
use rootward_text::network::Precision;
use serde::Serialize;

use crate::encoding::{Encoding, TextsOf, encode};
use crate::interrupt;
use crate::output::{print_json, say};
use crate::text_model::{Network, TextModel};

/// Encode texts, however many, into a file that FAISS, Qdrant, numpy or a data frame is filled from.
///
/// MODEL is the folder of a model that was trained here and reads texts, `builtin`, or untrained the folder of a static
/// model or of a Transformer of sentence-transformers or Hugging Face. Texts are those of a data set (--data), or of a
/// file: one on each line, or JSON Lines with `_id`, `title` and `text`, compressed or not, or `-` for standard input.
/// Row i belongs to text i; inner products of a query's and a document's vectors are the model's scores, and cosines
/// where the model is untrained.
///
/// By the ending of OUT: .npy is an array for numpy.load, .safetensors the tensor `embeddings`, .parquet a table with
/// the columns id and vector; numbers are f32. Ids lie beside the first two in OUT.ids, one on each line, where texts have
/// any; in a table texts without ids have the numbers of their lines.
///
/// Stop with Ctrl-C whenever you like: what is done lies in OUT.partial, and --resume goes on from there to exactly the
/// same bytes, with the same model and texts; a table goes on after whole groups of 16,384 rows. OUT appears when it is
/// whole.
#[derive(Args)]
#[command(group(ArgGroup::new("input").args(["data", "texts"]).required(true)))]
#[command(after_help = "Examples:\n  rootward encode --model builtin titles.txt --out titles.npy\n  \
                  rootward encode --model all-MiniLM-L6-v2 corpus.jsonl.gz --out corpus.parquet --bf16\n  \
                  rootward encode --model MODEL --data DATA --side documents --out docs.npy --resume\n  \
                  zcat logs.gz | rootward encode --model builtin - --side queries --out logs.safetensors")]
pub(crate) struct Encode {
    /// Folder of the model, or `builtin` for the static one that comes with the program.
    #[arg(long, value_name = "MODEL")]
    model: PathBuf,
    /// File of texts: one on each line, even an empty one; JSON Lines where its name ends in .jsonl; `-` for standard
    /// input.
    #[arg(value_name = "TEXTS")]
    texts: Option<PathBuf>,
    /// Folder of a data set whose documents or queries are to be encoded.
    #[arg(long, value_name = "DATA")]
    data: Option<PathBuf>,
    /// What the texts are: a model may read the two sides differently.
    #[arg(long, value_name = "SIDE", default_value = "documents")]
    side: Asked,
    /// File to write, which ends in .npy, .safetensors or .parquet.
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// Take the lines of TEXTS as JSON, whatever its name is.
    #[arg(long, conflicts_with = "data")]
    jsonl: bool,
    /// Let a Transformer multiply in bfloat16: up to four times as fast on a processor that can, slower on one that
    /// cannot, a little less exact.
    #[arg(long)]
    bf16: bool,
    /// Go on with the file that was begun, or begin it; standard input has to bring the same texts again.
    #[arg(long)]
    resume: bool,
    /// Texts that are encoded together, at most 1 MiB of them; changes no vector. Left out, 4096, or 512 for a
    /// Transformer.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch: Option<u32>,
    /// Print one JSON object when done.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Asked {
    Documents,
    Queries,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Done {
    out: PathBuf,
    format: VectorFormat,
    texts: u64,
    dim: usize,
    /// Rows that an interrupted run had encoded before.
    resumed: u64,
    /// Texts of nothing but blanks among those that were encoded now.
    empty: u64,
    seconds: f64,
}

impl Encode {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let format = VectorFormat::of(&self.out)?;
        let side = match self.side {
            Asked::Documents => Side::Document,
            Asked::Queries => Side::Query,
        };
        let precision = if self.bf16 { Precision::Half } else { Precision::Single };
        let model = TextModel::open(&self.model, precision)?;
        if self.bf16 && model.network() == Network::Static {
            bail!(
                "--bf16 is for the products of a Transformer, and {} is a static model, which has none",
                self.model.display()
            );
        }
        let data = self.data.as_deref().map(Dataset::open_documents).transpose()?;
        let texts = match (&data, &self.texts) {
            (Some(data), _) => {
                model.belongs_to(data)?;
                TextsOf::Data(data, side)
            }
            (None, Some(path)) => self.file(path, &model, side)?,
            (None, None) => unreachable!("one of the two is given"),
        };
        let encoder = model.encoder();
        let (dim, model_checksum) = identity(encoder, side)?;
        let ids = match (format, texts.have_ids()) {
            (VectorFormat::Parquet, _) | (_, true) => Ids::Kept,
            (_, false) => Ids::None,
        };
        let name = self.model.display().to_string();
        let contents = Contents { format, dim, ids, model: name, model_checksum };
        let file = match self.resume {
            true => VectorFile::resume(&self.out, contents)?,
            false => VectorFile::create(&self.out, contents)?,
        };
        interrupt::watch()?;
        let together = self.batch.map_or(model.network().together(), |batch| batch as usize);
        let done = encode(&Encoding { encoder, side, together }, &texts, file, &self.out)?;
        if self.json {
            return print_json(&Done {
                out: self.out,
                format,
                texts: done.rows,
                dim,
                resumed: done.before,
                empty: done.empty,
                seconds: done.seconds,
            });
        }
        if done.empty > 0 {
            say(format_args!("note: {} texts have no words", grouped(done.empty as usize)));
        }
        let rate = (done.rows - done.before) as f64 / done.seconds.max(1e-9);
        say(format_args!(
            "wrote {}: {} texts, {dim} numbers each, {} texts a second",
            self.out.display(),
            grouped(done.rows as usize),
            grouped(rate as usize)
        ));
        Ok(())
    }

    /// The texts of a file, as far as the model reads such.
    fn file<'a>(&self, path: &'a Path, model: &TextModel, side: Side) -> anyhow::Result<TextsOf<'a>> {
        if let (false, Some(model)) = (model.encoder().reads_texts(side), model.trained()) {
            bail!(
                "{} has a vector of its own for each document of `{}`, and none for other texts: give that data set by \
                 --data, encode queries with --side queries, or train with encoded documents",
                self.model.display(),
                model.config.data.name
            );
        }
        let form = if self.jsonl { TextForm::Json } else { TextForm::of(path) };
        Ok(if path == Path::new("-") { TextsOf::Stdin(form) } else { TextsOf::File(path, form) })
    }
}

/// How many numbers a vector has, and a checksum of all that decides which: the parameters, and the vectors of a few
/// texts, in which the tokenizer, the side, the precision and the machine show.
fn identity(encoder: &dyn Trainable, side: Side) -> anyhow::Result<(usize, String)> {
    const PROBES: [&str; 4] =
        ["", "a", "The 2 naïve sandals: flip-flops, café-style!", "東京 Zürich [SEP] ſ\u{301}"];
    let inputs = PROBES.map(|probe| Input { idx: 0, text: Text::plain(probe) });
    let vectors = encoder.encode(side, &inputs)?; // (probes, dim)
    let mut all: Tensors = encoder.tensors(Keep::Model);
    all.insert("probes", Tensor::from(&vectors));
    Ok((vectors.dim(), all.checksum()))
}
