//! The configuration: one table of keys, checked when a value is set, read into types when a producer
//! is made.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::time::Duration;

use protocol::header::send::Sender;
use protocol::message::compress::Codec;
use protocol::message::name;
use protocol::{HeaderFormat, codes::response};

use crate::client::address::Address;
use crate::client::config::ClientConfig;
use crate::client::discovery::Endpoint;
use crate::client::name_servers::Source;
use crate::error::{Error, ErrorKind};
use crate::producer::fault::Table;
use crate::producer::namespace::{self, Namespace};

/// One key of the configuration.
#[derive(Debug)]
pub struct Key {
    /// As it is set: lower case, parts separated by dots, the unit last.
    pub name: &'static CStr,
    /// `int`, `bool`, `string`, `duration` (milliseconds), `bytes` or `enum:a|b`.
    pub kind: &'static CStr,
    /// The value's text when it is not set.
    pub default: &'static CStr,
    /// What it is for, one sentence.
    pub doc: &'static CStr,
    /// Whether it may change while the producer runs.
    pub live: bool,
    check: Check,
}

/// What a value must be.
#[derive(Debug, Clone, Copy)]
enum Check {
    Int(i64, i64),
    AutoOrInt(i64, i64),
    Bool,
    OneOf(&'static [&'static str]),
    Addresses,
    Domain,
    /// Part of an address on the web: no blank.
    PathPart,
    Group,
    Topic,
    /// Part of a client id: no blank, no control character, no `@`.
    IdPart,
    /// Part of a topic's name.
    Namespace,
    Codes,
    /// Milliseconds between commas.
    Times,
}

/// Of a part of a client id or of an address on the web.
const TEXT_PART_BYTES_MAX: usize = 255;

const MS_MAX: i64 = 86_400_000;

macro_rules! key {
    (live $name:literal, $kind:literal, $default:literal, $check:expr, $doc:literal) => {
        Key { live: true, ..key!($name, $kind, $default, $check, $doc) }
    };
    ($name:literal, $kind:literal, $default:literal, $check:expr, $doc:literal) => {
        Key { name: $name, kind: $kind, default: $default, doc: $doc, live: false, check: $check }
    };
}

