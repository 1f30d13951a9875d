//! Instances that producers share: those with an instance name of their own choice and equal settings.
//! Two clusters never share one, since the name servers of the moment are part of the settings.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use protocol::message::id::IdGenerator;

use crate::client::config::ClientConfig;
use crate::client::instance::Instance;
use crate::client::world::{Random, World};
use crate::runtime::lock;

/// The shared instances of a process.
#[derive(Default)]
pub struct Registry {
    members: Mutex<Vec<Member>>,
    /// Of the next generator of message ids; begins by chance.
    id_discriminator: OnceLock<AtomicU32>,
}

struct Member {
    instance: Arc<Instance>,
    producers: usize,
}

impl Registry {
    /// A discriminator for message ids that leaves all eras to each of 65,536 generators in a row. The first is drawn,
    /// since containers share address and process id.
    pub(crate) fn id_discriminator(&self, random: &Random) -> u32 {
        let drawn = || u32::try_from(random.next_u64() >> 32).unwrap_or(0);
        let next = self.id_discriminator.get_or_init(|| AtomicU32::new(drawn()));
        // One more than all eras take: after 65,536 generators it comes out beside the first, not upon it.
        next.fetch_add(IdGenerator::DISCRIMINATORS + 1, Ordering::Relaxed)
    }

    /// Joins the instance with these settings, made if there is none.
    pub(crate) fn join(&self, config: &ClientConfig, world: &World) -> Arc<Instance> {
        if config.instance_name.is_none() {
            return Instance::new(config.clone(), world.clone());
        }
        let mut members = lock(&self.members);
        let fits =
            |member: &&mut Member| member.instance.config() == *config && !member.instance.has_failed();
        if let Some(member) = members.iter_mut().find(fits) {
            member.producers += 1;
            return Arc::clone(&member.instance);
        }
        let instance = Instance::new(config.clone(), world.clone());
        members.push(Member { instance: Arc::clone(&instance), producers: 1 });
        instance
    }

    /// Leaves `instance`; whether nobody is left, so that it must be closed.
    pub(crate) fn leave(&self, instance: &Arc<Instance>) -> bool {
        let mut members = lock(&self.members);
        let Some(at) = members.iter().position(|member| Arc::ptr_eq(&member.instance, instance)) else {
            return true;
        };
        if let Some(member) = members.get_mut(at) {
            member.producers -= 1;
            if member.producers > 0 {
                return false;
            }
        }
        members.remove(at);
        true
    }
}
