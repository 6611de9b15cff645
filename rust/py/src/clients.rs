//! `Clients`: the other end of a call, for a server that tests itself.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use pyo3::{exceptions::PyValueError, prelude::*, types::PyBytes};
use serde_json::Value;
use videocall_client::driver::{ClientPlan, Load, LoadOptions};

use crate::errors::SfuError;

/// WebRTC clients with sockets of their own, on a thread. They end when this is collected.
#[pyclass(frozen, module = "videocall._sfu")]
pub(crate) struct Clients {
    load: Mutex<Load>,
}

#[pymethods]
impl Clients {
    /// Starts the thread.
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        let started = py.detach(|| Load::start(&LoadOptions::default()));
        let load = started.map_err(|error| SfuError::new_err(error.to_string()))?;
        Ok(Self { load: load.into() })
    }

    /// The fingerprints of the certificate that all of them have, as JSON.
    #[getter]
    fn fingerprints<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        json(
            py,
            serde_json::to_value(self.load().certificate().fingerprints()),
        )
    }

    /// Adds a client, which starts to connect at once. Returns its number.
    fn add(&self, plan: &[u8]) -> PyResult<usize> {
        let plan: ClientPlan = serde_json::from_slice(plan)
            .map_err(|error| PyValueError::new_err(format!("plan: {error}")))?;
        if plan.ice_candidates.is_empty() {
            return Err(PyValueError::new_err("plan: iceCandidates is empty"));
        }
        Ok(self.load().add(plan))
    }

    /// What happened next to any of them, as JSON, or `None` after so many milliseconds.
    fn wait_event<'py>(
        &self,
        py: Python<'py>,
        timeout_ms: u64,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let timeout = Duration::from_millis(timeout_ms);
        let event = py.detach(|| self.load().wait_event(timeout));
        event
            .map(|event| json(py, serde_json::to_value(&event)))
            .transpose()
    }

    /// The counters of every client, by its number, as JSON.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let stats = py.detach(|| self.load().client_stats());
        json(py, serde_json::to_value(stats))
    }
}

impl Clients {
    fn load(&self) -> MutexGuard<'_, Load> {
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn json<'py>(py: Python<'py>, value: serde_json::Result<Value>) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = value.and_then(|value| serde_json::to_vec(&value));
    bytes
        .map(|bytes| PyBytes::new(py, &bytes))
        .map_err(|error| SfuError::new_err(error.to_string()))
}
