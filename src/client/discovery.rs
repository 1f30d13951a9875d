//! Name servers found over HTTP, as RocketMQ's own clients do (`TopAddressing`): one GET, whose first line is
//! the list.
//!
//! The connection is of the same kind as all others and lives for one question, so it is read and written here.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep_until, timeout_at};

use crate::client::address::{Address, AddressError};
use crate::client::broker::Broker;
use crate::client::dial::dial;
use crate::client::name_servers::NameServers;

/// Limit of one question, and how often it is put, as in RocketMQ's own client.
const ASK_LIMIT: Duration = Duration::from_secs(3);
const ASK_PERIOD: Duration = Duration::from_secs(120);
/// After a failure, while somebody waits for a list.
const FAILURE_PAUSE: Duration = Duration::from_millis(500);
/// Where a domain without a port is asked.
const PORT: u16 = 8080;
const HEAD_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 64;
/// A list of name servers has some hundred bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// What chunks may add to a body.
const FRAMING_BYTES_MAX: usize = 64 * 1024;
const READ_BYTES: usize = 8 * 1024;

/// Who is asked for the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    address: Address,
    path: String,
}

impl Endpoint {
    /// `http://domain[:8080]/rocketmq/subgroup[-unit?nofix=1]`.
    pub fn new(domain: &str, subgroup: &str, unit: Option<&str>) -> Result<Self, AddressError> {
        let mut path = format!("/rocketmq/{}", escaped(subgroup));
        if let Some(unit) = unit {
            path.push_str(&format!("-{}?nofix=1", escaped(unit)));
        }
        Ok(Self { address: Self::parse_domain(domain)?, path })
    }

    /// Reads `host` or `host:port`; an IPv6 number without a port stands in brackets.
    pub fn parse_domain(domain: &str) -> Result<Address, AddressError> {
        let has_port = domain.contains(':') && !domain.ends_with(']');
        if has_port { Address::parse(domain) } else { Address::parse(&format!("{domain}:{PORT}")) }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.address, self.path)
    }
}

/// As a part of a path.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Asks at once and then regularly; sooner while there is no list and somebody waits for one. Ends when
/// `endpoint` is not where the list comes from any more. A failure keeps the list there is.
pub(crate) async fn run(
    servers: Arc<NameServers>,
    endpoint: Arc<Endpoint>,
    peer: impl Fn(&Address) -> Arc<Broker>,
) {
    let asking = async {
        let mut told = String::new();
        loop {
            let peer = peer(&endpoint.address);
            let now = || peer.world.clock.now();
            let next = now() + ASK_PERIOD;
            match ask(&endpoint, &peer).await {
                Ok(list) => {
                    log::debug!("{endpoint} names {list:?}");
                    servers.discovered(&endpoint, list);
                    told.clear();
                }
                Err(reason) => {
                    let trouble = format!("{endpoint}: {reason}");
                    // Once for each reason: while somebody waits it comes twice a second.
                    let level = if trouble == told { log::Level::Debug } else { log::Level::Warn };
                    log::log!(level, "the list of name servers stays as it is: {trouble}");
                    servers.not_discovered(&trouble);
                    told = trouble;
                    sleep_until(now() + FAILURE_PAUSE).await;
                }
            }
            tokio::select! {
                biased;
                () = servers.wanted() => {}
                () = sleep_until(next) => {}
            }
        }
    };
    tokio::select! {
        biased;
        () = servers.replaced(&endpoint) => {}
        () = asking => {}
    }
}

/// One question.
async fn ask(endpoint: &Endpoint, peer: &Broker) -> Result<Vec<Address>, String> {
    let until = peer.world.clock.now() + ASK_LIMIT;
    let body = timeout_at(until, fetch(endpoint, peer))
        .await
        .unwrap_or_else(|_| Err(format!("no whole answer within {ASK_LIMIT:?}")))?;
    let text = String::from_utf8(body).map_err(|_| "the answer is not text".to_owned())?;
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return Err("the answer is empty".to_owned());
    }
    Address::parse_list(line).map_err(|(item, why)| format!("in {item:?}, {why}"))
}

