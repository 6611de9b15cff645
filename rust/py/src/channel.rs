//! `Channel`: what the workers say, for one reader.

use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyList},
};
use videocall_io::MessageQueue;

use crate::errors::SfuError;

/// Answers and events of all workers that were made with it.
///
/// A bounded queue and an eventfd. A worker that finds it full keeps its own messages, in order,
/// and takes no more requests until there is room. Workers end when their channel is collected.
#[pyclass(frozen, module = "videocall._sfu")]
pub(crate) struct Channel {
    pub(crate) queue: MessageQueue,
}

#[pymethods]
impl Channel {
    #[new]
    #[pyo3(signature = (capacity = 65_536))]
    fn new(capacity: usize) -> PyResult<Self> {
        if capacity == 0 || capacity > 1 << 24 {
            return Err(PyValueError::new_err("capacity: must be 1 to 16777216"));
        }
        let queue =
            MessageQueue::new(capacity).map_err(|error| SfuError::new_err(error.to_string()))?;
        Ok(Self { queue })
    }

    /// The descriptor that is readable while there are messages, open as long as the channel lives.
    fn fileno(&self) -> i32 {
        self.queue.fd()
    }

    /// Takes up to `limit` messages, oldest first: (worker index, JSON). Never blocks.
    #[pyo3(signature = (limit = 1_024))]
    fn drain<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Bound<'py, PyList>> {
        let messages = self.queue.drain(limit);
        PyList::new(
            py,
            messages
                .into_iter()
                .map(|(index, json)| (index, PyBytes::new(py, &json))),
        )
    }
}
