//! End-to-end checks in one binary, so that polars and candle are linked once.

mod classifier_parity;
