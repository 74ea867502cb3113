//! How much memory a process has in use, as Linux knows it.

fn read(pid: u32, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the status of a process");
    let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("a line about memory");
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("a number")
}

/// What is in use now, in KiB.
///
/// # Panics
/// If there is no such process.
#[must_use]
pub fn now(pid: u32) -> u64 {
    read(pid, "VmRSS")
}

/// The most that was in use at any moment since [`forget`], in KiB.
///
/// # Panics
/// If there is no such process.
#[must_use]
pub fn most(pid: u32) -> u64 {
    read(pid, "VmHWM")
}

/// Forgets what was in use before.
///
/// # Panics
/// If there is no such process, or it is another user's.
pub fn forget(pid: u32) {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("a process of this user");
}
