use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// An open address. Its socket and its thread end with it, so that thousands of them can follow each other in one process.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Listening {
    /// Calls `answer` in a thread of its own for each connection to `listener`.
    pub(crate) fn start(listener: TcpListener, answer: impl Fn(TcpStream) + Clone + Send + 'static) -> Self {
        let address = listener.local_addr().expect("a bound socket has an address");
        let is_over = Arc::new(AtomicBool::new(false));
        let stops = Arc::clone(&is_over);
        let accepting = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stops.load(Ordering::Acquire) {
                    return;
                }
                let answer = answer.clone();
                thread::spawn(move || answer(stream));
            }
        });
        Self { address, is_over, accepting: Some(accepting) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        // The thread looks again when a connection comes.
        if TcpStream::connect(self.address).is_ok()
            && let Some(accepting) = self.accepting.take()
        {
            let _ = accepting.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_free_again_once_it_is_dropped() {
        let listening = Listening::start(TcpListener::bind("127.0.0.1:0").unwrap(), drop);
        let address = listening.address();
        assert!(TcpStream::connect(address).is_ok());
        drop(listening);
        assert!(TcpStream::connect(address).is_err());
    }
}
