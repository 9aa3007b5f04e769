"""DataFrame and SQL workloads. Each takes a session and a folder of its own."""

import time

from pyspark.sql import Window, functions as F


def adaptive(spark, _scratch):
    """Coalesced partitions, a skew join, a sort-merge join turned into a broadcast, an empty relation."""
    big = spark.range(0, 40000, 1, 4).select(
        F.when(F.col("id") % 10 < 8, F.lit(1)).otherwise(F.col("id") % 50).alias("key"),
        F.concat(F.lit("value "), F.col("id")).alias("text"),
    )
    small = spark.range(0, 50, 1, 2).select(F.col("id").alias("key"), (F.col("id") * 2).alias("twice"))
    spark.conf.set("spark.sql.autoBroadcastJoinThreshold", "-1")
    spark.conf.set("spark.sql.adaptive.autoBroadcastJoinThreshold", "-1")
    spark.conf.set("spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes", "8KB")
    spark.conf.set("spark.sql.adaptive.skewJoin.skewedPartitionFactor", "2")
    spark.conf.set("spark.sql.adaptive.advisoryPartitionSizeInBytes", "16KB")
    big.join(small, "key").groupBy("twice").count().collect()
    spark.conf.set("spark.sql.adaptive.autoBroadcastJoinThreshold", "10MB")
    spark.conf.set("spark.sql.adaptive.advisoryPartitionSizeInBytes", "1MB")
    filtered = small.where("twice > 90")
    big.join(filtered, "key").agg(F.count("text")).collect()
    nothing = small.where("twice < 0")
    big.join(nothing, "key").count()
    spark.conf.set("spark.sql.adaptive.enabled", "false")
    big.join(small, "key", "left").groupBy("key").count().collect()


def spill(spark, _scratch):
    """Sorts, a window, a cross product and an aggregate that all go to disk."""
    rows = spark.range(0, 60000, 1, 2).select(
        (F.col("id") * 7919 % 60013).alias("number"),
        (F.col("id") % 3).alias("key"),
        F.sha2(F.col("id").cast("string"), 256).alias("text"),
    )
    rows.sort("text").selectExpr("sum(length(text))").collect()
    rows.sort("text").write.format("noop").mode("overwrite").save()
    window = Window.partitionBy("key").orderBy("number")
    rows.withColumn("before", F.sum("number").over(window)).write.format("noop").mode("overwrite").save()
    rows.groupBy("text").agg(F.collect_list("number")).write.format("noop").mode("overwrite").save()
    rows.repartition(40, "number").write.format("noop").mode("overwrite").save()


def long_plans(spark, _scratch):
    """Subqueries, reused exchanges, unions, generators, wide rows, and queries that fail while they are planned."""
    spark.range(0, 2000, 1, 2).selectExpr("id", "id % 20 as part", "id * 1.5 as price").createOrReplaceTempView("sales")
    spark.range(0, 20).selectExpr("id as part", "concat('part ', id) as title").createOrReplaceTempView("parts")
    spark.sql("""
        with totals as (select part, sum(price) as total, count(*) as n from sales group by part),
             best as (select part from totals where total > (select avg(total) from totals))
        select p.title, t.total, t.n, rank() over (order by t.total desc) as place
        from totals t join parts p on p.part = t.part
        where t.part in (select part from best) or exists (select 1 from parts q where q.part = t.part + 1)
        order by place limit 10""").collect()
    spark.sql("""
        select a.part, a.total - b.total from
          (select part, sum(price) as total from sales group by part) a join
          (select part, sum(price) as total from sales group by part) b on a.part = b.part""").collect()
    wide = spark.table("sales").select("*", *[(F.col("price") * i).alias(f"price_{i}") for i in range(120)])
    wide.agg(*[F.max(f"price_{i}") for i in range(120)]).collect()
    union = spark.table("sales").select("id")
    for i in range(8):
        union = union.unionAll(spark.table("sales").selectExpr(f"id + {i} as id"))
    union.distinct().count()
    spark.sql("select explode(sequence(1, part + 1)) as one, title from parts").groupBy("one").count().collect()
    spark.sql("select title, 'ünïcödé \u2603 <b>&amp;</b> \"quoted\" \\\\ back' as text from parts").collect()
    spark.sql("values (1, 'a'), (2, 'b')").collect()
    spark.sql("explain extended select 1").collect()
    spark.sql("select * from parts where password = 'hunter2'".replace("password", "title")).collect()
    try:
        spark.sql("select assert_true(part < 5, 'a part is too large') from sales").collect()
    except Exception:
        pass


