use super::*;
use spark_connect_proto::{DataType, data_type};

fn schema() -> Schema {
    let decimal = data_type::Decimal { precision: Some(12), scale: Some(2), ..Default::default() };
    let columns = [
        ("i", Kind::Integer(data_type::Integer::default())),
        ("d", Kind::Double(data_type::Double::default())),
        ("f", Kind::Float(data_type::Float::default())),
        ("m", Kind::Decimal(decimal)),
        ("t", Kind::String(data_type::String::default())),
        ("a", Kind::Array(Box::default())),
    ];
    let fields = columns.into_iter().map(|(name, kind)| StructField {
        name: name.to_owned(),
        data_type: Some(DataType { kind: Some(kind) }),
        ..Default::default()
    });
    let fields = fields.collect();
    let kind = Kind::Struct(data_type::Struct { fields, ..Default::default() });
    Schema::of(DataType { kind: Some(kind) }).unwrap()
}

#[test]
fn what_is_known_to_be_equal_is_taken() {
    for text in [
        "d * 1.5",
        "i * 1.5 + m",
        "m + m - m",
        "i / 2",
        "(d + 1) / 3 * sqrt(d)",
        "abs(d) / 2.5",
        "CASE WHEN i > 1 THEN d ELSE 0.5 END * 2.5",
        "1.5D * 2L / 3",
        "CAST(m AS DOUBLE) / 3",
        "CAST(i AS STRING) || t",
        "m > 3.5 AND i % 2 = 1",
        "SELECT t, sum(d) / count(*) AS mean FROM x GROUP BY t",
        "unknown_function(i) + 1",
    ] {
        assert_eq!(problem(text, &[&schema()]), None, "{text}");
    }
}

#[test]
fn arithmetic_with_decimals_is_refused_where_it_is_not() {
    for (text, name) in [
        ("m * 2", "* of decimals"),
        ("-m", "- of decimals"),
        ("m / m", "/ of decimals"),
        ("x.m % 7", "% of decimals"),
        ("2 * 1.5", "* of decimals"),
        ("i / 1.5", "/ of decimals"),
        ("f + 0.5", "+ of decimals"),
        ("m * m * m * m", "* of decimals"),
        ("coalesce(m, 0) - 1", "- of decimals"),
        ("if(i > 1, m / 2BD, NULL)", "/ of decimals"),
        ("SELECT t, sum(m) / count(*) AS mean FROM x GROUP BY t", "/ of decimals"),
        ("SELECT 1 FROM x WHERE m * 2 > (", "arithmetic with decimals"),
    ] {
        assert_eq!(problem(text, &[&schema()]).as_deref(), Some(name), "{text}");
    }
}

#[test]
fn texts_of_floating_point_numbers_and_of_nested_values_are_refused() {
    for (text, name) in [
        ("CAST(d AS STRING)", "CAST double AS STRING"),
        ("upper(try_cast(i / 2 AS STRING))", "CAST double AS STRING"),
        ("t || f", "concat of floating-point numbers"),
        ("concat_ws('-', t, d)", "concat_ws of floating-point numbers"),
        ("a::string", "CAST nested AS STRING"),
    ] {
        assert_eq!(problem(text, &[&schema()]).as_deref(), Some(name), "{text}");
    }
}

#[test]
fn part_of_a_text_is_taken_from_a_place_that_is_written() {
    for text in ["substring(t, 2, 3)", "upper(substr(t, 1))", "substring(t FROM 2)"] {
        assert_eq!(problem(text, &[&schema()]), None, "{text}");
    }
    for text in ["substring(t, -1)", "substr(t, i)", "substring(a, 1)", "substring(t, 0, 2)"] {
        assert_eq!(problem(text, &[&schema()]).as_deref(), Some("substring"), "{text}");
    }
}
