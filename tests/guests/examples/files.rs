//! Looks for files, environment, arguments and network through WASI and keeps what it found: nothing must be there.

#![cfg(target_os = "wasi")]

use daybook_guests::plugin::*;
use std::{
    env, fs, io,
    net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket},
};

/// `open /etc/passwd: refused`, or `open /etc/passwd: FOUND`. The error itself is left out: it is the host's to choose.
fn report<T>(attempt: &str, outcome: io::Result<T>) -> String {
    let outcome = if outcome.is_ok() { "FOUND" } else { "refused" };
    format!("{attempt}: {outcome}")
}

struct Files;

impl Plugin for Files {
    fn manifest() -> Manifest {
        plain("files")
    }

    /// `n` is how many attempts succeeded; the text lists all.
    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let reports = [
            report("open /etc/passwd", fs::File::open("/etc/passwd")),
            report("read .", fs::read_dir(".")),
            report("read /", fs::read_dir("/")),
            report("write /tmp/guest", fs::write("/tmp/guest", "here")),
            report("connect", TcpStream::connect(("127.0.0.1", 80))),
            report("listen", TcpListener::bind(("127.0.0.1", 0))),
            report("datagram", UdpSocket::bind(("127.0.0.1", 0))),
            report("resolve", ("localhost", 80).to_socket_addrs()),
            report("variables", some(env::vars().count())),
            report("arguments", some(env::args().count())),
            report(
                "stdin",
                io::read_to_string(io::stdin()).and_then(|text| some(text.len())),
            ),
        ];
        let found = reports.iter().filter(|report| report.ends_with("FOUND"));
        let found = found.count().try_into().expect("a small number");
        put(cx, id(&event), found, Some(&reports.join("\n")));
        Ok(())
    }
}

/// An error where there are none.
fn some(count: usize) -> io::Result<()> {
    if count == 0 {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(())
}

export!(Files);
