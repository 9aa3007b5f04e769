//! What Spark needs of Java's modules where nobody else opens them: in drivers that a cluster starts.

/// Options for `spark.driver.extraJavaOptions` of a driver in cluster mode; empty where none are needed.
///
/// Spark 3.5's launcher opens these in client mode only (`org.apache.spark.launcher.JavaModuleOptions` of 3.5.8); without
/// them a driver on Java 17 ends with an `IllegalAccessError` on `sun.nio.ch`. Later versions do it everywhere.
pub fn java_module_options(spark_version: &str) -> &'static str {
    match spark_version.split('.').next() {
        Some("3") => OPENED,
        _ => "",
    }
}

const OPENED: &str = "-XX:+IgnoreUnrecognizedVMOptions \
--add-opens=java.base/java.lang=ALL-UNNAMED \
--add-opens=java.base/java.lang.invoke=ALL-UNNAMED \
--add-opens=java.base/java.lang.reflect=ALL-UNNAMED \
--add-opens=java.base/java.io=ALL-UNNAMED \
--add-opens=java.base/java.net=ALL-UNNAMED \
--add-opens=java.base/java.nio=ALL-UNNAMED \
--add-opens=java.base/java.util=ALL-UNNAMED \
--add-opens=java.base/java.util.concurrent=ALL-UNNAMED \
--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED \
--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED \
--add-opens=java.base/sun.nio.ch=ALL-UNNAMED \
--add-opens=java.base/sun.nio.cs=ALL-UNNAMED \
--add-opens=java.base/sun.security.action=ALL-UNNAMED \
--add-opens=java.base/sun.util.calendar=ALL-UNNAMED \
--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED \
-Djdk.reflect.useDirectMethodHandle=false";