static KEYS: &[Key] = &[
    key!(live c"namesrv.addr", c"string", c"", Check::Addresses,
        c"Name servers, host:port between semicolons; when not set the environment's NAMESRV_ADDR, then what namesrv.domain tells."),
    key!(c"namesrv.domain", c"string", c"", Check::Domain,
        c"Host that tells the name servers: the first line of http://<domain>[:8080]/rocketmq/<subgroup>[-<unit>?nofix=1], asked every two minutes. Only when neither namesrv.addr nor NAMESRV_ADDR is set."),
    key!(c"namesrv.subgroup", c"string", c"nsaddr", Check::PathPart,
        c"Which list namesrv.domain is asked for; unit.name adds to it."),
    key!(c"producer.group", c"string", c"", Check::Group,
        c"Group that the producer belongs to. Required."),
    key!(c"instance.name", c"string", c"", Check::IdPart,
        c"Part of the client id; producers with the same one and equal settings share connections. Unique when not set."),
    key!(c"client.ip", c"string", c"", Check::IdPart,
        c"Address in the client id; the host's own when not set."),
    key!(c"unit.name", c"string", c"", Check::IdPart,
        c"Unit that the client belongs to: a suffix of the client id."),
    key!(c"unit.mode", c"bool", c"false", Check::Bool,
        c"Marks every send as one of a unit."),
    key!(c"namespace", c"string", c"", Check::Namespace,
        c"Put before the names of topics and groups on their way to brokers, and taken off results: namespace%topic."),
    key!(c"namespace.v2", c"string", c"", Check::Namespace,
        c"Said in every request to brokers and name servers of version 5.2 on, which leaves names alone; not together with namespace."),
    key!(c"send.timeout.ms", c"duration", c"3000", Check::Int(1, MS_MAX),
        c"Limit of a whole send, all attempts together."),
    key!(c"send.attempt.timeout.ms", c"duration", c"auto", Check::AutoOrInt(1, MS_MAX),
        c"Limit of one attempt while another broker may still be tried; auto is an equal share of what is left."),
    key!(c"send.retries", c"int", c"2", Check::Int(0, 32),
        c"Further attempts after a failed one."),
    key!(c"send.retry.codes", c"string", c"1,2,14,16,17,204,205,1500", Check::Codes,
        c"Response codes after which another attempt is made, between commas."),
    key!(c"send.retry.unknown", c"bool", c"true", Check::Bool,
        c"Whether a send is tried again when a broker may have stored it: at-least-once if true, at-most-once if false."),
    key!(c"send.retry.not.stored.ok", c"bool", c"false", Check::Bool,
        c"Whether a message stored with a status other than OK is sent again."),
    key!(c"compress.min.bytes", c"bytes", c"4096", Check::Int(0, i32::MAX as i64),
        c"Bodies of this size and larger are compressed."),
    key!(c"compress.type", c"enum:zlib|lz4|zstd|none", c"zlib", Check::OneOf(&["zlib", "lz4", "zstd", "none"]),
        c"How bodies are compressed. Every consumer reads zlib; lz4 and zstd are read by consumers from 4.9.4 on, others take them for zlib and fail."),
    key!(c"compress.level", c"int", c"auto", Check::AutoOrInt(0, 22),
        c"1 is fastest; up to 9 for zlib, where 0 does not compress, up to 22 for zstd, which takes no 0; lz4 has no levels and ignores it. auto is 5 for zlib and 3 for zstd."),
    key!(c"message.max.bytes", c"bytes", c"4194304", Check::Int(1, 16_000_000),
        c"Largest body, before compression; of a batch what all its messages take in a broker's log."),
    key!(c"batch.auto", c"bool", c"false", Check::Bool,
        c"Sends to one topic wait for one another and go out as one batch; each still ends by itself. What no batch may hold goes out at once: delayed and one-way messages, bodies that are compressed."),
    key!(c"batch.linger.ms", c"duration", c"10", Check::Int(1, 30_000),
        c"How long a send waits for others, at most; at least as much of its own time limit is left then."),
    key!(c"batch.max.bytes", c"bytes", c"32768", Check::Int(1, 2 << 20),
        c"Most that a batch takes in a broker's log: topic, body, properties and 91 bytes of each message. One that would grow larger goes out at once; a message that is larger alone does not wait."),
    key!(c"batch.total.max.bytes", c"bytes", c"33554432", Check::Int(1, i64::MAX),
        c"While so many bytes wait in all batches together, no further send does."),
    key!(c"topic.auto.create.key", c"string", c"TBW102", Check::Topic,
        c"Topic after whose pattern a broker creates a missing one."),
    key!(c"topic.auto.create.queues", c"int", c"4", Check::Int(1, 65_536),
        c"Queues for each broker of a topic that the first send creates."),
    key!(c"inflight.max.messages", c"int", c"10000", Check::Int(1, i32::MAX as i64),
        c"Sends in flight at once."),
    key!(c"inflight.max.bytes", c"bytes", c"104857600", Check::Int(1, i64::MAX),
        c"Body bytes of sends in flight at once."),
    key!(c"completion.max", c"int", c"100000", Check::Int(1, i32::MAX as i64),
        c"Accepted asynchronous calls whose callback has not returned, or whose event nobody has polled."),
    key!(c"route.poll.ms", c"duration", c"30000", Check::Int(10, MS_MAX),
        c"How often the routes in use are looked up again."),
    key!(c"heartbeat.ms", c"duration", c"30000", Check::Int(10, 100_000),
        c"How often brokers in use are told of the producer; they forget it after 120 seconds."),
    key!(c"connect.timeout.ms", c"duration", c"3000", Check::Int(1, MS_MAX),
        c"Limit of one attempt to connect, name resolution included."),
    key!(c"connection.idle.ms", c"duration", c"120000", Check::Int(1000, MS_MAX),
        c"A connection over which nothing was sent for this long is closed; the next send makes it anew."),
    key!(c"vip.channel", c"bool", c"false", Check::Bool,
        c"Sends go to the port two below the broker's own, heartbeats do not."),
    key!(c"fault.avoidance", c"bool", c"false", Check::Bool,
        c"Brokers that answered late or not at all are left alone for a while if others are there."),
    key!(c"fault.latency.ms", c"string", c"50,100,550,1800,3000,5000,15000", Check::Times,
        c"Latencies, ascending, from which on a broker is left alone; a failure counts as 10000."),
    key!(c"fault.isolation.ms", c"string", c"0,0,2000,5000,6000,10000,30000", Check::Times,
        c"For how long it is left alone: one for each of fault.latency.ms."),
    key!(c"fault.detector", c"bool", c"false", Check::Bool,
        c"With fault.avoidance: a broker that did not answer is probed, and comes last until it answers."),
    key!(c"fault.detector.interval.ms", c"duration", c"2000", Check::Int(10, MS_MAX),
        c"How often such a broker is probed."),
    key!(c"fault.detector.timeout.ms", c"duration", c"200", Check::Int(1, MS_MAX),
        c"How long it may take to answer a probe."),
    key!(c"header.format", c"enum:json|rocketmq", c"json", Check::OneOf(&["json", "rocketmq"]),
        c"Header of requests: JSON, or RocketMQ's smaller binary form. Answers are read in either."),
];

