use tinderbox_generate::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let jobs: u64 = a[1].parse().unwrap();
    let threads: usize = a[2].parse().unwrap();
    let format = match a[3].as_str() {
        "csv" => DataSetFormat::Csv,
        "jsonl" => DataSetFormat::JsonLines,
        _ => DataSetFormat::Parquet,
    };
    let t = std::time::Instant::now();
    let plan = Plan::new(
        Models::built_in().unwrap(),
        Order { jobs, seed: 42, end: Order::DEFAULT_END, days: 7, scenarios: vec![] },
    )
    .unwrap();
    eprintln!("plan {:?}", t.elapsed());
    if a[3] == "draw" {
        let mut n = 0i64;
        for b in 0..plan.num_blocks() {
            plan.for_each_job(b, |j| n += j.duration_ms);
        }
        eprintln!("draw {:?} {n}", t.elapsed());
        return;
    }
    let w = write(
        &plan,
        &Output {
            folder: std::path::Path::new(&a[4]),
            format,
            threads: threads.try_into().unwrap(),
            force: true,
        },
        |_| true,
    )
    .unwrap();
    eprintln!("{:?} {:?}", t.elapsed(), w);
}
