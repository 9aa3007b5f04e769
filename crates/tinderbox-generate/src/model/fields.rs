//! Fields of a section that lies in several layers: what a job type does not say is said by the defaults of its file,
//! what those do not say by the built-in ones.

use super::yaml::{Node, Value};
use crate::error::{Error, suggestion};
use std::ops::RangeInclusive;

/// A map in one file.
#[derive(Debug, Clone)]
pub(super) struct Layer<'a> {
    pub(super) file: &'a str,
    pub(super) path: String,
    pub(super) node: &'a Node,
}

impl<'a> Layer<'a> {
    pub(super) fn error(&self, problem: impl Into<String>, hint: impl Into<String>) -> Error {
        Error::Model {
            file: self.file.to_owned(),
            line: self.node.line,
            field: self.path.clone(),
            problem: problem.into(),
            hint: hint.into(),
        }
    }

    pub(super) fn child(&self, key: &str) -> Option<Layer<'a>> {
        let node = self.node.get(key)?;
        Some(Layer { file: self.file, path: self.path_of(key), node })
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// All entries of a map.
    pub(super) fn children(&self) -> Result<Vec<(&'a str, Layer<'a>)>, Error> {
        let Value::Map(entries) = &self.node.value else {
            return Err(self.error("this must be a map", "write `name: value` on lines below it"));
        };
        let layer = |key: &'a str, node| Layer { file: self.file, path: self.path_of(key), node };
        Ok(entries.iter().map(|(key, node)| (key.as_str(), layer(key, node))).collect())
    }

    /// All items of a list.
    pub(super) fn items(&self) -> Result<Vec<Layer<'a>>, Error> {
        let Value::List(items) = &self.node.value else {
            return Err(self.error("this must be a list", "write it as [first, second]"));
        };
        let layer = |(index, node)| Layer {
            file: self.file,
            path: format!("{}[{index}]", self.path),
            node,
        };
        Ok(items.iter().enumerate().map(layer).collect())
    }

    pub(super) fn check_keys(&self, valid: &[&str]) -> Result<(), Error> {
        for (key, child) in self.children()? {
            if !valid.contains(&key) {
                return Err(child.error("there is no such field", suggestion(key, valid)));
            }
        }
        Ok(())
    }

    pub(super) fn text(&self) -> Result<&'a str, Error> {
        match &self.node.value {
            Value::Scalar(text, is_quoted) if *is_quoted || !text.is_empty() => Ok(text),
            _ => Err(self.error("a text is missing", "write it behind the colon")),
        }
    }

    pub(super) fn flag(&self) -> Result<bool, Error> {
        match &self.node.value {
            Value::Scalar(text, false) if text == "true" => Ok(true),
            Value::Scalar(text, false) if text == "false" => Ok(false),
            _ => Err(self.error("this must be true or false", "write true or false")),
        }
    }

    pub(super) fn number(&self, range: RangeInclusive<f64>) -> Result<f64, Error> {
        let (low, high) = (range.start(), range.end());
        let number = match &self.node.value {
            Value::Scalar(text, false) => text.parse::<f64>().ok(),
            _ => None,
        };
        match number {
            Some(number) if range.contains(&number) => Ok(number),
            Some(number) => Err(self.error(
                format!("{number} is out of range"),
                format!("give a number from {low} to {high}"),
            )),
            None => {
                Err(self
                    .error("this must be a number", format!("give a number from {low} to {high}")))
            }
        }
    }

    pub(super) fn whole(&self, range: RangeInclusive<u32>) -> Result<u32, Error> {
        let hint = format!("give a whole number from {} to {}", range.start(), range.end());
        match &self.node.value {
            Value::Scalar(text, false) => match text.parse::<i64>() {
                Ok(number) => u32::try_from(number)
                    .ok()
                    .filter(|number| range.contains(number))
                    .ok_or_else(|| self.error(format!("{number} is out of range"), hint)),
                Err(_) => Err(self.error("this must be a whole number", hint)),
            },
            _ => Err(self.error("this must be a whole number", hint)),
        }
    }

    pub(super) fn whole_list(&self, range: RangeInclusive<u32>) -> Result<Vec<u32>, Error> {
        let items = self.items()?;
        if items.is_empty() {
            return Err(self.error("the list is empty", "give at least one number"));
        }
        items.iter().map(|item| item.whole(range.clone())).collect()
    }

    /// `N` numbers that are not negative, not all of them zero.
    pub(super) fn weights<const N: usize>(&self) -> Result<[f64; N], Error> {
        let items = self.items()?;
        let numbers = items.iter().map(|item| item.number(0.0..=1e9));
        let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
        let found = numbers.len();
        let numbers: [f64; N] = numbers.try_into().map_err(|_| {
            self.error(format!("there are {found} numbers"), format!("give {N} numbers"))
        })?;
        if numbers.iter().sum::<f64>() <= 0.0 {
            return Err(self.error("all numbers are 0", "give at least one above 0"));
        }
        Ok(numbers)
    }

    /// Names with numbers that are not negative, not all of them zero.
    pub(super) fn shares(&self) -> Result<Vec<(String, f64)>, Error> {
        let shares = self
            .children()?
            .into_iter()
            .map(|(name, layer)| Ok((name.to_owned(), layer.number(0.0..=1e9)?)));
        let shares = shares.collect::<Result<Vec<_>, Error>>()?;
        if shares.iter().map(|(_, share)| share).sum::<f64>() <= 0.0 {
            return Err(self.error("no share is above 0", "give at least one above 0"));
        }
        Ok(shares)
    }
}

/// The same section in all layers, the one that decides first.
#[derive(Debug, Clone)]
pub(super) struct Section<'a> {
    layers: Vec<Layer<'a>>,
    /// Where it would stand, for what is missing everywhere.
    path: String,
}

impl<'a> Section<'a> {
    /// # Errors
    /// A key that is not among `valid`.
    pub(super) fn new(path: String, layers: Vec<Layer<'a>>, valid: &[&str]) -> Result<Self, Error> {
        for layer in &layers {
            layer.check_keys(valid)?;
        }
        Ok(Self { layers, path })
    }

    pub(super) fn section(&self, key: &str, valid: &[&str]) -> Result<Section<'a>, Error> {
        let layers = self.layers.iter().filter_map(|layer| layer.child(key)).collect();
        Section::new(format!("{}.{key}", self.path), layers, valid)
    }

    pub(super) fn find(&self, key: &str) -> Option<Layer<'a>> {
        self.layers.iter().find_map(|layer| layer.child(key))
    }

    pub(super) fn get(&self, key: &str) -> Result<Layer<'a>, Error> {
        self.find(key).ok_or_else(|| {
            let problem = format!("`{key}` is missing");
            let hint = format!("add `{key}:` to it");
            match self.layers.first() {
                Some(layer) => layer.error(problem, hint),
                None => Error::Model {
                    file: "models".to_owned(),
                    line: 1,
                    field: self.path.clone(),
                    problem,
                    hint,
                },
            }
        })
    }

    pub(super) fn number(&self, key: &str, range: RangeInclusive<f64>) -> Result<f64, Error> {
        self.get(key)?.number(range)
    }

    pub(super) fn whole(&self, key: &str, range: RangeInclusive<u32>) -> Result<u32, Error> {
        self.get(key)?.whole(range)
    }
}
