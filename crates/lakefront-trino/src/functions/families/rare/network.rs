use std::net::IpAddr;

use datafusion::arrow::array::ArrayRef;

use crate::call::Call;
use crate::error::{Code, Error, Result};

/// Whether a network such as `10.0.0.0/8` has the address.
pub(super) fn contains(call: &Call) -> Result<ArrayRef> {
    let (network, address) = (call.text(0), call.bytes(1));
    call.booleans(|row| {
        let (Some(network), Some(address)) = (network.get(row), address.get(row)) else { return Ok(None) };
        let address = <[u8; 16]>::try_from(address).map_err(|_| Error::invalid_argument("Invalid IP address"))?;
        has(network, IpAddr::from(address).to_canonical()).map(Some)
    })
}

fn has(network: &str, address: IpAddr) -> Result<bool> {
    let (base, length) = network.split_once('/').ok_or_else(|| Error::invalid_argument("Invalid CIDR"))?;
    let base: IpAddr = base.parse().map_err(|_| Error::invalid_argument("Invalid network IP address"))?;
    let length: i32 = length
        .parse()
        .map_err(|_| Error::new(Code::GenericInternalError, format!("For input string: \"{length}\"")))?;
    let length = u32::try_from(length).map_err(|_| Error::invalid_argument("Invalid prefix length"))?;
    // Bits at the upper end of a number of 128. A network that is written as one of IPv6 has addresses of IPv4 as that.
    let of_v4 = |address| u128::from(u32::from(address)) << 96;
    let (base_bits, width, address_bits) = match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => (of_v4(base), 32, Some(of_v4(address))),
        (IpAddr::V4(base), IpAddr::V6(_)) => (of_v4(base), 32, None),
        (IpAddr::V6(base), IpAddr::V4(address)) => (base.into(), 128, Some(address.to_ipv6_mapped().into())),
        (IpAddr::V6(base), IpAddr::V6(address)) => (base.into(), 128, Some(address.into())),
    };
    if length > width {
        return Err(Error::invalid_argument("Prefix length exceeds address length"));
    }
    let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
    if width == 32 && base_bits & !mask != 0 {
        return Err(Error::invalid_argument("Invalid CIDR"));
    }
    Ok(address_bits.is_some_and(|address: u128| base_bits & mask == address & mask))
}

#[cfg(test)]
mod tests {
    use super::has;

    #[test]
    fn networks_have_addresses() {
        let has = |network, address: &str| has(network, address.parse().expect("an address")).ok();
        assert_eq!(has("10.0.0.0/8", "10.255.255.255"), Some(true));
        assert_eq!(has("10.0.0.0/8", "11.255.255.255"), Some(false));
        assert_eq!(has("0.0.0.0/0", "11.255.255.255"), Some(true));
        assert_eq!(has("64:ff9b::/64", "64:ff9b::1"), Some(true));
        assert_eq!(has("10.0.0.0/8", "64:ff9b::1"), Some(false));
        assert_eq!(has("255.0.0.1/8", "1.1.1.1"), None);
        assert_eq!(has("::/0", "10.1.2.3"), Some(true));
        assert_eq!(has("::ffff:10.0.0.0/104", "10.1.2.3"), Some(true));
        assert_eq!(has("::ffff:10.0.0.0/104", "11.1.2.3"), Some(false));
        assert_eq!(has("::ffff:10.0.0.0/8", "::"), Some(true));
        assert_eq!(has("10.0.0.0/33", "10.0.0.0"), None);
    }
}
