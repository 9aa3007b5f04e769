//! Manifests of the kubeflow operator, read and written.

use tinderbox_engine::{
    ApplicationSchedule, KubernetesApplication, KubernetesIntent, SparkApplication,
};
use tinderbox_model::{AttemptNumber, SparkVersion};

const HEAD: &str = "apiVersion: sparkoperator.k8s.io/v1beta2\nkind: SparkApplication\nmetadata: {name: job, namespace: jobs}\n";

fn read(text: &str) -> SparkApplication {
    let usual = SparkVersion::parse("4.3.0").expect("a version");
    SparkApplication::read(text, &usual).expect("a manifest")
}

/// The objects of the driver, and those after the manifest was written and read again.
fn manifests(application: &SparkApplication) -> Vec<serde_json::Value> {
    let intent = KubernetesIntent::new("jobs", &"run".into(), AttemptNumber(1), 0);
    let all = application.request.manifests(&intent, "https://cluster:6443").expect("objects");
    let (written, lost) = application.write();
    assert_eq!(lost, Vec::<String>::new());
    let again = read(&written.to_string());
    assert_eq!(again.left_out, Vec::<String>::new());
    assert_eq!(
        (again.schedule.clone(), again.retries),
        (application.schedule.clone(), application.retries)
    );
    let of_again = again.request.manifests(&intent, "https://cluster:6443").expect("objects");
    assert_eq!(of_again, all, "written and read again");
    all
}

