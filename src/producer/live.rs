//! Settings that change while the producer runs.

use crate::error::Error;
use crate::producer::Producer;
use crate::producer::config::Change;

impl Producer {
    /// Changes a live key. Never waits: name servers hold from the next request on, for every producer that
    /// shares the client instance.
    pub fn update(&self, key: &str, value: &str) -> Result<(), Error> {
        self.check_running()?;
        let change = Change::read(key, value)?;
        let instance = self.instance().ok_or_else(|| self.wrong_state())?;
        match change {
            Change::NameServers(source) => instance.change_name_servers(source),
        }
        Ok(())
    }
}