def many_queries(spark, _scratch):
    """More executions than one page of the SQL list, some of them nested under others."""
    for i in range(24):
        spark.sparkContext.setJobDescription(f"query {i}")
        spark.range(i + 1).selectExpr("sum(id)").collect()
    cached = spark.range(1000).selectExpr("id", "id % 7 as day").cache()
    cached.count()
    cached.groupBy("day").count().collect()
    cached.unpersist()


def writes(spark, scratch):
    """Files written and read back in several formats, partitioned, and a table made from a query."""
    rows = spark.range(0, 3000, 1, 3).selectExpr("id", "id % 5 as day", "concat('row ', id) as text")
    rows.write.parquet(f"{scratch}/parquet")
    rows.write.partitionBy("day").parquet(f"{scratch}/by_day")
    rows.write.option("header", True).csv(f"{scratch}/csv")
    rows.write.json(f"{scratch}/json")
    rows.repartition(2).write.mode("overwrite").parquet(f"{scratch}/parquet_again")
    spark.read.parquet(f"{scratch}/by_day").where("day = 2").groupBy("day").count().collect()
    spark.read.option("header", True).csv(f"{scratch}/csv").where("text like '%7'").count()
    spark.read.json(f"{scratch}/json").agg(F.max("id")).collect()
    rows.write.format("parquet").saveAsTable("rows_of_days")
    spark.sql("insert into rows_of_days select id + 10000, day, text from rows_of_days").collect()
    spark.sql("select count(*) from rows_of_days").collect()
    spark.sql("drop table rows_of_days").collect()
    try:
        rows.write.parquet(f"{scratch}/parquet")
    except Exception:
        pass


def python_functions(spark, _scratch):
    """Python UDFs row by row and over batches, and Observation's named accumulator."""
    from pyspark.sql import Observation

    @F.udf("string")
    def reversed_text(text):
        return text[::-1]

    rows = spark.range(0, 2000, 1, 2).selectExpr("id", "concat('text ', id) as text")
    rows.select(reversed_text("text").alias("back")).where("back like '1%'").count()
    observation = Observation("what was seen")
    rows.observe(observation, F.count(F.lit(1)).alias("rows"), F.max("id").alias("largest")).collect()

    for name, batched in batched_functions():
        rows.select(batched("id").alias(name)).agg(F.count("*")).collect()


def batched_functions():
    """What this environment can run of UDFs over batches: pandas is not part of PySpark's own requirements."""
    try:
        import pandas  # noqa: F401

        yield "pandas", F.pandas_udf(lambda column: column + 1, "long")
    except ImportError:
        pass
    if hasattr(F, "arrow_udf"):
        import pyarrow

        def plus_one(column: pyarrow.Array) -> pyarrow.Array:
            import pyarrow.compute

            return pyarrow.compute.add(column, 1)

        yield "arrow", F.arrow_udf("long")(plus_one)


def structured_streaming(spark, scratch):
    """A stateful and a stateless query over files, several batches each, and one that fails."""
    for i in range(4):
        spark.range(i * 100, i * 100 + 100, 1, 1).selectExpr("id", "id % 4 as key").write.json(f"{scratch}/in/{i}")
    source = (
        spark.readStream.schema("id long, key long")
        .option("maxFilesPerTrigger", 1)
        .json(f"{scratch}/in/*")
    )
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    counts = source.groupBy("key").count().writeStream.outputMode("complete").format("memory")
    wait_for(counts.queryName("counts").trigger(availableNow=True).start())
    rows = source.where("id > 10").writeStream.format("noop").option("checkpointLocation", f"{scratch}/checkpoint")
    wait_for(rows.trigger(availableNow=True).start())

    def refuse(_batch, number):
        if number == 1:
            raise ValueError("batch 1 is refused")

    try:
        wait_for(source.writeStream.foreachBatch(refuse).trigger(availableNow=True).start())
    except Exception:
        pass
    ticking = spark.readStream.format("rate").option("rowsPerSecond", 50).load()
    query = ticking.writeStream.format("noop").trigger(processingTime="300 milliseconds").start()
    time.sleep(1.2)
    query.stop()


def wait_for(query):
    if not query.awaitTermination(60):
        query.stop()
        raise TimeoutError("the streaming query did not end within a minute")


def redaction(spark, _scratch):
    """Secrets in the SQL text; the properties of this application hold more."""
    spark.sql("create temporary view credentials as select 'opensesame' as phrase").collect()
    spark.sql("select phrase, 'AKIAFAKEKEY0000' as key from credentials where phrase <> 'sesame'").collect()
    spark.sql("set spark.sql.some.password=hunter2").collect()
    spark.sql("select 1").collect()


def secrets_by_default(spark, _scratch):
    """Properties that the default redaction hides, in a session and in the context."""
    spark.conf.set("spark.sql.my.secret", "hidden in the session")
    spark.range(10).selectExpr("count(*) as password").collect()
    spark.sql("select 'token' as secret").collect()
