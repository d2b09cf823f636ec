//! What other readers find in the files, and what an interrupted run makes of them.

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use rootward::tensors::Tensors;
use tempfile::TempDir;

use super::columns::GROUP;
use super::*;

const FORMATS: [VectorFormat; 3] = [VectorFormat::Npy, VectorFormat::Safetensors, VectorFormat::Parquet];
const DIM: usize = 3;

fn contents(format: VectorFormat) -> Contents {
    let model = "small".to_owned();
    Contents { format, dim: DIM, ids: Ids::Kept, model, model_checksum: "1".to_owned() }
}

fn row(at: usize) -> [f32; DIM] {
    [at as f32, -0.5, 1.0 / (at + 1) as f32]
}

/// Appends the rows of some places.
fn append(file: &mut VectorFile, places: std::ops::Range<usize>) {
    let values: Vec<f32> = places.clone().flat_map(row).collect();
    let vectors = Matrix::new(places.len(), DIM, values).unwrap();
    let ids: Vec<String> = places.clone().map(|at| format!("t{at}")).collect();
    let texts: Vec<u32> = ids.iter().map(|id| fingerprint(id, "words")).collect();
    file.append(NewRows { vectors: &vectors, ids: &ids, texts: &texts }).unwrap();
}

fn write(path: &Path, format: VectorFormat, rows: usize) {
    let mut file = VectorFile::create(path, contents(format)).unwrap();
    (0..rows).step_by(1000).for_each(|at| append(&mut file, at..rows.min(at + 1000)));
    assert_eq!(file.finish().unwrap(), rows as u64);
}

fn names(dir: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(dir.path()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn numpy_finds_a_header_of_a_multiple_of_64_bytes_and_rows_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v.npy");
    write(&path, VectorFormat::Npy, 5);
    let bytes = fs::read(&path).unwrap();
    let length = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((&bytes[..8], length % 64, bytes[length - 1]), (&b"\x93NUMPY\x01\x00"[..], 0, b'\n'));
    let said = std::str::from_utf8(&bytes[10..length]).unwrap().trim();
    assert_eq!(said, "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 3), }");
    let values: Vec<f32> =
        bytes[length..].chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    assert_eq!(values, (0..5).flat_map(row).collect::<Vec<f32>>());
    assert_eq!(fs::read_to_string(dir.path().join("v.npy.ids")).unwrap(), "t0\nt1\nt2\nt3\nt4\n");
    assert_eq!(names(&dir), ["v.npy", "v.npy.ids"]);
}

#[test]
fn safetensors_reads_one_tensor() {
    let dir = tempfile::tempdir().unwrap();
    for rows in [0, 5] {
        let path = dir.path().join(format!("v{rows}.safetensors"));
        write(&path, VectorFormat::Safetensors, rows);
        let read = Tensors::read(&path).unwrap();
        assert_eq!(read.names().collect::<Vec<_>>(), ["embeddings"]);
        let values = (0..rows).flat_map(row).collect();
        assert_eq!(read.floats("embeddings").unwrap(), (vec![rows, DIM], values));
    }
}

#[test]
fn parquet_reads_ids_and_vectors_of_several_groups() {
    let dir = tempfile::tempdir().unwrap();
    for rows in [0, 2 * GROUP + 5] {
        let path = dir.path().join(format!("v{rows}.parquet"));
        write(&path, VectorFormat::Parquet, rows);
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), rows.div_ceil(GROUP).max(1));
        let mut found = 0;
        for read in reader.get_row_iter(None).unwrap() {
            let columns = read.unwrap().into_columns();
            let [(id, Field::Str(text)), (vector, Field::ListInternal(list))] = &columns[..] else {
                panic!("{columns:?}")
            };
            assert_eq!((id.as_str(), vector.as_str(), text), ("id", "vector", &format!("t{found}")));
            assert_eq!(list.elements(), row(found).map(Field::Float));
            found += 1;
        }
        assert_eq!(found, rows);
    }
}