async fn fetch(endpoint: &Endpoint, peer: &Broker) -> Result<Vec<u8>, String> {
    let mut stream = dial(peer).await.map_err(|error| error.to_string())?.stream;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: rocketmq-producer/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        endpoint.path,
        endpoint.address,
        env!("CARGO_PKG_VERSION"),
    );
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut received = Vec::new();
    loop {
        let before = received.len();
        received.resize(before + READ_BYTES, 0);
        let room = received.get_mut(before..).unwrap_or_default();
        let count = stream.read(room).await.map_err(|error| error.to_string())?;
        received.truncate(before + count);
        if let Some(body) = read_answer(&received, count == 0)? {
            return Ok(body);
        }
    }
}

/// The body of the answer, once it is whole; nothing more comes if `ended`.
fn read_answer(received: &[u8], ended: bool) -> Result<Option<Vec<u8>>, String> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut answer = httparse::Response::new(&mut headers);
    let head = answer.parse(received).map_err(|error| format!("the answer is not HTTP: {error}"))?;
    let httparse::Status::Complete(head) = head else {
        return match () {
            () if ended => Err("the connection ended before the answer".to_owned()),
            () if received.len() > HEAD_BYTES_MAX => Err("the head of the answer is too long".to_owned()),
            () => Ok(None),
        };
    };
    let code = answer.code.unwrap_or(0);
    if code != 200 {
        // Also a redirect, which would lead where nobody configured.
        return Err(format!("it answers {code} {}", answer.reason.unwrap_or_default()).trim_end().to_owned());
    }
    let body = received.get(head..).unwrap_or_default();
    let whole = match length(answer.headers)? {
        Length::Chunked => chunks(body)?,
        Length::Bytes(count) if count > BODY_BYTES_MAX => return Err(too_long()),
        Length::Bytes(count) => body.get(..count).map(<[u8]>::to_vec),
        Length::UntilEnd if body.len() > BODY_BYTES_MAX => return Err(too_long()),
        Length::UntilEnd => ended.then(|| body.to_vec()),
    };
    match whole {
        None if ended => Err("the connection ended inside the answer".to_owned()),
        whole => Ok(whole),
    }
}

fn too_long() -> String {
    format!("the answer is longer than {BODY_BYTES_MAX} bytes")
}

/// How the end of a body is known.
enum Length {
    Bytes(usize),
    Chunked,
    UntilEnd,
}

