//! Writes the seeds of every target into a folder of its own below the one given.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let below: PathBuf = std::env::args_os().skip(1).take(1).collect();
    for (name, _) in fuzz::TARGETS {
        let folder = below.join(name);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in fuzz::seeds(name).into_iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
