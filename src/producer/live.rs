//! Settings that change while the producer runs.

use crate::error::Error;
use crate::producer::Producer;
use crate::producer::config::Change;
use crate::producer::lifecycle::State;

impl Producer {
    /// Changes a live key. Never waits: name servers hold from the next request on, for every producer that
    /// shares the client instance. A start that waits for name servers can be helped so.
    pub fn update(&self, key: &str, value: &str) -> Result<(), Error> {
        let may_change = matches!(self.state(), State::Starting | State::Running);
        let instance = self.instance().filter(|_| may_change).ok_or_else(|| self.wrong_state())?;
        let change = Change::read(key, value)?;
        match change {
            Change::NameServers(source) => instance.change_name_servers(source),
        }
        Ok(())
    }
}
