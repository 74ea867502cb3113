//! `cargo run -p registry-codegen`: rewrites `proto/src/generated/`. Holds no logic.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = registry_codegen::proto_dir().join("src/generated");
    std::fs::create_dir_all(&directory)?;
    for (path, content) in registry_codegen::generate()? {
        std::fs::write(directory.join(path), content)?;
    }
    Ok(())
}
