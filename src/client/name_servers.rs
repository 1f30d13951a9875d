//! The name servers: one is asked as long as it answers, the others in turn when it does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use protocol::codes::response;
use protocol::command::Command;
use protocol::header;
use protocol::route::RouteData;
use tokio::time::Instant;

use crate::client::broker::Broker;

/// The list and whom to ask first.
pub(crate) struct NameServers {
    /// Never empty.
    servers: Vec<Arc<Broker>>,
    first: AtomicUsize,
}

/// No name server gave an answer that could be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct NoNameServer(Arc<str>);

impl NameServers {
    /// Begins with the server at `first`, so that many clients spread over the list.
    pub(crate) const fn new(servers: Vec<Arc<Broker>>, first: usize) -> Self {
        Self { servers, first: AtomicUsize::new(first) }
    }

    pub(crate) fn servers(&self) -> &[Arc<Broker>] {
        &self.servers
    }

    /// Asks for the route of `topic`; `None` when a server says that there is none.
    pub(crate) async fn route(&self, topic: &str, until: Instant) -> Result<Option<RouteData>, NoNameServer> {
        let count = self.servers.len();
        let first = self.first.load(Ordering::Relaxed);
        let mut reasons = Vec::new();
        for tried in 0..count {
            let index = (first + tried) % count;
            let Some(server) = self.servers.get(index) else { continue };
            let left = u32::try_from(count - tried).unwrap_or(u32::MAX);
            let now = server.world.clock.now();
            // A silent server leaves the others their share of the time.
            let share = now + until.saturating_duration_since(now) / left;
            let reason = match server.call(header::route::request(topic), share, false).await {
                Ok(answer) => match read(&answer) {
                    Ok(route) => {
                        self.first.store(index, Ordering::Relaxed);
                        return Ok(route);
                    }
                    Err(reason) => format!("{}: {reason}", server.address),
                },
                Err(error) => error.to_string(),
            };
            reasons.push(reason);
        }
        Err(NoNameServer(reasons.join("; ").into()))
    }
}

fn read(answer: &Command) -> Result<Option<RouteData>, String> {
    match answer.code {
        response::SUCCESS if !answer.body.is_empty() => {
            let route = RouteData::parse(&answer.body).map_err(|error| error.to_string())?;
            // Brokers that are all gone are no reason to forget where they were.
            Ok(Some(route).filter(|route| !route.queues.is_empty() && !route.brokers.is_empty()))
        }
        response::SUCCESS | response::TOPIC_NOT_EXIST => Ok(None),
        code => Err(format!("code {code}, {}", answer.remark.as_deref().unwrap_or("no remark"))),
    }
}
