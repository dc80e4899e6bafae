//! Network addresses and sizes of data.

use super::super::{Function, scalar};

mod data_size;
mod network;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("contains", "(varchar, ipaddress) -> boolean", network::contains),
        scalar("parse_data_size", "(varchar) -> decimal(38, 0)", data_size::parse_data_size),
        scalar("parse_presto_data_size", "(varchar) -> decimal(38, 0)", data_size::parse_data_size),
    ]
}
