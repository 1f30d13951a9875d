//! What producers of one client id share: name servers, routes, broker connections, heartbeats.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use protocol::command::Command;
use protocol::header;
use protocol::route::RouteData;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::client::address::Address;
use crate::client::broker::{Broker, Done};
use crate::client::config::ClientConfig;
use crate::client::connection;
use crate::client::name_servers::{NameServers, NoNameServer};
use crate::client::outbox::Outbox;
use crate::client::routes::Routes;
use crate::client::world::World;
use crate::runtime::lock;
use crate::text::Text;

/// Limit of one round of questions to the name servers, as in RocketMQ's own client.
const LOOKUP_LIMIT: Duration = Duration::from_secs(3);

/// What producers of one client id share.
pub struct Instance {
    config: ClientConfig,
    world: World,
    identity: Arc<Identity>,
    name_servers: NameServers,
    routes: Routes,
    brokers: Mutex<BTreeMap<Address, Arc<Broker>>>,
    /// Connection tasks, refresh and heartbeat: ended by [`Self::close`].
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// A task panicked.
    failed: Arc<AtomicBool>,
}

/// Who the instance is towards brokers.
struct Identity {
    client_id: Text,
    /// Producer groups, and how many producers are in each.
    groups: Mutex<BTreeMap<String, usize>>,
}

impl Identity {
    fn heartbeat(&self) -> Command {
        let groups = lock(&self.groups);
        header::heartbeat::request(self.client_id.as_str(), groups.keys().map(String::as_str))
    }

    /// Whether `group` lost its last producer.
    fn leave(&self, group: &str) -> bool {
        let mut groups = lock(&self.groups);
        match groups.get_mut(group) {
            Some(count) if *count > 1 => {
                *count -= 1;
                false
            }
            _ => groups.remove(group).is_some(),
        }
    }
}

impl Instance {
    pub(crate) fn new(config: ClientConfig, world: World) -> Arc<Self> {
        let identity = Arc::new(Identity { client_id: client_id(&config, &world), groups: Mutex::default() });
        let failed = Arc::new(AtomicBool::new(false));
        let mut tasks = Vec::new();
        let servers: Vec<_> = config
            .name_servers
            .iter()
            .map(|address| start_peer(&config, &world, address, None, &failed, &mut tasks))
            .collect();
        let first = world.random.below(servers.len());
        let instance = Arc::new(Self {
            config,
            identity,
            name_servers: NameServers::new(servers, first),
            routes: Routes::default(),
            brokers: Mutex::default(),
            tasks: Mutex::new(tasks),
            failed,
            world,
        });
        instance.spawn(refresh(Arc::downgrade(&instance), instance.config.route_poll));
        instance.spawn(heartbeats(Arc::downgrade(&instance), instance.config.heartbeat));
        instance
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let task = self.world.tasks.spawn(task);
        lock(&self.tasks).push(task);
    }

    /// Its settings.
    pub const fn config(&self) -> &ClientConfig {
        &self.config
    }

    /// The seams.
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Its name towards brokers.
    pub fn client_id(&self) -> &Text {
        &self.identity.client_id
    }

    /// The routes that it knows.
    pub const fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Whether a task of it panicked.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Set when a task of it panics.
    pub fn failure(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.failed)
    }

    /// Marks it as failed: a request was dropped without an outcome.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::Release);
    }

    /// For completions that never reached a broker.
    pub fn done(&self) -> Done {
        Done::new(Arc::clone(&self.world.dispatcher), 0)
    }

    /// Lets brokers know of one more producer of `group`.
    pub fn join(&self, group: &str) {
        *lock(&self.identity.groups).entry(group.to_owned()).or_insert(0) += 1;
    }

    /// Whether a name server answers. Any answer counts.
    pub async fn reach_name_server(&self, until: Instant) -> Result<(), NoNameServer> {
        self.name_servers.route(&self.config.default_topic, until).await.map(drop)
    }

    /// Asks the name servers for `topic`'s route and, when there is none, for that of the default topic,
    /// which a broker that creates topics has; `true` beside it says so.
    pub(crate) async fn fetch_route(&self, topic: &str) -> Result<Option<(RouteData, bool)>, NoNameServer> {
        if let Some(route) = self.fetch_known_route(topic).await? {
            return Ok(Some((route, false)));
        }
        let pattern = self.fetch_known_route(&self.config.default_topic).await?;
        Ok(pattern.map(|route| (route.for_default_topic(self.config.default_queues), true)))
    }

    /// Asks the name servers for `topic`'s own route.
    pub(crate) async fn fetch_known_route(&self, topic: &str) -> Result<Option<RouteData>, NoNameServer> {
        self.name_servers.route(topic, self.world.clock.now() + LOOKUP_LIMIT).await
    }

    /// The broker behind `address`, connected to when it is new, so that it hears of the producers.
    pub(crate) fn broker(&self, address: &Address) -> Arc<Broker> {
        let mut brokers = lock(&self.brokers);
        match brokers.entry(address.clone()) {
            Entry::Occupied(present) => Arc::clone(present.get()),
            Entry::Vacant(vacant) => {
                let identity = Arc::clone(&self.identity);
                let greeting: Greeting = Box::new(move || identity.heartbeat());
                let mut tasks = lock(&self.tasks);
                tasks.retain(|task| !task.is_finished());
                let broker =
                    start_peer(&self.config, &self.world, address, Some(greeting), &self.failed, &mut tasks);
                broker.connect();
                Arc::clone(vacant.insert(broker))
            }
        }
    }

    fn all_brokers(&self) -> Vec<Arc<Broker>> {
        lock(&self.brokers).values().cloned().collect()
    }

    /// Ends every request of `owner`.
    pub fn cut(&self, owner: u64) {
        self.routes.cut(owner, &mut self.done());
        for broker in self.all_brokers() {
            broker.cut(owner);
        }
    }

    /// Tells connected brokers that a producer of `group` is gone, if it was the group's last.
    pub async fn leave(&self, group: &str, until: Instant) {
        if !self.identity.leave(group) {
            return;
        }
        let calls: Vec<_> = self
            .all_brokers()
            .into_iter()
            .filter(|broker| broker.is_connected())
            .map(|broker| {
                let request = header::unregister::request(self.client_id().as_str(), group);
                self.world.tasks.spawn(async move { broker.call(request, until).await })
            })
            .collect();
        for call in calls {
            if let Ok(Err(error)) = call.await {
                log::debug!("unregistering {group}: {error}");
            }
        }
    }

    /// Closes every connection and waits for the tasks, those that have not ended at `until` are aborted.
    pub async fn close(&self, until: Instant) {
        self.stop();
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        for mut task in tasks {
            if timeout_at(until, &mut task).await.is_err() {
                task.abort();
                // Ends at its next step; a panic was reported by the task itself.
                let _ = task.await;
            }
        }
    }

    fn stop(&self) {
        for broker in self.all_brokers().iter().chain(self.name_servers.servers()) {
            broker.stop();
        }
        self.routes.stop();
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop();
    }
}

