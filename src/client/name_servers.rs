//! The name servers: one is asked as long as it answers, the others in turn when it does not.
//!
//! The list may change while questions are under way: it is immutable and swapped whole, a server that stays
//! keeps its connection, and a question to one that goes is put to the new list.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use protocol::codes::response;
use protocol::command::Command;
use protocol::header;
use protocol::route::RouteData;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::client::address::Address;
use crate::client::broker::Broker;
use crate::client::call_error::CallError;
use crate::client::discovery::Endpoint;
use crate::client::world::{Random, World};
use crate::runtime::lock;

/// Where the list comes from. Two instances are of one cluster only if their sources are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// These servers, never none. In order of address: the order they were given in means nothing.
    List(Vec<Address>),
    /// Whatever the endpoint answers.
    Discovery(Arc<Endpoint>),
}

impl Source {
    /// These servers.
    pub fn list(mut servers: Vec<Address>) -> Self {
        servers.sort_unstable();
        Self::List(servers)
    }
}

/// Makes the connection to a server, and the task behind it.
pub(crate) type Start = Box<dyn Fn(&Address, &mut Vec<JoinHandle<()>>) -> Arc<Broker> + Send + Sync>;

/// The list, and whom to ask first.
pub(crate) struct NameServers {
    world: World,
    start: Start,
    current: Mutex<Arc<Current>>,
    /// Notified when it was swapped.
    swapped: Notify,
    /// Of the servers; those of servers that have gone end by themselves.
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// Questions that wait for a list, while there is none.
    waiting: AtomicUsize,
    /// Notified when one more waits.
    wanted: Notify,
    /// Why none can be reached, or there is no list.
    trouble: Mutex<Option<NoNameServer>>,
}

/// The list at one moment.
struct Current {
    source: Source,
    /// In an order of its own, so that many clients spread over the list. Empty while discovery has found none.
    servers: Vec<Arc<Broker>>,
    /// Who answered last.
    first: AtomicUsize,
    stopped: bool,
}

impl Current {
    fn find(&self, address: &Address) -> Option<&Arc<Broker>> {
        self.servers.iter().find(|server| server.address == *address)
    }

    /// Who answered last, if it is still connected.
    fn chosen(&self) -> Option<&Arc<Broker>> {
        self.servers.get(self.first.load(Ordering::Relaxed)).filter(|server| server.is_connected())
    }
}

/// No name server gave an answer that could be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct NoNameServer(Arc<str>);

impl NoNameServer {
    fn new(why: &str) -> Self {
        Self(why.into())
    }
}

/// One question to one server.
struct Turn {
    address: Address,
    /// It said before that it goes away: a new connection is asked, and nothing more after that.
    again: bool,
}

/// A question.
#[derive(Clone, Copy)]
struct Question<'a> {
    topic: &'a str,
    until: Instant,
    /// It waits while no server can be reached.
    patient: bool,
}

/// What came of a turn.
enum Asked {
    Route(Option<RouteData>),
    /// The server closes this connection.
    GoAway,
    /// There is no connection to the server.
    Unreached(String),
    Failed(String),
    /// The server is not in the list any more.
    Removed,
}

impl NameServers {
    /// With the servers of `source`, or none until they are discovered.
    pub(crate) fn new(source: Source, world: World, start: Start) -> Self {
        let trouble = match &source {
            Source::List(_) => None,
            Source::Discovery(endpoint) => {
                Some(NoNameServer::new(&format!("{endpoint} has not answered yet")))
            }
        };
        let empty = Current {
            source: Source::List(Vec::new()),
            servers: Vec::new(),
            first: AtomicUsize::new(0),
            stopped: false,
        };
        let this = Self {
            world,
            start,
            current: Mutex::new(Arc::new(empty)),
            swapped: Notify::new(),
            tasks: Mutex::default(),
            waiting: AtomicUsize::new(0),
            wanted: Notify::new(),
            trouble: Mutex::new(trouble),
        };
        this.set(source);
        this
    }

    /// Where the list comes from now.
    pub(crate) fn source(&self) -> Source {
        self.current().source.clone()
    }

    /// Takes another source. Servers in both lists keep their connection, the others are closed.
    pub(crate) fn set(&self, source: Source) {
        let list = match &source {
            Source::List(list) => list.clone(),
            Source::Discovery(_) => Vec::new(),
        };
        self.swap(|current| (!current.stopped).then_some((source, list)));
    }

    /// Takes the list that `endpoint` gave, unless another source was set meanwhile.
    pub(crate) fn discovered(&self, endpoint: &Arc<Endpoint>, list: Vec<Address>) {
        self.swap(|current| {
            let mine = is_source(current, endpoint) && !current.stopped;
            mine.then(|| (current.source.clone(), list))
        });
    }

    /// Remembers why there is still no list.
    pub(crate) fn not_discovered(&self, trouble: &str) {
        if self.is_empty() {
            *lock(&self.trouble) = Some(NoNameServer::new(trouble));
        }
    }

    /// Why no server can be reached at all, if that is so.
    pub(crate) fn trouble(&self) -> Option<NoNameServer> {
        lock(&self.trouble).clone()
    }

