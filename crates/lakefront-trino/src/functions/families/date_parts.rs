use super::super::Function;

pub(super) fn all() -> Vec<Function> {
    vec![]
}
