//! What producers of one client id share: name servers, routes, broker connections, heartbeats.

mod refresh;
mod report;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use protocol::command::Command;
use protocol::header;
use protocol::message::namespace;
use protocol::route::RouteData;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::client::address::Address;
use crate::client::broker::{Broker, Cut, Done, Greeting, PeerLimits, Role};
use crate::client::config::ClientConfig;
use crate::client::discovery;
use crate::client::name_servers::{NameServers, NoNameServer, Source};
use crate::client::pause::{self, Pauses};
use crate::client::reconnect;
use crate::client::routes::Routes;
use crate::client::world::World;
use crate::runtime::lock;
use crate::text::Text;
pub(crate) use report::InstanceReport;

/// A thread that sends so often in a row, with nobody beside it, most likely goes on so.
const SENDS_ALONE: u32 = 16;
/// Limit of one round of questions to the name servers, as in RocketMQ's own client.
const LOOKUP_LIMIT: Duration = Duration::from_secs(3);

/// What producers of one client id share.
pub struct Instance {
    config: ClientConfig,
    world: World,
    identity: Arc<Identity>,
    name_servers: Arc<NameServers>,
    routes: Routes,
    pauses: Pauses,
    /// By the address that routes give. Locked after the routes where both are.
    brokers: Mutex<BTreeMap<Address, Master>>,
    /// Ends of connections that no route leads to any more, as long as requests are open there.
    retired: Mutex<Vec<Weak<Broker>>>,
    /// Notified when a broker cannot be reached: its routes may be out of date.
    troubled: Arc<Notify>,
    /// Connection tasks, refresh and heartbeat: ended by [`Self::close`].
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// A task panicked.
    failed: Arc<AtomicBool>,
}

/// A broker's master.
#[derive(Clone)]
struct Master {
    /// Where messages go.
    sends: Arc<Broker>,
    /// Where heartbeats go: the same, but for a VIP channel.
    main: Arc<Broker>,
}

/// Marks an instance as failed when a task panics that holds this.
struct FailedByPanic(Arc<AtomicBool>);

impl Drop for FailedByPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Release);
        }
    }
}

/// Who the instance is towards brokers.
struct Identity {
    client_id: Text,
    /// Said in every heartbeat, if there is one.
    namespace: Option<String>,
    /// Producer groups, and how many producers are in each.
    groups: Mutex<BTreeMap<String, usize>>,
}

impl Identity {
    fn heartbeat(&self) -> Command {
        let groups = lock(&self.groups);
        let request = header::heartbeat::request(self.client_id.as_str(), groups.keys().map(String::as_str));
        match &self.namespace {
            Some(namespace) => namespace::mark(request, namespace),
            None => request,
        }
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
        let identity = Arc::new(Identity {
            client_id: client_id(&config, &world),
            namespace: config.namespace.clone(),
            groups: Mutex::default(),
        });
        let failed = Arc::new(AtomicBool::new(false));
        let start = {
            let (config, world, failed) = (config.clone(), world.clone(), Arc::clone(&failed));
            move |address: &Address, tasks: &mut Vec<_>| {
                start_peer(&config, &world, address, Role::default(), &failed, tasks)
            }
        };
        let source = config.name_servers.clone();
        let name_servers = Arc::new(NameServers::new(source, world.clone(), Box::new(start)));
        let instance = Arc::new(Self {
            config,
            identity,
            name_servers,
            routes: Routes::new(Arc::clone(&world.clock)),
            pauses: Pauses::default(),
            brokers: Mutex::default(),
            retired: Mutex::default(),
            troubled: Arc::default(),
            tasks: Mutex::default(),
            failed,
            world,
        });
        instance.spawn(refresh::run(Arc::downgrade(&instance)));
        instance.spawn(pause::run(Arc::downgrade(&instance)));
        instance.spawn(heartbeats(Arc::downgrade(&instance), instance.config.heartbeat));
        if let Source::Discovery(endpoint) = &instance.config.name_servers {
            let (config, world) = (instance.config.clone(), instance.world.clone());
            let peer = move |address: &Address| peer(&config, &world, address, Role::default());
            instance.spawn(discovery::run(Arc::clone(&instance.name_servers), Arc::clone(endpoint), peer));
        }
        instance
    }

