use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use regex::Regex;

use crate::evaluate::statistics::real;

/// Least number of training narratives that a term stands in.
const MIN_DOCUMENTS: u64 = 2;
/// Weight of the loss against half the squared weights; as C in scikit-learn.
const C: f64 = 10.0;
/// Steps of the fit; enough for the loss to settle to five places on thousands of narratives.
const STEPS: usize = 400;

static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\w\w+").ok());

/// Logistic regression on TF-IDF of words and pairs of words: lower case, sublinear counts, smooth inverse document frequency, unit
/// length, as scikit-learn's `TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)`.
pub(crate) struct TfIdf {
    terms: HashMap<String, usize>,
    inverse_frequency: Vec<f64>,
    weights: Vec<f64>,
    bias: f64,
}

/// A narrative as terms and their values, in the order of the terms.
type Row = Vec<(usize, f64)>;

impl TfIdf {
    /// Fits on narratives and whether each is positive.
    ///
    /// # Errors
    /// In words, where a class is absent.
    pub(crate) fn fit(narratives: &[(&str, bool)]) -> Result<Self, String> {
        for (class, name) in [(true, "positive"), (false, "negative")] {
            if !narratives.iter().any(|(_, positive)| *positive == class) {
                return Err(format!("the training records hold no {name}"));
            }
        }
        let counted: Vec<BTreeMap<String, u64>> = narratives.iter().map(|(narrative, _)| counts(narrative)).collect();
        let mut documents: BTreeMap<&str, u64> = BTreeMap::new();
        for term in counted.iter().flat_map(BTreeMap::keys) {
            *documents.entry(term).or_default() += 1;
        }
        documents.retain(|_, count| *count >= MIN_DOCUMENTS);
        let n = real(narratives.len() as u64);
        let inverse_frequency: Vec<f64> = documents.values().map(|count| ((1.0 + n) / (1.0 + real(*count))).ln() + 1.0).collect();
        let terms: HashMap<String, usize> = documents.keys().enumerate().map(|(i, term)| ((*term).to_owned(), i)).collect();
        let mut model = Self { weights: vec![0.0; terms.len()], terms, inverse_frequency, bias: 0.0 };
        let rows: Vec<Row> = counted.iter().map(|counts| model.row(counts)).collect();
        let outcomes: Vec<f64> = narratives.iter().map(|(_, positive)| f64::from(u8::from(*positive))).collect();
        model.descend(&rows, &outcomes);
        Ok(model)
    }

    /// Log-odds that a narrative is positive.
    pub(crate) fn score(&self, narrative: &str) -> f64 {
        self.bias + dot(&self.row(&counts(narrative)), &self.weights)
    }

    /// How many terms it knows.
    pub(crate) fn terms(&self) -> usize {
        self.terms.len()
    }

    fn row(&self, counts: &BTreeMap<String, u64>) -> Row {
        let value = |(term, count): (&String, &u64)| {
            let term = *self.terms.get(term)?;
            Some((term, (1.0 + real(*count).ln()) * self.inverse_frequency[term]))
        };
        let mut row: Row = counts.iter().filter_map(value).collect();
        let length = row.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
        if length > 0.0 {
            row.iter_mut().for_each(|(_, value)| *value /= length);
        }
        row
    }

    /// Accelerated gradient descent (Nesterov 1983, restarted where the step turns back: O'Donoghue & Candes, Found. Comput. Math. 15
    /// (2015) 715) on half the squared weights plus C times the log loss.
    fn descend(&mut self, rows: &[Row], outcomes: &[f64]) {
        // Rows have unit length and one more value of 1 for the bias: no curvature is above this bound.
        let curvature = largest_square(rows, self.weights.len()) / 4.0 * C + 1.0;
        let (mut ahead, mut ahead_bias) = (self.weights.clone(), self.bias);
        let mut momentum = 1.0f64;
        for _ in 0..STEPS {
            let mut gradient = ahead.clone();
            let mut gradient_bias = 0.0;
            for (row, outcome) in rows.iter().zip(outcomes) {
                let fault = C * (1.0 / (1.0 + (-(ahead_bias + dot(row, &ahead))).exp()) - outcome);
                gradient_bias += fault;
                row.iter().for_each(|(term, value)| gradient[*term] += fault * value);
            }
            let next: Vec<f64> = ahead.iter().zip(&gradient).map(|(weight, slope)| weight - slope / curvature).collect();
            let next_bias = ahead_bias - gradient_bias / curvature;
            let turned: f64 = gradient.iter().zip(next.iter().zip(&self.weights)).map(|(slope, (new, old))| slope * (new - old)).sum();
            let next_momentum = if turned + gradient_bias * (next_bias - self.bias) > 0.0 {
                1.0
            } else {
                (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt()) / 2.0
            };
            let push = if next_momentum > 1.0 { (momentum - 1.0) / next_momentum } else { 0.0 };
            ahead = next.iter().zip(&self.weights).map(|(new, old)| new + push * (new - old)).collect();
            ahead_bias = next_bias + push * (next_bias - self.bias);
            (self.weights, self.bias, momentum) = (next, next_bias, next_momentum);
        }
    }
}

