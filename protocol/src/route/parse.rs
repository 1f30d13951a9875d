//! From a name server's body to [`RouteData`].

use super::{BrokerData, QueueData, RouteData};
use crate::json::quote_integer_keys;
use crate::json::scan::Scanner;
use crate::{DecodeError, number};

pub(super) fn route(body: &[u8]) -> Result<RouteData, DecodeError> {
    let body = quote_integer_keys(body);
    let mut route = RouteData::default();
    let mut scanner = Scanner::new(&body);
    scanner.members(|name, scanner| {
        match &*name.bytes() {
            b"orderTopicConf" => route.order_conf = text(scanner)?,
            b"queueDatas" => list(scanner, &mut route.queues, queue)?,
            b"brokerDatas" => list(scanner, &mut route.brokers, broker)?,
            _ => drop(scanner.value()?),
        }
        Ok(())
    })?;
    scanner.end()?;
    Ok(route)
}

/// An array of `item`s; `null` is an empty one, and so are its null items.
fn list<'a, T>(
    scanner: &mut Scanner<'a>,
    out: &mut Vec<T>,
    item: fn(&mut Scanner<'a>) -> Result<T, DecodeError>,
) -> Result<(), DecodeError> {
    if scanner.take_null() {
        return Ok(());
    }
    scanner.items(|scanner| {
        if !scanner.take_null() {
            out.push(item(scanner)?);
        }
        Ok(())
    })
}

fn queue(scanner: &mut Scanner<'_>) -> Result<QueueData, DecodeError> {
    let mut broker_name = None;
    let mut queue = QueueData::default();
    scanner.members(|name, scanner| {
        match &*name.bytes() {
            b"brokerName" => broker_name = text(scanner)?,
            b"readQueueNums" => {
                queue.read_queues = scanner.value()?.i32("readQueueNums")?.unwrap_or_default()
            }
            b"writeQueueNums" => {
                queue.write_queues = scanner.value()?.i32("writeQueueNums")?.unwrap_or_default()
            }
            b"perm" => queue.perm = scanner.value()?.i32("perm")?.unwrap_or_default(),
            _ => drop(scanner.value()?),
        }
        Ok(())
    })?;
    queue.broker_name = broker_name.ok_or(DecodeError::Missing("brokerName"))?;
    Ok(queue)
}

fn broker(scanner: &mut Scanner<'_>) -> Result<BrokerData, DecodeError> {
    let mut broker_name = None;
    let mut broker = BrokerData::default();
    scanner.members(|name, scanner| {
        match &*name.bytes() {
            b"cluster" => broker.cluster = text(scanner)?.unwrap_or_default(),
            b"brokerName" => broker_name = text(scanner)?,
            b"brokerAddrs" => addresses(scanner, &mut broker)?,
            _ => drop(scanner.value()?),
        }
        Ok(())
    })?;
    broker.broker_name = broker_name.ok_or(DecodeError::Missing("brokerName"))?;
    Ok(broker)
}

fn addresses(scanner: &mut Scanner<'_>, broker: &mut BrokerData) -> Result<(), DecodeError> {
    if scanner.take_null() {
        return Ok(());
    }
    scanner.members(|id, scanner| {
        let id = number::parse(&id.bytes()).ok_or(DecodeError::Number("brokerAddrs"))?;
        if let Some(address) = text(scanner)? {
            broker.addresses.insert(id, address);
        }
        Ok(())
    })
}

fn text(scanner: &mut Scanner<'_>) -> Result<Option<String>, DecodeError> {
    Ok(scanner.value()?.text().map(|text| text.into_owned()))
}
