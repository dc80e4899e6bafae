//! Schema inference.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InferRequest {}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InferredSchema {}
