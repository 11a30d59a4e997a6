//! The fake as a process of its own, for tests on a real Concourse.

use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use fake_github::{Authority, Config, FakeGithub};

const HELP: &str = "\
A GitHub for tests, over HTTPS with a certificate authority of its own.

usage: fake-github [--listen ADDRESS:PORT] [--name HOST]... [--ca FILE] [--prefix PATH] [--http]

  --listen  where to listen (127.0.0.1:0)
  --name    names and addresses of the server's certificate, the first for its links (localhost)
  --ca      where to write the authority's certificate, PEM (fake-github-ca.pem)
  --prefix  the path of the API: /api/v3 for a server of one's own, none for api.github.com
  --http    plain HTTP, without a certificate

Its address is the first line on standard output. POST /_admin/ACTION with a JSON object changes what it knows:
add-repository {repository}, add-user {repository, login, role, token, kind}, open, close, reopen, comment, edit-body,
edit-comment, delete-comment, retitle, label, unlabel, lock, unlock, transfer {to}, delete {repository, number, actor},
lag {list, read}, advance {millis}, faults {method, path, phase, status, headers, times}, clear-faults; state, log and
violations tell.
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "fake-github: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> io::Result<()> {
    let (mut listen, mut names, mut ca) = ("127.0.0.1:0".to_owned(), Vec::new(), "fake-github-ca.pem".to_owned());
    let (mut prefix, mut http) = (String::new(), false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| io::Error::other(format!("{arg} needs a value")));
        match arg.as_str() {
            "--listen" => listen = value()?,
            "--name" => names.push(value()?),
            "--ca" => ca = value()?,
            "--prefix" => prefix = value()?,
            "--http" => http = true,
            "--help" | "-h" => return io::stdout().write_all(HELP.as_bytes()),
            other => return Err(io::Error::other(format!("no argument is called {other}; see --help"))),
        }
    }
    if names.is_empty() {
        names.push("localhost".to_owned());
    }
    let now = jiff::Timestamp::now().as_millisecond();
    let fake = FakeGithub::new(Config { prefix, now, latency: 0, real_time: true });
    let endpoint = if http {
        fake.listen_on(&listen)?
    } else {
        let authority = Authority::new();
        fs::write(&ca, authority.pem())?;
        fake.listen_tls(&listen, &authority, &names)?
    };
    writeln!(io::stdout(), "{}", endpoint.base)?;
    io::stdout().flush()?;
    let start = Instant::now();
    let mut told = 0;
    loop {
        thread::sleep(Duration::from_millis(20));
        let passed = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
        fake.time().advance(passed - told);
        told = passed;
    }
}
