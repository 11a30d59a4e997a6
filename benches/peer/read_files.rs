//! Reads all files of the folders that are named, on all processors, and does nothing with them: what looking at a fleet
//! costs at the very least.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

fn main() {
    let files: Vec<PathBuf> = env::args_os().skip(1).flat_map(|argument| files_in(Path::new(&argument))).collect();
    let (next, bytes) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let text = fs::read(file).expect("a file");
                    bytes.fetch_add(text.len(), Ordering::Relaxed);
                }
            });
        }
    });
    println!("{} files, {} bytes", files.len(), bytes.into_inner());
}

fn files_in(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}
