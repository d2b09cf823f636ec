//! Folders of texts, read whole.

use super::*;

const WHOLE: TextFilesOptions = TextFilesOptions { unit: TextUnit::File, above: FolderUse::Ignore };

/// A folder of these files.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = dir.path().join("texts").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    dir
}

fn import(files: &[(&str, &[u8])], options: TextFilesOptions) -> Result<Imported, String> {
    let dir = folder(files);
    let outside = format!("{}/", dir.path().display());
    let found = text_files(&Source::new(&dir.path().join("texts"), &|_| ()), options);
    found.map_err(|error| error.to_string().replace(&outside, ""))
}

/// Id, title and text of each document.
fn docs(imported: &Imported) -> Vec<[&str; 3]> {
    imported.parts.docs.iter().map(|doc| [&*doc.id, &*doc.title, &*doc.text]).collect()
}

fn notes(imported: &Imported) -> Vec<(u64, &str)> {
    imported.notes.iter().map(|note| (note.count, note.what)).collect()
}

#[test]
fn files_are_documents_in_the_order_of_their_paths() {
    let found = import(
        &[
            ("b.txt", b"Boots\nTall."),
            ("a/z.MD", b"# Zebra\r\n\r\nStriped.\r\n"),
            ("a.txt", b"\xef\xbb\xbfA long line that is no title, because it goes on and on and on.\n"),
            (".hidden.txt", b"no"),
            (".git/x.txt", b"no"),
            ("empty.txt", b" \n\n"),
            ("picture.png", b"\x89PNG"),
        ],
        WHOLE,
    )
    .unwrap();
    let long = "A long line that is no title, because it goes on and on and on.";
    assert_eq!(docs(&found), [["a/z", "Zebra", "Striped."], ["a", "a", long], ["b", "Boots", "Tall."]]);
    let told = [(1, "files that end in neither .txt nor .md left out"), (1, "files without text left out")];
    assert_eq!((notes(&found), found.parts.graph.n_edges()), (told.to_vec(), 0));
}

#[test]
fn a_number_is_no_title() {
    let long = "A long line that is no title, because it goes on and on and on.";
    let files = ["IMG_2021_0001.txt", "2024-01-03.md", "chapter 12.txt"].map(|name| (name, long.as_bytes()));
    let found = import(&files, WHOLE).unwrap();
    let titles: Vec<[&str; 2]> = docs(&found).iter().map(|doc| [doc[0], doc[1]]).collect();
    let expected = [["2024-01-03", ""], ["IMG_2021_0001", ""], ["chapter 12", "chapter 12"]];
    assert_eq!(titles, expected);
}

#[test]
fn long_files_are_cut_into_passages_under_their_title() {
    let options = TextFilesOptions { unit: TextUnit::Passages { words: 3 }, ..WHOLE };
    let found =
        import(&[("a.txt", b"Title\n\none two\n\nthree four"), ("b.txt", b"B\n\none")], options).unwrap();
    let expected = [["a#1", "Title", "one two"], ["a#2", "Title", "three four"], ["b", "B", "one"]];
    assert_eq!(docs(&found), expected);
}

#[test]
fn folders_are_documents_over_what_lies_in_them_where_that_is_asked_for() {
    let options = TextFilesOptions { above: FolderUse::Hierarchy, ..WHOLE };
    let found =
        import(&[("shoes/open/s.md", b"# Sandal"), ("shoes/b.md", b"# Boot"), ("x.md", b"x")], options);
    let found = found.unwrap();
    let ids: Vec<&str> = docs(&found).iter().map(|[id, ..]| *id).collect();
    assert_eq!(ids, ["shoes/", "shoes/b", "shoes/open/", "shoes/open/s", "x"]);
    assert_eq!(docs(&found)[2], ["shoes/open/", "open", ""]);
    let edges: Vec<_> = found.parts.graph.edges().map(|edge| (edge.child.0, edge.parent.0)).collect();
    assert_eq!(edges, [(1, 0), (2, 0), (3, 2)]);
}

#[test]
fn files_that_differ_in_their_ending_keep_it_and_other_ids_that_are_the_same_are_refused() {
    let found = import(&[("a.md", b"x"), ("a.txt", b"y"), ("b.txt", b"z")], WHOLE).unwrap();
    let ids: Vec<&str> = docs(&found).iter().map(|[id, ..]| *id).collect();
    assert_eq!(ids, ["a.md", "a.txt", "b"]);
    let options = TextFilesOptions { unit: TextUnit::Passages { words: 1 }, ..WHOLE };
    let error = import(&[("a.txt", b"t\n\nx\n\ny"), ("a#2.txt", b"z")], options).unwrap_err();
    assert_eq!(
        error,
        "texts/a.txt:1: an id that no other file, passage or folder has was expected, `a#2` was found"
    );
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_and_ids_with_blanks_are_told() {
    let dir = folder(&[("my note.txt", b"x")]);
    std::os::unix::fs::symlink("gone", dir.path().join("texts/link.txt")).unwrap();
    let found = text_files(&Source::new(&dir.path().join("texts"), &|_| ()), WHOLE).unwrap();
    let notes: Vec<_> = found.notes.iter().map(|note| (note.what, note.examples[0].as_str())).collect();
    assert_eq!(
        notes,
        [
            ("links that lead nowhere left out", "link.txt"),
            ("files whose ids hold blanks, which runs and files of TREC cannot hold", "my note")
        ]
    );
}

#[test]
fn what_cannot_be_read_is_one_error() {
    let nothing = "texts holds no .txt or .md files; name a folder with some, in it or in its folders";
    assert_eq!(import(&[("a.pdf", b"x")], WHOLE).unwrap_err(), nothing);
    assert_eq!(
        import(&[("a.txt", b""), ("b.md", b"\n")], WHOLE).unwrap_err(),
        "texts holds no document; at least one was expected"
    );
    let error = import(&[("a.txt", b"x"), ("b.txt", b"one\ncaf\xe9\n")], WHOLE).unwrap_err();
    assert!(error.starts_with("texts/b.txt:2: UTF-8 was expected, byte 0xe9 at column 4"), "{error}");
    let dir = folder(&[("a.txt", b"x")]);
    let of = |name: &str| {
        text_files(&Source::new(&dir.path().join(name), &|_| ()), WHOLE).unwrap_err().to_string()
    };
    assert!(of("none").contains("none could not be read: "), "{}", of("none"));
    let archive = "a.txt holds no .txt or .md files; it is a file; unpack it where it is an archive, and name the folder";
    assert!(of("texts/a.txt").ends_with(archive), "{}", of("texts/a.txt"));
}
