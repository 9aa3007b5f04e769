//! Graphs that are drawn: the same number gives the same graph.

use super::{Graph, expressions};

/// The graph of a number: a table or two, and one to five transformations.
pub fn graph(seed: u64) -> Graph {
    let mut draw = Drawing::new(seed);
    let steps = 1 + draw.below(5);
    for _ in 0..steps {
        draw.step();
    }
    let is_sorted = draw.ends_sorted;
    Graph {
        name: format!("drawn {seed}"),
        tables: draw.tables,
        nodes: draw.nodes,
        end: draw.last,
        is_sorted,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Integer,
    Double,
    Decimal,
    Text,
    Boolean,
    Date,
    Time,
    Texts,
    Integers,
    Map,
    Struct,
}

type Columns = Vec<(String, Kind)>;

struct Drawing {
    random: SplitMix,
    tables: Vec<String>,
    nodes: Vec<String>,
    last: String,
    columns: Columns,
    /// Whether a column says which row it is.
    has_id: bool,
    ends_sorted: bool,
}

/// The columns of a table of [`super::TABLES`].
fn columns_of(table: &str) -> Columns {
    use Kind::{Boolean, Date, Decimal, Double, Integer, Integers, Map, Struct, Text, Texts, Time};
    let columns: &[(&str, Kind)] = match table {
        "numbers" => &[
            ("id", Integer),
            ("i", Integer),
            ("l", Integer),
            ("d", Double),
            ("f", Double),
            ("m", Decimal),
            ("flag", Boolean),
        ],
        "texts" => &[("id", Integer), ("name", Text), ("kind", Text), ("code", Text)],
        "times" => &[("id", Integer), ("day", Date), ("at", Time), ("kind", Text)],
        "nested" => &[
            ("id", Integer),
            ("items", Texts),
            ("facts", Map),
            ("who", Struct),
            ("figures", Integers),
        ],
        _ => &[
            ("id", Integer),
            ("customer", Integer),
            ("kind", Text),
            ("amount", Integer),
            ("price", Double),
            ("total", Decimal),
            ("day", Date),
        ],
    };
    columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect()
}

impl Drawing {
    fn new(seed: u64) -> Self {
        let mut random = SplitMix(seed.wrapping_mul(0x9e37_79b9));
        let tables = ["numbers", "texts", "times", "nested", "sales"];
        let table = tables[random.below(tables.len())];
        Self {
            random,
            tables: vec![table.to_owned()],
            nodes: Vec::new(),
            last: table.to_owned(),
            columns: columns_of(table),
            has_id: true,
            ends_sorted: false,
        }
    }

    fn below(&mut self, end: usize) -> usize {
        self.random.below(end)
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.random.below(of.len())]
    }

    /// A column of one of these kinds.
    fn column(&mut self, kinds: &[Kind]) -> Option<(String, Kind)> {
        let fit: Vec<_> = self.columns.iter().filter(|(_, kind)| kinds.contains(kind)).collect();
        if fit.is_empty() { None } else { Some(fit[self.random.below(fit.len())].clone()) }
    }

    fn add(&mut self, body: &str) {
        let id = format!("n{}", self.nodes.len() + 1);
        self.nodes.push(format!("{{id: {id}, {body}}}"));
        self.last = id;
        self.ends_sorted = false;
    }

    fn step(&mut self) {
        let last = self.last.clone();
        let made = match self.below(18) {
            0 | 1 => self.filter(),
            2..=5 => self.map(),
            6 | 7 => self.aggregate(),
            8 => self.window(),
            9 => self.sort(),
            10 => self.cast(),
            11 => self.join(),
            12 => self.set(),
            13 => self.deduplicate(),
            14 => self.fill(),
            15 => self.explode(),
            16 => self.shape(),
            _ => self.clean(),
        };
        // What cannot be done with these columns becomes what always can.
        if !made {
            self.add(&format!("type: sort, input: {last}, by: [{}]", self.columns[0].0));
            self.add(&format!("type: limit, input: {}, rows: 1000", self.last.clone()));
        }
    }

    fn filter(&mut self) -> bool {
        use Kind::{Boolean, Date, Decimal, Double, Integer, Text};
        let Some((name, kind)) = self.column(&[Integer, Double, Decimal, Text, Boolean, Date])
        else {
            return false;
        };
        let condition = match kind {
            Integer => self.pick(&[
                "# > 3",
                "# % 2 = 0",
                "# IS NULL OR # < 10",
                "# IN (1, 3, 7, 100)",
                "NOT # BETWEEN 2 AND 9",
            ]),
            Double => self.pick(&["# > 1", "# <= 0", "isnan(#)", "# IS NOT NULL AND # <> 0.5"]),
            Decimal => self.pick(&["# > 1.5", "# < 0", "# IS NOT NULL"]),
            Text => self.pick(&[
                "# LIKE 'a%'",
                "length(#) > 1",
                "# > 'b'",
                "# IS NULL",
                "# RLIKE '[0-9]'",
                "# <=> 'a'",
            ]),
            Boolean => self.pick(&["#", "NOT #", "# IS NULL"]),
            _ => self.pick(&["# > DATE'2000-01-01'", "year(#) = 2024", "# IS NOT NULL"]),
        };
        let condition = condition.replace('#', &name);
        self.add(&format!("type: filter, input: {}, condition: \"{condition}\"", self.last));
        true
    }

    fn map(&mut self) -> bool {
        let mut made = Vec::new();
        for _ in 0..=self.below(3) {
            let at = self.below(self.columns.len());
            let (name, kind) = self.columns[at].clone();
            let (value, becomes) = *self.pick_of(expressions::values(kind));
            let new = format!("c{}{}", self.nodes.len(), made.len());
            made.push((new, value.replace('#', &name), becomes));
        }
        let columns: Vec<String> =
            made.iter().map(|(name, value, _)| format!("{name}: \"{value}\"")).collect();
        if self.below(3) == 0 {
            // Few columns and no others.
            let kept = self.columns[0].clone();
            let columns: Vec<String> =
                made.iter().map(|(name, value, _)| format!("\"{value} AS {name}\"")).collect();
            self.add(&format!(
                "type: select, input: {}, columns: [{}, {}]",
                self.last,
                kept.0,
                columns.join(", ")
            ));
            self.columns = vec![kept];
        } else {
            self.add(&format!(
                "type: map, input: {}, columns: {{{}}}",
                self.last,
                columns.join(", ")
            ));
        }
        self.columns.extend(made.into_iter().map(|(name, _, kind)| (name, kind)));
        true
    }

    fn aggregate(&mut self) -> bool {
        use Kind::{Boolean, Date, Decimal, Double, Integer, Text, Time};
        let Some((key, key_kind)) = self.column(&[Text, Boolean, Integer, Double, Date]) else {
            return false;
        };
        let mut outputs = vec![(format!("n{}", self.nodes.len()), "count(*)".to_owned(), Integer)];
        for _ in 0..=self.below(3) {
            let Some((name, kind)) =
                self.column(&[Integer, Double, Decimal, Text, Boolean, Date, Time])
            else {
                continue;
            };
            let (value, becomes) = match kind {
                Integer => *self.pick_of(&[
                    ("sum(#)", Integer),
                    ("min(#)", Integer),
                    ("max(#)", Integer),
                    ("avg(#)", Double),
                    ("count(DISTINCT #)", Integer),
                    ("sort_array(collect_set(#))", Kind::Map),
                    ("bit_or(#)", Integer),
                    ("count_if(# > 2)", Integer),
                ]),
                Double => *self.pick_of(&[
                    ("min(#)", Double),
                    ("max(#)", Double),
                    ("count(#)", Integer),
                    ("sum(nanvl(#, 0) / 1e308)", Double),
                ]),
                Decimal => {
                    *self.pick_of(&[("sum(#)", Decimal), ("min(#)", Decimal), ("avg(#)", Decimal)])
                }
                Text => *self.pick_of(&[
                    ("min(#)", Text),
                    ("max(#)", Text),
                    ("count(DISTINCT #)", Integer),
                    ("max(length(#))", Integer),
                ]),
                Boolean => *self.pick_of(&[
                    ("bool_and(#)", Boolean),
                    ("bool_or(#)", Boolean),
                    ("count(#)", Integer),
                ]),
                _ => *self.pick_of(&[("min(#)", kind), ("max(#)", kind), ("count(#)", Integer)]),
            };
            outputs.push((
                format!("g{}{}", self.nodes.len(), outputs.len()),
                value.replace('#', &name),
                becomes,
            ));
        }
        let texts: Vec<String> =
            outputs.iter().map(|(name, value, _)| format!("{name}: \"{value}\"")).collect();
        let grouping = self.pick(&["groups", "groups", "groups", "rollup", "cube"]);
        self.add(&format!(
            "type: aggregate, input: {}, group_by: [{key}], grouping: {grouping}, aggregations: {{{}}}",
            self.last,
            texts.join(", ")
        ));
        self.has_id = false;
        self.columns = vec![(key, key_kind)];
        // Sets are compared, and nothing further is made of them.
        let kept = outputs.into_iter().filter(|(_, _, kind)| *kind != Kind::Map);
        self.columns.extend(kept.map(|(name, _, kind)| (name, kind)));
        true
    }

    fn window(&mut self) -> bool {
        use Kind::{Boolean, Integer, Text};
        if !self.has_id {
            return false;
        }
        let Some((by, _)) = self.column(&[Text, Boolean, Integer]) else { return false };
        let Some((of, kind)) = self.column(&[Integer, Text]) else { return false };
        let function = if kind == Integer {
            self.pick(&["sum(#)", "max(#)", "lag(#)", "lead(#, 1, -1)", "avg(#)", "count(#)"])
        } else {
            self.pick(&["first_value(#)", "lag(#)", "max(#)", "count(#)"])
        };
        let rank = self.pick(&["row_number()", "rank()", "dense_rank()", "ntile(2)"]);
        let new = format!("w{}", self.nodes.len());
        let order = self.pick(&["id", "id desc"]);
        self.add(&format!(
            "type: window, input: {}, partition_by: [{by}], order_by: [{order}], functions: {{{new}: {rank}, {new}b: \"{}\"}}",
            self.last,
            function.replace('#', &of)
        ));
        self.columns.push((new, Integer));
        true
    }

    /// By all columns, so that there is one order.
    fn sort(&mut self) -> bool {
        if self.columns.iter().any(|(_, kind)| !is_orderable(*kind)) {
            return false;
        }
        let mut keys = Vec::new();
        for name in self.columns.clone().into_iter().map(|(name, _)| name) {
            keys.push(format!(
                "{name}{}",
                self.pick(&["", " desc", " nulls last", " desc nulls first"])
            ));
        }
        self.add(&format!("type: sort, input: {}, by: [{}]", self.last, keys.join(", ")));
        let is_limited = self.below(2) == 0;
        if is_limited {
            let (rows, offset) = (1 + self.below(5), self.below(3));
            self.add(&format!("type: limit, input: {}, rows: {rows}, offset: {offset}", self.last));
        }
        self.ends_sorted = true;
        true
    }

    fn cast(&mut self) -> bool {
        use Kind::{Boolean, Date, Decimal, Double, Integer, Text, Time};
        let Some((name, kind)) =
            self.column(&[Integer, Double, Decimal, Text, Boolean, Date, Time])
        else {
            return false;
        };
        let (to, becomes) = match kind {
            Integer => *self.pick_of(&[
                ("bigint", Integer),
                ("string", Text),
                ("double", Double),
                ("'decimal(20,3)'", Decimal),
                ("boolean", Boolean),
            ]),
            Double => *self.pick_of(&[("string", Text), ("float", Double), ("double", Double)]),
            Decimal => *self.pick_of(&[
                ("double", Double),
                ("string", Text),
                ("'decimal(14,4)'", Decimal),
                ("'decimal(10,1)'", Decimal),
            ]),
            Text => *self.pick_of(&[
                ("int", Integer),
                ("double", Double),
                ("date", Date),
                ("boolean", Boolean),
                ("'decimal(9,2)'", Decimal),
                ("timestamp", Time),
            ]),
            Boolean => *self.pick_of(&[("int", Integer), ("string", Text)]),
            Date => *self.pick_of(&[("string", Text), ("timestamp", Time)]),
            _ => *self.pick_of(&[("string", Text), ("date", Date)]),
        };
        let is_tolerant = kind == Text;
        self.add(&format!(
            "type: cast, input: {}, columns: {{{name}: {to}}}, try: {is_tolerant}",
            self.last
        ));
        self.has_id &= name != "id";
        for column in &mut self.columns {
            if column.0 == name {
                column.1 = becomes;
            }
        }
        true
    }

    fn join(&mut self) -> bool {
        use Kind::{Integer, Text};
        if !self.columns.iter().any(|(name, _)| name == "customer") || self.tables.len() > 1 {
            return false;
        }
        let how = self.pick(&["inner", "left", "right", "full", "left_semi", "left_anti"]);
        self.tables.push("customers".to_owned());
        self.add(&format!(
            "type: join, input: [{}, customers], on: customer, how: {how}",
            self.last
        ));
        if !how.starts_with("left_") {
            self.columns.push(("customer_name".to_owned(), Text));
            self.columns.push(("region".to_owned(), Text));
            let customer = self.columns.iter().position(|(name, _)| name == "customer");
            if let Some(at) = customer {
                self.columns[at].1 = Integer;
            }
            self.has_id = false;
        }
        true
    }

    fn set(&mut self) -> bool {
        if self.columns.iter().any(|(_, kind)| !is_orderable(*kind)) {
            return false;
        }
        let Some((name, _)) = self.column(&[Kind::Integer]) else { return false };
        let before = self.last.clone();
        self.add(&format!("type: filter, input: {before}, condition: \"{name} % 2 = 1\""));
        let kind = self.pick(&["union", "intersect", "except"]);
        let all = if kind == "union" { "" } else { self.pick(&["", ", all: true"]) };
        self.add(&format!("type: {kind}, input: [{before}, {}]{all}", self.last));
        self.has_id &= kind != "union";
        true
    }

    fn deduplicate(&mut self) -> bool {
        if self.columns.iter().any(|(_, kind)| !is_orderable(*kind)) {
            return false;
        }
        self.add(&format!("type: deduplicate, input: {}", self.last));
        true
    }

    fn fill(&mut self) -> bool {
        use Kind::{Double, Integer, Text};
        let Some((name, kind)) = self.column(&[Integer, Double, Text]) else { return false };
        if self.below(2) == 0 {
            self.add(&format!("type: drop_nulls, input: {}, columns: [{name}]", self.last));
            return true;
        }
        let value = match kind {
            Integer => self.pick(&["0", "-1"]),
            Double => self.pick(&["0", "1.5"]),
            _ => self.pick(&["none", "'ü'"]),
        };
        self.add(&format!("type: fill_nulls, input: {}, values: {{{name}: {value}}}", self.last));
        true
    }

    fn explode(&mut self) -> bool {
        let Some((name, kind)) = self.column(&[Kind::Texts, Kind::Integers]) else { return false };
        let element = if kind == Kind::Texts { Kind::Text } else { Kind::Integer };
        let new = format!("e{}", self.nodes.len());
        let outer = self.pick(&["true", "false"]);
        self.add(&format!(
            "type: explode, input: {}, column: {name}, as: {new}, position: {new}p, outer: {outer}",
            self.last
        ));
        self.columns.push((new.clone(), element));
        self.columns.push((format!("{new}p"), Kind::Integer));
        self.has_id = false;
        true
    }

    /// Columns under other names, fewer, or as rows.
    fn shape(&mut self) -> bool {
        if self.columns.len() < 3 {
            return false;
        }
        let at = 1 + self.below(self.columns.len() - 1);
        let (name, kind) = self.columns[at].clone();
        match self.below(3) {
            0 => {
                let new = format!("{name}_r");
                self.add(&format!(
                    "type: rename, input: {}, columns: {{{name}: {new}}}",
                    self.last
                ));
                self.columns[at].0 = new;
            }
            1 => {
                self.add(&format!("type: drop, input: {}, columns: [{name}]", self.last));
                self.columns.remove(at);
            }
            _ => {
                let id = self.columns[0].clone();
                self.add(&format!(
                    "type: unpivot, input: {}, ids: [{}], values: [{name}], value_column: figure",
                    self.last, id.0
                ));
                self.columns =
                    vec![id, ("name".to_owned(), Kind::Text), ("figure".to_owned(), kind)];
            }
        }
        true
    }

    fn clean(&mut self) -> bool {
        let Some((name, _)) = self.column(&[Kind::Text]) else { return false };
        let how = self.pick(&[
            "trim: true",
            "case: upper",
            "blank_to_null: true",
            "replace: {'[0-9]+': '#'}, trim: true",
        ]);
        self.add(&format!("type: clean, input: {}, columns: [{name}], {how}", self.last));
        true
    }

    fn pick_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.random.below(of.len())]
    }
}

fn is_orderable(kind: Kind) -> bool {
    kind != Kind::Map
}

/// Steele, Lea and Flood: Fast Splittable Pseudorandom Number Generators (2014).
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        usize::try_from(z % u64::try_from(end).unwrap()).unwrap()
    }
}