    /// The connections to the servers of the list.
    pub(crate) fn servers(&self) -> Vec<Arc<Broker>> {
        self.current().servers.clone()
    }

    /// Whether there is no list yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.current().servers.is_empty()
    }

    /// Waits until `endpoint` is not the source any more.
    pub(crate) async fn replaced(&self, endpoint: &Arc<Endpoint>) {
        let mut current = self.current();
        while !current.stopped && is_source(&current, endpoint) {
            self.changed(&mut current).await;
        }
    }

    /// Waits until a question finds an empty list.
    pub(crate) async fn wanted(&self) {
        loop {
            let came = self.wanted.notified();
            // Those who were just served may not have left yet.
            if self.waiting.load(Ordering::SeqCst) > 0 && self.is_empty() {
                return;
            }
            came.await;
        }
    }

    /// Closes every connection, for good.
    pub(crate) fn stop(&self) {
        let current = lock(&self.current);
        current.servers.iter().for_each(|server| server.stop());
        let (source, servers) = (current.source.clone(), current.servers.clone());
        self.put(current, Current { source, servers, first: AtomicUsize::new(0), stopped: true });
    }

    /// The tasks behind the connections, to be waited for after [`Self::stop`].
    pub(crate) fn take_tasks(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut lock(&self.tasks))
    }

    /// Asks for the route of `topic`; `None` when a server says that there is none. A `patient` question waits
    /// while no server can be reached.
    pub(crate) async fn route(
        &self,
        topic: &str,
        until: Instant,
        patient: bool,
    ) -> Result<Option<RouteData>, NoNameServer> {
        let question = Question { topic, until, patient };
        loop {
            let current = self.current();
            if current.stopped {
                return Err(NoNameServer::new("shut down"));
            }
            if current.servers.is_empty() {
                self.wait_for_list(current, until).await?;
            } else if let Some(result) = self.round(current, question).await {
                return result;
            }
        }
    }

    /// Asks one after the other; `None` when the list changed under the question.
    async fn round(
        &self,
        mut current: Arc<Current>,
        question: Question<'_>,
    ) -> Option<Result<Option<RouteData>, NoNameServer>> {
        let servers = current.servers.len();
        let turn = |server: &Arc<Broker>| Turn { address: server.address.clone(), again: false };
        let mut turns: VecDeque<Turn> = current.servers.iter().map(turn).collect();
        turns.rotate_left(current.first.load(Ordering::Relaxed).min(turns.len()));
        // What was true before may not be any more.
        *lock(&self.trouble) = None;
        let mut reasons = Vec::new();
        let mut unreached = 0;
        while let Some(Turn { address, again }) = turns.pop_front() {
            let now = self.world.clock.now();
            let left = u32::try_from(turns.len() + 1).unwrap_or(u32::MAX);
            // A silent server leaves the others their share of the time.
            let share = now + question.until.saturating_duration_since(now) / left;
            match self.ask(&address, question.topic, (share, again), &mut current).await {
                Asked::Route(route) => return Some(Ok(self.choose(&address, route))),
                Asked::GoAway if again => reasons.push(format!("{address}: it goes away")),
                Asked::GoAway => turns.push_back(Turn { address, again: true }),
                Asked::Unreached(reason) => {
                    unreached += 1;
                    reasons.push(reason);
                }
                Asked::Failed(reason) => reasons.push(reason),
                Asked::Removed => return None,
            }
        }
        let failure = NoNameServer::new(&reasons.join("; "));
        if unreached < servers {
            return Some(Err(failure));
        }
        *lock(&self.trouble) = Some(failure.clone());
        if question.patient {
            self.wait_for_server(current, question, failure).await
        } else {
            Some(Err(failure))
        }
    }

    async fn ask(
        &self,
        address: &Address,
        topic: &str,
        // One that sent us away may want a moment before the next connection.
        (until, patient): (Instant, bool),
        current: &mut Arc<Current>,
    ) -> Asked {
        let Some(server) = self.find(address) else { return Asked::Removed };
        let mut call = pin!(server.call(header::route::request(topic), until, patient));
        let answer = loop {
            tokio::select! {
                biased;
                answer = &mut call => break answer,
                () = self.changed(current) => {
                    if current.find(address).is_none() {
                        return Asked::Removed;
                    }
                }
            }
        };
        // Its connection may have been taken from it by a change of the list.
        if answer.is_err() && self.find(address).is_none() { Asked::Removed } else { asked(address, answer) }
    }

    /// Asks all servers at once, each as soon as it can be reached; `None` when the list changed meanwhile.
    async fn wait_for_server(
        &self,
        mut current: Arc<Current>,
        question: Question<'_>,
        failure: NoNameServer,
    ) -> Option<Result<Option<RouteData>, NoNameServer>> {
        let mut calls = JoinSet::new();
        for server in &current.servers {
            let (server, request) = (Arc::clone(server), header::route::request(question.topic));
            let until = question.until;
            let call = async move {
                loop {
                    // It waits for the server's next attempt to connect.
                    let asked = asked(&server.address, server.call(request.clone(), until, true).await);
                    let later = matches!(asked, Asked::Unreached(_) | Asked::GoAway);
                    if !later || server.world.clock.now() >= until {
                        return (server, asked);
                    }
                }
            };
            calls.spawn_on(call, &self.world.tasks);
        }
        loop {
            let ended = tokio::select! {
                biased;
                ended = calls.join_next() => ended,
                () = self.changed(&mut current) => return None,
            };
            match ended {
                None => return Some(Err(failure)),
                Some(Ok((server, Asked::Route(route)))) => {
                    return Some(Ok(self.choose(&server.address, route)));
                }
                Some(Ok(_)) => {}
                // It panicked, which the runtime has told.
                Some(Err(_)) => {}
            }
        }
    }

    /// Waits for the first list, which discovery looks for as long as somebody waits.
    async fn wait_for_list(&self, mut current: Arc<Current>, until: Instant) -> Result<(), NoNameServer> {
        let sleep = {
            // The timer is the runtime's; a caller's thread knows of none.
            let _context = self.world.tasks.enter();
            sleep_until(until)
        };
        let _waiting = Waiting::new(self);
        tokio::select! {
            biased;
            () = self.changed(&mut current) => Ok(()),
            () = sleep => Err(self.trouble().unwrap_or_else(|| NoNameServer::new("there is no list of them"))),
        }
    }

    fn current(&self) -> Arc<Current> {
        Arc::clone(&lock(&self.current))
    }

    /// Waits until `seen` is not the list any more, and makes it the one that is. Those who wait go on in the order
    /// in which they came.
    async fn changed(&self, seen: &mut Arc<Current>) {
        loop {
            let swapped = self.swapped.notified();
            let current = self.current();
            if !Arc::ptr_eq(&current, seen) {
                *seen = current;
                return;
            }
            swapped.await;
        }
    }

    fn find(&self, address: &Address) -> Option<Arc<Broker>> {
        self.current().find(address).cloned()
    }

    /// Asks the server at `address` first from now on, since it answered `route`.
    fn choose(&self, address: &Address, route: Option<RouteData>) -> Option<RouteData> {
        *lock(&self.trouble) = None;
        let current = self.current();
        if let Some(index) = current.servers.iter().position(|server| server.address == *address) {
            current.first.store(index, Ordering::Relaxed);
        }
        route
    }

    /// Swaps the list for what `next` says, if it says something.
    fn swap(&self, next: impl FnOnce(&Current) -> Option<(Source, Vec<Address>)>) {
        let current = lock(&self.current);
        let Some((source, mut list)) = next(&current) else { return };
        let same =
            list.len() == current.servers.len() && list.iter().all(|address| current.find(address).is_some());
        let (servers, first) = if same {
            (current.servers.clone(), current.first.load(Ordering::Relaxed))
        } else {
            shuffle(&mut list, &self.world.random);
            let keep = |address: &Address| current.find(address).cloned();
            let servers: Vec<_> =
                list.iter().map(|address| keep(address).unwrap_or_else(|| self.connect(address))).collect();
            let gone = |server: &&Arc<Broker>| !list.contains(&server.address);
            current.servers.iter().filter(gone).for_each(|server| server.stop());
            let chosen = current.chosen().and_then(|chosen| list.iter().position(|a| *a == chosen.address));
            (servers, chosen.unwrap_or(0))
        };
        self.put(current, Current { source, servers, first: AtomicUsize::new(first), stopped: false });
    }

    /// Makes `next` the list, and tells those who wait for another.
    fn put(&self, mut current: MutexGuard<'_, Arc<Current>>, next: Current) {
        *current = Arc::new(next);
        drop(current);
        self.swapped.notify_waiters();
    }

    fn connect(&self, address: &Address) -> Arc<Broker> {
        let mut tasks = lock(&self.tasks);
        tasks.retain(|task| !task.is_finished());
        (self.start)(address, &mut tasks)
    }
}

/// A question that waits for a list.
struct Waiting<'a>(&'a NameServers);

impl<'a> Waiting<'a> {
    fn new(servers: &'a NameServers) -> Self {
        servers.waiting.fetch_add(1, Ordering::SeqCst);
        servers.wanted.notify_waiters();
        Self(servers)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

fn is_source(current: &Current, endpoint: &Arc<Endpoint>) -> bool {
    matches!(&current.source, Source::Discovery(present) if Arc::ptr_eq(present, endpoint))
}

fn shuffle(list: &mut [Address], random: &Random) {
    for end in (1..list.len()).rev() {
        list.swap(end, random.below(end + 1));
    }
}

fn asked(address: &Address, answer: Result<Command, CallError>) -> Asked {
    match answer {
        Ok(answer) if answer.code == response::GO_AWAY => Asked::GoAway,
        Ok(answer) => match read(&answer) {
            Ok(route) => Asked::Route(route),
            Err(reason) => Asked::Failed(format!("{address}: {reason}")),
        },
        Err(error @ (CallError::Connect { .. } | CallError::Resolve { .. })) => {
            Asked::Unreached(error.to_string())
        }
        Err(error) => Asked::Failed(error.to_string()),
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
