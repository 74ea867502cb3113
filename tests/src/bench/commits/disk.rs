//! How long the disk takes until something is durable.

use super::{Told, tell};
use crate::bench::load::Counted;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often it is tried.
const TIMES: usize = 200;
/// What is written each time: a page of a database.
const PAGE: [u8; 4096] = [7; 4096];

/// Which disk.
#[derive(Debug, clap::Args)]
pub struct Disk {
    /// A directory on it
    #[arg(long)]
    directory: PathBuf,
}

/// Appends to a file and waits for the disk, again and again; prints how long each took.
///
/// # Panics
/// If the file cannot be written.
pub fn sync(disk: &Disk) {
    let mut file = tempfile::tempfile_in(&disk.directory).expect("a file");
    let (mut counted, all) = (Counted::none(), Instant::now());
    for _ in 0..TIMES {
        file.write_all(&PAGE).expect("space");
        let began = Instant::now();
        file.sync_data().expect("a disk");
        counted.saw(began, &(all..Instant::now() + Duration::from_secs(1)));
    }
    tell(&Told::new(all.elapsed(), Duration::ZERO, &counted));
}