/// An upper bound of the largest eigenvalue of rows' cross product, a column of ones included: power iteration, and a tenth more.
fn largest_square(rows: &[Row], terms: usize) -> f64 {
    let (mut direction, mut bias) = (vec![0.0; terms], 1.0f64);
    let mut largest = 1.0f64;
    for _ in 0..20 {
        let (mut image, mut image_bias) = (vec![0.0; terms], 0.0);
        for row in rows {
            let along = bias + dot(row, &direction);
            image_bias += along;
            row.iter().for_each(|(term, value)| image[*term] += along * value);
        }
        let length = (image.iter().map(|value| value * value).sum::<f64>() + image_bias * image_bias).sqrt();
        largest = largest.max(length);
        direction = image.iter().map(|value| value / length).collect();
        bias = image_bias / length;
    }
    largest * 1.1
}

fn dot(row: &Row, weights: &[f64]) -> f64 {
    row.iter().map(|(term, value)| value * weights[*term]).sum()
}

/// Words of two characters and more, and neighbouring pairs of them, with how often each stands there.
fn counts(narrative: &str) -> BTreeMap<String, u64> {
    let lower = narrative.to_lowercase();
    let words: Vec<&str> = WORD.as_ref().map(|word| word.find_iter(&lower).map(|found| found.as_str()).collect()).unwrap_or_default();
    let mut counts = BTreeMap::new();
    for word in &words {
        *counts.entry((*word).to_owned()).or_default() += 1;
    }
    for pair in words.windows(2) {
        *counts.entry(format!("{} {}", pair[0], pair[1])).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_words_and_pairs() {
        let counts = counts("He waits, he WAITS a lot");
        assert_eq!(counts["waits"], 2);
        assert_eq!(counts["he waits"], 2);
        assert_eq!(counts["waits lot"], 1);
        assert!(!counts.contains_key("a"));
    }

    #[test]
    fn a_row_has_unit_length_and_the_published_weights() {
        let model = TfIdf::fit(&[("gate car", true), ("gate car", true), ("gate dog", false), ("dog gate", false)]).unwrap();
        // gate: 4 of 4, ln(5/5)+1 = 1; car: 2 of 4, ln(5/3)+1; "gate car" the same; "dog" 2 of 4.
        let idf = (5.0f64 / 3.0).ln() + 1.0;
        let row = model.row(&counts("gate car"));
        let length = (1.0 + 2.0 * idf * idf).sqrt();
        let mut values: Vec<f64> = row.iter().map(|(_, value)| *value).collect();
        values.sort_by(f64::total_cmp);
        for (found, wanted) in values.iter().zip([1.0 / length, idf / length, idf / length]) {
            assert!((found - wanted).abs() < 1e-12);
        }
    }

    #[test]
    fn the_fit_is_at_its_least() {
        // At the least, each weight is C times the sum of its value times the outcome's distance from its probability.
        let narratives =
            [("car outside gate", true), ("car outside", true), ("dog at gate", false), ("dog lost", false), ("car lost dog", false)];
        let model = TfIdf::fit(&narratives).unwrap();
        let (mut gradient, mut bias) = (model.weights.clone(), 0.0);
        for (narrative, positive) in narratives {
            let fault = C * (1.0 / (1.0 + (-model.score(narrative)).exp()) - f64::from(u8::from(positive)));
            bias += fault;
            model.row(&counts(narrative)).iter().for_each(|(term, value)| gradient[*term] += fault * value);
        }
        assert!(gradient.iter().chain([&bias]).all(|slope| slope.abs() < 1e-4), "{gradient:?} {bias}");
        assert!(model.score("car outside") > 0.0 && model.score("dog") < 0.0);
    }

    #[test]
    fn one_class_is_refused() {
        assert_eq!(TfIdf::fit(&[("car", true)]).err().unwrap(), "the training records hold no negative");
    }
}
