//! Instances that producers share: those with an instance name of their own choice and equal settings.
//! Two clusters never share one, since the name servers of the moment are part of the settings.

use std::sync::{Arc, Mutex};

use crate::client::config::ClientConfig;
use crate::client::instance::Instance;
use crate::client::world::World;
use crate::runtime::lock;

/// The shared instances of a process.
#[derive(Default)]
pub struct Registry(Mutex<Vec<Member>>);

struct Member {
    instance: Arc<Instance>,
    producers: usize,
}

impl Registry {
    /// Joins the instance with these settings, made if there is none.
    pub(crate) fn join(&self, config: &ClientConfig, world: &World) -> Arc<Instance> {
        if config.instance_name.is_none() {
            return Instance::new(config.clone(), world.clone());
        }
        let mut members = lock(&self.0);
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
        let mut members = lock(&self.0);
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