type Greeting = Box<dyn Fn() -> Command + Send + Sync>;

fn start_peer(
    config: &ClientConfig,
    world: &World,
    address: &Address,
    greeting: Option<Greeting>,
    failed: &Arc<AtomicBool>,
    tasks: &mut Vec<JoinHandle<()>>,
) -> Arc<Broker> {
    let broker = Arc::new(Broker {
        address: address.clone(),
        lane: lane(address),
        world: world.clone(),
        outbox: Mutex::new(Outbox::new(config.header_format)),
        greeting,
        connect_timeout: config.connect_timeout,
    });
    let failed = Arc::clone(failed);
    let task = connection::run(Arc::clone(&broker), move || failed.store(true, Ordering::Release));
    tasks.push(world.tasks.spawn(task));
    broker
}

/// The same for an address in every run (FNV-1a).
fn lane(address: &Address) -> usize {
    let text = address.to_string();
    text.bytes().fold(2_166_136_261_usize, |hash, byte| {
        (hash ^ usize::from(byte)).wrapping_mul(16_777_619) & 0xffff_ffff
    })
}

/// `ip@instance[@unit]`. The instance part of a nameless producer is the process id, as RocketMQ's own
/// client has it, and a random number, since containers share both address and process id.
fn client_id(config: &ClientConfig, world: &World) -> Text {
    let ip = config.client_ip.clone().unwrap_or_else(|| world.resolver.local_address().to_string());
    let instance = config
        .instance_name
        .clone()
        .unwrap_or_else(|| format!("{}#{}", std::process::id(), world.random.next_u64()));
    let unit = config.unit_name.as_ref().map(|unit| format!("@{unit}")).unwrap_or_default();
    Text::from(format!("{ip}@{instance}{unit}"))
}

/// The instance after `period`; `None` once it is stopped.
async fn after(instance: &Weak<Instance>, period: Duration) -> Option<Arc<Instance>> {
    let stopped = instance.upgrade()?.routes.stopped();
    // Made before the check, so that a stop in between is not missed.
    let notified = stopped.notified();
    if instance.upgrade()?.routes.is_stopped() || tokio::time::timeout(period, notified).await.is_ok() {
        return None;
    }
    instance.upgrade()
}

/// Looks the routes in use up again, one round every `period`.
async fn refresh(instance: Weak<Instance>, period: Duration) {
    while let Some(instance) = after(&instance, period).await {
        for topic in instance.routes.topics() {
            match instance.fetch_known_route(&topic).await {
                Ok(Some(route)) => instance.routes.put(&instance, &topic, &route, false),
                // A name server that was restarted does not know its brokers yet: the route stays.
                Ok(None) => {}
                Err(error) => log::info!("the route of {topic} could not be refreshed: {error}"),
            }
        }
    }
}

/// Tells connected brokers of the producers, one round every `period`.
async fn heartbeats(instance: Weak<Instance>, period: Duration) {
    while let Some(instance) = after(&instance, period).await {
        let until = instance.world.clock.now() + LOOKUP_LIMIT;
        for broker in instance.all_brokers() {
            if !broker.is_connected() {
                continue;
            }
            let request = instance.identity.heartbeat();
            instance.world.tasks.spawn(async move {
                if let Err(error) = broker.call(request, until).await {
                    log::info!("heartbeat: {error}");
                }
            });
        }
    }
}
