//! The module `videocall._sfu`: media workers for Python.
//!
//! Messages are bytes of JSON both ways; what they mean is the business of `videocall.sfu`. No call
//! blocks but `Clients.wait_event`, and no worker thread ever touches the interpreter.
#![forbid(unsafe_code)]

mod channel;
mod clients;
mod errors;
mod worker;

use pyo3::prelude::*;

/// The media workers of videocall.
#[pymodule]
mod _sfu {
    use super::{Bound, PyModule, PyResult};
    use pyo3::{prelude::*, types::PyList};

    #[pymodule_export]
    use crate::channel::Channel;
    #[pymodule_export]
    use crate::clients::Clients;
    #[pymodule_export]
    use crate::errors::{AddressInUse, Backpressure, SfuError};
    #[pymodule_export]
    use crate::worker::Worker;

    /// Addresses of this machine's interfaces that are up, loopback included, link-local left out.
    #[pyfunction]
    fn local_addresses() -> PyResult<Vec<String>> {
        let found = videocall_io::local_addresses()?;
        Ok(found.iter().map(ToString::to_string).collect())
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        videocall_io::log_to_messages();
        let names = [
            "AddressInUse",
            "Backpressure",
            "Channel",
            "Clients",
            "SfuError",
            "Worker",
            "local_addresses",
        ];
        module.add("__all__", PyList::new(module.py(), names)?)
    }
}
