//! Measures the store in a temporary folder: `cargo run --release -p enigma-store --example speed`.

use std::{io::Write, time::Instant};

use enigma_store::{Batch, Store, Table};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let store = Store::open(dir.path(), b"owner")?;
    let mut out = std::io::stdout();

    let small: Vec<Batch> = (0..200u32).map(|number| row(number, 500)).collect();
    let start = Instant::now();
    for batch in &small {
        store.commit(batch)?;
    }
    let micros = start.elapsed().as_micros() / 200;
    writeln!(out, "commit of one row of 500 bytes: {micros} us")?;

    let many: Vec<Batch> = (1000..11_000u32).map(|number| row(number, 500)).collect();
    let start = Instant::now();
    store.commit_all(&many)?;
    writeln!(
        out,
        "10,000 such rows with one flush: {:.0} ms",
        start.elapsed().as_secs_f64() * 1e3
    )?;

    let (count, len) = (40u32, 4 << 20);
    let start = Instant::now();
    for number in 0..count {
        store.commit(&row(1_000_000 + number, len))?;
    }
    let megabytes = f64::from(count) * len as f64 / 1e6;
    writeln!(
        out,
        "rows of 4 MiB, one per commit: {:.0} MB/s",
        megabytes / start.elapsed().as_secs_f64()
    )?;

    let start = Instant::now();
    for number in 0..count {
        store.get(Table::Rows, &(1_000_000 + number).to_be_bytes())?;
    }
    writeln!(
        out,
        "reading them: {:.0} MB/s",
        megabytes / start.elapsed().as_secs_f64()
    )?;

    drop(store);
    let file_len = std::fs::metadata(dir.path().join("enigma.redb"))?.len();
    let start = Instant::now();
    let store = Store::open(dir.path(), b"owner")?;
    let seconds = start.elapsed().as_secs_f64();
    writeln!(
        out,
        "opening with the check: {:.0} ms for a file of {} MB",
        seconds * 1e3,
        file_len / 1_000_000
    )?;
    assert_eq!(store.verify()?, vec![]);
    Ok(())
}

fn row(number: u32, len: usize) -> Batch {
    let mut batch = Batch::new();
    batch.put(Table::Rows, number.to_be_bytes(), vec![number as u8; len]);
    batch
}
