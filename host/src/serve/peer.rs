//! Who is at the other end of a connection on this machine: the system knows which user made it.

use std::fs::{File, read_to_string};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::FromRawFd;
use std::sync::{Arc, OnceLock};

/// The other end of a connection, which is looked up when it first matters: it costs a question to the system.
#[derive(Debug, Clone)]
pub struct Peer(Arc<Ends>);

#[derive(Debug)]
struct Ends {
    peer: SocketAddr,
    own: SocketAddr,
    is_owner: OnceLock<bool>,
}

impl Peer {
    /// Of a connection whose two addresses are these, as this process sees them.
    pub fn of(peer: SocketAddr, own: SocketAddr) -> Peer {
        Peer(Arc::new(Ends {
            peer,
            own,
            is_owner: OnceLock::new(),
        }))
    }

    /// Whether the user who made the connection is the one that this process runs as, or root. False where the system does
    /// not tell, and once the other end is closed.
    pub fn is_owner(&self) -> bool {
        let Ends {
            peer,
            own,
            is_owner,
        } = &*self.0;
        *is_owner.get_or_init(|| {
            let user = asked(*peer, *own).or_else(|| listed(*peer, *own));
            // SAFETY: it takes nothing and always answers.
            let me = unsafe { libc::geteuid() };
            peer.ip().to_canonical().is_loopback()
                && user.is_some_and(|user| user == me || user == 0)
        })
    }
}

/// The user who has the socket from one address to another: one question to the system, whatever else is connected. None
/// where it does not answer such questions.
#[cfg(target_os = "linux")]
fn asked(from: SocketAddr, to: SocketAddr) -> Option<u32> {
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const HEADER: usize = 16;
    /// Where in the answer the socket's own part begins, and its user and its inode.
    const ENDS: std::ops::Range<usize> = HEADER + 4..HEADER + 40;
    const USER: usize = HEADER + 64;
    const INODE: usize = HEADER + 68;
    let ((from_ip, from_port), (to_ip, to_port)) = (canonical(from), canonical(to));
    let family = match from_ip {
        IpAddr::V4(_) => libc::AF_INET,
        IpAddr::V6(_) => libc::AF_INET6,
    };
    let address = |ip: IpAddr| {
        let mut bytes = [0; 16];
        match ip {
            IpAddr::V4(ip) => bytes[..4].copy_from_slice(&ip.octets()),
            IpAddr::V6(ip) => bytes.copy_from_slice(&ip.octets()),
        }
        bytes
    };
    let ends = [
        &from_port.to_be_bytes()[..],
        &to_port.to_be_bytes(),
        &address(from_ip),
        &address(to_ip),
    ]
    .concat();
    // The socket of just these ends, in any state, on any interface, with any cookie.
    let mut body = vec![u8::try_from(family).ok()?, libc::IPPROTO_TCP as u8, 0, 0];
    body.extend(u32::MAX.to_ne_bytes());
    body.extend(&ends);
    body.extend([0; 4]);
    body.extend([0xff; 8]);
    let mut request = u32::try_from(HEADER + body.len())
        .ok()?
        .to_ne_bytes()
        .to_vec();
    request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request.extend((libc::NLM_F_REQUEST as u16).to_ne_bytes());
    request.extend([0; 8]);
    request.extend(body);
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: it makes a descriptor, which nobody else has.
    let mut socket = unsafe {
        let socket = libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_SOCK_DIAG);
        (socket >= 0).then(|| File::from_raw_fd(socket))
    }?;
    socket.write_all(&request).ok()?;
    let mut answer = [0; 1024];
    // The system answers before the request returns.
    let read = socket.read(&mut answer).ok()?;
    let answer = answer.get(..read)?;
    let word = |at: usize| Some(u32::from_ne_bytes(answer.get(at..at + 4)?.try_into().ok()?));
    let is_it = answer.get(4..6)? == SOCK_DIAG_BY_FAMILY.to_ne_bytes()
        && answer.get(ENDS)? == ends
        && word(INODE)? != 0;
    if is_it { word(USER) } else { None }
}

#[cfg(not(target_os = "linux"))]
fn asked(_: SocketAddr, _: SocketAddr) -> Option<u32> {
    None
}

/// That user by the list of all connections, which takes the longer the more there could be.
fn listed(from: SocketAddr, to: SocketAddr) -> Option<u32> {
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
    let mut texts = tables.iter().filter_map(|path| read_to_string(path).ok());
    texts.find_map(|table| user_of(&table, from, to))
}

/// The user who has the socket from `from` to `to`, in a table as Linux writes it: a line for each socket.
fn user_of(table: &str, from: SocketAddr, to: SocketAddr) -> Option<u32> {
    table.lines().skip(1).find_map(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        let is_it =
            address(words.next()?)? == canonical(from) && address(words.next()?)? == canonical(to);
        let user = words.nth(4)?.parse().ok()?;
        let inode = words.nth(1)?;
        // A socket that its process has closed belongs to nobody any more, and is written as root's.
        (is_it && inode != "0").then_some(user)
    })
}

fn canonical(address: SocketAddr) -> (IpAddr, u16) {
    (address.ip().to_canonical(), address.port())
}

/// `0100007F:1CCD`: words of 32 bits in the machine's own order, and the port.
fn address(text: &str) -> Option<(IpAddr, u16)> {
    let (ip, port) = text.split_once(':')?;
    let word = |at: usize| u32::from_str_radix(ip.get(at * 8..at * 8 + 8)?, 16).ok();
    let ip = match ip.len() {
        8 => IpAddr::from(Ipv4Addr::from(word(0)?.to_ne_bytes())),
        32 => {
            let mut bytes = [0; 16];
            for (at, part) in bytes.chunks_mut(4).enumerate() {
                part.copy_from_slice(&word(at)?.to_ne_bytes());
            }
            Ipv6Addr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some((ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn the_other_end_is_known_while_it_is_open_and_not_once_it_is_closed() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(host) else {
                continue;
            };
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (stream, peer) = listener.accept().unwrap();
            let own = stream.local_addr().unwrap();
            assert!(Peer::of(peer, own).is_owner());
            if let Some(user) = asked(peer, own) {
                assert_eq!(listed(peer, own), Some(user));
            }
            let other = SocketAddr::new(peer.ip(), peer.port() ^ 1);
            assert!(!Peer::of(other, own).is_owner());
            drop(client);
            assert!(!Peer::of(peer, own).is_owner());
        }
    }

    #[test]
    fn a_line_belongs_to_its_user_and_a_closed_socket_to_nobody() {
        let line = |user: u32, inode: u32| {
            format!(
                "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:C350 0100007F:1CCD 01 00000000:00000000 00:00000000 00000000  {user}        0 {inode} 1 0 100 0 0 10 0\n"
            )
        };
        let [from, to] = ["127.0.0.1:50000", "127.0.0.1:7373"].map(|it| it.parse().unwrap());
        if cfg!(target_endian = "little") {
            assert_eq!(user_of(&line(1_000, 77), from, to), Some(1_000));
            assert_eq!(user_of(&line(0, 0), from, to), None);
            assert_eq!(user_of(&line(1_000, 77), to, from), None);
        }
        assert_eq!(user_of("nonsense\n1 2 3", from, to), None);
    }
}
