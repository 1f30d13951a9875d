//! What a cluster looks like when it starts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// More brokers than any test needs; each has a socket.
pub const BROKERS_MAX: usize = 64;
/// More queues than any test needs.
pub const QUEUES_MAX: i32 = 1024;

/// What a cluster looks like. `Options { brokers: 2, ..Options::default() }` names what differs from the default.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many brokers, each a master of its own: `broker-a`, `broker-b`, …. Default 1.
    pub brokers: usize,
    /// Topics appear when they are first sent to: every broker has `TBW102` with perm 7. Default true.
    pub auto_create: bool,
    /// Queues of `TBW102`; a topic made by a send gets this many at most. Default 8.
    pub default_queues: i32,
    /// Cluster name in the routes. Default `DefaultCluster`.
    pub cluster_name: String,
    /// Host part of the addresses that brokers advertise. Default `127.0.0.1`; a name must lead there, and with
    /// `ipv6` it is to be `::1`.
    pub host: String,
    /// The nodes listen at [::1] instead of 127.0.0.1, where the name server then is. Default false.
    pub ipv6: bool,
    /// Port of the name server, 0 for a free one. Default 0.
    pub namesrv_port: u16,
    /// Port of the first broker; the others have the next ones. 0 for free ones. Default 0.
    pub broker_port: u16,
    /// Routes in standard JSON, as servers from 4.9.4 on, for requests that say `acceptStandardJsonOnly` or have
    /// version 401 or higher. Default false: integer keys without quotes, as fastjson writes them.
    pub standard_json: bool,
    /// Answers have the header format of their request. Default false: JSON headers always, as a server with the
    /// default `rocketmq.serialize.type` sends them.
    pub mirror_format: bool,
    /// Unknown request codes are answered with code 3. Default false: not answered at all, as up to 4.9.0.
    pub answer_unsupported: bool,
    /// `version` in answers: an ordinal of RocketMQ's `MQVersion`. Default 353, which is 4.7.0. It decides what the brokers
    /// can do: from 401 (4.9.4) on sizes are those of bodies, from 413 (5.0.0) on there are timer messages and a batch's
    /// own properties go to each of its messages, from 477 (5.3.2) on timer messages have recall handles.
    pub version: i32,
    /// Timer messages may be taken back, if the version knows that. Default false, as real brokers: code 16.
    pub recall: bool,
    /// Largest message in bytes: before 4.9.4 the record, 91 + topic + body + properties, and the sum of these for a
    /// batch; then the body. Default 4 MiB.
    pub message_bytes_max: usize,
    /// Messages and events are kept. Default true; false only counts them, for measurements.
    pub keep: bool,
    /// So many events are remembered; the oldest are forgotten first. Default 1 048 576.
    pub events_max: usize,
}

impl Options {
    /// Where the nodes listen.
    pub(crate) const fn ip(&self) -> IpAddr {
        if self.ipv6 { IpAddr::V6(Ipv6Addr::LOCALHOST) } else { IpAddr::V4(Ipv4Addr::LOCALHOST) }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            brokers: 1,
            auto_create: true,
            default_queues: 8,
            cluster_name: "DefaultCluster".into(),
            host: "127.0.0.1".into(),
            ipv6: false,
            namesrv_port: 0,
            broker_port: 0,
            standard_json: false,
            mirror_format: false,
            answer_unsupported: false,
            version: 353,
            recall: false,
            message_bytes_max: 4 << 20,
            keep: true,
            events_max: 1 << 20,
        }
    }
}
