//! What a request to the core can fail with.

use serde::Serialize;

/// Why a request was refused. The code is stable and part of the channel's protocol.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Stable code, see [`ErrorCode`].
    pub code: ErrorCode,
    /// One sentence for a person.
    pub message: String,
}

/// Stable codes of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The request cannot be read, or an argument is out of its range.
    BadRequest,
    /// No such object on this worker.
    NotFound,
    /// The object exists already, or is in a state that forbids this.
    Conflict,
    /// Well-formed, but not something this core does.
    Unsupported,
    /// Our own mistake.
    Internal,
}

impl Error {
    /// A request that cannot be read.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }

    /// An id that names nothing here.
    pub fn not_found(kind: &str, id: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("no {kind} with id '{id}'"))
    }

    /// Something that exists already or cannot happen twice.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, message)
    }

    /// Something this core does not do.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unsupported, message)
    }

    /// A failure of our own.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, message)
    }

    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}
