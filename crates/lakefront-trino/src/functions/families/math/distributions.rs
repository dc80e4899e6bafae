//! Distribution functions and confidence intervals.

use std::f64::consts::SQRT_2;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Float64Type;

use super::super::super::{Function, scalar};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::lanes;

pub(super) fn all() -> Vec<Function> {
    const THREE: &str = "(double, double, double) -> double";
    const TRIALS: &str = "(bigint, bigint, double) -> double";
    vec![
        scalar("normal_cdf", THREE, |call: &Call| of_three(call, normal_cdf)),
        scalar("inverse_normal_cdf", THREE, |call: &Call| of_three(call, inverse_normal_cdf)),
        scalar("beta_cdf", THREE, |call: &Call| of_three(call, beta_cdf)),
        scalar("inverse_beta_cdf", THREE, |call: &Call| of_three(call, inverse_beta_cdf)),
        scalar("wilson_interval_lower", TRIALS, |call: &Call| wilson(call, -1.0)),
        scalar("wilson_interval_upper", TRIALS, |call: &Call| wilson(call, 1.0)),
    ]
}

fn of_three(call: &Call, of: impl Fn(f64, f64, f64) -> Result<f64>) -> Result<ArrayRef> {
    let (a, b, c) = (call.double(0)?, call.double(1)?, call.double(2)?);
    lanes::rows::<Float64Type>(call, |row| match (a.get(row), b.get(row), c.get(row)) {
        (Some(a), Some(b), Some(c)) => of(a, b, c),
        _ => Ok(0.0),
    })
}

/// What has to hold, which NaN never does.
fn require(holds: bool, what: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::invalid_argument(what)) }
}

fn normal_cdf(mean: f64, deviation: f64, value: f64) -> Result<f64> {
    require(deviation > 0.0, "standardDeviation must be > 0")?;
    Ok(0.5 * (1.0 + erf((value - mean) / (deviation * SQRT_2))))
}

/// By the incomplete gamma function, as Trino's library does: the last digit depends on it.
fn erf(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x.abs() > 40.0 {
        return 1f64.copysign(x);
    }
    regularized_gamma_half(x * x).copysign(x)
}

/// Of the parameter 1/2: a series up to 3/2, from there on a continued fraction by Lentz's method.
fn regularized_gamma_half(x: f64) -> f64 {
    const HALF: f64 = 0.5;
    const PRECISION: f64 = 1e-15;
    const STEPS: u32 = 10_000;
    const LOG_GAMMA: f64 = 0.572_364_942_924_700_1;
    if x == 0.0 {
        return 0.0;
    }
    let scale = (-x + HALF * x.ln() - LOG_GAMMA).exp();
    if x < 1.0 + HALF {
        let (mut term, mut sum) = (1.0 / HALF, 1.0 / HALF);
        for n in 1..=STEPS {
            if term / sum <= PRECISION {
                break;
            }
            term *= x / (HALF + f64::from(n));
            sum += term;
        }
        return scale * sum;
    }
    let mut fraction = 1.0 - HALF + x;
    let (mut c, mut d) = (fraction, 0.0);
    for n in (1..STEPS).map(f64::from) {
        let (a, b) = (2.0 * n + 1.0 - HALF + x, n * (HALF - n));
        d = 1.0 / (a + b * d);
        c = a + b / c;
        fraction *= c * d;
        if (c * d - 1.0).abs() < PRECISION {
            break;
        }
    }
    1.0 - scale * (1.0 / fraction)
}

fn inverse_normal_cdf(mean: f64, deviation: f64, p: f64) -> Result<f64> {
    require(p > 0.0 && p < 1.0, "p must be 0 > p > 1")?;
    require(deviation > 0.0, "sd must be > 0")?;
    Ok(mean + deviation * SQRT_2 * inverse_erf(2.0 * p - 1.0))
}

/// Newton's steps to the root from Winitzki's approximation.
fn inverse_erf(value: f64) -> f64 {
    let rest = 1.0 - value.abs();
    if rest == 0.0 {
        return f64::INFINITY.copysign(value);
    }
    let a = 0.147;
    let log = (rest * (1.0 + value.abs())).ln();
    let middle = 2.0 / (std::f64::consts::PI * a) + log / 2.0;
    let mut root = ((middle * middle - log / a).sqrt() - middle).max(0.0).sqrt();
    for _ in 0..8 {
        let off = libm::erfc(root) - rest;
        let slope = std::f64::consts::FRAC_2_SQRT_PI * (-root * root).exp();
        if off == 0.0 || slope == 0.0 {
            break;
        }
        let step = off / slope;
        // Halley's correction; the second derivative is -2x times the first.
        root += step / (1.0 + root * step);
    }
    root.copysign(value)
}

