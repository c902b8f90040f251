//! The directory of a store: made private, locked while open, and given its file in one step.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::StoreError;

const DATA_FILE: &str = "enigma.redb";
const NEW_FILE: &str = "enigma.redb.new";
const LOCK_FILE: &str = "enigma.lock";

/// A directory that no other store uses while this value lives.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    // The lock goes with the file handle, also when the process is killed.
    _lock: File,
}

impl Directory {
    /// Makes the directory if need be, and locks it.
    pub(crate) fn lock(path: &Path) -> Result<Self, StoreError> {
        if !path.is_dir() {
            create_private(path).map_err(|error| file_error(path, &error))?;
            if let Some(parent) = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty())
            {
                sync(parent)?;
            }
        }
        let lock_path = path.join(LOCK_FILE);
        let lock = open_private(&lock_path)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::InUse {
                path: path.to_owned(),
            },
            TryLockError::Error(error) => file_error(&lock_path, &error),
        })?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn data_path(&self) -> PathBuf {
        self.path.join(DATA_FILE)
    }

    /// Opens the data file. If there is none, `initialise` fills a new one under another name, which
    /// then takes its place: a crash leaves either no data file or a complete one.
    pub(crate) fn data_file(
        &self,
        initialise: impl FnOnce(File) -> Result<(), StoreError>,
    ) -> Result<File, StoreError> {
        let data_path = self.data_path();
        if !data_path.exists() {
            let new_path = self.path.join(NEW_FILE);
            match fs::remove_file(&new_path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(file_error(&new_path, &error));
                }
                _ => {}
            }
            initialise(open_private(&new_path)?)?;
            fs::rename(&new_path, &data_path).map_err(|error| file_error(&data_path, &error))?;
            sync(&self.path)?;
        }
        open_private(&data_path)
    }
}

pub(crate) fn file_error(path: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull,
        kind => StoreError::File {
            path: path.to_owned(),
            kind,
        },
    }
}

/// Makes new names in a directory durable.
fn sync(directory: &Path) -> Result<(), StoreError> {
    // Elsewhere directories cannot be opened as files, and renaming is durable by itself.
    if cfg!(unix) {
        File::open(directory)
            .and_then(|file| file.sync_all())
            .map_err(|error| file_error(directory, &error))?;
    }
    Ok(())
}

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Opens or creates a file that only its owner may read.
fn open_private(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options
        .open(path)
        .map_err(|error| file_error(path, &error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A file restored from a backup may have become readable to others.
        let permissions = file
            .metadata()
            .map_err(|error| file_error(path, &error))?
            .permissions();
        if permissions.mode() & 0o077 != 0 {
            file.set_permissions(fs::Permissions::from_mode(0o600))
                .map_err(|error| file_error(path, &error))?;
        }
    }
    Ok(file)
}
