//! Encoding a stream of texts: one thread reads, all encode, one writes.
//!
//! Memory holds a few batches, however many texts there are. What is written can be gone on from after any
//! interruption: texts are read again up to the last one that is surely on disk, and have to be the same.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use rootward::dataset::{DataError, Dataset};
use rootward::digits::grouped;
use rootward::encoder::{Encoder, Input, Side, Text};
use rootward::ids::{DocIdx, QueryIdx};
use rootward::matrix::Matrix;
use rootward_import::vectors::{Begun, NewRows, VectorFile, VectorsError, checksum_of, fingerprint};
use rootward_import::{BytesRead, Source, TextForm, TextRow, Texts};

use crate::interrupt;
use crate::output::chain;
use crate::progress::Bar;

/// Where texts come from.
pub(crate) enum TextsOf<'a> {
    /// The queries or documents of a data set.
    Data(&'a Dataset, Side),
    File(&'a Path, TextForm),
    Stdin(TextForm),
}

/// How texts are encoded.
pub(crate) struct Encoding<'a> {
    pub(crate) encoder: &'a dyn Encoder,
    pub(crate) side: Side,
    /// Texts that are encoded together.
    pub(crate) together: usize,
}

/// What came of it.
pub(crate) struct Encoded {
    pub(crate) rows: u64,
    /// Of these, rows that were there before.
    pub(crate) before: u64,
    /// Texts without a word, of those that were encoded now.
    pub(crate) empty: u64,
    pub(crate) seconds: f64,
}

/// Texts that are encoded together.
struct Batch {
    /// The place of the first.
    first: u64,
    ids: Vec<String>,
    texts: Vec<String>,
    fingerprints: Vec<u32>,
    read: BytesRead,
}

/// Batches that wait for the next thread.
const WAITING: usize = 2;
/// Bytes of text after which a batch is full, however few texts they are.
const FULL: usize = 1 << 20;
/// Between two times that rows are made sure to be on disk.
const SAVE_EVERY: Duration = Duration::from_secs(3);

/// Encodes texts into a file, which is given its name in the end.
///
/// # Errors
/// When a text cannot be read or encoded, rows cannot be written, or the user asked to stop: what was encoded before
/// stays and can be gone on from.
pub(crate) fn encode(
    encoding: &Encoding<'_>,
    texts: &TextsOf<'_>,
    mut file: VectorFile,
    path: &Path,
) -> anyhow::Result<Encoded> {
    let (began, begun) = (Instant::now(), file.begun());
    let mut bar = texts.bar();
    let mut encoded = Encoded { rows: begun.rows, before: begun.rows, empty: 0, seconds: 0.0 };
    let (to_encode, read) = sync_channel(WAITING);
    let (to_write, written) = sync_channel(WAITING);
    let (ended, wrote) = thread::scope(|scope| {
        let reader = scope.spawn(move || read_batches(texts, begun, encoding.together, path, &to_encode));
        let into = &mut file;
        let writer = scope.spawn(move || write_batches(into, &written));
        let ended = encode_batches(encoding, &read, &to_write, |batch| {
            encoded.rows += batch.texts.len() as u64;
            encoded.empty += batch.texts.iter().filter(|text| text.trim().is_empty()).count() as u64;
            let rate = (encoded.rows - encoded.before) as f64 / began.elapsed().as_secs_f64().max(1e-9);
            match texts {
                TextsOf::Data(..) => bar.at(encoded.rows as usize),
                TextsOf::File(..) => bar.at_bytes(batch.read.done, batch.read.of),
                TextsOf::Stdin(_) => {}
            }
            let (rows, rate) = (grouped(encoded.rows as usize), grouped(rate as usize));
            bar.note(format!("{rows} texts, {rate} a second"));
        });
        // The threads end when nobody takes or gives any more.
        drop((read, to_write));
        let wrote = writer.join().expect("the writer does not panic");
        (ended.and(reader.join().expect("the reader does not panic")), wrote)
    });
    bar.clear();
    wrote?;
    if let Err(error) = ended {
        return Err(given_up(file, error));
    }
    file.finish()?;
    encoded.seconds = began.elapsed().as_secs_f64();
    Ok(encoded)
}

/// The error that ended encoding, with what can be done about it; nothing stays where nothing was encoded.
fn given_up(mut file: VectorFile, error: anyhow::Error) -> anyhow::Error {
    // Other texts than those that were begun with: what there is says nothing of these.
    if error.is::<VectorsError>() {
        return error;
    }
    match file.save() {
        Ok(0) => {
            file.discard();
            error
        }
        Ok(rows) => anyhow!(
            "{}; {} texts are encoded: the same command with --resume goes on after them",
            chain(&error),
            grouped(rows as usize)
        ),
        Err(_) => error,
    }
}

