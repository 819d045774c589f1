//! The pictures of the page, as SVG that needs no script and no font file. Colours are those of the style sheet's light scheme; the page
//! gives other ones in the dark.

use std::error::Error;

use plotters::chart::MeshStyle;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::statistics::{Share, wilson};
use super::{Curve, Evaluation};
use crate::labels::Label;

type Drawn = Result<String, Box<dyn Error + Send + Sync>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const INK: RGBColor = RGBColor(0x1b, 0x1f, 0x24);
const LINE: RGBColor = RGBColor(0xd0, 0xd7, 0xde);
const ENGINE: RGBColor = RGBColor(0x9c, 0x3d, 0x10);
const KEYWORDS: RGBColor = RGBColor(0x57, 0x60, 0x6a);
const TFIDF: RGBColor = RGBColor(0x0b, 0x4f, 0x9c);
const RULES: RGBColor = RGBColor(0x2e, 0x7d, 0x4f);
const TEXT_SIZE: u32 = 13;
/// Points of a curve that are drawn; more cannot be seen.
const MAX_POINTS: usize = 1200;

/// The prevalence, in percent, of the picture of reading load.
pub(super) const LOAD_PERCENT: f64 = 2.0;

/// A system's class in the legend, after which the style sheet colours.
pub(super) fn class(id: &str) -> &'static str {
    match id {
        "engine" => "engine",
        "keywords" => "keywords",
        "tfidf" => "tfidf",
        _ => "rules",
    }
}

fn colour(id: &str) -> RGBColor {
    match id {
        "engine" => ENGINE,
        "keywords" => KEYWORDS,
        "tfidf" => TFIDF,
        _ => RULES,
    }
}

/// Precision against recall for every system, with the engine's band.
pub(super) fn precision_recall(evaluation: &Evaluation) -> Drawn {
    drawn((640, 400), "Precision against recall for the engine and the baselines", |area| {
        let mut chart =
            ChartBuilder::on(area).margin(12).x_label_area_size(44).y_label_area_size(54).build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
        mesh(&mut chart.configure_mesh(), "recall", "precision").draw()?;
        let band = &evaluation.precision_recall_band;
        if !band.is_empty() {
            let upper = band.iter().map(|point| (point.recall, point.upper));
            let lower = band.iter().rev().map(|point| (point.recall, point.lower));
            chart.draw_series([Polygon::new(upper.chain(lower).collect::<Vec<_>>(), ENGINE.mix(0.18))])?;
        }
        for curve in evaluation.curves.iter().rev() {
            chart.draw_series(LineSeries::new(thinned(in_steps(&curve.ranking.curve())), stroke(curve)))?;
        }
        Ok(())
    })
}

/// Recall against the share read for every system, at one prevalence, on a logarithmic scale.
pub(super) fn reading(evaluation: &Evaluation) -> Drawn {
    drawn((640, 400), "Recall against the share of records read, for the engine and the baselines", |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .margin_right(30)
            .x_label_area_size(44)
            .y_label_area_size(54)
            .build_cartesian_2d((0.001..1.0).log_scale(), 0.0..1.0)?;
        let percent = |share: &f64| format!("{} %", share * 100.0);
        mesh(&mut chart.configure_mesh(), "share of records read, highest scores first", "recall").x_label_formatter(&percent).draw()?;
        for curve in evaluation.curves.iter().rev() {
            let Some(weight) = curve.ranking.weight_at(LOAD_PERCENT / 100.0) else { continue };
            let points = (0..=300).filter_map(|step| {
                let read = 10f64.powf(-3.0 + f64::from(step) / 100.0);
                Some((read, curve.ranking.recall_when_read(read, weight)?))
            });
            chart.draw_series(LineSeries::new(points, stroke(curve)))?;
        }
        Ok(())
    })
}

/// The share of positives against the mean probability of every bin.
pub(super) fn calibration(evaluation: &Evaluation) -> Drawn {
    drawn((440, 400), "Share of positives against probability, in bins of equal size", |area| {
        let mut chart =
            ChartBuilder::on(area).margin(12).x_label_area_size(44).y_label_area_size(54).build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
        mesh(&mut chart.configure_mesh(), "probability given", "share of positives").draw()?;
        chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], KEYWORDS.stroke_width(1)))?;
        for bin in &evaluation.calibration.bins {
            let (Some(share), Some((lower, upper))) = (bin.positive.value(), wilson(bin.positive.count, bin.positive.of)) else { continue };
            chart.draw_series([PathElement::new(vec![(bin.mean, lower), (bin.mean, upper)], ENGINE.stroke_width(2))])?;
            chart.draw_series([Circle::new((bin.mean, share), 4, ENGINE.filled())])?;
        }
        Ok(())
    })
}

