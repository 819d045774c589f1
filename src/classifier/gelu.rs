//! GELU with the exact error function (Hendrycks & Gimpel 2016), as BERT uses it, in multiplications and additions only.
//!
//! candle's own `gelu_erf` goes through double precision one number at a time and takes a fifth of the encoder's time. Here
//! erf(x)/x is a polynomial of degree 14 in t = 2x²/3.6² - 1 on |x| <= 3.6, where 1 - erf is below 4e-7: a Chebyshev fit on 400
//! nodes (`numpy.polynomial.chebyshev.chebfit`, then `cheb2poly`), off by at most 3e-7 in single precision. No fused
//! multiply-add, so every processor gives the same bits.

/// Beyond this, erf is 1 in single precision.
const LIMIT: f32 = 3.6;
/// Powers of t from 0 to 14.
#[expect(clippy::excessive_precision, reason = "as fitted")]
const ERF_OVER_X: [f32; 15] = [
    3.927120864e-01,
    -1.954908371e-01,
    1.438144892e-01,
    -1.137832925e-01,
    8.974951506e-02,
    -6.812567264e-02,
    4.869928584e-02,
    -3.218403086e-02,
    1.999369264e-02,
    -1.229836419e-02,
    6.544514559e-03,
    -2.257310320e-03,
    1.099008601e-03,
    -1.161220949e-03,
    4.658265389e-04,
];

fn erf(x: f32) -> f32 {
    let x = x.clamp(-LIMIT, LIMIT);
    let t = x * x * (2.0 / (LIMIT * LIMIT)) - 1.0;
    x * ERF_OVER_X.iter().rev().fold(0.0, |sum, coefficient| sum * t + coefficient)
}

/// GELU of one number.
pub(super) fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The derivative of [`gelu`]: the normal distribution's cumulative share plus x times its density.
pub(super) fn slope(x: f32) -> f32 {
    const DENSITY_AT_ZERO: f32 = 0.398_942_3;
    0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)) + x * DENSITY_AT_ZERO * (-0.5 * x * x).exp()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;

    #[test]
    fn agrees_with_the_error_function() {
        let numbers: Vec<f32> = (-800i16..=800).map(|i| f32::from(i) / 100.0).collect();
        let x = Tensor::from_vec(numbers.clone(), numbers.len(), &Device::Cpu).unwrap();
        let wanted: Vec<f32> = x.gelu_erf().unwrap().to_vec1().unwrap();
        for (x, wanted) in numbers.iter().zip(wanted) {
            let ours = gelu(*x);
            assert!((ours - wanted).abs() <= 2e-6, "gelu({x}) = {ours}, wanted {wanted}");
        }
    }
}
