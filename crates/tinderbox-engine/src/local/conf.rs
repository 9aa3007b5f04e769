//! What Spark is told at launch. Pure: the same wishes on the same machine give the same properties.

use crate::properties::{self, Watched, file_url};
use crate::{Error, Host, Listener};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tinderbox_model::{Bytes, parse_bytes};

pub(super) struct Wanted<'a> {
    /// The attempt's folder.
    pub(super) folder: &'a str,
    /// `<run>/<attempt>`.
    pub(super) marker: &'a str,
    pub(super) host: &'a Host,
    pub(super) conf: &'a BTreeMap<String, String>,
    pub(super) master: Option<&'a str>,
    pub(super) cores: Option<u32>,
    pub(super) listener: Option<&'a Listener>,
    /// Whether the event log must be readable as text when it is done.
    pub(super) has_secrets: bool,
}

pub(super) struct Plan {
    pub(super) properties: BTreeMap<String, String>,
    pub(super) notes: Vec<String>,
}

const MIB: Bytes = Bytes(1 << 20);
/// The least heap that Spark starts with is 450 MiB (`UnifiedMemoryManager.getMaxMemory`, 1.5 × 300 MiB); a JVM with
/// a generational collector reports somewhat less than it was given.
const LEAST_HEAP: Bytes = Bytes(512 << 20);
/// The share of the machine that one driver's heap may take; the rest is for Python workers, memory outside of the
/// heap and the file cache. A guess.
const HEAP_SHARE: u64 = 2;

pub(super) fn plan(wanted: &Wanted<'_>) -> Result<Plan, Error> {
    let folder = wanted.folder;
    let folder_url = file_url(folder);
    let mut notes = Vec::new();

    let mut properties: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |key: &str, value: String| {
        properties.insert(key.to_owned(), value);
    };
    // Several runs at once would use up the 16 ports that Spark tries.
    set("spark.ui.port", "0".to_owned());
    set("spark.sql.warehouse.dir", format!("{folder_url}/warehouse"));
    for (key, value) in wanted.conf {
        set(key, value.clone());
    }
    let asked =
        |key: &str| wanted.conf.get(key).map(|value| value.trim()).filter(|v| !v.is_empty());

    set("spark.submit.deployMode", "client".to_owned());
    match wanted.master {
        Some(master) => {
            set("spark.master", master.to_owned());
            if is_here(master) {
                set("spark.driver.host", "127.0.0.1".to_owned());
                set("spark.driver.bindAddress", "127.0.0.1".to_owned());
            } else if asked("spark.ui.enabled").is_none() {
                // It would listen on all interfaces and asks nobody who they are.
                set("spark.ui.enabled", "false".to_owned());
            }
        }
        None => {
            if let Some(master) =
                asked("spark.master").filter(|master| !master.starts_with("local"))
            {
                notes.push(format!("spark.master={master} is not used: this is a local run"));
            }
            set("spark.master", format!("local[{}]", cores(wanted, &mut notes)?));
            if let Some(heap) = heap(wanted, &mut notes)? {
                set("spark.driver.memory", format!("{}m", heap.0 / MIB.0));
            }
            set("spark.driver.host", "127.0.0.1".to_owned());
            set("spark.driver.bindAddress", "127.0.0.1".to_owned());
        }
    }
    if wanted.master.is_none() {
        set("spark.local.dir", format!("{folder}/local"));
    }
    if wanted.has_secrets && asked("spark.eventLog.compress") == Some("true") {
        let note =
            "spark.eventLog.compress=true is not used: secrets are looked for in the event log";
        notes.push(note.to_owned());
    }
    let jar = wanted.listener.map(|listener| listener.jar.to_string_lossy());
    let listener = jar.as_deref().zip(wanted.listener.map(|listener| listener.url.as_str()));
    properties::watch(
        &mut properties,
        &Watched {
            marker: wanted.marker,
            event_log: &format!("{folder_url}/eventlog"),
            listener,
            has_secrets: wanted.has_secrets,
        },
    );
    Ok(Plan { properties, notes })
}

/// Whether a master is on this machine by its address: then nothing needs to listen on other interfaces.
pub(super) fn is_here(master: &str) -> bool {
    if has_own_executors(master) {
        return true;
    }
    let hosts = master.split_once("://").map_or(master, |(_, hosts)| hosts);
    hosts.split(',').all(|host| {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        matches!(name, "localhost" | "[::1]") || name.starts_with("127.")
    })
}

