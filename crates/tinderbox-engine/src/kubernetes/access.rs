use super::KubernetesError;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How a cluster is reached. Says where secrets are, and has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum KubernetesAccess {
    /// A kubeconfig, with whatever its users have: certificates, tokens, exec plugins.
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// The context in it; without, its current one.
        context: Option<String>,
    },
    /// The service account of the pod that this process runs in, whose environment says where the server is.
    InCluster,
    /// An address.
    Address {
        /// `https://HOST:PORT`
        server: String,
        /// A file with a bearer token, read again now and then.
        token_file: Option<PathBuf>,
        /// A file with the certificates that the server's is signed with, in PEM.
        ca_file: Option<PathBuf>,
    },
}

impl KubernetesAccess {
    pub(super) async fn config(&self) -> Result<Config, KubernetesError> {
        let failed = |problem: String| KubernetesError::Access { problem };
        match self {
            Self::Kubeconfig { path, context } => {
                let file =
                    Kubeconfig::read_from(path).map_err(|error| failed(error.to_string()))?;
                let options =
                    KubeConfigOptions { context: context.clone(), ..KubeConfigOptions::default() };
                let config = Config::from_custom_kubeconfig(file, &options).await;
                config.map_err(|error| failed(format!("{}: {error}", path.display())))
            }
            Self::InCluster => Config::incluster().map_err(|error| failed(error.to_string())),
            Self::Address { server, token_file, ca_file } => {
                let url = server.parse().map_err(|error| failed(format!("{server}: {error}")))?;
                let mut config = Config::new(url);
                if let Some(file) = token_file {
                    // Read here as well: its absence is told at once, and not as a refusal by the server.
                    std::fs::read(file)
                        .map_err(|error| failed(format!("{}: {error}", file.display())))?;
                    config.auth_info.token_file = Some(file.display().to_string());
                }
                config.root_cert_file.clone_from(ca_file);
                Ok(config)
            }
        }
    }
}

/// Whether a master as Spark writes it, `k8s://https://HOST:PORT`, is this API server. Without a scheme it is `https`
/// (`org.apache.spark.util.Utils.checkAndGetK8sMasterUrl`).
pub(super) fn is_master_of(master: &str, server: &str) -> bool {
    let Some(address) = master.strip_prefix("k8s://") else { return false };
    let address = match address.contains("://") {
        true => address.to_owned(),
        false => format!("https://{address}"),
    };
    plain(&address) == plain(server)
}

/// Without what goes without saying.
fn plain(server: &str) -> String {
    let server = server.trim_end_matches('/').to_ascii_lowercase();
    let usual = if server.starts_with("https://") { ":443" } else { ":80" };
    server.strip_suffix(usual).unwrap_or(&server).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masters_are_those_of_spark_submit() {
        for (master, server) in [
            ("k8s://https://prod.example:6443", "https://prod.example:6443"),
            ("k8s://prod.example:6443", "https://prod.example:6443/"),
            ("k8s://https://Prod.example", "https://prod.example:443"),
            ("k8s://http://127.0.0.1:8001", "http://127.0.0.1:8001"),
            ("k8s://http://127.0.0.1:80/", "http://127.0.0.1"),
        ] {
            assert!(is_master_of(master, server), "{master} {server}");
        }
        for (master, server) in [
            ("k8s://http://prod.example:6443", "https://prod.example:6443"),
            ("k8s://prod.example", "https://prod.example:6443"),
            ("https://prod.example", "https://prod.example"),
            ("spark://prod.example:6443", "https://prod.example:6443"),
        ] {
            assert!(!is_master_of(master, server), "{master} {server}");
        }
    }
}