    /// Runs `task` until it ends or the instance is closed. When it panics the instance has failed.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let failed = FailedByPanic(self.failure());
        let task = self.world.spawn(async move {
            let _failed = failed;
            task.await;
        });
        let mut tasks = lock(&self.tasks);
        tasks.retain(|task| !task.is_finished());
        tasks.push(task);
    }

    /// Its settings, the name servers as they are now.
    pub fn config(&self) -> ClientConfig {
        ClientConfig { name_servers: self.name_servers.source(), ..self.config.clone() }
    }

    /// Whom it asks for routes.
    pub(crate) fn name_servers(&self) -> &NameServers {
        &self.name_servers
    }

    /// Asks these name servers from the next request on, and at once for the routes in use.
    pub fn change_name_servers(self: &Arc<Self>, source: Source) {
        self.name_servers.set(source.clone());
        self.spawn(refresh::all_once(Arc::downgrade(self), source));
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

    /// Those who are to slow down.
    pub const fn pauses(&self) -> &Pauses {
        &self.pauses
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
    pub fn done(&self) -> Done<'_> {
        Done::new(&*self.world.dispatcher, 0)
    }

    /// What tells a broker of the producers.
    pub(crate) fn heartbeat(&self) -> Command {
        self.identity.heartbeat()
    }

    /// Lets brokers know of one more producer of `group`.
    pub fn join(&self, group: &str) {
        *lock(&self.identity.groups).entry(group.to_owned()).or_insert(0) += 1;
    }

    /// Whether a name server answers. Any answer counts.
    pub async fn reach_name_server(&self, until: Instant) -> Result<(), NoNameServer> {
        self.name_servers.route(&self.config.default_topic, until, false).await.map(drop)
    }

    /// Asks the name servers for `topic`'s route and, when there is none, for that of the default topic,
    /// which a broker that creates topics has; `true` beside it says so.
    pub(crate) async fn fetch_route(&self, topic: &str) -> Result<Option<(RouteData, bool)>, NoNameServer> {
        if let Some(route) = self.fetch_known_route(topic, true).await? {
            return Ok(Some((route, false)));
        }
        let pattern = self.fetch_known_route(&self.config.default_topic, true).await?;
        Ok(pattern.map(|route| (route.for_default_topic(self.config.default_queues), true)))
    }

    /// Asks the name servers for `topic`'s own route. A `patient` question waits while none can be reached.
    pub(crate) async fn fetch_known_route(
        &self,
        topic: &str,
        patient: bool,
    ) -> Result<Option<RouteData>, NoNameServer> {
        self.name_servers.route(topic, self.world.clock.now() + LOOKUP_LIMIT, patient).await
    }

    /// Where messages to the broker at `address` go, connected to when it is new, so that it hears of the
    /// producers.
    pub(crate) fn broker(&self, address: &Address) -> Arc<Broker> {
        let mut brokers = lock(&self.brokers);
        let master = brokers.entry(address.clone()).or_insert_with(|| self.start_master(address));
        Arc::clone(&master.sends)
    }

    fn start_master(&self, address: &Address) -> Master {
        let identity = Arc::clone(&self.identity);
        let greeting: Greeting = Box::new(move || identity.heartbeat());
        let troubled = Some(Arc::clone(&self.troubled));
        let mut tasks = lock(&self.tasks);
        tasks.retain(|task| !task.is_finished());
        let mut start = |address: &Address, role| {
            let peer = start_peer(&self.config, &self.world, address, role, &self.failed, &mut tasks);
            peer.connect();
            peer
        };
        if !self.config.vip_channel {
            let role = Role { greeting: Some(greeting), only_sends_count: true, troubled, ..Role::default() };
            let main = start(address, role);
            return Master { sends: Arc::clone(&main), main };
        }
        let main = start(address, Role { greeting: Some(greeting), ..Role::default() });
        let role = Role { only_sends_count: true, troubled, ..Role::default() };
        Master { sends: start(&address.vip(), role), main }
    }

    fn masters(&self) -> Vec<Master> {
        lock(&self.brokers).values().cloned().collect()
    }

    /// Every connection's broker end.
    fn all_brokers(&self) -> Vec<Arc<Broker>> {
        let mut all = Vec::new();
        for master in self.masters() {
            if !Arc::ptr_eq(&master.main, &master.sends) {
                all.push(master.main);
            }
            all.push(master.sends);
        }
        all.extend(lock(&self.retired).iter().filter_map(Weak::upgrade));
        all
    }

    /// Brokers that messages could be written to now.
    pub fn connected(&self) -> usize {
        self.masters().iter().filter(|master| master.sends.is_connected()).count()
    }

    /// Ends requests and waiters early.
    pub fn cut(&self, cut: Cut) {
        if cut.waiting {
            self.routes.cut(cut, &mut self.done());
            self.pauses.cut(cut, &mut self.done());
        }
        for broker in self.all_brokers() {
            broker.cut(cut);
        }
    }

    /// Tells connected brokers that a producer of `group` is gone, if it was the group's last.
    pub async fn leave(&self, group: &str, until: Instant) {
        if !self.identity.leave(group) {
            return;
        }
        let calls: Vec<_> = self
            .masters()
            .into_iter()
            .filter(|master| master.main.is_connected())
            .map(|master| {
                let request = header::unregister::request(self.client_id().as_str(), group);
                self.world.spawn(async move {
                    if let Err(error) = master.main.call(request, until, false).await {
                        log::debug!("unregistering: {error}");
                    }
                })
            })
            .collect();
        for call in calls {
            // A panic was reported by the task itself.
            let _ = call.await;
        }
    }

    /// Closes every connection and waits for the tasks, those that have not ended at `until` are aborted.
    pub async fn close(&self, until: Instant) {
        self.stop();
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        tasks.extend(self.name_servers.take_tasks());
        for mut task in tasks {
            if timeout_at(until, &mut task).await.is_err() {
                task.abort();
                // Ends at its next step; a panic was reported by the task itself.
                let _ = task.await;
            }
        }
    }

    fn stop(&self) {
        for broker in self.all_brokers() {
            broker.stop();
        }
        // Look-ups that are refused from now on see why.
        self.routes.stop();
        self.name_servers.stop();
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop();
    }
}