#[test]
fn row_9_3_spark_application_of_a_class_is_read_and_written() {
    let application = read(&format!(
        "{HEAD}{}",
        r#"
spec:
  type: Scala
  mode: cluster
  image: registry.example.org/spark:3.5.8
  imagePullPolicy: Always
  imagePullSecrets: [registry]
  mainClass: org.example.Pi
  mainApplicationFile: local:///opt/app/pi.jar
  arguments: ["1000", two]
  sparkVersion: 3.5.8
  sparkConf: {spark.sql.shuffle.partitions: "8"}
  hadoopConf: {fs.s3a.endpoint: https://s3.example.org}
  deps: {jars: [local:///opt/app/a.jar], packages: ["org.example:b:1"]}
  nodeSelector: {zone: a}
  restartPolicy: {type: OnFailure, onFailureRetries: 3, onFailureRetryInterval: 10}
  timeToLiveSeconds: 600
  dynamicAllocation: {enabled: true, minExecutors: 1, maxExecutors: 8}
  batchScheduler: yunikorn
  batchSchedulerOptions: {queue: root.team}
  driver:
    cores: 2
    memory: 2g
    coreLimit: 2500m
    serviceAccount: spark
    labels: {team: data}
    podName: pi-driver
    gpu: {name: nvidia.com/gpu, quantity: 1}
  executor: {cores: 1, instances: 2, memory: 1g}
  monitoring: {exposeDriverMetrics: true}
"#
    ));
    assert_eq!(
        application.left_out,
        [
            "spec.driver.podName (pods are named after their attempts)",
            r#"spec.monitoring: {"exposeDriverMetrics":true}"#,
            "spec.restartPolicy.onFailureRetryInterval: 10",
        ]
    );
    assert_eq!((application.retries, application.time_to_live_s), (Some(3), Some(600)));
    let all = manifests(&application);
    let (pod, properties) =
        (&all[0], all.last().expect("a config map")["data"]["spark.properties"].as_str());
    let driver = &pod["spec"]["containers"][0];
    assert_eq!(driver["resources"]["limits"]["nvidia.com/gpu"], "1");
    assert_eq!(driver["resources"]["limits"]["cpu"], "2500m");
    assert_eq!(driver["resources"]["requests"]["memory"], "2432Mi");
    assert_eq!(pod["spec"]["schedulerName"], "yunikorn");
    assert_eq!(pod["spec"]["serviceAccountName"], "spark");
    assert_eq!(pod["metadata"]["labels"]["queue"], "root.team");
    for line in [
        "spark.dynamicAllocation.shuffleTracking.enabled=true",
        "spark.hadoop.fs.s3a.endpoint=https\\://s3.example.org",
        "spark.executor.instances=2",
        "spark.kubernetes.executor.label.queue=root.team",
        "spark.jars=local\\:///opt/app/a.jar,local\\:///opt/app/pi.jar",
    ] {
        assert!(
            properties.expect("properties").lines().any(|one| one == line),
            "{line}: {properties:?}"
        );
    }
}

#[test]
fn rows_9_5_and_9_6_volumes_tolerations_and_sidecars_go_into_pod_templates() {
    let application = read(&format!(
        "{HEAD}{}",
        r#"
spec:
  type: Python
  pythonVersion: "3"
  mode: cluster
  image: spark:4
  mainApplicationFile: local:///opt/app/job.py
  sparkVersion: 4.3.0
  volumes:
    - {name: data, hostPath: {path: /srv/data, type: Directory}}
    - {name: unused, emptyDir: {}}
  driver:
    memory: 1g
    env:
      - {name: MODE, value: test}
      - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    envSecretKeyRefs: {PASSWORD: {name: login, key: password}}
    volumeMounts: [{name: data, mountPath: /data}]
    configMaps: [{name: settings, path: /etc/settings}]
    secrets: [{name: keys, path: /etc/keys, secretType: Generic}]
    sidecars: [{name: proxy, image: "proxy:1"}]
    securityContext: {runAsUser: 185}
  executor:
    instances: 1
    tolerations: [{key: spot, operator: Exists, effect: NoSchedule}]
    nodeSelector: {pool: spot}
    priorityClassName: low
"#
    ));
    assert_eq!(application.left_out, Vec::<String>::new());
    assert!(matches!(application.request.application, KubernetesApplication::Python { .. }));
    let all = manifests(&application);
    let spec = &all[0]["spec"];
    let names = |list: &serde_json::Value| -> Vec<String> {
        let items = list.as_array().expect("a list").iter();
        items.map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&spec["containers"]), ["proxy", "spark-kubernetes-driver"]);
    let driver = &spec["containers"][1];
    assert_eq!(driver["securityContext"]["runAsUser"], 185);
    for name in ["MODE", "NODE", "PASSWORD"] {
        assert!(names(&driver["env"]).iter().any(|one| one == name), "{name}");
    }
    for name in ["data", "settings-volume", "keys-volume"] {
        assert!(names(&spec["volumes"]).iter().any(|one| one == name), "{name}");
        assert!(names(&driver["volumeMounts"]).iter().any(|one| one == name), "{name}");
    }
    assert!(!names(&spec["volumes"]).contains(&"unused".to_owned()));
    let template = all
        .iter()
        .find_map(|one| one["data"]["podspec-configmap-key"].as_str())
        .expect("a template");
    assert!(
        template.contains(r#""key":"spot""#) && template.contains(r#""priorityClassName":"low""#),
        "{template}"
    );
}

#[test]
fn row_9_3_scheduled_spark_application_keeps_its_schedule() {
    let text = r#"
apiVersion: sparkoperator.k8s.io/v1beta2
kind: ScheduledSparkApplication
metadata: {name: nightly}
spec:
  schedule: "30 2 * * *"
  timeZone: Europe/Vienna
  concurrencyPolicy: Forbid
  successfulRunHistoryLimit: 3
  template:
    type: Python
    mainApplicationFile: s3a://code/job.py
    image: spark:4
    restartPolicy: {type: Never}
    driver: {cores: 1, unheardOf: {a: 1}}
    executor: {instances: 1}
"#;
    let application = read(text);
    let schedule = ApplicationSchedule {
        cron: "30 2 * * *".to_owned(),
        time_zone: Some("Europe/Vienna".to_owned()),
        concurrency: "Forbid".to_owned(),
        is_suspended: false,
    };
    assert_eq!(application.schedule, Some(schedule));
    assert_eq!(
        application.left_out,
        [r#"spec.successfulRunHistoryLimit: 3"#, r#"spec.template.driver.unheardOf: {"a":1}"#]
    );
    assert_eq!(application.request.namespace, "default");
    manifests(&application);
}

#[test]
fn what_is_no_manifest_is_refused_with_the_field() {
    let usual = SparkVersion::parse("4.3.0").expect("a version");
    let broken = [
        ("", "apiVersion"),
        ("[1, 2]", "apiVersion"),
        ("a: [", "the manifest"),
        ("apiVersion: v1\nkind: Pod\n", "apiVersion"),
        (&format!("{HEAD}spec: {{type: Python}}"), "mainApplicationFile"),
        (&format!("{HEAD}spec: {{type: R, mainApplicationFile: a}}"), "spec.type is R"),
        (&format!("{HEAD}spec: {{type: Java, mainApplicationFile: a}}"), "mainClass"),
    ];
    for (text, part) in broken {
        let error = SparkApplication::read(text, &usual).expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
    // Wrong types are left where they are, and named.
    let odd = "spec: {type: Python, mainApplicationFile: 'local:///a.py', driver: {template: no, env: 5, cores: [1]}, deps: 7}";
    let application = read(&format!("{HEAD}{odd}"));
    let named = ["deps: 7", "driver.cores: [1]", "driver.env: 5", "driver.template"];
    for part in named {
        assert!(
            application.left_out.iter().any(|one| one.contains(part)),
            "{part}: {:?}",
            application.left_out
        );
    }
}
