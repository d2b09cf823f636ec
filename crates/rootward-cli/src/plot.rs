//! The one picture: recall by distance, a line for each model.

use anyhow::{Context, anyhow};
use plotters::prelude::*;

/// One line of the picture.
pub(crate) struct Line<'a> {
    /// What it is called, at its right end.
    pub(crate) name: String,
    /// Recall in percent at distance 0, 1, 2, ...
    pub(crate) recall: &'a [f64],
    /// Lines that belong together have one colour, counted from 0.
    pub(crate) colour: usize,
    /// Whether the numbers are somebody else's.
    pub(crate) quoted: bool,
}

/// Distinct for readers who do not tell red from green [Okabe & Ito].
const COLOURS: [RGBColor; 4] =
    [RGBColor(213, 94, 0), RGBColor(0, 114, 178), RGBColor(0, 158, 115), RGBColor(90, 90, 90)];

/// Recall by distance as SVG text.
pub(crate) fn recall_by_distance(lines: &[Line<'_>]) -> anyhow::Result<String> {
    let mut svg = String::new();
    draw(lines, &mut svg).map_err(|cause| anyhow!("{cause}")).context("the picture could not be drawn")?;
    Ok(svg)
}

fn draw(lines: &[Line<'_>], svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let last = lines.iter().map(|line| line.recall.len()).max().unwrap_or(1) - 1;
    let root = SVGBackend::with_string(svg, (860, 440)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .margin(16)
        .margin_right(24)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(0f64..last as f64, 0f64..101f64)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(last + 1)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_labels(6)
        .y_label_formatter(&|y| format!("{y:.0} %"))
        .x_desc("distance from the query to the ancestor, in edges")
        .y_desc("recall")
        .draw()?;
    for line in lines {
        let colour = COLOURS[line.colour % COLOURS.len()];
        let points = || line.recall.iter().enumerate().map(|(distance, recall)| (distance as f64, *recall));
        let style = colour.stroke_width(if line.quoted { 1 } else { 3 });
        let swatch = move |(x, y): (i32, i32)| PathElement::new(vec![(x, y), (x + 20, y)], style);
        if line.quoted {
            let dashes = DashedLineSeries::new(points(), 6, 5, style);
            chart.draw_series(dashes)?.label(line.name.clone()).legend(swatch);
        } else {
            chart.draw_series(LineSeries::new(points(), style))?.label(line.name.clone()).legend(swatch);
            chart.draw_series(points().map(|point| Circle::new(point, 4, colour.filled())))?;
        }
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerLeft)
        .margin(16)
        .background_style(WHITE.mix(0.85))
        .draw()?;
    root.present()?;
    Ok(())
}
