//! Where the paths and names of a container are on this machine. There is no container: texts that name its paths are
//! rewritten.

/// Paths of a container and names of services, with what stands here for them.
#[derive(Debug, Default, Clone)]
pub(super) struct Places {
    /// Longest first, so that a mount inside of another one wins.
    paths: Vec<(String, String)>,
    hosts: Vec<String>,
}

impl Places {
    /// `inside` has no slash at its end. What was added last wins.
    pub(super) fn add_path(&mut self, inside: &str, here: String) {
        let inside = inside.trim_end_matches('/').to_owned();
        if inside.is_empty() {
            return;
        }
        self.paths.retain(|(known, _)| *known != inside);
        self.paths.push((inside, here));
        self.paths.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    }

    /// A service, whose names all mean this machine.
    pub(super) fn add_service(&mut self, namespace: &str, name: &str) {
        self.hosts.push(format!("{name}.{namespace}.svc.cluster.local"));
        self.hosts.push(format!("{name}.{namespace}.svc"));
        self.hosts.sort_by_key(|name| std::cmp::Reverse(name.len()));
    }

    /// The text with everything in it rewritten.
    pub(super) fn rewrite(&self, text: &str) -> String {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let found = self
                .paths
                .iter()
                .map(|(inside, here)| (inside.as_str(), here.as_str()))
                .find(|(inside, _)| {
                    next == '/' && stands_alone(&result, rest, inside, is_path_character)
                })
                .or_else(|| {
                    let names = self.hosts.iter().map(|name| (name.as_str(), "127.0.0.1"));
                    names
                        .into_iter()
                        .find(|(name, _)| stands_alone(&result, rest, name, is_host_character))
                });
            if let Some((inside, here)) = found {
                result.push_str(here);
                rest = &rest[inside.len()..];
            } else {
                result.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        result
    }
}

/// Whether a name stands here and is not a part of a longer one.
fn stands_alone(before: &str, rest: &str, name: &str, part: fn(char) -> bool) -> bool {
    let Some(after) = rest.strip_prefix(name) else { return false };
    let begins = before.ends_with("://")
        || before.chars().next_back().is_none_or(|last| !part(last) && last != '/');
    begins && after.chars().next().is_none_or(|first| !part(first))
}

fn is_path_character(character: char) -> bool {
    character.is_alphanumeric() || "._-+~".contains(character)
}

fn is_host_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || ".-".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_names_are_rewritten_where_they_stand_alone() {
        let mut places = Places::default();
        places.add_path("/opt/spark/conf", "/tmp/x/conf".to_owned());
        places.add_path("/opt/spark", "/usr/lib/spark".to_owned());
        places.add_path("/data/", "/srv/data".to_owned());
        places.add_service("jobs", "driver-svc");
        for (text, wanted) in [
            ("/opt/spark/conf/spark.properties", "/tmp/x/conf/spark.properties"),
            ("/opt/spark/confirm", "/usr/lib/spark/confirm"),
            ("/data", "/srv/data"),
            ("/data-2", "/data-2"),
            ("/my/data", "/my/data"),
            ("local:///data/a.jar,/data/b.jar", "local:///srv/data/a.jar,/srv/data/b.jar"),
            ("spark.jars=local\\:///data/a.jar", "spark.jars=local\\:///srv/data/a.jar"),
            ("-Dx=/data", "-Dx=/srv/data"),
            ("spark.driver.host=driver-svc.jobs.svc\n", "spark.driver.host=127.0.0.1\n"),
            ("spark://X@driver-svc.jobs.svc:7078", "spark://X@127.0.0.1:7078"),
            ("my-driver-svc.jobs.svc", "my-driver-svc.jobs.svc"),
            ("http://driver-svc.jobs.svc.cluster.local/", "http://127.0.0.1/"),
            ("", ""),
        ] {
            assert_eq!(places.rewrite(text), wanted, "{text}");
        }
    }
}
