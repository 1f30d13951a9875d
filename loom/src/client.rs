//! The task behind an address, between doubles of what it takes from the world.

#[path = "../../src/client/address.rs"]
#[expect(dead_code, reason = "no model needs all of it")]
pub mod address;
#[path = "../../src/client/body.rs"]
#[expect(dead_code, reason = "no model needs all of it")]
pub mod body;
#[path = "../../src/client/broker.rs"]
#[expect(dead_code, reason = "no model needs all of it")]
pub mod broker;
#[path = "../../src/client/call_error.rs"]
pub mod call_error;
#[path = "../../src/client/connection.rs"]
pub(crate) mod connection;
#[path = "../../src/client/greeting.rs"]
pub(crate) mod greeting;
#[path = "../../src/client/listener.rs"]
pub(crate) mod listener;
#[path = "../../src/client/outbox.rs"]
#[expect(dead_code, reason = "no model needs all of it")]
pub(crate) mod outbox;
#[path = "../../src/client/read_buf.rs"]
pub(crate) mod read_buf;
#[path = "../../src/client/reconnect.rs"]
pub(crate) mod reconnect;
#[path = "../../src/client/write_buf.rs"]
pub mod write_buf;
#[path = "../../src/client/writer.rs"]
pub(crate) mod writer;

pub mod broker_task;
pub(crate) mod dial;
pub(crate) mod peer;
pub(crate) mod timer;
pub(crate) mod traffic;
pub mod world;
