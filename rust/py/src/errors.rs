//! How Rust's errors look in Python. One base class; below it what the caller may want to tell apart.

use pyo3::{
    PyErr, create_exception,
    exceptions::{PyException, PyValueError},
};
use videocall_io::{OptionsError, SendError, StartError};

create_exception!(
    videocall._sfu,
    SfuError,
    PyException,
    "Base of this module's errors."
);
create_exception!(
    videocall._sfu,
    AddressInUse,
    SfuError,
    "Another socket has the address that a worker was to listen on; the message names it."
);
create_exception!(
    videocall._sfu,
    Backpressure,
    SfuError,
    "The worker takes no request now: its ring is full, or it is closed and says so by workerClosed."
);

/// The user's mistake: `ValueError`, its text `<key>: <problem>`.
pub(crate) fn from_options(error: &OptionsError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

pub(crate) fn from_start(error: StartError) -> PyErr {
    match error {
        StartError::AddressInUse { .. } => AddressInUse::new_err(error.to_string()),
        StartError::Options(error) => from_options(&error),
        // An address that is not this machine's, or a port below 1024: the user's mistake as well.
        StartError::Listen { .. } => PyValueError::new_err(format!("listen: {error}")),
        _ => SfuError::new_err(error.to_string()),
    }
}

pub(crate) fn from_send(error: SendError) -> PyErr {
    Backpressure::new_err(error.to_string())
}
