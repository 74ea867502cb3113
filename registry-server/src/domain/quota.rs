//! How many bytes of artifacts the registry takes.

/// How many bytes of artifacts the registry takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Of one artifact.
    pub artifact: u64,
    /// Of all together, equal ones counted once; `None` is no limit.
    pub total: Option<u64>,
}

impl Default for Quota {
    /// 50 GiB, and no limit.
    fn default() -> Self {
        Self { artifact: 50 << 30, total: None }
    }
}
