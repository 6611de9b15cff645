//! A seeded network and a virtual clock for tests.
