//! The files that a contract uses, from the disk: those in its folder and below, and no others.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use enigma_lang::{FileError, Files, MAX_SOURCE_LEN};

/// The folder of a contract.
pub(crate) struct Beside(PathBuf);

impl Beside {
    /// The folder in which the contract lies.
    pub(crate) fn of(contract: &Path) -> Self {
        match contract.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => Self(folder.to_owned()),
            _ => Self(".".into()),
        }
    }
}

impl Files for Beside {
    fn read(&self, path: &str) -> Result<String, FileError> {
        let folder = self.0.canonicalize().map_err(refused)?;
        let file = self.0.join(path).canonicalize().map_err(refused)?;
        // What the path leads to in the end: links may lead anywhere, and some systems do not tell capitals.
        let inside = file.strip_prefix(&folder).map_err(|_| FileError::Outside)?;
        let names = inside.iter().map(|name| name.to_string_lossy());
        let found = names.collect::<Vec<_>>().join("/");
        if found != path && found.eq_ignore_ascii_case(path) {
            return Err(FileError::OtherCase(found));
        }
        text(&file)
    }
}

fn text(file: &Path) -> Result<String, FileError> {
    // A pipe could be waited for in vain.
    if !fs::metadata(file).map_err(refused)?.is_file() {
        return Err(FileError::Unreadable("it is not a file".to_owned()));
    }
    let most = MAX_SOURCE_LEN as u64 + 1;
    let mut bytes = Vec::new();
    let mut reader = fs::File::open(file).map_err(refused)?.take(most);
    reader.read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() > MAX_SOURCE_LEN {
        return Err(FileError::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let lines = before.iter().filter(|byte| **byte == b'\n');
        FileError::NotText(lines.count() + 1)
    })
}

fn refused(error: std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => FileError::Missing,
        _ => FileError::Unreadable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    fn put(path: PathBuf, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(path.parent().expect("in a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    }

    #[test]
    fn files_beside_and_below_are_read() {
        let here = folder();
        put(here.path().join("lib/geo.enigma"), "const N: u64 = 3;");
        put(
            here.path().join("large.enigma"),
            vec![b' '; MAX_SOURCE_LEN + 1],
        );
        put(here.path().join("latin.enigma"), b"// a\n// \xe9\n");
        put(here.path().join("folder.enigma/x"), "");
        let beside = Beside::of(&here.path().join("main.enigma"));
        let read = |path| beside.read(path);
        assert_eq!(read("lib/geo.enigma"), Ok("const N: u64 = 3;".to_owned()));
        assert_eq!(read("geo.enigma"), Err(FileError::Missing));
        assert_eq!(read("large.enigma/geo.enigma"), Err(FileError::Missing));
        assert_eq!(read("large.enigma"), Err(FileError::TooLarge));
        assert_eq!(read("latin.enigma"), Err(FileError::NotText(2)));
        assert!(matches!(
            read("folder.enigma"),
            Err(FileError::Unreadable(_))
        ));
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        use std::os::unix::fs::symlink;
        let (here, there) = (folder(), folder());
        put(there.path().join("geo.enigma"), "");
        put(here.path().join("own.enigma"), "");
        symlink(there.path(), here.path().join("lib")).expect("linked");
        symlink("own.enigma", here.path().join("same.enigma")).expect("linked");
        let beside = Beside::of(&here.path().join("main.enigma"));
        assert_eq!(beside.read("lib/geo.enigma"), Err(FileError::Outside));
        assert_eq!(beside.read("same.enigma"), Ok(String::new()));
    }
}