/// Encodes batches in the order in which they come.
fn encode_batches(
    encoding: &Encoding<'_>,
    read: &Receiver<Batch>,
    to_write: &SyncSender<(Batch, Matrix)>,
    mut done: impl FnMut(&Batch),
) -> anyhow::Result<()> {
    for batch in read {
        if interrupt::asked() {
            break;
        }
        let inputs: Vec<Input<'_>> = (batch.first as u32..)
            .zip(&batch.texts)
            .map(|(idx, text)| Input { idx, text: Text::plain(text) })
            .collect();
        let vectors = encoding.encoder.encode(encoding.side, &inputs)?; // (texts, dim)
        if let Some(bad) = (0..vectors.n_rows()).find(|i| !vectors.row(*i).iter().all(|x| x.is_finite())) {
            bail!("the vector of text `{}` is not finite; the model may have diverged", batch.ids[bad]);
        }
        done(&batch);
        // A writer that has gone says why when it is waited for.
        if to_write.send((batch, vectors)).is_err() {
            return Ok(());
        }
    }
    // A program that sends texts is stopped by the same Ctrl-C, which looks like the end of its texts.
    if interrupt::asked() {
        bail!("stopped");
    }
    Ok(())
}

fn write_batches(file: &mut VectorFile, written: &Receiver<(Batch, Matrix)>) -> Result<(), VectorsError> {
    let mut saved: Option<Instant> = None;
    for (batch, vectors) in written {
        file.append(NewRows { vectors: &vectors, ids: &batch.ids, texts: &batch.fingerprints })?;
        if saved.is_none_or(|saved| saved.elapsed() >= SAVE_EVERY) {
            file.save()?;
            saved = Some(Instant::now());
        }
    }
    Ok(())
}

/// Passes over the texts whose vectors are there, and sends the others in batches until nobody takes them.
fn read_batches(
    texts: &TextsOf<'_>,
    begun: Begun,
    together: usize,
    path: &Path,
    to_encode: &SyncSender<Batch>,
) -> anyhow::Result<()> {
    let (mut at, mut checksum) = (0, 0);
    let other = |found: String| VectorsError::OtherTexts { path: path.to_owned(), rows: begun.rows, found };
    let mut batch = Batch::new(begun.rows);
    let mut bytes = 0;
    let mut take = |row: TextRow, read: BytesRead| -> anyhow::Result<bool> {
        let one = fingerprint(&row.id, &row.text);
        at += 1;
        if at <= begun.rows {
            checksum = checksum_of(checksum, &[one]);
            if at == begun.rows && checksum != begun.texts {
                return Err(other("other texts were found".to_owned()).into());
            }
            return Ok(true);
        }
        bytes += row.text.len();
        batch.ids.push(row.id);
        batch.texts.push(row.text);
        batch.fingerprints.push(one);
        batch.read = read;
        if batch.texts.len() < together && bytes < FULL {
            return Ok(true);
        }
        bytes = 0;
        Ok(to_encode.send(std::mem::replace(&mut batch, Batch::new(at))).is_ok())
    };
    texts.each(&mut take)?;
    if at < begun.rows {
        return Err(other(format!("only {at} texts were found")).into());
    }
    if !batch.texts.is_empty() {
        // Where nobody takes it, whoever stopped says why.
        let _ = to_encode.send(batch);
    }
    Ok(())
}

impl Batch {
    fn new(first: u64) -> Self {
        let read = BytesRead { done: 0, of: 0 };
        Batch { first, ids: Vec::new(), texts: Vec::new(), fingerprints: Vec::new(), read }
    }
}

impl TextsOf<'_> {
    /// Whether texts have ids of their own.
    pub(crate) fn have_ids(&self) -> bool {
        !matches!(self, TextsOf::File(_, TextForm::Lines) | TextsOf::Stdin(TextForm::Lines))
    }

    fn bar(&self) -> Bar {
        match self {
            TextsOf::Data(data, Side::Query) => Bar::new("encode", data.queries.len()),
            TextsOf::Data(data, Side::Document) => Bar::new("encode", data.docs.len()),
            TextsOf::File(..) => Bar::of_bytes("encode"),
            TextsOf::Stdin(_) => Bar::endless("encode"),
        }
    }

    /// Calls `take` with each text and what was read so far, until it returns `false`.
    fn each(&self, take: &mut dyn FnMut(TextRow, BytesRead) -> anyhow::Result<bool>) -> anyhow::Result<()> {
        let read = std::cell::Cell::new(BytesRead { done: 0, of: 0 });
        let progress = |so_far| read.set(so_far);
        let rows: Box<dyn Iterator<Item = Result<TextRow, DataError>> + '_> = match self {
            TextsOf::Data(data, Side::Query) => Box::new((0u32..).zip(&data.queries).map(|(at, query)| {
                let text = Input::query(data, QueryIdx(at)).text.whole().into_owned();
                Ok(TextRow { id: query.id.clone(), text })
            })),
            TextsOf::Data(data, Side::Document) => Box::new((0u32..).zip(&data.docs).map(|(at, doc)| {
                let text = Input::doc(data, DocIdx(at)).text.whole().into_owned();
                Ok(TextRow { id: doc.id.clone(), text })
            })),
            TextsOf::File(path, form) => Box::new(Texts::open(&Source::new(path, &progress), *form)?),
            TextsOf::Stdin(form) => Box::new(Texts::stdin(*form)?),
        };
        for row in rows {
            if !take(row?, read.get())? {
                break;
            }
        }
        Ok(())
    }
}
