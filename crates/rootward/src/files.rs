//! Files that are either wholly there or not there at all.
//!
//! Everything Rootward writes goes to a temporary name beside its target and is renamed when it is complete and on
//! disk. An interrupted or failed run leaves the previous file as it was and no half of the new one.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// How the names of temporary files end; one that is found was left by a process that was killed.
pub const ASIDE: &str = ".aside";

/// A file could not be written; the file that stood there before is unharmed.
#[derive(Debug, thiserror::Error)]
#[error("{} could not be written: {cause}; what was there before is unchanged", path.display())]
pub struct WriteError {
    /// The file that was to be written.
    pub path: PathBuf,
    /// What the operating system said.
    #[source]
    pub cause: io::Error,
}

/// Writes a file by way of a temporary one beside it, creating its folder where that is missing.
///
/// # Errors
/// When the folder or the file cannot be written, or `content` fails: then `path` is as it was before.
pub fn write_aside(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), WriteError> {
    let aside = aside_of(path);
    let attempt = || {
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        let mut file = BufWriter::new(File::create(&aside)?);
        content(&mut file)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        drop(file);
        fs::rename(&aside, path)?;
        // The new name is on disk only when its folder is; systems that cannot open a folder do without.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).map_or(Ok(()), |folder| folder.sync_all())
    };
    attempt().map_err(|cause| {
        // The temporary file may not exist, or its disk may be gone: the cause above is what the user must know.
        let _ = fs::remove_file(&aside);
        WriteError { path: path.to_owned(), cause }
    })
}

/// Where a file is prepared before it takes its name.
pub(crate) fn aside_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}{ASIDE}", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        write_aside(&path, |f| f.write_all(b"old")).unwrap();
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let error = write_aside(&path, |f| f.write_all(b"new").and(Err(full()))).unwrap_err();
        assert!(error.to_string().contains("what was there before is unchanged"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn missing_folders_are_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x/y/a.txt");
        write_aside(&path, |f| f.write_all(b"1")).unwrap();
        assert_eq!(fs::read(path).unwrap(), b"1");
    }
}