/// Every key, in the order of the documentation.
pub fn keys() -> &'static [Key] {
    KEYS
}

/// Settings of a producer as text, each checked when it is set.
#[derive(Clone, Debug, Default)]
pub struct Config {
    values: BTreeMap<&'static CStr, String>,
}

impl Config {
    /// All defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `key`; `None` restores its default.
    pub fn set(&mut self, key: &str, value: Option<&str>) -> Result<(), Error> {
        let key = find(key)?;
        match value {
            None => {
                self.values.remove(key.name);
            }
            Some(value) => {
                let value = value.trim();
                key.check.value(value).map_err(|why| {
                    Error::new(
                        ErrorKind::InvalidValue,
                        format!("{}: the value {} is not accepted: {why}", name_of(key), shown(value)),
                    )
                })?;
                self.values.insert(key.name, value.to_owned());
            }
        }
        Ok(())
    }

    /// The text of `key`'s value or default.
    pub fn get(&self, key: &str) -> Result<String, Error> {
        let key = find(key)?;
        Ok(self.text(key).to_owned())
    }

    fn text<'a>(&'a self, key: &'a Key) -> &'a str {
        self.values.get(key.name).map_or_else(|| key.default.to_str().unwrap_or(""), String::as_str)
    }
}

/// Text of the caller's in quotes, for a sentence.
fn shown(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

fn name_of(key: &Key) -> &'static str {
    key.name.to_str().unwrap_or("")
}

fn find(name: &str) -> Result<&'static Key, Error> {
    KEYS.iter().find(|key| key.name.to_bytes() == name.as_bytes()).ok_or_else(|| {
        Error::new(ErrorKind::UnknownKey, format!("there is no configuration key {}", shown(name)))
    })
}

impl Check {
    /// Why `value` is not accepted.
    fn value(self, value: &str) -> Result<(), String> {
        let refuse = |why: &str| Err(why.to_owned());
        match self {
            Self::AutoOrInt(..) if value == "auto" => Ok(()),
            Self::Int(min, max) | Self::AutoOrInt(min, max) => match value.parse::<i64>() {
                Ok(number) if (min..=max).contains(&number) => Ok(()),
                Ok(_) => Err(format!("it must be from {min} to {max}")),
                Err(_) => refuse("it is not a whole number"),
            },
            Self::Bool if matches!(value, "true" | "false") => Ok(()),
            Self::Bool => refuse("it must be true or false"),
            Self::OneOf(known) if known.contains(&value) => Ok(()),
            Self::OneOf(known) => Err(format!("it must be one of {}", known.join(", "))),
            Self::Addresses => Address::parse_list(value)
                .map(drop)
                .map_err(|(item, why)| format!("in {}, {why}", shown(&item))),
            Self::Domain | Self::PathPart if value.len() > TEXT_PART_BYTES_MAX => {
                Err(format!("it must have at most {TEXT_PART_BYTES_MAX} bytes"))
            }
            Self::Domain => Endpoint::parse_domain(value).map(drop).map_err(|why| {
                format!("it must be a host, with or without a port and without http://: {why}")
            }),
            Self::PathPart
                if value.is_empty() || value.contains(|c: char| c.is_whitespace() || c.is_control()) =>
            {
                refuse("it is empty or has a blank or a control character inside")
            }
            Self::PathPart => Ok(()),
            Self::Group => name::check_group(value).map_err(|error| error.to_string()),
            Self::Topic if value == "TBW102" => Ok(()),
            Self::Topic => name::check_topic(value).map_err(|error| error.to_string()),
            Self::IdPart if value.is_empty() || value.len() > TEXT_PART_BYTES_MAX => {
                Err(format!("it must have 1 to {TEXT_PART_BYTES_MAX} bytes"))
            }
            Self::IdPart if value.contains(|c: char| c == '@' || c.is_whitespace() || c.is_control()) => {
                refuse("it has a blank, a control character or an @ inside")
            }
            Self::IdPart => Ok(()),
            Self::Times => {
                let valid = parse_times(value).is_some_and(|times| !times.is_empty());
                if valid { Ok(()) } else { refuse("it is not milliseconds between commas") }
            }
            Self::Namespace => namespace::check(value),
            Self::Codes => {
                parse_codes(value).map(drop).ok_or_else(|| "it is not numbers between commas".into())
            }
        }
    }
}

