//! Pictures as SVG text: lines over any axis, side by side where there are several groups, and grids of numbers.
//!
//! Colours are told apart by readers who do not tell red from green [Okabe & Ito]; dashed and thin is somebody else's.

use std::ops::Range;

use anyhow::{Context, anyhow};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// One line of a picture of recall by distance.
pub(crate) struct Line<'a> {
    /// What it is called, beside the picture.
    pub(crate) name: String,
    /// Recall in percent at distance 0, 1, 2, ...
    pub(crate) recall: &'a [f64],
    /// Lines that belong together have one colour, counted from 0.
    pub(crate) colour: usize,
    /// Whether the numbers are somebody else's.
    pub(crate) quoted: bool,
}

/// Lines over one pair of axes.
pub(crate) struct Panel {
    /// What it shows; may be empty.
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) curves: Vec<Curve>,
}

/// What is shown along an axis, and which of its values are written.
#[derive(Clone)]
pub(crate) struct Axis {
    label: String,
    unit: &'static str,
    scale: Scale,
    from: f64,
    to: f64,
    ticks: Vec<f64>,
}

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithm; all are above 0.
    Log,
}

/// One line of a [`Panel`].
pub(crate) struct Curve {
    /// What it is called.
    pub(crate) name: String,
    /// Its points, from left to right.
    pub(crate) points: Vec<(f64, f64)>,
    /// Curves that belong together have one colour, counted from 0.
    pub(crate) colour: usize,
    /// Whether the numbers are somebody else's.
    pub(crate) quoted: bool,
}

/// Numbers in rows and columns, the greater the darker.
pub(crate) struct Grid {
    /// What it shows; may be empty.
    pub(crate) title: String,
    /// What the columns are.
    pub(crate) heading: String,
    pub(crate) columns: Vec<String>,
    /// Each with as many values as there are columns; none where nothing was measured.
    pub(crate) rows: Vec<(String, Vec<Option<f64>>)>,
    /// Digits after the point.
    pub(crate) digits: usize,
}

const COLOURS: [RGBColor; 9] = [
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(90, 90, 90),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(140, 86, 75),
];

/// Width and height of one panel.
const SIZE: (u32, u32) = (960, 440);

/// Width of the names of the lines, at the right of a panel.
const LEGEND: u32 = 210;

type Drawn = Result<(), Box<dyn std::error::Error>>;

impl Axis {
    /// Recall in percent.
    pub(crate) fn recall() -> Self {
        let ticks = (0..=5).map(|fifth| 20.0 * f64::from(fifth)).collect();
        Axis { label: String::from("recall"), unit: " %", scale: Scale::Linear, from: 0.0, to: 101.0, ticks }
    }

    /// Distances from 0 to the last one.
    pub(crate) fn distance(last: usize) -> Self {
        let ticks = (0..=last).map(|distance| distance as f64).collect();
        let label = String::from("distance from the query to the ancestor, in edges");
        Axis { label, unit: "", scale: Scale::Linear, from: 0.0, to: last.max(1) as f64, ticks }
    }

    /// Just these values, each of them written.
    pub(crate) fn of_values(label: &str, scale: Scale, values: impl IntoIterator<Item = f64>) -> Self {
        let mut ticks: Vec<f64> = values.into_iter().collect();
        ticks.sort_by(f64::total_cmp);
        ticks.dedup();
        let (from, to) = (ticks.first().copied().unwrap_or(1.0), ticks.last().copied().unwrap_or(1.0));
        let to = if to > from { to } else { from + 1.0 };
        Axis { label: label.to_owned(), unit: "", scale, from, to, ticks }
    }

    /// From a round number below all values to one above them, round numbers written: 1, 2 and 5 times powers of ten.
    pub(crate) fn around(label: &str, scale: Scale, values: impl IntoIterator<Item = f64>) -> Self {
        let (mut least, mut most) = (f64::INFINITY, 1.0f64);
        for value in values {
            (least, most) = (least.min(value), most.max(value));
        }
        let round: Vec<f64> =
            (-3..7).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power))).collect();
        let to = round.iter().copied().find(|tick| *tick >= most).unwrap_or(most);
        let (from, ticks) = match scale {
            Scale::Log => {
                let from = round.iter().copied().rfind(|tick| *tick <= least).unwrap_or(1.0);
                (from, round.into_iter().filter(|tick| (from..=to).contains(tick)).collect())
            }
            Scale::Linear => (0.0, (0..=5).map(|fifth| to * f64::from(fifth) / 5.0).collect()),
        };
        Axis { label: label.to_owned(), unit: "", scale, from, to, ticks }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        let place = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Log => value.log10(),
        };
        let share = (place(*value) - place(self.from)) / (place(self.to) - place(self.from));
        first + (share * f64::from(last - first)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        format!("{}{}", (value * 1e6).round() / 1e6, self.unit)
    }
}

/// Recall by distance as SVG text.
pub(crate) fn recall_by_distance(lines: &[Line<'_>]) -> anyhow::Result<String> {
    let last = lines.iter().map(|line| line.recall.len()).max().unwrap_or(1) - 1;
    let curve = |line: &Line<'_>| Curve {
        name: line.name.clone(),
        points: (0..).map(f64::from).zip(line.recall.iter().copied()).collect(),
        colour: line.colour,
        quoted: line.quoted,
    };
    let curves = lines.iter().map(curve).collect();
    panels(&[Panel { title: String::new(), x: Axis::distance(last), y: Axis::recall(), curves }])
}

