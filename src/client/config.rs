//! What an instance needs to know. Producers with equal settings and the same client id share one instance.

use std::time::Duration;

use protocol::HeaderFormat;

use crate::client::name_servers::Source;

/// The settings of an instance, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// `namesrv.addr`, or where the list is asked for. An instance's own may have changed since.
    pub name_servers: Source,
    /// `client.ip`; otherwise the host's first suitable address.
    pub client_ip: Option<String>,
    /// `instance.name`; otherwise one that no other producer has.
    pub instance_name: Option<String>,
    /// `unit.name`.
    pub unit_name: Option<String>,
    /// `namespace.v2`: said in every request.
    pub namespace: Option<String>,
    /// `route.poll.ms`: how often the routes in use are looked up again.
    pub route_poll: Duration,
    /// `heartbeat.ms`: how often brokers in use are told of the producers.
    pub heartbeat: Duration,
    /// `connect.timeout.ms`: limit of one attempt to connect, name resolution included.
    pub connect_timeout: Duration,
    /// `connection.idle.ms`: a connection over which nothing was sent for this long is closed.
    pub connection_idle: Duration,
    /// `vip.channel`: sends go to the port two below the broker's.
    pub vip_channel: bool,
    /// `header.format` of requests. Answers are read in either.
    pub header_format: HeaderFormat,
    /// `topic.auto.create.key`: the topic after whose pattern brokers create a missing one.
    pub default_topic: String,
    /// `topic.auto.create.queues`: queues of a topic that the first send creates.
    pub default_queues: i32,
}
