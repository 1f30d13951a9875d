//! The namespace that is part of names: topics have it on the wire and in look-ups, never in what the application sees.

use std::borrow::Cow;

use protocol::message::name::{self, TOPIC_BYTES_MAX};
use protocol::message::namespace;
use protocol::message::properties::{self, names};

/// The namespace of a producer.
#[derive(Clone, Debug)]
pub(crate) struct Namespace {
    name: String,
    /// The property that tells it to consumers, in wire form.
    property: String,
}

impl Namespace {
    pub(crate) fn new(name: String) -> Self {
        let mut property = String::new();
        properties::append(&mut property, names::INSTANCE_ID, &name);
        Self { name, property }
    }

    /// A name as brokers know it.
    pub(crate) fn wrap<'a>(&self, name: &'a str) -> Cow<'a, str> {
        namespace::wrap(&self.name, name)
    }

    /// A topic as the application knows it.
    pub(crate) fn shown<'a>(&self, topic: &'a str) -> Cow<'a, str> {
        namespace::unwrap(&self.name, topic)
    }

    /// Every message's property for it, in wire form.
    pub(crate) fn property(&self) -> &str {
        &self.property
    }
}

/// Why `value` is no namespace: it becomes part of names, and ends at the first `%`.
pub(crate) fn check(value: &str) -> Result<(), String> {
    // Room for the separator and one character.
    if value.len() + 2 > TOPIC_BYTES_MAX {
        return Err(format!("it leaves no room for a topic in {TOPIC_BYTES_MAX} bytes"));
    }
    if value.contains('%') {
        return Err("it holds a %, which separates it from names".to_owned());
    }
    name::check_group(value).map_err(|error| error.to_string())
}
