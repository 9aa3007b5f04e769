//! Ports for servers of tests that take a number and cannot be asked which one they got.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Crates whose tests ask for ports. Their programs run at the same time, and each has ports of its own: a server may listen
/// some seconds after it was given one.
const CRATES: [&str; 6] = [
    "tinderbox-app",
    "tinderbox-cli",
    "tinderbox-collect",
    "tinderbox-connect",
    "tinderbox-engine",
    "tinderbox-scale",
];
const FIRST: usize = 20_000;
const EACH: usize = 2_000;

/// A port that was free a moment ago, and that the kernel gives to no connection: those it does give may be taken between two
/// starts of a server (`net.ipv4.ip_local_port_range` begins at 32768).
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    // The last process of this crate's tests may have left a port that nobody can have yet.
    let begin = std::process::id() as usize;
    let of_crate = CRATES.iter().position(|name| *name == env!("CARGO_PKG_NAME"));
    assert!(of_crate.is_some(), "{} asks for ports: add it to the list", env!("CARGO_PKG_NAME"));
    let first = FIRST + of_crate.unwrap_or_default() * EACH;
    loop {
        let port = first + (begin * 97 + NEXT.fetch_add(1, Ordering::Relaxed)) % EACH;
        let bound =
            TcpListener::bind((Ipv4Addr::LOCALHOST, u16::try_from(port).unwrap_or_default()));
        if let Ok(address) = bound.and_then(|bound| bound.local_addr()) {
            return address;
        }
    }
}