/// Whether the driver starts its executors itself, as processes on this machine: `local-cluster[EXECUTORS,CORES,MIB]`
/// (`org.apache.spark.SparkMasterRegex.LOCAL_CLUSTER_REGEX`).
pub(super) fn has_own_executors(master: &str) -> bool {
    master.starts_with("local-cluster[")
}

/// The cores of `local[N]`: what the caller asks for, else executors × cores of the configuration, else what a
/// local master in it says, else the whole machine.
fn cores(wanted: &Wanted<'_>, notes: &mut Vec<String>) -> Result<u32, Error> {
    let machine = wanted.host.cores.max(1);
    let number = |key: &str| number(wanted.conf, key);
    let instances = match number("spark.executor.instances")? {
        Some(instances) => Some(instances),
        None => number("spark.dynamicAllocation.maxExecutors")?,
    };
    let per_executor = number("spark.executor.cores")?;
    let (asked, reason) = if let Some(cores) = wanted.cores {
        (cores, format!("{cores} cores"))
    } else if instances.is_some() || per_executor.is_some() {
        let (instances, per_executor) = (instances.unwrap_or(1), per_executor.unwrap_or(1));
        (
            instances.saturating_mul(per_executor),
            format!("{instances} executors × {per_executor} cores"),
        )
    } else {
        let master = wanted.conf.get("spark.master").map_or("", |master| master.trim());
        (local_cores(master).unwrap_or(machine), master.to_owned())
    };
    let asked = asked.max(1);
    if asked > machine {
        let cores = if machine == 1 { "core" } else { "cores" };
        notes.push(format!(
            "{reason} were asked for, this machine has {machine} {cores}: local[{machine}]"
        ));
    }
    Ok(asked.min(machine))
}

/// `local` is 1, `local[4]` and `local[4,2]` are 4, `local[*]` is all. Source: `org.apache.spark.SparkMasterRegex`.
fn local_cores(master: &str) -> Option<u32> {
    if master == "local" {
        return Some(1);
    }
    let inside = master.strip_prefix("local[")?.strip_suffix(']')?;
    inside.split(',').next()?.trim().parse().ok()
}

/// The heap of the one JVM, which is driver and executor in one: the larger of both wishes. `None` leaves Spark's
/// default of 1 GiB.
fn heap(wanted: &Wanted<'_>, notes: &mut Vec<String>) -> Result<Option<Bytes>, Error> {
    let keys = ["spark.driver.memory", "spark.executor.memory"];
    let mut asked = None;
    for key in keys {
        let memory = memory(wanted.conf, key)?.map(|memory| (memory, key));
        asked = asked.max(memory);
    }
    let Some((asked, key)) = asked else { return Ok(None) };
    let most = Bytes(wanted.host.memory.0 / HEAP_SHARE).max(LEAST_HEAP);
    if !wanted.host.memory.is_zero() && asked > most {
        notes.push(format!(
            "{key} asks for {asked}, the driver gets {most}: half of this machine's {}",
            wanted.host.memory
        ));
        return Ok(Some(most));
    }
    if asked < LEAST_HEAP {
        notes.push(format!(
            "{key} asks for {asked}, the driver gets {LEAST_HEAP}: Spark does not start with less"
        ));
        return Ok(Some(LEAST_HEAP));
    }
    Ok(Some(asked))
}

fn memory(conf: &BTreeMap<String, String>, key: &str) -> Result<Option<Bytes>, Error> {
    conf.get(key)
        .map(|value| {
            parse_bytes(value, MIB).ok_or_else(|| Error::Conf {
                key: key.to_owned(),
                value: value.clone(),
                expected: "an amount of memory such as 4g or 512m",
            })
        })
        .transpose()
}

fn number(conf: &BTreeMap<String, String>, key: &str) -> Result<Option<u32>, Error> {
    conf.get(key)
        .map(|value| {
            value.trim().parse().map_err(|_| Error::Conf {
                key: key.to_owned(),
                value: value.clone(),
                expected: "a whole number such as 4",
            })
        })
        .transpose()
}

/// The text of `--properties-file`, sorted by key. Spark reads it with `java.util.Properties.load`, whose escapes are
/// used for everything that this treats specially and for all that is not ASCII.
pub(crate) fn properties_file(properties: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (key, value) in properties {
        escape(&mut text, key, true);
        text.push('=');
        escape(&mut text, value, false);
        text.push('\n');
    }
    text
}

