//! The functions a statement may call.

/// What kind of call a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    Scalar,
    Aggregate,
    Window,
    Table,
}

/// One name of a function and whether a statement may call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionInfo {
    /// Lower case.
    pub name: &'static str,
    pub kind: FunctionKind,
    pub allowed: bool,
}

/// Every function the engine knows of, aliases as entries of their own.
pub fn functions() -> &'static [FunctionInfo] {
    &[]
}
