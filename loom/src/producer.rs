//! The permits.

#[path = "../../src/producer/budget.rs"]
#[expect(dead_code, reason = "no model needs all of it")]
pub(crate) mod budget;

pub mod permits;