fn escape(text: &mut String, raw: &str, is_key: bool) {
    for (at, character) in raw.chars().enumerate() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            ' ' if is_key || at == 0 => text.push_str("\\ "),
            '=' | ':' | '#' | '!' if is_key => {
                text.push('\\');
                text.push(character);
            }
            ' '..='~' => text.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "\\u{unit:04X}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::properties::LISTENER_CLASS;
    use std::path::PathBuf;

    fn planned(conf: &[(&str, &str)], cores: Option<u32>) -> Result<Plan, Error> {
        let host = Host { variables: BTreeMap::new(), cores: 4, memory: Bytes(16 << 30) };
        plan(&Wanted {
            folder: "/data/runs/a b/1",
            marker: "a-run/1",
            host: &host,
            conf: &map(conf),
            master: None,
            cores,
            listener: None,
            has_secrets: false,
        })
    }

    fn map(conf: &[(&str, &str)]) -> BTreeMap<String, String> {
        conf.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn property(plan: &Plan, key: &str) -> String {
        plan.properties.get(key).cloned().unwrap_or_default()
    }

    #[test]
    fn plain_run_is_told_where_everything_goes() {
        let plan = planned(&[], None).expect("a plan");
        assert_eq!(plan.notes, Vec::<String>::new());
        insta::assert_snapshot!(properties_file(&plan.properties), @"
        spark.driver.bindAddress=127.0.0.1
        spark.driver.host=127.0.0.1
        spark.eventLog.dir=file:/data/runs/a%20b/1/eventlog
        spark.eventLog.enabled=true
        spark.local.dir=/data/runs/a b/1/local
        spark.master=local[4]
        spark.sql.warehouse.dir=file:/data/runs/a%20b/1/warehouse
        spark.submit.deployMode=client
        spark.tinderbox.attempt=1
        spark.tinderbox.run=a-run
        spark.ui.port=0
        ");
    }

    #[test]
    fn cores_are_executors_times_cores_and_never_more_than_the_machine_has() {
        let master = |conf: &[(&str, &str)], cores| {
            let plan = planned(conf, cores).expect("a plan");
            (property(&plan, "spark.master"), plan.notes)
        };
        let two_by_one = [("spark.executor.instances", "2"), ("spark.executor.cores", "1")];
        assert_eq!(master(&two_by_one, None), ("local[2]".to_owned(), Vec::new()));
        assert_eq!(master(&two_by_one, Some(3)), ("local[3]".to_owned(), Vec::new()));
        assert_eq!(
            master(&[("spark.master", "local[3]")], None),
            ("local[3]".to_owned(), Vec::new())
        );
        assert_eq!(master(&[("spark.master", "local")], None), ("local[1]".to_owned(), Vec::new()));
        assert_eq!(
            master(&[("spark.master", "local[*]")], None),
            ("local[4]".to_owned(), Vec::new())
        );

        let ten_by_four = [("spark.executor.instances", "10"), ("spark.executor.cores", "4")];
        let (capped, notes) = master(&ten_by_four, None);
        assert_eq!(capped, "local[4]");
        insta::assert_snapshot!(notes.join("\n"), @"10 executors × 4 cores were asked for, this machine has 4 cores: local[4]");

        let (local, notes) = master(&[("spark.master", "yarn")], None);
        assert_eq!(local, "local[4]");
        insta::assert_snapshot!(notes.join("\n"), @"spark.master=yarn is not used: this is a local run");
    }

    #[test]
    fn heap_is_the_larger_wish_within_what_the_machine_and_spark_allow() {
        let heap = |driver: &str, executor: &str| {
            let conf = [("spark.driver.memory", driver), ("spark.executor.memory", executor)];
            let plan = planned(&conf, None).expect("a plan");
            (property(&plan, "spark.driver.memory"), plan.notes)
        };
        assert_eq!(heap("1g", "3g"), ("3072m".to_owned(), Vec::new()));
        assert_eq!(heap("2048", "1g"), ("2048m".to_owned(), Vec::new()));
        let (capped, notes) = heap("1g", "20g");
        assert_eq!(capped, "8192m");
        insta::assert_snapshot!(notes.join("\n"), @"spark.executor.memory asks for 20.0 GiB, the driver gets 8.0 GiB: half of this machine's 16.0 GiB");
        let (raised, notes) = heap("100m", "200m");
        assert_eq!(raised, "512m");
        insta::assert_snapshot!(notes.join("\n"), @"spark.executor.memory asks for 200.0 MiB, the driver gets 512.0 MiB: Spark does not start with less");
        assert_eq!(property(&planned(&[], None).expect("a plan"), "spark.driver.memory"), "");
    }

    #[test]
    fn executors_of_the_drivers_own_stay_on_this_machine() {
        let host = Host { variables: BTreeMap::new(), cores: 4, memory: Bytes(16 << 30) };
        let conf = map(&[("spark.executor.memory", "1024m"), ("spark.executor.cores", "1")]);
        let plan = plan(&Wanted {
            folder: "/data/runs/x/1",
            marker: "a-run/1",
            host: &host,
            conf: &conf,
            master: Some("local-cluster[3,1,1024]"),
            cores: None,
            listener: None,
            has_secrets: false,
        })
        .expect("a plan");
        assert_eq!(property(&plan, "spark.master"), "local-cluster[3,1,1024]");
        assert_eq!(property(&plan, "spark.driver.bindAddress"), "127.0.0.1");
        assert_eq!(property(&plan, "spark.executor.memory"), "1024m");
        assert_eq!(plan.notes, Vec::<String>::new());
    }

    #[test]
    fn values_that_cannot_be_read_are_named() {
        let error = planned(&[("spark.executor.memory", "banana")], None).err().expect("refused");
        insta::assert_snapshot!(error, @"spark.executor.memory = `banana` is not an amount of memory such as 4g or 512m");
        let error = planned(&[("spark.executor.cores", "two")], None).err().expect("refused");
        insta::assert_snapshot!(error, @"spark.executor.cores = `two` is not a whole number such as 4");
    }

    #[test]
    fn spec_wins_over_defaults_and_loses_against_the_identity() {
        let conf = [
            ("spark.ui.port", "4050"),
            ("spark.eventLog.enabled", "false"),
            ("spark.submit.deployMode", "cluster"),
            ("spark.tinderbox.run", "another"),
            ("spark.eventLog.compress", "false"),
        ];
        let plan = planned(&conf, None).expect("a plan");
        assert_eq!(property(&plan, "spark.ui.port"), "4050");
        assert_eq!(property(&plan, "spark.eventLog.compress"), "false");
        assert_eq!(property(&plan, "spark.eventLog.enabled"), "true");
        assert_eq!(property(&plan, "spark.submit.deployMode"), "client");
        assert_eq!(property(&plan, "spark.tinderbox.run"), "a-run");
    }

    #[test]
    fn listener_is_added_to_the_ones_of_the_user_and_the_token_stays_out() {
        let host = Host { variables: BTreeMap::new(), cores: 4, memory: Bytes(16 << 30) };
        let listener = Listener {
            jar: PathBuf::from("/data/listener.jar"),
            url: "http://127.0.0.1:7878/ingest/live".to_owned(),
            token: "ingest-only".to_owned(),
        };
        let planned = |conf: &[(&str, &str)]| {
            plan(&Wanted {
                folder: "/data/runs/x/1",
                marker: "a-run/1",
                host: &host,
                conf: &map(conf),
                master: None,
                cores: None,
                listener: Some(&listener),
                has_secrets: false,
            })
            .expect("a plan")
        };
        let alone = planned(&[]);
        assert_eq!(property(&alone, "spark.extraListeners"), LISTENER_CLASS);
        assert_eq!(property(&alone, "spark.driver.extraClassPath"), "/data/listener.jar");
        let both = planned(&[
            ("spark.extraListeners", "org.example.Audit"),
            ("spark.driver.extraClassPath", "/opt/audit.jar"),
        ]);
        assert_eq!(
            property(&both, "spark.extraListeners"),
            "org.example.Audit,dev.tinderbox.listener.TinderboxListener"
        );
        assert_eq!(
            property(&both, "spark.driver.extraClassPath"),
            "/opt/audit.jar:/data/listener.jar"
        );
        assert!(!properties_file(&both.properties).contains("ingest-only"));
        assert!(!format!("{listener:?}").contains("ingest-only"));
    }

    #[test]
    fn properties_are_escaped_as_java_reads_them() {
        let properties = map(&[
            ("spark.a b:c", " lead and C:\\temp"),
            ("spark.text", "line\nbreak = ü 😀 # kept"),
        ]);
        insta::assert_snapshot!(properties_file(&properties), @r"
        spark.a\ b\:c=\ lead and C:\\temp
        spark.text=line\nbreak = \u00FC \uD83D\uDE00 # kept
        ");
    }
}
