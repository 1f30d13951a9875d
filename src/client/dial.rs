//! From an address to a connection: names resolved anew each time, every address of a name tried.

use std::net::{IpAddr, SocketAddr};

use tokio::time::timeout_at;

use crate::client::broker::Broker;
use crate::client::call_error::CallError;
use crate::client::world::Link;

/// Resolves and connects within the connect timeout, trying every address of the name.
pub(crate) async fn dial(broker: &Broker) -> Result<Link, CallError> {
    let address = &broker.address;
    let until = broker.world.clock.now() + broker.limits.connect;
    let resolve_error =
        |reason: String| CallError::Resolve { address: address.clone(), reason: reason.into() };
    let hosts = match address.host().parse::<IpAddr>() {
        Ok(host) => vec![host],
        Err(_) => match timeout_at(until, broker.world.resolver.resolve(address.host())).await {
            Ok(Ok(hosts)) if hosts.is_empty() => return Err(resolve_error("it has no address".to_owned())),
            Ok(Ok(hosts)) => hosts,
            Ok(Err(error)) => return Err(resolve_error(error.to_string())),
            Err(_) => return Err(resolve_error("the resolver did not answer in time".to_owned())),
        },
    };
    let mut reason = String::new();
    for (tried, host) in hosts.iter().enumerate() {
        let now = broker.world.clock.now();
        let left = u32::try_from(hosts.len() - tried).unwrap_or(u32::MAX);
        let share = now + until.saturating_duration_since(now) / left;
        let target = SocketAddr::new(*host, address.port());
        match timeout_at(share, broker.world.connector.connect(target)).await {
            Ok(Ok(link)) => return Ok(link),
            Ok(Err(error)) => reason = format!("{target}: {error}"),
            Err(_) => reason = format!("{target}: no answer within {:?}", broker.limits.connect),
        }
    }
    Err(CallError::Connect { address: address.clone(), reason: reason.into() })
}
