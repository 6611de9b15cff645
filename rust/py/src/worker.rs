//! `Worker`: one media thread.

use pyo3::{
    prelude::*,
    types::{IntoPyDict, PyDict},
};
use videocall_io::WorkerOptions;

use crate::{channel::Channel, errors};

/// A media thread with its UDP sockets. Ends when it is closed or collected, or when its channel is.
#[pyclass(frozen, module = "videocall._sfu")]
pub(crate) struct Worker {
    worker: videocall_io::Worker,
}

#[pymethods]
impl Worker {
    /// Binds the sockets and starts the thread.
    #[new]
    fn new(py: Python<'_>, channel: &Channel, index: u16, options: &[u8]) -> PyResult<Self> {
        let options =
            WorkerOptions::from_json(options).map_err(|error| errors::from_options(&error))?;
        let queue = &channel.queue;
        // Some milliseconds, for which other Python threads may run.
        let started = py.detach(|| videocall_io::Worker::start(index, &options, queue));
        Ok(Self {
            worker: started.map_err(errors::from_start)?,
        })
    }

    /// The addresses its sockets are bound to, in the order of the options.
    #[getter]
    fn listen_addresses(&self) -> Vec<(String, u16)> {
        let bound = self.worker.listen_addresses();
        bound
            .iter()
            .map(|address| (address.ip().to_string(), address.port()))
            .collect()
    }

    /// Puts a JSON request into the worker's ring. Never blocks.
    fn send(&self, request: &[u8]) -> PyResult<()> {
        self.worker
            .send(request.to_vec())
            .map_err(errors::from_send)
    }

    /// Counters since the start, and `cpu_ns`, the thread's CPU time in nanoseconds.
    fn metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.worker.metrics().into_py_dict(py)
    }

    /// Asks the thread to end after it has answered what was sent; `workerClosed` is its last
    /// message. May be called again.
    fn close(&self) {
        self.worker.close();
    }
}