fn parse_codes(value: &str) -> Option<Vec<i32>> {
    if value.is_empty() {
        return Some(Vec::new());
    }
    value.split(',').map(|code| code.trim().parse().ok()).collect()
}

/// Milliseconds between commas, each at most a day.
fn parse_times(value: &str) -> Option<Vec<Duration>> {
    let time = |text: &str| text.trim().parse().ok().filter(|ms| *ms <= MS_MAX.unsigned_abs());
    value.split(',').map(|text| time(text).map(Duration::from_millis)).collect()
}

/// The configuration of a producer as types.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) client: ClientConfig,
    /// On the wire: namespace included.
    pub(crate) group: String,
    pub(crate) namespace: Option<Namespace>,
    /// What every send says of them, in wire form.
    pub(crate) sender: Sender,
    /// The same for messages that brokers answer before they are stored as configured.
    pub(crate) sender_not_waiting: Sender,
    pub(crate) send_timeout: Duration,
    /// `None`: an equal share of what is left for each attempt still allowed.
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) retries: u32,
    pub(crate) retry_codes: Vec<i32>,
    pub(crate) retry_unknown: bool,
    pub(crate) retry_not_stored_ok: bool,
    /// `None`: bodies are not compressed.
    pub(crate) compression: Option<Compression>,
    pub(crate) body_bytes_max: usize,
    pub(crate) in_flight_messages_max: usize,
    pub(crate) in_flight_bytes_max: usize,
    pub(crate) completions_max: usize,
    /// `None`: faults are not avoided.
    pub(crate) faults: Option<FaultSettings>,
    /// `None`: every send goes out by itself.
    pub(crate) batches: Option<BatchSettings>,
}

/// How long sends wait for one another, and how many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchSettings {
    pub(crate) linger: Duration,
    /// Of one batch, as brokers store it.
    pub(crate) bytes_max: usize,
    /// Of all that wait.
    pub(crate) total_bytes_max: usize,
}

/// How faults are avoided.
#[derive(Clone, Debug)]
pub(crate) struct FaultSettings {
    pub(crate) table: Table,
    pub(crate) detector: Option<Detector>,
}

/// How brokers that do not answer are probed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Detector {
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
}

/// From which size and how hard bodies are compressed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compression {
    pub(crate) bytes_min: usize,
    pub(crate) codec: Codec,
    pub(crate) level: u32,
}

