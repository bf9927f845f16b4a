//! Owns receivers on this machine for what a page sends out: webhooks and mail. Each takes everything, and counts.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub struct Receiver {
    /// As a page's command names it: a URL for webhooks, a host and a port for mail.
    address: String,
    count: Arc<AtomicUsize>,
}

impl Receiver {
    /// A server that answers every POST with 204.
    pub fn of_webhooks() -> Receiver {
        let receiver = Receiver::start(take_webhook);
        Receiver {
            address: format!("http://{}/hook", receiver.address),
            ..receiver
        }
    }

    /// An SMTP server.
    pub fn of_mail() -> Receiver {
        Receiver::start(take_mail)
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// What was taken in so far.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Its thread ends with the process.
    fn start(take: fn(&mut Connection) -> std::io::Result<()>) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let count = counted.clone();
                std::thread::spawn(move || {
                    let lines = BufReader::new(stream.try_clone().expect("a second handle"));
                    let mut connection = Connection {
                        lines,
                        stream,
                        count,
                    };
                    // A client that leaves is done.
                    drop(take(&mut connection));
                });
            }
        });
        Receiver { address, count }
    }
}

struct Connection {
    lines: BufReader<TcpStream>,
    stream: TcpStream,
    count: Arc<AtomicUsize>,
}

impl Connection {
    /// The next line without its end; an error where there is none.
    fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line)? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.stream.write_all(format!("{text}\r\n").as_bytes())
    }

    fn took(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
    }
}

fn take_webhook(connection: &mut Connection) -> std::io::Result<()> {
    loop {
        let mut length = 0;
        loop {
            let line = connection.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        connection.lines.read_exact(&mut body)?;
        connection.took();
        connection.say("HTTP/1.1 204 No Content\r\n")?;
    }
}

fn take_mail(connection: &mut Connection) -> std::io::Result<()> {
    connection.say("220 localhost")?;
    loop {
        let line = connection.line()?;
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "DATA" => {
                connection.say("354 go on")?;
                while connection.line()? != "." {}
                connection.took();
                connection.say("250 taken")?;
            }
            "QUIT" => return connection.say("221 bye"),
            _ => connection.say("250 localhost")?,
        }
    }
}
