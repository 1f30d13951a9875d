//! What a message consists of besides its header: properties, flags, ids, bodies, keys, and the rules for names.

pub mod batch;
pub mod compress;
pub mod flags;
pub mod id;
pub mod name;
pub mod namespace;
pub mod properties;
pub mod sharding;

pub use name::NameError;
