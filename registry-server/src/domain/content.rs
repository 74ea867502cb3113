//! The bytes that the registry holds.

super::closed_set! {
    /// What has become of bytes that the registry holds.
    ContentState {
        /// They are there, whole.
        Stored = "STORED",
        /// They were there, and are damaged or gone.
        Lost = "LOST",
        /// They are about to be removed: nothing may refer to them any more.
        Condemned = "CONDEMNED",
    }
}
