//! The permits.

#[path = "../../src/producer/budget.rs"]
pub(crate) mod budget;

pub mod permits;