/// Shares with their intervals, one below the other.
pub(super) fn shares(rows: &[(String, Share)]) -> Drawn {
    let defined: Vec<_> = rows.iter().filter(|(_, share)| share.of > 0).collect();
    let height = u32::try_from(defined.len()).unwrap_or(0) * 24 + 40;
    let (left, right) = (240, 640);
    drawn((780, height), "Shares with 95 % intervals", |area| {
        let bottom = i32::try_from(height).unwrap_or(0) - 30;
        #[expect(clippy::cast_possible_truncation, reason = "a place in a picture")]
        let x = |share: f64| left + (share * f64::from(right - left)).round() as i32;
        for tenth in [0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0] {
            area.draw(&PathElement::new(vec![(x(tenth), 4), (x(tenth), bottom)], LINE.stroke_width(1)))?;
            area.draw(&Text::new(format!("{tenth}"), (x(tenth), bottom + 6), style(HPos::Center, VPos::Top)))?;
        }
        for (row, (name, share)) in defined.iter().enumerate() {
            let y = i32::try_from(row).unwrap_or(0) * 24 + 16;
            let (value, (lower, upper)) = (share.value().unwrap_or(0.0), wilson(share.count, share.of).unwrap_or((0.0, 1.0)));
            area.draw(&Text::new(name.clone(), (left - 12, y), style(HPos::Right, VPos::Center)))?;
            area.draw(&PathElement::new(vec![(x(lower), y), (x(upper), y)], ENGINE.stroke_width(2)))?;
            area.draw(&Circle::new((x(value), y), 4, ENGINE.filled()))?;
            area.draw(&Text::new(format!("{} of {}", share.count, share.of), (right + 14, y), style(HPos::Left, VPos::Center)))?;
        }
        Ok(())
    })
}

/// Records by label and flag; a cell is the fuller, the larger its share of the label.
pub(super) fn confusion(evaluation: &Evaluation) -> Drawn {
    let (left, top, width, height) = (130, 34, 120, 54);
    drawn((510, 206), "Records by label and flag", |area| {
        for (column, name) in ["flagged likely", "flagged possible", "not flagged"].into_iter().enumerate() {
            let x = left + width * i32::try_from(column)? + width / 2;
            area.draw(&Text::new(name, (x, top - 8), style(HPos::Center, VPos::Bottom)))?;
        }
        for (row, label) in Label::ALL.into_iter().rev().enumerate() {
            let y = top + height * i32::try_from(row)?;
            let name = format!("labelled {}", label.name());
            area.draw(&Text::new(name, (left - 12, y + height / 2), style(HPos::Right, VPos::Center)))?;
            let counts = evaluation.confusion.counts[label.index()];
            for (column, count) in counts.iter().rev().enumerate() {
                let x = left + width * i32::try_from(column)?;
                let share = Share::new(*count, evaluation.confusion.labelled(label)).value().unwrap_or(0.0);
                let corners = [(x + 1, y + 1), (x + width - 1, y + height - 1)];
                area.draw(&Rectangle::new(corners, ENGINE.mix(0.06 + share * 0.5).filled()))?;
                area.draw(&Text::new(count.to_string(), (x + width / 2, y + height / 2), style(HPos::Center, VPos::Center)))?;
            }
        }
        Ok(())
    })
}

fn stroke(curve: &Curve) -> ShapeStyle {
    colour(curve.id).stroke_width(if curve.id == "engine" { 3 } else { 2 })
}

fn style<'a>(horizontal: HPos, vertical: VPos) -> TextStyle<'a> {
    TextStyle::from(("sans-serif", TEXT_SIZE).into_font()).color(&INK).pos(Pos::new(horizontal, vertical))
}

fn mesh<'a, 'b, X, Y, D>(mesh: &'b mut MeshStyle<'a, 'b, X, Y, D>, x: &str, y: &str) -> &'b mut MeshStyle<'a, 'b, X, Y, D>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
    D: DrawingBackend,
{
    mesh.x_desc(x)
        .y_desc(y)
        .axis_style(INK)
        .bold_line_style(LINE)
        .light_line_style(TRANSPARENT)
        .label_style(style(HPos::Center, VPos::Center))
        .axis_desc_style(style(HPos::Center, VPos::Center))
}

/// A curve as the average precision counts it: from one recall to the next at the precision of the next.
fn in_steps(curve: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    let mut before = 0.0;
    for (recall, precision) in curve.iter().filter(|(recall, _)| *recall > 0.0) {
        if *recall > before {
            points.extend([(before, *precision), (*recall, *precision)]);
            before = *recall;
        }
    }
    points
}

/// Every so many-th point, and the last.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let step = points.len().div_ceil(MAX_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    points.into_iter().enumerate().filter(|(i, _)| i.is_multiple_of(step) || *i == last).map(|(_, point)| point).collect()
}

fn drawn(size: (u32, u32), label: &str, draw: impl FnOnce(&Area<'_>) -> Result<(), Box<dyn Error>>) -> Drawn {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw(&area).map_err(|error| error.to_string())?;
        area.present().map_err(|error| error.to_string())?;
    }
    // The label is one of this file's own: it needs no escaping.
    Ok(svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{label}\" "), 1))
}