fn start_peer(
    config: &ClientConfig,
    world: &World,
    address: &Address,
    role: Role,
    failed: &Arc<AtomicBool>,
    tasks: &mut Vec<JoinHandle<()>>,
) -> Arc<Broker> {
    let broker = peer(config, world, address, role);
    let failed = Arc::clone(failed);
    let task = reconnect::run(Arc::clone(&broker), move || failed.store(true, Ordering::Release));
    tasks.push(world.tasks.spawn(task));
    broker
}

fn peer(config: &ClientConfig, world: &World, address: &Address, role: Role) -> Arc<Broker> {
    let limits =
        PeerLimits { connect: config.connect_timeout, idle: config.connection_idle, alone: SENDS_ALONE };
    let role = Role { namespace: config.namespace.clone(), ..role };
    Broker::new(address, world, config.header_format, limits, role)
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

/// Tells the brokers in use of the producers, one round every `period`. One that nothing was sent to lately
/// has no connection and is left alone.
async fn heartbeats(instance: Weak<Instance>, period: Duration) {
    while let Some(instance) = after(&instance, period).await {
        let until = instance.world.clock.now() + LOOKUP_LIMIT;
        for master in instance.masters() {
            if !master.sends.is_connected() {
                continue;
            }
            let request = instance.identity.heartbeat();
            instance.world.spawn(async move {
                // Not made anew for a heartbeat: it is gone because nothing was sent.
                let answer = if Arc::ptr_eq(&master.main, &master.sends) {
                    master.main.call_if_connected(request, until).await
                } else {
                    Some(master.main.call(request, until, false).await)
                };
                if let Some(Err(error)) = answer {
                    log::info!("heartbeat: {error}");
                }
            });
        }
    }
}
