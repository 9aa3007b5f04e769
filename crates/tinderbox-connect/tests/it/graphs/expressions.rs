//! What is made of columns, `#` being the column, and of which type it is.

use super::drawn::Kind::{
    self, Boolean, Date, Decimal, Double, Integer, Integers, Map, Struct, Text, Texts, Time,
};

/// Values of a column of a type.
#[rustfmt::skip]
pub fn values(kind: Kind) -> &'static [(&'static str, Kind)] {
    match kind {
        Integer => &[
            ("# + 1", Integer), ("# * 2", Integer), ("# % 3", Integer), ("# / 2", Double), ("abs(#)", Integer),
            ("coalesce(#, -1)", Integer), ("CAST(# AS STRING)", Text), ("if(# > 5, 'big', 'small')", Text),
            ("# > 2", Boolean), ("sqrt(abs(#))", Double),
            ("date_add(DATE'2024-01-31', CAST(# % 100 AS INT))", Date), ("array(CAST(# AS INT), 2)", Integers),
            ("greatest(#, 3)", Integer), ("bin(#)", Text), ("hex(#)", Text), ("pmod(#, 4)", Integer),
            ("sign(#)", Double), ("# & 6", Integer), ("try_divide(#, 0)", Double),
        ],
        Double => &[
            ("# * 2", Double), ("# + 0.5", Double), ("abs(#)", Double), ("round(#, 1)", Double),
            ("# > 1", Boolean), ("isnan(#)", Boolean), ("coalesce(#, 0)", Double), ("nanvl(#, 7)", Double),
            ("-#", Double), ("exp(# / 1000)", Double), ("least(#, 2.0D)", Double), ("# = #", Boolean),
            ("atan(#)", Double),
        ],
        Decimal => &[
            ("# + #", Decimal), ("# * 2", Decimal), ("# / 3", Decimal), ("round(#, 1)", Decimal),
            ("abs(#)", Decimal), ("# > 3.5", Boolean), ("CAST(# AS STRING)", Text),
            ("CAST(# AS DOUBLE)", Double), ("floor(#)", Integer), ("coalesce(#, 0)", Decimal), ("-#", Decimal),
        ],
        Text => &[
            ("upper(#)", Text), ("lower(#)", Text), ("length(#)", Integer), ("concat(#, '-ö')", Text),
            ("substring(#, 2, 2)", Text), ("trim(#)", Text), ("reverse(#)", Text),
            ("try_cast(# AS INT)", Integer), ("try_cast(# AS DOUBLE)", Double), ("split(#, ' ')", Texts),
            ("replace(#, 'a', 'b')", Text), ("coalesce(#, 'none')", Text), ("initcap(#)", Text),
            ("instr(#, 'e')", Integer), ("ascii(#)", Integer), ("lpad(#, 4, '*')", Text), ("md5(#)", Text),
            ("# = 'a'", Boolean), ("translate(#, 'abc', 'xyz')", Text),
            ("regexp_replace(#, '[aeiou]', '_')", Text), ("left(#, 2)", Text), ("base64(#)", Text),
            ("nullif(#, 'a')", Text), ("concat_ws('/', #, 'z')", Text), ("soundex(#)", Text),
            ("levenshtein(#, 'abc')", Integer),
        ],
        Boolean => &[
            ("NOT #", Boolean), ("CAST(# AS INT)", Integer), ("if(#, 'yes', 'no')", Text),
            ("# AND true", Boolean), ("coalesce(#, false)", Boolean), ("CAST(# AS STRING)", Text),
        ],
        Date => &[
            ("year(#)", Integer), ("month(#)", Integer), ("date_add(#, 3)", Date), ("last_day(#)", Date),
            ("datediff(#, DATE'2020-01-01')", Integer), ("CAST(# AS STRING)", Text), ("quarter(#)", Integer),
            ("add_months(#, -1)", Date), ("dayofyear(#)", Integer), ("weekday(#)", Integer),
            ("trunc(#, 'YEAR')", Date), ("CAST(# AS TIMESTAMP)", Time), ("date_format(#, 'dd/MM/yyyy')", Text),
            ("weekofyear(#)", Integer),
        ],
        Time => &[
            ("hour(#)", Integer), ("minute(#)", Integer), ("CAST(# AS DATE)", Date),
            ("date_trunc('DAY', #)", Time), ("# + INTERVAL 2 HOURS", Time), ("CAST(# AS STRING)", Text),
            ("unix_timestamp(#)", Integer), ("date_format(#, 'HH:mm:ss')", Text), ("dayofmonth(#)", Integer),
        ],
        Texts => &[
            ("size(#)", Integer), ("array_join(#, ',')", Text), ("array_distinct(#)", Texts),
            ("sort_array(#)", Texts), ("get(#, 0)", Text), ("transform(#, x -> upper(x))", Texts),
            ("filter(#, x -> x <> 'x')", Texts), ("concat(#, array('q'))", Texts),
            ("array_position(#, 'y')", Integer),
        ],
        Integers => &[
            ("size(#)", Integer), ("array_max(#)", Integer), ("transform(#, x -> x * 2)", Integers),
            ("sort_array(#, false)", Integers), ("aggregate(#, 0, (s, x) -> s + coalesce(x, 0))", Integer),
            ("exists(#, x -> x > 2)", Boolean), ("reverse(#)", Integers), ("array_min(#)", Integer),
            ("slice(#, 1, 2)", Integers),
        ],
        Map => &[
            ("size(#)", Integer), ("#['k']", Integer), ("sort_array(map_keys(#))", Texts),
            ("map_contains_key(#, 'l')", Boolean),
        ],
        Struct => &[
            ("#.name", Text), ("#.age", Integer), ("to_json(#)", Text), ("# IS NULL", Boolean),
        ],
    }
}
