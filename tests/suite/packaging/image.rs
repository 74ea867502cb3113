//! The container image, which no engine builds here: that what it is made from is there, and that what it is made on suffices.

use super::{root, text};

const DOCKERFILE: &str = "deploy/docker/Dockerfile";

/// What the image without a shell has of libraries (gcr.io/distroless/cc-debian12), and what the kernel gives.
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
const LIBRARIES: [&str; 5] = ["linux-vdso.so.1", "libc.so.6", "libgcc_s.so.1", "libm.so.6", "/lib64/ld-linux-x86-64.so.2"];

/// What a Dockerfile copies out of the repository.
fn copied() -> Vec<String> {
    let dockerfile = text(DOCKERFILE);
    let copies = dockerfile.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|rest| !rest.starts_with("--from"));
    copies
        .flat_map(|rest| {
            let words: Vec<_> = rest.split(' ').map(str::to_owned).collect();
            words[..words.len() - 1].to_vec()
        })
        .collect()
}

/// Everything that is copied is there, is let through by the ignore file, and nothing that the workspace names is left out.
#[test]
fn the_image_is_made_of_what_is_there() {
    let (copied, ignore) = (copied(), text("deploy/docker/Dockerfile.dockerignore"));
    assert!(copied.len() > 5, "{copied:?}");
    for path in &copied {
        assert!(root().join(path).exists(), "{path} is copied and is not there");
        assert!(ignore.lines().any(|line| line.strip_prefix('!') == Some(path)), "{path} is copied and ignored");
    }
    assert!(copied.iter().any(|path| path == ".cargo"), "SQLite is compiled otherwise than here without it");
    let workspace = text("Cargo.toml");
    let members = workspace.lines().find_map(|line| line.strip_prefix("members = ")).expect("members");
    for member in members.split('"').skip(1).step_by(2) {
        let top = member.split('/').next().expect("a directory");
        assert!(copied.iter().any(|path| path == top), "cargo looks for {member}, which is not copied");
    }
}

/// The image is built with a Rust that the workspace allows.
#[test]
fn the_image_is_built_with_the_rust_of_the_workspace() {
    let dockerfile = text(DOCKERFILE);
    assert!(dockerfile.contains(&format!("\nARG RUST={}\n", env!("CARGO_PKG_RUST_VERSION"))), "{dockerfile}");
}

/// The programs need no library that the image does not have.
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#[test]
fn the_programs_need_no_other_library() {
    use registry_tests::binary::{executable, registryctl};

    for program in [executable(), registryctl()] {
        let output = std::process::Command::new("ldd").arg(program).output().expect("ldd");
        assert!(output.status.success());
        let listed = String::from_utf8(output.stdout).expect("UTF-8");
        let needed: Vec<_> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert!(needed.contains(&"libc.so.6"), "{listed}");
        let missing: Vec<_> = needed.iter().filter(|library| !LIBRARIES.contains(library)).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", program.display());
    }
}
