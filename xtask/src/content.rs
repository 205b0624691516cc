//! How files of the page are named: by their content, so that a browser may keep them for ever. Used here and by
//! `server/build.rs`, which must agree without either asking the other. Not a security measure: what is served
//! is what was compiled in.

use std::{fs, io, path::Path};

/// 64-bit FNV-1a over the bytes, as 16 hexadecimal digits.
pub fn address(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// `app.css` with its content's address: `app-0123456789abcdef.css`.
pub fn file_name(name: &str, bytes: &[u8]) -> String {
    let address = address(bytes);
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}-{address}.{extension}"),
        None => format!("{name}-{address}"),
    }
}

/// Whether the format gains from compression; pictures and fonts carry their own.
pub fn is_compressible(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    ["css", "js", "wasm", "svg", "txt", "json", "webmanifest", "ico"].contains(&extension)
}

/// Name and bytes of every file directly in `folder`, in the order of their names. A folder that is not there
/// holds none, hidden files are left out.
pub fn files(folder: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{} is not UTF-8", name.display()))
        })?;
        if entry.file_type()?.is_file() && !name.starts_with('.') {
            files.push((name, fs::read(entry.path())?));
        }
    }
    files.sort();
    Ok(files)
}
