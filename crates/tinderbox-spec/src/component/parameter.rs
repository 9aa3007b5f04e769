//! Short forms of the registry.

use super::{Inputs, Parameter, ParameterType};

pub(super) const ONE: Inputs = Inputs { min: 1, max: 1 };

pub(super) const fn required(
    name: &'static str,
    kind: ParameterType,
    purpose: &'static str,
) -> Parameter {
    Parameter { name, kind, required: true, default: None, purpose }
}

pub(super) const fn optional(
    name: &'static str,
    kind: ParameterType,
    purpose: &'static str,
) -> Parameter {
    Parameter { name, kind, required: false, default: None, purpose }
}

pub(super) const fn with_default(
    name: &'static str,
    kind: ParameterType,
    default: &'static str,
    purpose: &'static str,
) -> Parameter {
    Parameter { name, kind, required: false, default: Some(default), purpose }
}
