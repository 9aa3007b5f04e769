use tinderbox_model::ErrorClass;

/// What can go wrong with a run on Kubernetes. [`KubernetesError::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KubernetesError {
    /// The kubeconfig, token or in-cluster account cannot be used.
    #[error("there is no access to a Kubernetes cluster: {problem}")]
    Access {
        /// Why.
        problem: String,
    },
    /// 401.
    #[error("{server} does not accept the credentials: {problem}")]
    Unauthorized {
        /// The API server.
        server: String,
        /// What it says.
        problem: String,
    },
    /// 403 that is not of a quota.
    #[error("{server} does not allow it: {problem}")]
    Forbidden {
        /// The API server.
        server: String,
        /// What it says: who may not do what.
        problem: String,
    },
    /// 403 of a resource quota.
    #[error("the quota of namespace {namespace} is exceeded: {problem}")]
    QuotaExceeded {
        /// The namespace.
        namespace: String,
        /// What the server says: which quota, asked for, used and limited.
        problem: String,
    },
    /// The namespace is not there.
    #[error("there is no namespace {namespace} on {server}: {problem}")]
    NoNamespace {
        /// The API server.
        server: String,
        /// The namespace.
        namespace: String,
        /// What it says.
        problem: String,
    },
    /// A pod of somebody else has the attempt's name.
    #[error("a pod {pod} that is not of this attempt is in namespace {namespace}: {found}")]
    NameTaken {
        /// The namespace.
        namespace: String,
        /// The pod.
        pod: String,
        /// What it carries instead of the attempt's marker.
        found: String,
    },
    /// 400 and 422: an object is not as Kubernetes wants it.
    #[error("{server} refuses {object}: {problem}")]
    Invalid {
        /// The API server.
        server: String,
        /// Kind and name.
        object: String,
        /// What it says.
        problem: String,
    },
    /// No connection, or none in time; nothing was asked, or only what may be asked again.
    #[error("the Kubernetes API server {server} does not answer: {problem}")]
    Unreachable {
        /// The API server.
        server: String,
        /// Why.
        problem: String,
    },
    /// Another refusal, such as 429 or 500.
    #[error("{server} answers {object} with {code}: {problem}")]
    Refused {
        /// The API server.
        server: String,
        /// Kind and name.
        object: String,
        /// The HTTP status.
        code: u16,
        /// What it says.
        problem: String,
    },
    /// A file of this machine, which pods cannot read.
    #[error("{what} {file} is a file of this machine, which no pod can read")]
    LocalFile {
        /// The key or field.
        what: String,
        /// The file.
        file: String,
    },
    /// Program and listener do not fit into a config map.
    #[error("the program has {bytes} bytes with what it needs, and a config map takes 1048576")]
    LargeProgram {
        /// Of all files.
        bytes: usize,
    },
    /// A property that `spark-submit` acts on and this submission does not.
    #[error("{key} is not supported for runs on Kubernetes")]
    Unsupported {
        /// The key.
        key: String,
    },
    /// A pod template or a manifest that is none.
    #[error("{what} cannot be read: {problem}")]
    Yaml {
        /// Which text.
        what: String,
        /// Why.
        problem: String,
    },
    /// A driver that is to be cleaned up has not ended.
    #[error("the driver in pod {pod} of namespace {namespace} has not ended")]
    StillRuns {
        /// The namespace.
        namespace: String,
        /// The pod.
        pod: String,
    },
    /// A pod that was deleted is still there.
    #[error(
        "the pod {pod} in namespace {namespace} was deleted and is still there after {waited_s} s"
    )]
    StillThere {
        /// The namespace.
        namespace: String,
        /// The pod.
        pod: String,
        /// How long was waited.
        waited_s: u64,
    },
}

impl KubernetesError {
    /// Whose fault it is and whether trying again can help.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::StillThere { .. }
            | Self::QuotaExceeded { .. } => ErrorClass::EXTERNAL,
            _ => ErrorClass::USER,
        }
    }

    /// What the user can do next; `None` where the message says it all.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Access { .. } => {
                "give a kubeconfig and a context in it (`kubectl config get-contexts`), or run in a pod with a service account"
                    .to_owned()
            }
            Self::Unauthorized { .. } => {
                "renew the credentials of the context, for example with `kubectl get pods`, which asks for a log-in".to_owned()
            }
            Self::Forbidden { .. } => {
                "the account needs the verbs get, list, watch, create, patch and delete on pods, services, configmaps, secrets, \
                 persistentvolumeclaims and networkpolicies, and get on pods/log; a 4.2 or newer Spark sends no network policy with \
                 spark.kubernetes.driver.pod.excludedFeatureSteps=\
                 org.apache.spark.deploy.k8s.features.NetworkPolicyFeatureStep"
                    .to_owned()
            }
            Self::QuotaExceeded { namespace, .. } => format!(
                "wait for other runs, ask for less memory and fewer cores, or have the quota raised \
                 (`kubectl describe quota -n {namespace}`)"
            ),
            Self::NoNamespace { namespace, .. } => format!("make it with `kubectl create namespace {namespace}`"),
            Self::NameTaken { namespace, pod, .. } => {
                format!("see whose it is with `kubectl describe pod {pod} -n {namespace}`, then start a new attempt")
            }
            Self::Unreachable { server, .. } => {
                format!("check that {server} is the cluster's address and is reachable from here (`kubectl cluster-info`)")
            }
            Self::LocalFile { .. } => {
                "put it into the image and name it local:///PATH, or put it at an address that pods can read (s3a://, https://)"
                    .to_owned()
            }
            Self::LargeProgram { .. } => {
                "put it into the image, or at an address that pods can read, and run it with `application.file`".to_owned()
            }
            Self::Unsupported { .. } => {
                "use spark.kubernetes.authenticate.driver.serviceAccountName, and mount what is secret from a secret".to_owned()
            }
            Self::StillRuns { .. } => "wait for its end or cancel it".to_owned(),
            Self::StillThere { namespace, pod, .. } => {
                format!("see what holds it with `kubectl describe pod {pod} -n {namespace}`: a lost node or a finalizer")
            }
            Self::Invalid { .. } => "correct the property or the template that the message names".to_owned(),
            Self::Yaml { .. } => "correct the YAML at the place that the message names".to_owned(),
            Self::Refused { .. } => return None,
        };
        Some(hint)
    }
}
