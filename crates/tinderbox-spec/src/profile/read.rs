use super::yarn::read_yarn;
use super::{
    ClusterProfile, ContainerProfile, DeployMode, Gpu, Limits, LocalProfile, ProfileEngine,
    START_TIMEOUT, SailProfile, StandaloneProfile,
};
use crate::cluster::Cluster;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::read_root;
use crate::fields::Fields;
use crate::parameters::secret_names;
use crate::tree::Spanned;
use std::collections::BTreeMap;
use tinderbox_model::{Bytes, Millis, parse_bytes, parse_duration};

/// The longest name of a label in DNS (RFC 1123), which pods are called after.
const LONGEST_NAME: usize = 63;

/// Reads a cluster profile. `file` names it in diagnostics.
///
/// # Errors
/// Everything that is wrong with it, ordered by position; warnings too, when there are errors.
pub fn load_profile(
    file: &str,
    text: &str,
) -> Result<(ClusterProfile, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut report = Report::new(file, text);
    let profile = read_root(text, &mut report)
        .and_then(|root| read(Fields::of(&root, "", &mut report)?, &mut report));
    match profile.filter(|_| !report.has_errors()) {
        Some(profile) => Ok((profile, report.into_sorted())),
        None => Err(report.into_sorted()),
    }
}

