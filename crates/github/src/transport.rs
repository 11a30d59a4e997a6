use std::sync::Arc;
use std::time::Duration;

use ureq::http;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::proxy::EnvProxy;
use crate::error::{Error, Result};
use crate::text::one_line;

/// An answer larger than this is refused: a hundred issues with bodies of 65,536 characters each fit.
const MAX_ANSWER: u64 = 64 << 20;

/// A request as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<String>,
}

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Vec<u8>,
    /// Of a refusal: the age in seconds of an App's token so new that parts of GitHub may not know it.
    pub age_of_new_token: Option<i64>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// GitHub's own words about what went wrong, else the start of whatever came.
    pub fn message(&self) -> String {
        let message = serde_json::from_slice::<serde_json::Value>(&self.body)
            .ok()
            .and_then(|value| Some(value.get("message")?.as_str()?.to_owned()));
        match message {
            // Into a log: without line ends and control characters.
            Some(message) => one_line(&message, 1_000),
            None => one_line(&String::from_utf8_lossy(&self.body), 200),
        }
    }
}

/// Why no answer came.
#[derive(Debug)]
pub(crate) struct NoAnswer {
    pub why: String,
    /// Whether the request may have reached GitHub.
    pub may_have_arrived: bool,
}

/// Sends one request, once. No redirect is followed: who asked decides about that.
pub(crate) struct Transport {
    agent: ureq::Agent,
    proxy: Option<EnvProxy>,
}

impl Transport {
    /// `ca_cert` is trusted besides the machine's certificates. Those are found as OpenSSL finds them (`SSL_CERT_FILE`,
    /// `SSL_CERT_DIR`, else where distributions put them); Mozilla's, compiled in, take their place when there are none.
    pub(crate) fn new(base: &str, ca_cert: Option<&str>, timeout: Duration) -> Result<Self> {
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(timeout))
            .user_agent(concat!("github-issues-resource/", env!("CARGO_PKG_VERSION")));
        if base.starts_with("https://") {
            config = config.tls_config(TlsConfig::builder().root_certs(roots(ca_cert)?).build());
        }
        let proxy = EnvProxy::for_base(base, |name| std::env::var(name).ok())?;
        let used = proxy.as_ref().map(|proxy| {
            ureq::Proxy::new(&proxy.url).map_err(|_| {
                Error::Settings(format!("`{}` is not a valid proxy; expected http://HOST:PORT", proxy.variable))
            })
        });
        config = config.proxy(used.transpose()?);
        Ok(Self { agent: config.build().new_agent(), proxy })
    }

    /// # Errors
    ///
    /// When no whole answer came, and through which proxy none came.
    pub(crate) fn send(&self, request: &Request) -> Result<Answer, NoAnswer> {
        self.exchange(request).map_err(|mut failure| {
            if let Some(proxy) = &self.proxy {
                failure.why = format!("through the proxy {} (`{}`): {}", proxy.address(), proxy.variable, failure.why);
            }
            failure
        })
    }

    fn exchange(&self, request: &Request) -> Result<Answer, NoAnswer> {
        let unsent = |error: http::Error| NoAnswer { why: error.to_string(), may_have_arrived: false };
        let mut builder = http::Request::builder().method(request.method).uri(&request.url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        // ureq lets no GET and no DELETE have a body of a type that could hold one.
        let answer = match &request.body {
            Some(body) => self.agent.run(builder.body(body.as_bytes()).map_err(unsent)?),
            None => self.agent.run(builder.body(()).map_err(unsent)?),
        };
        let answer = answer
            .map_err(|error| NoAnswer { why: error.to_string(), may_have_arrived: !is_before_the_request(&error) })?;
        let (parts, mut body) = answer.into_parts();
        let body = body
            .with_config()
            .limit(MAX_ANSWER)
            .read_to_vec()
            .map_err(|error| NoAnswer { why: format!("the answer broke off: {error}"), may_have_arrived: true })?;
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body, age_of_new_token: None })
    }
}

/// Did it fail while there was no connection yet? Then a write did not happen.
fn is_before_the_request(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectProxyFailed(_) => true,
        ureq::Error::Timeout(timeout) => matches!(timeout, ureq::Timeout::Resolve | ureq::Timeout::Connect),
        ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

fn roots(ca_cert: Option<&str>) -> Result<RootCerts> {
    let mut certs: Vec<Certificate<'static>> = rustls_native_certs::load_native_certs()
        .certs
        .iter()
        .map(|cert| Certificate::from_der(cert).to_owned())
        .collect();
    if certs.is_empty() {
        certs
            .extend(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|cert| Certificate::from_der(cert).to_owned()));
    }
    if let Some(pem) = ca_cert {
        let before = certs.len();
        for item in parse_pem(pem.as_bytes()) {
            if let PemItem::Certificate(cert) =
                item.map_err(|error| Error::Settings(format!("`ca_cert` is not PEM: {error}")))?
            {
                certs.push(cert);
            }
        }
        if certs.len() == before {
            return Err(Error::Settings("`ca_cert` holds no certificate".to_owned()));
        }
    }
    Ok(RootCerts::Specific(Arc::new(certs)))
}
