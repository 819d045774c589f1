//! The encoder's own tensor operations, each with a backward pass: layer norm, softmax, a bias, GELU.
//!
//! candle-nn's fused layer norm and softmax have no backward, and the same maths composed of basic operations makes a dozen
//! passes over the numbers. Tests hold every backward here against the composed form.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, WithDType, bail};

use super::gelu;

/// Layer norm over the last dimension (Ba, Kiros & Hinton 2016): `x` (..., width), `weight` and `bias` (width).
pub(super) fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f32) -> Result<Tensor> {
    x.contiguous()?.apply_op3(weight, bias, LayerNorm { eps })
}

/// Softmax over the last dimension.
pub(super) fn softmax(x: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Softmax)
}

/// `x` (rows, width) plus `bias` (width) in every row.
pub(super) fn add_bias(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op2(bias, AddBias)
}

/// GELU of every number.
pub(super) fn gelu(x: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Gelu)
}

/// The numbers of a contiguous f32 tensor.
fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&f32::cpu_storage_as_slice(storage)?[start..end]),
        None => bail!("the encoder's operations want contiguous tensors"),
    }
}

fn width(layout: &Layout) -> Result<usize> {
    match layout.dims().last() {
        Some(&width) if width > 0 => Ok(width),
        _ => bail!("the encoder's operations want a last dimension"),
    }
}

fn made(numbers: Vec<f32>, shape: impl Into<Shape>) -> (CpuStorage, Shape) {
    (CpuStorage::F32(numbers), shape.into())
}

#[expect(clippy::cast_precision_loss, reason = "a width is hundreds of numbers")]
fn mean(numbers: impl ExactSizeIterator<Item = f32>) -> f32 {
    let count = numbers.len() as f32;
    numbers.sum::<f32>() / count
}

/// Mean and 1 / standard deviation of a row.
fn moments(row: &[f32], eps: f32) -> (f32, f32) {
    let centre = mean(row.iter().copied());
    let variance = mean(row.iter().map(|x| (x - centre) * (x - centre)));
    (centre, 1.0 / (variance + eps).sqrt())
}

struct LayerNorm {
    eps: f32,
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        w: &CpuStorage,
        lw: &Layout,
        b: &CpuStorage,
        lb: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, w, b) = (numbers(x, lx)?, numbers(w, lw)?, numbers(b, lb)?);
        let mut out = Vec::with_capacity(x.len());
        for row in x.chunks_exact(width(lx)?) {
            let (centre, scale) = moments(row, self.eps);
            out.extend(row.iter().zip(w).zip(b).map(|((x, w), b)| (x - centre) * scale * w + b));
        }
        Ok(made(out, lx.shape()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        _b: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let to_x = x.apply_op3_no_bwd(w, &grad, &LayerNormToInput { eps: self.eps })?;
        let to_weights = x.apply_op2_no_bwd(&grad, &LayerNormToWeights { eps: self.eps })?;
        Ok((Some(to_x), Some(to_weights.get(0)?), Some(to_weights.get(1)?)))
    }
}

/// (x, weight, gradient of the result) -> gradient of x.
struct LayerNormToInput {
    eps: f32,
}

impl CustomOp3 for LayerNormToInput {
    fn name(&self) -> &'static str {
        "layer-norm-to-input"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        w: &CpuStorage,
        lw: &Layout,
        g: &CpuStorage,
        lg: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, w, g) = (numbers(x, lx)?, numbers(w, lw)?, numbers(g, lg)?);
        let width = width(lx)?;
        let mut out = Vec::with_capacity(x.len());
        for (row, grad) in x.chunks_exact(width).zip(g.chunks_exact(width)) {
            let (centre, scale) = moments(row, self.eps);
            let mean_grad = mean(grad.iter().zip(w).map(|(g, w)| g * w));
            let mean_along = mean(grad.iter().zip(w).zip(row).map(|((g, w), x)| g * w * (x - centre) * scale));
            out.extend(grad.iter().zip(w).zip(row).map(|((g, w), x)| scale * (g * w - mean_grad - (x - centre) * scale * mean_along)));
        }
        Ok(made(out, lx.shape()))
    }
}

/// (x, gradient of the result) -> gradients of weight and bias as two rows.
struct LayerNormToWeights {
    eps: f32,
}

impl CustomOp2 for LayerNormToWeights {
    fn name(&self) -> &'static str {
        "layer-norm-to-weights"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, g: &CpuStorage, lg: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, g) = (numbers(x, lx)?, numbers(g, lg)?);
        let width = width(lx)?;
        let mut out = vec![0.0; 2 * width];
        let (to_weight, to_bias) = out.split_at_mut(width);
        for (row, grad) in x.chunks_exact(width).zip(g.chunks_exact(width)) {
            let (centre, scale) = moments(row, self.eps);
            for ((sum, x), g) in to_weight.iter_mut().zip(row).zip(grad) {
                *sum += (x - centre) * scale * g;
            }
            for (sum, g) in to_bias.iter_mut().zip(grad) {
                *sum += g;
            }
        }
        Ok(made(out, (2, width)))
    }
}

struct Softmax;