fn beta_cdf(a: f64, b: f64, value: f64) -> Result<f64> {
    require((0.0..=1.0).contains(&value), "value must be 0 >= v >= 1")?;
    beta_parameters(a, b)?;
    Ok(regularized_beta(value, a, b))
}

fn inverse_beta_cdf(a: f64, b: f64, p: f64) -> Result<f64> {
    require((0.0..=1.0).contains(&p), "p must be 0 >= p >= 1")?;
    beta_parameters(a, b)?;
    if p == 0.0 || p == 1.0 {
        return Ok(p);
    }
    Ok(root_between_zero_and_one(|x| regularized_beta(x, a, b) - p))
}

/// Beyond these, what Trino answers is noise, and more than 1 at the end.
fn beta_parameters(a: f64, b: f64) -> Result<()> {
    require(a > 0.0 && b > 0.0, "a, b must be > 0")?;
    if a.max(b) > 1e6 || a.min(b) < 1e-9 {
        return Err(Error::not_here("A beta distribution with parameters beyond 0.000000001 and 1000000"));
    }
    Ok(())
}

/// The logarithm of the beta function, without the difference of two that are nearly the same.
fn log_beta(a: f64, b: f64) -> f64 {
    let (small, large) = (a.min(b), a.max(b));
    if large < 10.0 {
        return libm::lgamma(small) + libm::lgamma(large) - libm::lgamma(small + large);
    }
    let log_of_both = (small / large).ln_1p();
    let rest = stirling_rest(large) - stirling_rest(small + large);
    if small < 10.0 {
        return libm::lgamma(small) - (small + large - 0.5) * log_of_both - small * (large.ln() - 1.0) + rest;
    }
    let half_log_of_two_pi = 0.918_938_533_204_672_8;
    half_log_of_two_pi - 0.5 * large.ln() - (small - 0.5) * (large / small).ln_1p() - large * log_of_both
        + rest
        + stirling_rest(small)
}

/// What Stirling's formula leaves of the logarithm of the gamma function, from 10 on.
fn stirling_rest(x: f64) -> f64 {
    // Bernoulli's numbers over 2n (2n - 1).
    const TERMS: [f64; 7] =
        [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1_260.0, -1.0 / 1_680.0, 1.0 / 1_188.0, -691.0 / 360_360.0, 1.0 / 156.0];
    let step = 1.0 / (x * x);
    TERMS.iter().rev().fold(0.0, |sum, term| sum * step + term) / x
}

fn regularized_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - regularized_beta_by_fraction(1.0 - x, x, b, a);
    }
    regularized_beta_by_fraction(x, 1.0 - x, a, b)
}