impl Settings {
    /// A topic as brokers and name servers know it.
    pub(crate) fn on_the_wire<'a>(&self, topic: &'a str) -> Cow<'a, str> {
        self.namespace.as_ref().map_or(Cow::Borrowed(topic), |namespace| namespace.wrap(topic))
    }

    /// Reads `config` and checks what single values cannot show: required keys.
    pub(crate) fn read(config: &Config) -> Result<Self, Error> {
        let values = Values(config);
        let namespace = values.optional(c"namespace").map(Namespace::new);
        if namespace.is_some() && values.optional(c"namespace.v2").is_some() {
            let text = "namespace and namespace.v2 are both set: a producer has one namespace, in one form";
            return Err(Error::new(ErrorKind::InvalidValue, text));
        }
        let attempt = values.text(c"send.attempt.timeout.ms");
        let client = values.client()?;
        let group = group_on_the_wire(&values.required(c"producer.group")?, namespace.as_ref())?;
        let instance = namespace.as_ref().map_or("", Namespace::property);
        let sender = Sender::new(&group, &client.default_topic, client.default_queues)
            .with_unit_mode(values.flag(c"unit.mode"))
            .with_namespace(client.namespace.as_deref().unwrap_or_default());
        Ok(Self {
            sender_not_waiting: sender.clone().with_properties(&format!("WAIT\u{1}false\u{2}{instance}")),
            sender: sender.with_properties(&format!("WAIT\u{1}true\u{2}{instance}")),
            client,
            group,
            namespace,
            send_timeout: values.duration(c"send.timeout.ms"),
            attempt_timeout: attempt.parse().ok().map(Duration::from_millis),
            retries: values.number(c"send.retries").try_into().unwrap_or(0),
            retry_codes: parse_codes(values.text(c"send.retry.codes")).unwrap_or_default(),
            retry_unknown: values.flag(c"send.retry.unknown"),
            retry_not_stored_ok: values.flag(c"send.retry.not.stored.ok"),
            compression: values.compression()?,
            body_bytes_max: values.size(c"message.max.bytes"),
            in_flight_messages_max: values.size(c"inflight.max.messages"),
            in_flight_bytes_max: values.size(c"inflight.max.bytes"),
            completions_max: values.size(c"completion.max"),
            faults: values.faults()?,
            batches: values.flag(c"batch.auto").then(|| BatchSettings {
                linger: values.duration(c"batch.linger.ms"),
                // Brokers hold a batch against the same limit as a single message.
                bytes_max: values.size(c"batch.max.bytes").min(values.size(c"message.max.bytes")),
                total_bytes_max: values.size(c"batch.total.max.bytes"),
            }),
        })
    }
}

/// The group's name with the namespace, whose length counts too.
fn group_on_the_wire(group: &str, namespace: Option<&Namespace>) -> Result<String, Error> {
    let Some(namespace) = namespace else { return Ok(group.to_owned()) };
    let wrapped = namespace.wrap(group);
    name::check_group(&wrapped).map_err(|error| {
        let text = format!("producer.group: with the namespace it is {wrapped:?}: {error}");
        Error::new(ErrorKind::InvalidValue, text)
    })?;
    Ok(wrapped.into_owned())
}

/// Typed reading of values that were checked when they were set.
struct Values<'a>(&'a Config);