fn read(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<ClusterProfile> {
    fields.name_as("a cluster profile");
    let name = name(&mut fields, report);
    let description = fields.text("description", report).map(|text| text.text);
    let environment = fields.text("environment", report).map(|text| text.text);
    let engines = ["local", "standalone", "yarn", "kubernetes", "sail"];
    let engine = fields.choice("engine", &engines, report);
    if fields.entry("engine").is_none() {
        let hint = "write `engine:` and one of local, standalone, yarn, kubernetes, sail";
        missing(&fields, "engine", hint, report);
    }
    let local = fields.block("local", report).map(|fields| read_local(fields, report));
    let standalone = fields.block("standalone", report);
    let has_standalone = standalone.is_some();
    let standalone = standalone.and_then(|fields| read_standalone(fields, report));
    let sail = fields.block("sail", report).and_then(|fields| read_sail(fields, report));
    let yarn = fields.block("yarn", report);
    let has_yarn = yarn.is_some();
    let yarn = yarn.and_then(|fields| read_yarn(fields, report));
    let kubernetes = fields.block("kubernetes", report);
    let has_kubernetes = kubernetes.is_some();
    let kubernetes = kubernetes.and_then(|fields| super::kubernetes::read(fields, report));
    let engine = match engine {
        Some("kubernetes") if !has_kubernetes => {
            let hint =
                "write `kubernetes:` with `kubeconfig: /PATH` and `image: REGISTRY/spark:TAG`";
            missing(&fields, "kubernetes", hint, report);
            None
        }
        Some("kubernetes") => {
            kubernetes.map(|kubernetes| ProfileEngine::Kubernetes(Box::new(kubernetes)))
        }
        Some("sail") => Some(ProfileEngine::Sail(sail.unwrap_or_default())),
        Some("yarn") if !has_yarn => {
            let hint = "write `yarn:` with `resourceManager: http://HOST:8088` and `confDir: /etc/hadoop/conf`";
            missing(&fields, "yarn", hint, report);
            None
        }
        Some("yarn") => yarn.map(|yarn| ProfileEngine::Yarn(Box::new(yarn))),
        Some("standalone") if !has_standalone => {
            missing(
                &fields,
                "standalone",
                "write `standalone:` with `master: spark://HOST:7077`",
                report,
            );
            None
        }
        Some("standalone") => standalone.map(ProfileEngine::Standalone),
        Some(_) => Some(ProfileEngine::Local(local.unwrap_or_default())),
        None => None,
    };
    let sizes = fields.block("cluster", report).map(|mut block| {
        if let Some(entry) = block.entry("profile") {
            let message = "a profile cannot stand for another one";
            report.error("spec::wrong-value", entry.key_span, "cluster.profile", message).hint =
                Some("leave it out".to_owned());
        }
        Cluster::read(block, report)
    });
    let gpu = fields.block("gpu", report).and_then(|block| read_gpu(block, report));
    let properties =
        fields.block("properties", report).map(|block| read_properties(&block, report));
    let limits = fields.block("limits", report).map(|block| read_limits(block, report));
    let start_timeout = read_start_timeout(&mut fields, report);
    let labels = fields.block("labels", report).map(|block| read_labels(&block, report));
    let is_on_cluster = match &engine {
        Some(ProfileEngine::Standalone(standalone)) => {
            standalone.deploy_mode == DeployMode::Cluster
        }
        Some(ProfileEngine::Kubernetes(_)) => true,
        // Nobody looks into an image.
        Some(ProfileEngine::Local(local)) => local.container.is_some(),
        _ => false,
    };
    if is_on_cluster && sizes.as_ref().is_none_or(|sizes: &Cluster| sizes.version.is_none()) {
        let hint = "write `cluster: {version: \"3.5\"}` with the version of the Spark there";
        missing(&fields, "cluster.version", hint, report);
    }
    fields.finish(report);
    Some(ClusterProfile {
        name: name?,
        description,
        environment,
        engine: engine?,
        sizes: sizes.unwrap_or_default(),
        gpu,
        properties: properties.unwrap_or_default(),
        limits: limits.unwrap_or_default(),
        start_timeout,
        labels: labels.unwrap_or_default(),
    })
}

fn read_local(mut fields: Fields<'_>, report: &mut Report<'_>) -> LocalProfile {
    let home = fields.text("home", report).map(|text| text.text);
    let image = fields.text("image", report).map(|text| text.text);
    let runtime = fields.text("runtime", report);
    let mounts = fields.texts("mounts", report);
    let of_images = [
        ("runtime", runtime.as_ref().map(|text| text.span)),
        ("mounts", mounts.iter().flatten().next().map(|text| text.span)),
    ];
    for (key, span) in of_images.into_iter().filter(|_| image.is_none()) {
        if let Some(span) = span {
            let message = format!("`{key}` is for containers, and there is no `image`");
            report.error("spec::wrong-value", span, &fields.path_of(key), message).hint =
                Some("write `image: REGISTRY/spark:TAG`, or leave it out".to_owned());
        }
    }
    for folder in mounts.iter().flatten().filter(|folder| !folder.starts_with('/')) {
        let message = format!("`{}` is no absolute path", folder.text);
        report.error("spec::wrong-value", folder.span, &fields.path_of("mounts"), message).hint =
            Some("write a folder of the server's machine, beginning with `/`".to_owned());
    }
    let container = image.map(|image| ContainerProfile {
        image,
        runtime: runtime.map_or_else(|| "docker".to_owned(), |text| text.text),
        mounts: mounts.into_iter().flatten().map(|folder| folder.text).collect(),
    });
    fields.finish(report);
    LocalProfile { home, container }
}

/// `deployMode`.
pub(super) fn deploy_mode(fields: &mut Fields<'_>, report: &mut Report<'_>) -> DeployMode {
    match fields.choice("deployMode", &["cluster", "client"], report) {
        Some("client") => DeployMode::Client,
        _ => DeployMode::Cluster,
    }
}

pub(super) fn missing(fields: &Fields<'_>, key: &str, hint: &str, report: &mut Report<'_>) {
    let message = format!("`{key}` is missing");
    report.error("spec::missing-field", fields.span, &fields.path_of(key), message).hint =
        Some(hint.to_owned());
}

fn name(fields: &mut Fields<'_>, report: &mut Report<'_>) -> Option<String> {
    let Some(name) = fields.text("name", report) else {
        missing(fields, "name", "write `name:` and what jobs call the cluster", report);
        return None;
    };
    let is_sound = !name.is_empty()
        && name.len() <= LONGEST_NAME
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if !is_sound {
        let message = format!("`{}` is no name of a cluster", name.text);
        report.error("spec::wrong-value", name.span, "name", message).hint = Some(
            "small letters, digits and `-` between them, at most 63, for example `team-a`"
                .to_owned(),
        );
        return None;
    }
    if matches!(name.text.as_str(), "local" | "sail") {
        let message = format!("`{}` is the name of an engine", name.text);
        report.error("spec::wrong-value", name.span, "name", message).hint =
            Some(format!("for example `{}-1`", name.text));
        return None;
    }
    Some(name.text)
}

fn read_standalone(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<StandaloneProfile> {
    let master = address(&mut fields, "master", "spark://", report);
    if fields.entry("master").is_none() {
        missing(&fields, "master", "write `master: spark://HOST:7077`", report);
    }
    let rest = address(&mut fields, "rest", "http", report);
    let web = address(&mut fields, "web", "http", report);
    let deploy_mode = deploy_mode(&mut fields, report);
    let token_secret = secret(&mut fields, "token", report);
    let authentication_secret = secret(&mut fields, "authenticationSecret", report);
    let staging = fields.text("staging", report);
    if let Some(staging) = staging.as_ref().filter(|staging| !staging.starts_with('/')) {
        let message = format!("`{}` is no absolute path", staging.text);
        report.error("spec::wrong-value", staging.span, &fields.path_of("staging"), message).hint =
            Some(
                "a folder that the server and every worker see, for example `/mnt/tinderbox`"
                    .to_owned(),
            );
    }
    let python = fields.text("python", report).map(|text| text.text);
    let home = fields.text("home", report).map(|text| text.text);
    fields.finish(report);
    let master = master?;
    let host = host_of(&master).to_owned();
    Some(StandaloneProfile {
        rest: rest.unwrap_or_else(|| format!("http://{host}:6066")),
        web: web.unwrap_or_else(|| format!("http://{host}:8080")),
        master,
        deploy_mode,
        token_secret,
        authentication_secret,
        staging: staging.map(|text| text.text),
        python,
        home,
    })
}

fn read_sail(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<SailProfile> {
    let address = fields.text("address", report);
    let token_secret = secret(&mut fields, "token", report);
    let is_tls = fields.boolean("tls", report).unwrap_or(false);
    let memory = fields.text("memory", report).and_then(|text| memory(&text, &fields, report));
    if let Some(text) = &address {
        let place = text.strip_prefix("sc://").unwrap_or_default();
        let is_place = place.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && !host.contains(['/', ';', ' ']) && port.parse::<u16>().is_ok()
        });
        if !is_place {
            let message = format!("`{}` is no address of a Spark Connect server", text.text);
            let path = fields.path_of("address");
            report.error("spec::wrong-value", text.span, &path, message).hint =
                Some("write `sc://HOST:15002`; token and TLS have keys of their own".to_owned());
            return None;
        }
    } else if token_secret.is_some() || is_tls {
        missing(
            &fields,
            "address",
            "token and TLS are for a server: `address: sc://HOST:PORT`",
            report,
        );
    }
    fields.finish(report);
    Some(SailProfile { address: address.map(|text| text.text), token_secret, is_tls, memory })
}

/// The first host of `spark://HOST:PORT,HOST:PORT`, without its port.
fn host_of(master: &str) -> &str {
    let first = master.trim_start_matches("spark://").split(',').next().unwrap_or_default();
    first.rsplit_once(':').map_or(first, |(host, _)| host)
}

fn address(
    fields: &mut Fields<'_>,
    key: &'static str,
    begins: &str,
    report: &mut Report<'_>,
) -> Option<String> {
    let text = fields.text(key, report)?;
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    if !text.starts_with(begins) || rest.is_empty() || rest.contains(char::is_whitespace) {
        let example = if begins == "http" { "http://HOST:8080" } else { "spark://HOST:7077" };
        let message = format!("`{}` is no address of a master", text.text);
        report.error("spec::wrong-value", text.span, &fields.path_of(key), message).hint =
            Some(format!("for example `{example}`"));
        return None;
    }
    crate::secrets::check(key, &text, text.span, &fields.path_of(key), report);
    Some(text.text.trim_end_matches('/').to_owned())
}

/// The name in `${secret:NAME}`, which is all that may stand there.
fn secret(fields: &mut Fields<'_>, key: &'static str, report: &mut Report<'_>) -> Option<String> {
    let text: Spanned = fields.text(key, report)?;
    let names = secret_names(&text);
    match names.as_slice() {
        [name] if text.text == format!("${{secret:{name}}}") => Some((*name).to_owned()),
        _ => {
            let message =
                format!("`{key}` must be one `${{secret:NAME}}`: a profile holds no secrets");
            report.error("spec::secret-in-clear", text.span, &fields.path_of(key), message).hint =
                Some("give the server the variable TINDERBOX_SECRET_NAME".to_owned());
            None
        }
    }
}

fn read_gpu(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<Gpu> {
    let executor = fields.count("executor", report).unwrap_or(1);
    let task = fields.text("task", report);
    let amount = task.as_ref().map(|text| text.trim().parse::<f64>());
    let task_amount = match (&task, amount) {
        (None, _) | (_, None) => 1.0,
        // Whole, or at most a half (`ResourceUtils`): Spark shares a GPU among whole numbers of tasks.
        (_, Some(Ok(amount))) if amount > 0.0 && (amount <= 0.5 || amount.fract() == 0.0) => amount,
        (Some(text), Some(_)) => {
            let message = format!("`{}` is no amount of GPUs for a task", text.text);
            report.error("spec::wrong-value", text.span, &fields.path_of("task"), message).hint =
                Some("a whole number, or at most 0.5 for tasks that share one".to_owned());
            return None;
        }
    };
    let gpu = Gpu {
        executor,
        task: task_amount,
        discovery_script: fields.text("discoveryScript", report).map(|text| text.text),
        rapids: fields.boolean("rapids", report).unwrap_or(false),
    };
    fields.finish(report);
    Some(gpu)
}

fn read_properties(fields: &Fields<'_>, report: &mut Report<'_>) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    for entry in fields.entries() {
        let path = fields.path_of(&entry.key);
        let Some(value) = crate::fields::text(&entry.value, &path, report) else { continue };
        if !entry.key.starts_with("spark.") {
            let message =
                format!("`{}` is not a Spark property: they all begin with `spark.`", entry.key);
            report.error("spec::spark-property", entry.key_span, &path, message).hint =
                Some(format!("did you mean `spark.{}`?", entry.key));
        }
        crate::secrets::check(&entry.key, &value, value.span, &path, report);
        properties.insert(entry.key.clone(), value.text);
    }
    properties
}

fn read_start_timeout(fields: &mut Fields<'_>, report: &mut Report<'_>) -> Millis {
    let Some(text) = fields.text("startTimeout", report) else { return START_TIMEOUT };
    // A number without a unit would be read as one thing or another.
    let is_bare = text.trim().bytes().all(|byte| byte.is_ascii_digit());
    let time = parse_duration(&text, Millis(1)).filter(|time| time.0 > 0 && !is_bare);
    if time.is_none() {
        let message = format!("`{}` is no length of time", text.text);
        let path = fields.path_of("startTimeout");
        report.error("spec::wrong-value", text.span, &path, message).hint =
            Some("a whole number and a unit, for example `10m`".to_owned());
    }
    time.unwrap_or(START_TIMEOUT)
}

fn read_limits(mut fields: Fields<'_>, report: &mut Report<'_>) -> Limits {
    let runs = fields.count("runs", report);
    let executors = fields.count("executors", report);
    let cores = fields.count("cores", report);
    let memory = fields.text("memory", report).and_then(|text| memory(&text, &fields, report));
    fields.finish(report);
    Limits { runs, executors, cores, memory }
}

fn memory(text: &Spanned, fields: &Fields<'_>, report: &mut Report<'_>) -> Option<Bytes> {
    let memory = parse_bytes(text, Bytes(1 << 20));
    if memory.is_none() {
        let message = format!("`{}` is not a memory size", text.text);
        report.error("spec::memory", text.span, &fields.path_of("memory"), message).hint =
            Some("a whole number and a unit, for example `64g`".to_owned());
    }
    memory
}

fn read_labels(fields: &Fields<'_>, report: &mut Report<'_>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for entry in fields.entries() {
        let path = fields.path_of(&entry.key);
        if let Some(value) = crate::fields::text(&entry.value, &path, report) {
            labels.insert(entry.key.clone(), value.text);
        }
    }
    labels
}