#[test]
fn what_ends_at_any_time_goes_on_to_the_same_bytes() {
    let rows = GROUP + 700;
    for format in FORMATS {
        let dir = tempfile::tempdir().unwrap();
        let (whole, path) = (dir.path().join("whole"), dir.path().join("cut"));
        write(&whole, format, rows);
        // Never saved; saved, and more written after that; ended between two names.
        let mut file = VectorFile::create(&path, contents(format)).unwrap();
        append(&mut file, 0..10);
        drop(file);
        let mut file = VectorFile::resume(&path, contents(format)).unwrap();
        assert_eq!(file.begun(), Begun { rows: 0, texts: 0 });
        append(&mut file, 0..GROUP + 300);
        let saved = file.save().unwrap();
        append(&mut file, GROUP + 300..rows);
        drop(file);
        let file = VectorFile::resume(&path, contents(format)).unwrap();
        let texts: Vec<u32> = (0..saved).map(|at| fingerprint(&format!("t{at}"), "words")).collect();
        assert_eq!(file.begun(), Begun { rows: saved, texts: checksum_of(0, &texts) });
        drop(file);
        let mut ids = None;
        if format != VectorFormat::Parquet {
            ids = Some(ids_of(&path));
            fs::rename(beside(&ids_of(&path), PARTIAL), ids_of(&path)).unwrap();
        }
        let mut file = VectorFile::resume(&path, contents(format)).unwrap();
        append(&mut file, saved as usize..rows);
        assert_eq!(file.finish().unwrap(), rows as u64);
        assert!(fs::read(&path).unwrap() == fs::read(&whole).unwrap(), "{format:?}");
        if let Some(ids) = ids {
            assert_eq!(fs::read(ids).unwrap(), fs::read(ids_of(&whole)).unwrap());
        }
    }
}

fn refused(path: &Path, contents: Contents) -> String {
    let error = VectorFile::resume(path, contents).err().unwrap().to_string();
    error.replace(&format!("{}/", path.parent().unwrap().display()), "")
}

#[test]
fn what_was_begun_goes_on_only_as_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v.npy");
    let mut file = VectorFile::create(&path, contents(VectorFormat::Npy)).unwrap();
    append(&mut file, 0..10);
    file.save().unwrap();
    assert_eq!(
        refused(&path, contents(VectorFormat::Npy)).split(':').next(),
        Some("another process writes v.npy")
    );
    drop(file);
    let error = VectorFile::create(&path, contents(VectorFormat::Npy)).err().unwrap().to_string();
    assert!(error.contains("was begun: go on with --resume"), "{error}");
    let other =
        Contents { model: "large".to_owned(), model_checksum: "2".to_owned(), ..contents(VectorFormat::Npy) };
    assert!(
        refused(&path, other)
            .starts_with("v.npy.partial.json was begun with the model small (checksum 1), this is large (2)")
    );
    let other = Contents { ids: Ids::None, ..contents(VectorFormat::Npy) };
    let error = refused(&path, other);
    assert!(
        error.contains("was begun as npy of 3 numbers, with ids, this is npy of 3 numbers, without ids"),
        "{error}"
    );
    File::options().write(true).open(beside(&path, PARTIAL)).unwrap().set_len(200).unwrap();
    assert_eq!(
        refused(&path, contents(VectorFormat::Npy)),
        "v.npy.partial is damaged: expected at least 312 bytes, found 200; delete it to begin anew"
    );
    fs::write(beside(&path, JOURNAL), "{").unwrap();
    assert!(refused(&path, contents(VectorFormat::Npy)).starts_with("v.npy.partial.json: EOF while parsing"));
}

#[test]
fn a_table_that_does_not_consist_of_groups_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v.parquet");
    let mut file = VectorFile::create(&path, contents(VectorFormat::Parquet)).unwrap();
    append(&mut file, 0..GROUP);
    file.save().unwrap();
    drop(file);
    let partial = beside(&path, PARTIAL);
    let mut bytes = fs::read(&partial).unwrap();
    let last = bytes.len() - 6;
    bytes[last] ^= 64;
    fs::write(&partial, bytes).unwrap();
    assert!(refused(&path, contents(VectorFormat::Parquet)).starts_with("v.parquet.partial is damaged: "));
}

#[test]
fn what_is_whole_is_not_written_again_and_what_was_begun_can_be_taken_away() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v.npy");
    let mut file = VectorFile::create(&path, contents(VectorFormat::Npy)).unwrap();
    append(&mut file, 0..10);
    file.save().unwrap();
    file.discard();
    assert!(names(&dir).is_empty());
    write(&path, VectorFormat::Npy, 2);
    for error in
        [VectorFile::create, VectorFile::resume].map(|begin| begin(&path, contents(VectorFormat::Npy)).err())
    {
        assert!(
            error.unwrap().to_string().ends_with("v.npy is there already; delete it, or name another file")
        );
    }
    assert!(
        VectorFormat::of(Path::new("v.bin"))
            .unwrap_err()
            .to_string()
            .contains(".npy, .safetensors or .parquet")
    );
}