/// Panels side by side, two in a row, as SVG text.
pub(crate) fn panels(panels: &[Panel]) -> anyhow::Result<String> {
    let (across, down) = (panels.len().clamp(1, 2), panels.len().div_ceil(2).max(1));
    draw(across, down, |places| panels.iter().zip(places).try_for_each(|(panel, place)| panel.draw(place)))
}

/// Grids below one another, as SVG text.
pub(crate) fn grids(grids: &[Grid]) -> anyhow::Result<String> {
    draw(1, grids.len().max(1), |places| {
        grids.iter().zip(places).try_for_each(|(grid, place)| grid.draw(place))
    })
}

type Place<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A white picture cut into equal places.
fn draw(across: usize, down: usize, fill: impl FnOnce(&[Place<'_>]) -> Drawn) -> anyhow::Result<String> {
    let mut svg = String::new();
    let size = (SIZE.0 * across as u32, SIZE.1 * down as u32);
    let all = || -> Drawn {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        fill(&root.split_evenly((down, across)))?;
        root.present()?;
        Ok(())
    };
    all().map_err(|cause| anyhow!("{cause}")).context("the picture could not be drawn")?;
    Ok(svg)
}

impl Panel {
    fn draw(&self, place: &Place<'_>) -> Drawn {
        let (x, y) = (&self.x, &self.y);
        let (width, _) = place.dim_in_pixel();
        let (left, right) = place.split_horizontally(width - LEGEND);
        let mut builder = ChartBuilder::on(&left);
        builder.margin(16).x_label_area_size(44).y_label_area_size(56);
        if !self.title.is_empty() {
            builder.caption(&self.title, ("sans-serif", 18));
        }
        let mut chart = builder.build_cartesian_2d(x.clone(), y.clone())?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .x_labels(x.ticks.len())
            .y_labels(y.ticks.len())
            .x_desc(&x.label)
            .y_desc(&y.label)
            .draw()?;
        for curve in &self.curves {
            let points = || curve.points.iter().copied();
            let style = curve.style();
            if curve.quoted {
                chart.draw_series(DashedLineSeries::new(points(), 6, 5, style))?;
            } else {
                chart.draw_series(LineSeries::new(points(), style))?;
                chart.draw_series(points().map(|point| Circle::new(point, 4, style.color.filled())))?;
            }
        }
        for (curve, y) in self.curves.iter().zip((48..).step_by(20)) {
            right.draw(&PathElement::new(vec![(0, y), (20, y)], curve.style()))?;
            right.draw_text(&curve.name, &words(13, &BLACK, HPos::Left), (28, y))?;
        }
        Ok(())
    }
}

impl Curve {
    fn style(&self) -> ShapeStyle {
        COLOURS[self.colour % COLOURS.len()].stroke_width(if self.quoted { 1 } else { 3 })
    }
}

impl Grid {
    fn draw(&self, place: &Place<'_>) -> Drawn {
        const MARGIN: (i32, i32) = (200, 90);
        let (width, height) = place.dim_in_pixel();
        let n_columns = self.columns.len().max(1) as i32;
        let n_rows = self.rows.len().max(1) as i32;
        let cell = (
            ((width as i32 - MARGIN.0 - 24) / n_columns).min(140),
            ((height as i32 - MARGIN.1 - 16) / n_rows).min(48),
        );
        let corner =
            |column: usize, row: usize| (MARGIN.0 + column as i32 * cell.0, MARGIN.1 + row as i32 * cell.1);
        place.draw_text(&self.title, &words(18, &BLACK, HPos::Left), (24, 24))?;
        place.draw_text(&self.heading, &words(14, &BLACK, HPos::Left), (MARGIN.0, 50))?;
        for (column, name) in self.columns.iter().enumerate() {
            let (x, y) = corner(column, 0);
            place.draw_text(name, &words(14, &BLACK, HPos::Center), (x + cell.0 / 2, y - 14))?;
        }
        let values = || self.rows.iter().flat_map(|(_, values)| values.iter().flatten().copied());
        let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
        for (row, (name, values)) in self.rows.iter().enumerate() {
            let (x, y) = corner(0, row);
            place.draw_text(name, &words(14, &BLACK, HPos::Right), (x - 10, y + cell.1 / 2))?;
            for (column, value) in values.iter().enumerate() {
                let Some(value) = value else { continue };
                let share = if most > least { (value - least) / (most - least) } else { 1.0 };
                let (from, to) = (corner(column, row), corner(column + 1, row + 1));
                let shade = COLOURS[1].mix(0.08 + 0.92 * share);
                place.draw(&Rectangle::new([from, (to.0 - 2, to.1 - 2)], shade.filled()))?;
                let ink = if share > 0.5 { &WHITE } else { &BLACK };
                let middle = (from.0 + cell.0 / 2, from.1 + cell.1 / 2);
                let number = format!("{value:.*}", self.digits);
                place.draw_text(&number, &words(14, ink, HPos::Center), middle)?;
            }
        }
        Ok(())
    }
}

/// A style of words that stand beside or around a point.
fn words(size: i32, colour: &RGBColor, horizontal: HPos) -> TextStyle<'_> {
    TextStyle::from(("sans-serif", size)).color(colour).pos(Pos::new(horizontal, VPos::Center))
}