/// By its continued fraction, in Lentz's way.
fn regularized_beta_by_fraction(x: f64, rest: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let nonzero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let front = (a * x.ln() + b * rest.ln() - log_beta(a, b)).exp() / a;
    let mut c = 1.0;
    let mut d = 1.0 / nonzero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..10_000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / nonzero(1.0 + even * d);
        c = nonzero(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / nonzero(1.0 + odd * d);
        c = nonzero(1.0 + odd / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * fraction
}

/// Brent's method with the tolerances that Trino's library has, so that it stops where that does.
fn root_between_zero_and_one(of: impl Fn(f64) -> f64) -> f64 {
    const VALUE_ACCURACY: f64 = 1e-15;
    let start = 0.5;
    let at_start = of(start);
    if at_start.abs() <= VALUE_ACCURACY {
        return start;
    }
    let at_zero = of(0.0);
    if at_zero.abs() <= VALUE_ACCURACY {
        return 0.0;
    }
    if at_start * at_zero < 0.0 {
        return brent((0.0, at_zero), (start, at_start), of);
    }
    let at_one = of(1.0);
    if at_one.abs() <= VALUE_ACCURACY { 1.0 } else { brent((start, at_start), (1.0, at_one), of) }
}

fn brent((mut a, mut fa): (f64, f64), (mut b, mut fb): (f64, f64), of: impl Fn(f64) -> f64) -> f64 {
    const ABSOLUTE: f64 = 1e-9;
    const RELATIVE: f64 = 1e-14;
    let (mut c, mut fc) = (a, fa);
    let mut d = b - a;
    let mut e = d;
    loop {
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let tolerance = 2.0 * RELATIVE * b.abs() + ABSOLUTE;
        let middle = 0.5 * (c - b);
        if middle.abs() <= tolerance || fb.abs() <= f64::from_bits(1) {
            return b;
        }
        if e.abs() < tolerance || fa.abs() <= fb.abs() {
            d = middle;
            e = d;
        } else {
            let s = fb / fa;
            #[expect(clippy::float_cmp, reason = "whether it is the same point")]
            let (mut p, mut q) = if a == c {
                (2.0 * middle * s, 1.0 - s)
            } else {
                let (q, r) = (fa / fc, fb / fc);
                (s * (2.0 * middle * q * (q - r) - (b - a) * (r - 1.0)), (q - 1.0) * (r - 1.0) * (s - 1.0))
            };
            if p > 0.0 {
                q = -q;
            } else {
                p = -p;
            }
            let before = e;
            e = d;
            if p >= 1.5 * middle * q - (tolerance * q).abs() || p >= (0.5 * before * q).abs() {
                d = middle;
                e = d;
            } else {
                d = p / q;
            }
        }
        (a, fa) = (b, fb);
        b += if d.abs() > tolerance { d } else { tolerance.copysign(middle) };
        fb = of(b);
        if (fb > 0.0) == (fc > 0.0) {
            (c, fc) = (a, fa);
            d = b - a;
            e = d;
        }
    }
}

fn wilson(call: &Call, side: f64) -> Result<ArrayRef> {
    let (successes, trials, z) = (call.int(0)?, call.int(1)?, call.double(2)?);
    lanes::rows::<Float64Type>(call, |row| {
        let (Some(successes), Some(trials), Some(z)) = (successes.get(row), trials.get(row), z.get(row)) else {
            return Ok(0.0);
        };
        require(successes >= 0, "number of successes must not be negative")?;
        require(trials > 0, "number of trials must be positive")?;
        require(successes <= trials, "number of successes must not be larger than number of trials")?;
        require(z >= 0.0, "z-score must not be negative")?;
        let n = trials as f64;
        let p = successes as f64 / n;
        // In Trino's order: of nearly the same two, the last digits are the difference.
        let width = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        Ok((p + z * z / (2.0 * n) + side * width) / (1.0 + z * z / n))
    })
}

#[cfg(test)]
mod tests {
    use super::{erf, inverse_beta_cdf, inverse_erf, inverse_normal_cdf, log_beta, regularized_beta};

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-12 * b.abs().max(1e-3), "{a} is not {b}");
    }

    #[test]
    fn the_error_function_has_its_values_where_its_methods_meet() {
        for x in [1e-200, 0.3, 1.224, 1.225, 3.0, 39.9, 40.1, f64::INFINITY] {
            near(erf(x), libm::erf(x));
            near(erf(-x), -libm::erf(x));
        }
        assert!(erf(f64::NAN).is_nan());
    }

    #[test]
    fn inverses_invert() {
        for value in [-0.999_999_9, -0.9, -0.3, 0.0, 1e-9, 0.5, 0.999] {
            near(erf(inverse_erf(value)), value);
        }
        near(inverse_normal_cdf(0.0, 1.0, 0.975).unwrap_or_default(), 1.959_963_984_540_054);
        for p in [0.01, 0.3, 0.5, 0.99] {
            let x = inverse_beta_cdf(3.0, 3.6, p).unwrap_or_default();
            assert!((regularized_beta(x, 3.0, 3.6) - p).abs() < 1e-8);
        }
    }

    #[test]
    fn log_beta_is_the_same_on_both_sides_of_its_bounds() {
        for (a, b) in [(9.999_999_999, 20.0), (3.0, 9.999_999_999), (9.999_999_999, 9.999_999_999), (0.5, 12.0)] {
            let plain = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
            near(log_beta(a, b), plain);
            assert!((log_beta(a + 2e-9, b + 2e-9) - plain).abs() < 1e-7);
        }
    }

    #[test]
    fn beta_is_known() {
        near(regularized_beta(0.2, 2.0, 3.5), 0.221_490_572_953_673_22);
        near(regularized_beta(0.5, 3.0, 3.0), 0.5);
        assert!((regularized_beta(0.5, 1e6, 1e6) - 0.5).abs() < 1e-9);
    }
}
