//! The mock's own tests, in one program.

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod program;
#[cfg(test)]
mod pushed;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tcp;
#[cfg(test)]
mod timers;
#[cfg(test)]
mod wire;
