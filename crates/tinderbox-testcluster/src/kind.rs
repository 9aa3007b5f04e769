//! The kinds of objects that the server knows.

/// One kind. Names and scopes are those of Kubernetes' own discovery documents.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Empty for the core group.
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) singular: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) namespaced: bool,
    pub(crate) short: &'static [&'static str],
    pub(crate) subresources: &'static [&'static str],
}

/// Place in `KINDS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KindId(usize);

impl KindId {
    pub(crate) const NAMESPACE: Self = Self(0);
    pub(crate) const POD: Self = Self(1);
    pub(crate) const SERVICE: Self = Self(2);
    pub(crate) const CONFIG_MAP: Self = Self(3);
    pub(crate) const SECRET: Self = Self(4);
    pub(crate) const CLAIM: Self = Self(5);
    pub(crate) const EVENT: Self = Self(6);
    pub(crate) const QUOTA: Self = Self(7);
    pub(crate) const SERVICE_ACCOUNT: Self = Self(8);
    pub(crate) const NODE: Self = Self(9);
    pub(crate) const PRIORITY_CLASS: Self = Self(10);

    pub(crate) fn find(group: &str, version: &str, plural: &str) -> Option<Self> {
        let same =
            |kind: &Kind| kind.group == group && kind.version == version && kind.plural == plural;
        KINDS.iter().position(same).map(Self)
    }

    pub(crate) fn get(self) -> &'static Kind {
        &KINDS[self.0]
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..KINDS.len()).map(Self)
    }
}

impl Kind {
    /// `v1`, `networking.k8s.io/v1`.
    pub(crate) fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }
}

const fn core(plural: &'static str, singular: &'static str, kind: &'static str) -> Kind {
    Kind {
        group: "",
        version: "v1",
        plural,
        singular,
        kind,
        namespaced: true,
        short: &[],
        subresources: &[],
    }
}

/// The first ones have names in `KindId`.
const KINDS: &[Kind] = &[
    Kind {
        namespaced: false,
        short: &["ns"],
        subresources: &["status", "finalize"],
        ..core("namespaces", "namespace", "Namespace")
    },
    Kind {
        short: &["po"],
        subresources: &["status", "log", "eviction"],
        ..core("pods", "pod", "Pod")
    },
    Kind { short: &["svc"], subresources: &["status"], ..core("services", "service", "Service") },
    Kind { short: &["cm"], ..core("configmaps", "configmap", "ConfigMap") },
    core("secrets", "secret", "Secret"),
    Kind {
        short: &["pvc"],
        subresources: &["status"],
        ..core("persistentvolumeclaims", "persistentvolumeclaim", "PersistentVolumeClaim")
    },
    Kind { short: &["ev"], ..core("events", "event", "Event") },
    Kind {
        short: &["quota"],
        subresources: &["status"],
        ..core("resourcequotas", "resourcequota", "ResourceQuota")
    },
    Kind { short: &["sa"], ..core("serviceaccounts", "serviceaccount", "ServiceAccount") },
    Kind {
        namespaced: false,
        short: &["no"],
        subresources: &["status"],
        ..core("nodes", "node", "Node")
    },
    Kind {
        group: "scheduling.k8s.io",
        namespaced: false,
        short: &["pc"],
        ..core("priorityclasses", "priorityclass", "PriorityClass")
    },
    Kind {
        group: "networking.k8s.io",
        short: &["netpol"],
        ..core("networkpolicies", "networkpolicy", "NetworkPolicy")
    },
    Kind {
        group: "networking.k8s.io",
        short: &["ing"],
        subresources: &["status"],
        ..core("ingresses", "ingress", "Ingress")
    },
    Kind {
        namespaced: false,
        short: &["pv"],
        subresources: &["status"],
        ..core("persistentvolumes", "persistentvolume", "PersistentVolume")
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_kinds_stand_in_their_places() {
        let named = [
            (KindId::NAMESPACE, "Namespace"),
            (KindId::POD, "Pod"),
            (KindId::SERVICE, "Service"),
            (KindId::CONFIG_MAP, "ConfigMap"),
            (KindId::SECRET, "Secret"),
            (KindId::CLAIM, "PersistentVolumeClaim"),
            (KindId::EVENT, "Event"),
            (KindId::QUOTA, "ResourceQuota"),
            (KindId::SERVICE_ACCOUNT, "ServiceAccount"),
            (KindId::NODE, "Node"),
            (KindId::PRIORITY_CLASS, "PriorityClass"),
        ];
        for (id, kind) in named {
            assert_eq!(id.get().kind, kind);
        }
    }
}