impl Values<'_> {
    fn text(&self, name: &'static CStr) -> &str {
        KEYS.iter().find(|key| key.name == name).map_or("", |key| self.0.text(key))
    }

    fn optional(&self, name: &'static CStr) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn required(&self, name: &'static CStr) -> Result<String, Error> {
        self.optional(name).ok_or_else(|| {
            let name = name.to_string_lossy();
            Error::new(ErrorKind::InvalidValue, format!("{name} is required and not set"))
        })
    }

    fn number(&self, name: &'static CStr) -> i64 {
        self.text(name).parse().unwrap_or(0)
    }

    fn size(&self, name: &'static CStr) -> usize {
        usize::try_from(self.number(name)).unwrap_or(usize::MAX)
    }

    fn duration(&self, name: &'static CStr) -> Duration {
        Duration::from_millis(self.number(name).try_into().unwrap_or(0))
    }

    fn flag(&self, name: &'static CStr) -> bool {
        self.text(name) == "true"
    }

    /// A level that the codec does not have is a mistake, although the key alone would take it.
    fn compression(&self) -> Result<Option<Compression>, Error> {
        let kind = self.text(c"compress.type");
        let (codec, usual) = match kind {
            "zlib" => (Codec::Zlib, 5),
            "lz4" => (Codec::Lz4, 0),
            "zstd" => (Codec::Zstd, 3),
            _ => return Ok(None),
        };
        // It is a number that fits, or `auto`.
        let level = self.text(c"compress.level").parse().unwrap_or(usual);
        let levels = codec.levels();
        if !levels.contains(&level) {
            let (min, max) = levels.into_inner();
            let text = format!(
                "compress.level {level} and compress.type {kind}: {kind} has levels from {min} to {max}"
            );
            return Err(Error::new(ErrorKind::InvalidValue, text));
        }
        let plain = codec == Codec::Zlib && level == 0;
        let bytes_min = self.size(c"compress.min.bytes");
        Ok((!plain).then_some(Compression { bytes_min, codec, level }))
    }

    /// The tables are checked also where they are not used, so that a mistake shows before they are.
    fn faults(&self) -> Result<Option<FaultSettings>, Error> {
        let times = |name| parse_times(self.text(name)).unwrap_or_default();
        let table = Table::new(&times(c"fault.latency.ms"), &times(c"fault.isolation.ms"));
        let table = table.ok_or_else(|| {
            let text = "fault.latency.ms must ascend, and fault.isolation.ms must have as many numbers";
            Error::new(ErrorKind::InvalidValue, text)
        })?;
        let detector = self.flag(c"fault.detector").then(|| Detector {
            interval: self.duration(c"fault.detector.interval.ms"),
            timeout: self.duration(c"fault.detector.timeout.ms"),
        });
        Ok(self.flag(c"fault.avoidance").then_some(FaultSettings { table, detector }))
    }

    fn client(&self) -> Result<ClientConfig, Error> {
        Ok(ClientConfig {
            name_servers: self.name_servers()?,
            client_ip: self.optional(c"client.ip"),
            instance_name: self.optional(c"instance.name"),
            unit_name: self.optional(c"unit.name"),
            namespace: self.optional(c"namespace.v2"),
            route_poll: self.duration(c"route.poll.ms"),
            heartbeat: self.duration(c"heartbeat.ms"),
            connect_timeout: self.duration(c"connect.timeout.ms"),
            connection_idle: self.duration(c"connection.idle.ms"),
            vip_channel: self.flag(c"vip.channel"),
            header_format: match self.text(c"header.format") {
                "rocketmq" => HeaderFormat::RocketMq,
                _ => HeaderFormat::Json,
            },
            default_topic: self.text(c"topic.auto.create.key").to_owned(),
            default_queues: self.number(c"topic.auto.create.queues").try_into().unwrap_or(4),
        })
    }

    /// `namesrv.addr`, else the environment's `NAMESRV_ADDR`, else discovery, as RocketMQ's own clients do.
    fn name_servers(&self) -> Result<Source, Error> {
        let set = self.optional(c"namesrv.addr").map(|text| ("namesrv.addr", text));
        let environment = || {
            let text = std::env::var("NAMESRV_ADDR").ok().filter(|text| !text.trim().is_empty())?;
            Some(("the environment's NAMESRV_ADDR", text))
        };
        if let Some((source, text)) = set.or_else(environment) {
            return parse_source(source, &text);
        }
        let Some(domain) = self.optional(c"namesrv.domain") else {
            return Err(Error::new(
                ErrorKind::InvalidValue,
                "namesrv.addr is not set, and neither are NAMESRV_ADDR in the environment and namesrv.domain",
            ));
        };
        Endpoint::new(&domain, self.text(c"namesrv.subgroup"), self.optional(c"unit.name").as_deref())
            .map(|endpoint| Source::Discovery(endpoint.into()))
            .map_err(|why| Error::new(ErrorKind::InvalidValue, format!("namesrv.domain: {domain:?}: {why}")))
    }
}

fn parse_source(name: &str, text: &str) -> Result<Source, Error> {
    Address::parse_list(text).map(Source::list).map_err(|(item, why)| {
        Error::new(ErrorKind::InvalidValue, format!("{name}: in {}, {why}", shown(&item)))
    })
}

/// A change of settings while the producer runs.
#[derive(Debug)]
pub(crate) enum Change {
    /// `namesrv.addr`.
    NameServers(Source),
}

impl Change {
    /// Refuses keys that only a new producer takes, then checks `value` as [`Config::set`] does.
    pub(crate) fn read(key: &str, value: &str) -> Result<Self, Error> {
        let live = find(key)?.live;
        match key {
            "namesrv.addr" if live => {
                Config::new().set(key, Some(value))?;
                parse_source(key, value).map(Self::NameServers)
            }
            _ => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("{key} cannot change while the producer runs: create another producer"),
            )),
        }
    }
}

/// Response codes that say "slow down", told apart from refusals.
pub(crate) const BUSY_CODES: &[i32] = &[response::SYSTEM_BUSY, response::FLOW_CONTROL];

#[cfg(test)]
mod tests;