impl CustomOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut out = numbers(x, lx)?.to_vec();
        for row in out.chunks_exact_mut(width(lx)?) {
            let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            for x in row.iter_mut() {
                *x = (*x - most).exp();
                sum += *x;
            }
            let scale = 1.0 / sum;
            row.iter_mut().for_each(|x| *x *= scale);
        }
        Ok(made(out, lx.shape()))
    }

    fn bwd(&self, _x: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(y.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &SoftmaxToInput)?))
    }
}

/// (softmax, its gradient) -> gradient of the input.
struct SoftmaxToInput;

impl CustomOp2 for SoftmaxToInput {
    fn name(&self) -> &'static str {
        "softmax-to-input"
    }

    fn cpu_fwd(&self, y: &CpuStorage, ly: &Layout, g: &CpuStorage, lg: &Layout) -> Result<(CpuStorage, Shape)> {
        let (y, g) = (numbers(y, ly)?, numbers(g, lg)?);
        let width = width(ly)?;
        let mut out = Vec::with_capacity(y.len());
        for (row, grad) in y.chunks_exact(width).zip(g.chunks_exact(width)) {
            let along: f32 = row.iter().zip(grad).map(|(y, g)| y * g).sum();
            out.extend(row.iter().zip(grad).map(|(y, g)| y * (g - along)));
        }
        Ok(made(out, ly.shape()))
    }
}

struct AddBias;

impl CustomOp2 for AddBias {
    fn name(&self) -> &'static str {
        "add-bias"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, b: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, b) = (numbers(x, lx)?, numbers(b, lb)?);
        let mut out = Vec::with_capacity(x.len());
        for row in x.chunks_exact(width(lx)?) {
            out.extend(row.iter().zip(b).map(|(x, b)| x + b));
        }
        Ok(made(out, lx.shape()))
    }

    fn bwd(&self, _x: &Tensor, bias: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        // A sum over rows as a matrix product: candle's own reduction over the first dimension is much slower.
        let rows = grad.elem_count() / bias.elem_count();
        let grad_rows = grad.contiguous()?.reshape((rows, bias.elem_count()))?;
        let to_bias = Tensor::ones((1, rows), grad.dtype(), grad.device())?.matmul(&grad_rows)?.squeeze(0)?;
        Ok((Some(grad.clone()), Some(to_bias)))
    }
}

struct Gelu;

impl CustomOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok(made(numbers(x, lx)?.iter().map(|x| gelu::gelu(*x)).collect(), lx.shape()))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(x.apply_op2_no_bwd(&grad.contiguous()?, &GeluToInput)?))
    }
}

/// (x, gradient of the result) -> gradient of x.
struct GeluToInput;

impl CustomOp2 for GeluToInput {
    fn name(&self) -> &'static str {
        "gelu-to-input"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, g: &CpuStorage, lg: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, g) = (numbers(x, lx)?, numbers(g, lg)?);
        Ok(made(x.iter().zip(g).map(|(x, g)| g * gelu::slope(*x)).collect(), lx.shape()))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{D, Device, Var};

    use super::*;

    const EPS: f32 = 1e-5;

    fn random(shape: &[usize]) -> Var {
        Var::from_tensor(&Tensor::randn(0f32, 1f32, shape, &Device::Cpu).unwrap()).unwrap()
    }

    fn difference(a: &Tensor, b: &Tensor) -> f32 {
        (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
    }

    /// The value and the gradients of every input agree between the fused and the composed form.
    fn agree(inputs: &[&Var], fused: &Tensor, composed: &Tensor) {
        assert!(difference(fused, composed) < 1e-5);
        // A loss that weighs every number differently.
        let weights = Tensor::randn(0f32, 1f32, fused.shape(), &Device::Cpu).unwrap();
        let ours = (fused * &weights).unwrap().sum_all().unwrap().backward().unwrap();
        let theirs = (composed * &weights).unwrap().sum_all().unwrap().backward().unwrap();
        for input in inputs {
            assert!(difference(ours.get(input).unwrap(), theirs.get(input).unwrap()) < 1e-4);
        }
    }

    #[test]
    fn layer_norm_agrees_with_its_composed_form() {
        let (x, w, b) = (random(&[5, 3, 16]), random(&[16]), random(&[16]));
        let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1).unwrap()).unwrap();
        let variance = centred.sqr().unwrap().mean_keepdim(D::Minus1).unwrap();
        let scaled = centred.broadcast_div(&(variance + f64::from(EPS)).unwrap().sqrt().unwrap()).unwrap();
        let composed = scaled.broadcast_mul(&w).unwrap().broadcast_add(&b).unwrap();
        agree(&[&x, &w, &b], &layer_norm(&x, &w, &b, EPS).unwrap(), &composed);
    }

    #[test]
    fn softmax_agrees_with_its_composed_form() {
        let x = random(&[4, 2, 7]);
        agree(&[&x], &softmax(&x).unwrap(), &candle_nn::ops::softmax(&x, D::Minus1).unwrap());
    }

    #[test]
    fn a_bias_agrees_with_its_composed_form() {
        let (x, b) = (random(&[9, 6]), random(&[6]));
        agree(&[&x, &b], &add_bias(&x, &b).unwrap(), &x.broadcast_add(&b).unwrap());
    }

    #[test]
    fn gelu_agrees_with_candles() {
        let x = random(&[40, 3]);
        agree(&[&x], &gelu(&x).unwrap(), &x.gelu_erf().unwrap());
    }
}
