//! The sink as a program: a client that is played here, and those in C.

#![cfg(test)]

mod clients;
mod loopback;
mod program;