fn length(headers: &[httparse::Header<'_>]) -> Result<Length, String> {
    let mut length = Length::UntilEnd;
    for header in headers {
        let value = std::str::from_utf8(header.value).unwrap_or_default().trim();
        if header.name.eq_ignore_ascii_case("transfer-encoding") {
            if !value.eq_ignore_ascii_case("chunked") {
                return Err(format!("the answer's transfer encoding {value:?} is not known"));
            }
            // It rules out a length.
            return Ok(Length::Chunked);
        }
        if header.name.eq_ignore_ascii_case("content-length") {
            let count = value.parse().map_err(|_| format!("the answer's length {value:?} is no number"))?;
            if matches!(length, Length::Bytes(other) if other != count) {
                return Err("the answer has two lengths".to_owned());
            }
            length = Length::Bytes(count);
        }
    }
    Ok(length)
}

/// What the chunks hold, once the last one has come. Trailers are not waited for.
fn chunks(mut rest: &[u8]) -> Result<Option<Vec<u8>>, String> {
    if rest.len() > BODY_BYTES_MAX + FRAMING_BYTES_MAX {
        return Err(too_long());
    }
    let mut body = Vec::new();
    loop {
        let size = httparse::parse_chunk_size(rest).map_err(|_| "a chunk has no size".to_owned())?;
        let httparse::Status::Complete((start, size)) = size else { return Ok(None) };
        if size == 0 {
            return Ok(Some(body));
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > BODY_BYTES_MAX - body.len() {
            return Err(too_long());
        }
        let Some((chunk, after)) = rest.get(start..).and_then(|rest| rest.split_at_checked(size)) else {
            return Ok(None);
        };
        body.extend_from_slice(chunk);
        match after.split_at_checked(2) {
            None => return Ok(None),
            Some((b"\r\n", after)) => rest = after,
            Some(_) => return Err("a chunk is longer than its size".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &str = "HTTP/1.1 200 OK\r\n";

    fn read(answer: &str) -> Result<Option<String>, String> {
        let body = read_answer(answer.as_bytes(), true)?;
        Ok(body.map(|body| String::from_utf8(body).unwrap()))
    }

    #[test]
    fn bodies_of_every_kind_are_read_whole_however_they_are_cut() {
        for (rest, body) in [
            ("Content-Length: 3\r\n\r\na:1 and more", "a:1"),
            ("content-length:0\r\n\r\n", ""),
            ("\r\na:1\n", "a:1\n"),
            ("Transfer-Encoding: Chunked\r\n\r\n2\r\na:\r\n1;x=y\r\n1\r\n0\r\n\r\n", "a:1"),
        ] {
            let answer = format!("{OK}{rest}");
            assert_eq!(read(&answer).unwrap().as_deref(), Some(body));
            for cut in 0..answer.len() {
                match read_answer(&answer.as_bytes()[..cut], false).unwrap() {
                    None => {}
                    Some(early) => assert_eq!(early, body.as_bytes(), "{rest:?} cut at {cut}"),
                }
            }
        }
    }

    #[test]
    fn answers_that_are_no_list_are_refused_with_the_reason() {
        let long = "x".repeat(BODY_BYTES_MAX + 1);
        for (answer, reason) in [
            ("\0\x01garbage".into(), "not HTTP"),
            (String::new(), "ended before"),
            (format!("{OK}Content-Length: 9\r\n\r\na:1"), "ended inside"),
            (format!("{OK}Content-Length: -1\r\n\r\n"), "no number"),
            (format!("{OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "two lengths"),
            (format!("{OK}Content-Length: 999999999999999\r\n\r\na:1"), "longer than"),
            (format!("{OK}\r\n{long}"), "longer than"),
            (format!("{OK}Transfer-Encoding: gzip\r\n\r\n"), "gzip"),
            (format!("{OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "no size"),
            (format!("{OK}Transfer-Encoding: chunked\r\n\r\n1\r\na:1\r\n"), "longer than its size"),
            (format!("{OK}Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n"), "longer than"),
            ("HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\n\r\n".into(), "302 Found"),
            ("HTTP/1.1 404\r\n\r\n".into(), "404"),
        ] {
            let error = read(&answer).unwrap_err();
            assert!(error.contains(reason), "{error} for {reason}");
        }
        let endless = format!("{OK}X: {long}");
        assert!(read_answer(endless.as_bytes(), false).unwrap_err().contains("too long"));
    }

    #[test]
    fn the_address_is_the_one_that_rocketmq_asks() {
        for (domain, unit, shown) in [
            ("mq.example", None, "http://mq.example:8080/rocketmq/nsaddr"),
            ("mq.example:80", Some("u1"), "http://mq.example:80/rocketmq/nsaddr-u1?nofix=1"),
            ("[::1]", Some("a/b?"), "http://[::1]:8080/rocketmq/nsaddr-a%2Fb%3F?nofix=1"),
        ] {
            assert_eq!(Endpoint::new(domain, "nsaddr", unit).unwrap().to_string(), shown);
        }
        for domain in ["http://mq.example", "a b", "", "mq.example/x", "mq.example:0"] {
            assert!(Endpoint::new(domain, "nsaddr", None).is_err(), "{domain}");
        }
    }
}
