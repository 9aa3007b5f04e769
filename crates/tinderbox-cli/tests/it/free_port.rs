//! Ports for servers of tests that take a number and cannot be asked which one they got.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// A port that was free a moment ago, and that the kernel gives to no connection: those it does give may be taken between two
/// starts of a server (`net.ipv4.ip_local_port_range` begins at 32768).
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Programs of tests that run at the same time begin far from one another.
    let begin = std::process::id().wrapping_mul(1_013);
    loop {
        let number = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        let port = 20_000 + u16::try_from(number).unwrap_or_default();
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        if let Ok(address) = bound.and_then(|bound| bound.local_addr()) {
            return address;
        }
    }
}
