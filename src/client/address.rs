//! Addresses of name servers and brokers as RocketMQ writes them: `host:port`, split at the last colon.

use std::fmt;
use std::sync::Arc;

/// A host, by name or number, and a port. Shown as `host:port`, IPv6 in brackets.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// Without brackets.
    host: Arc<str>,
    port: u16,
}

/// Why text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing there.
    #[error("no address is given")]
    Missing,
    /// No `:port` at the end, or not a number from 1 to 65535.
    #[error("it does not end in a port from 1 to 65535")]
    Port,
    /// The host is empty or has characters that no host has.
    #[error("the host is empty or has a character that no host name has")]
    Host,
}

impl Address {
    /// Reads `host:port`, `[v6]:port` or bare `v6:port`.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (host, port) = text.trim().rsplit_once(':').ok_or(AddressError::Port)?;
        let port = port.parse::<u16>().ok().filter(|port| *port != 0).ok_or(AddressError::Port)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let known = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        if bare.is_empty() || !bare.chars().all(known) {
            return Err(AddressError::Host);
        }
        if bare.contains(':')
            && bare.split('%').next().is_none_or(|v6| v6.parse::<std::net::Ipv6Addr>().is_err())
        {
            return Err(AddressError::Host);
        }
        Ok(Self { host: bare.into(), port })
    }

    /// Reads a name server list: addresses between semicolons, blanks and empty items dropped. `http://`
    /// before an address is the endpoint form: only what follows the last slash counts. On failure the
    /// item that is wrong comes with the reason.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, (String, AddressError)> {
        let mut list = Vec::new();
        for item in text.split(';').map(str::trim).filter(|item| !item.is_empty()) {
            let plain = match item.split_once("://") {
                Some((_, endpoint)) => endpoint.trim_end_matches('/').rsplit('/').next().unwrap_or(""),
                None => item,
            };
            let address = Self::parse(plain).map_err(|error| (item.to_owned(), error))?;
            if !list.contains(&address) {
                list.push(address);
            }
        }
        if list.is_empty() { Err((text.to_owned(), AddressError::Missing)) } else { Ok(list) }
    }

    /// The same host's VIP port: two below, as brokers have it.
    pub(crate) fn vip(&self) -> Self {
        Self { host: Arc::clone(&self.host), port: self.port.saturating_sub(2).max(1) }
    }

    /// The host's name or number, an IPv6 number without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_the_last_colon() {
        for (text, host, shown) in [
            ("127.0.0.1:9876", "127.0.0.1", "127.0.0.1:9876"),
            (" ns-0.mq.svc:9876 ", "ns-0.mq.svc", "ns-0.mq.svc:9876"),
            ("[::1]:9876", "::1", "[::1]:9876"),
            ("2001:db8::1:9876", "2001:db8::1", "[2001:db8::1]:9876"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!((address.host(), address.port(), address.to_string().as_str()), (host, 9876, shown));
        }
    }

    #[test]
    fn refuses_what_is_no_address() {
        for (text, error) in [
            ("", AddressError::Port),
            ("host", AddressError::Port),
            ("host:", AddressError::Port),
            ("host:0", AddressError::Port),
            ("host:65536", AddressError::Port),
            (":9876", AddressError::Host),
            ("a b:9876", AddressError::Host),
            ("a:1,b:2", AddressError::Host),
            ("x::y:9876", AddressError::Host),
        ] {
            assert_eq!(Address::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn lists_are_trimmed_and_name_the_wrong_item() {
        let list = Address::parse_list("; a:1 ;b:2;;a:1;http://c/d:3").unwrap();
        assert_eq!(format!("{list:?}"), "[a:1, b:2, d:3]");
        assert_eq!(Address::parse_list("a:1;b"), Err(("b".into(), AddressError::Port)));
        assert_eq!(Address::parse_list(" ; "), Err((" ; ".into(), AddressError::Missing)));
    }
}
