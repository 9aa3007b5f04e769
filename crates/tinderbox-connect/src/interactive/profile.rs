use crate::Error;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Where a Spark Connect server is, and how it lets us in. `Debug` does not show the token.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectProfile {
    /// `sc://HOST:PORT`; parameters of Spark's connection strings may follow after `/;`, and the fields below win over them.
    pub address: String,
    /// The bearer token. It is sent over TLS only, or to this machine.
    pub token: Option<String>,
    /// Whether to speak TLS. The certificate must be one that the system trusts: the client takes no others.
    pub is_tls: bool,
    /// To whom the session belongs; who comes back to it must be the same. `tinderbox` when left out.
    pub user: Option<String>,
}

impl ConnectProfile {
    /// A server without token and TLS.
    pub fn at(address: impl Into<String>) -> Self {
        Self { address: address.into(), token: None, is_tls: false, user: None }
    }

    pub(super) fn parameters<'a>(&'a self, session_id: &'a str) -> Vec<(&'static str, &'a str)> {
        let mut parameters = vec![("session_id", session_id)];
        parameters.extend(self.token.as_deref().map(|token| ("token", token)));
        parameters.extend(self.is_tls.then_some(("use_ssl", "true")));
        parameters.extend(self.user.as_deref().map(|user| ("user_id", user)));
        parameters
    }

    /// The client's words may repeat it.
    pub(super) fn without_token(&self, error: Error) -> Error {
        let Some(token) = &self.token else { return error };
        match error {
            Error::BadAddress { url, problem } => {
                Error::BadAddress { url, problem: problem.replace(token, "***") }
            }
            Error::Unreachable { url, problem } => {
                Error::Unreachable { url, problem: problem.replace(token, "***") }
            }
            Error::Forbidden { url, problem } => {
                Error::Forbidden { url, problem: problem.replace(token, "***") }
            }
            other => other,
        }
    }
}

impl fmt::Debug for ConnectProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, _) = self.address.split_once("/;").unwrap_or((&self.address, ""));
        f.debug_struct("ConnectProfile")
            .field("address", &address)
            .field("has_token", &self.token.is_some())
            .field("is_tls", &self.is_tls)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// The id of a session, chosen here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(Uuid);

impl SessionId {
    /// A new one.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SessionId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let id = text.parse().map_err(|_| Error::BadId { text: text.to_owned() })?;
        Ok(Self(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_in_no_text() {
        let mut profile = ConnectProfile::at("sc://h:1/;token=c2VjcmV0");
        profile.token = Some("b3RoZXI".to_owned());
        let text = format!("{profile:?}");
        assert!(!text.contains("c2VjcmV0") && !text.contains("b3RoZXI"), "{text}");
        let said = Error::Unreachable { url: String::new(), problem: "b3RoZXI!".to_owned() };
        assert!(!profile.without_token(said).to_string().contains("b3RoZXI"));
    }

    #[tokio::test]
    async fn token_is_not_sent_in_the_clear() {
        let mut profile = ConnectProfile::at("sc://server.example:15002");
        profile.token = Some("c2VjcmV0".to_owned());
        let opened = crate::InteractiveSession::open(&profile, SessionId::random()).await;
        let error = opened.unwrap_err();
        assert!(matches!(error, Error::BadAddress { .. }), "{error}");
        assert!(!error.to_string().contains("c2VjcmV0"), "{error}");
    }
}
