//! The picture of a study, out of its rows.

use super::{ALL, Numbers, Plan, Row, SHOWN, Summary};
use crate::plot::{Axis, Curve, Grid, Panel, Scale, grids, panels};

/// How the rows of a study are drawn; each group has its own panel.
pub(crate) enum Figure {
    /// Recall by distance, a line for each row, those of others dashed.
    ByDistance,
    /// Numbers against where the rows stand: a line for each label and column.
    Against {
        /// What `at` is.
        x: &'static str,
        x_scale: Scale,
        /// What the numbers are; recall in percent where there is no scale.
        y: &'static str,
        y_scale: Option<Scale>,
        columns: &'static [&'static str],
    },
    /// A grid of one number: labels down, where the rows stand across.
    Across {
        /// What `at` is.
        heading: &'static str,
        column: &'static str,
    },
    /// A grid of all numbers: labels down, numbers across.
    Table,
}

/// The picture as SVG text.
pub(crate) fn draw(plan: &Plan, rows: &[Summary]) -> anyhow::Result<String> {
    let mut groups: Vec<(&str, Vec<&Summary>)> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|(group, _)| *group == row.row.group) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((&row.row.group, vec![row])),
        }
    }
    let groups = groups.iter().map(|(title, rows)| ((*title).to_owned(), &rows[..]));
    match plan.figure {
        Figure::ByDistance => {
            let panel = |(title, rows)| by_distance(title, rows, &plan.quoted);
            panels(&groups.map(panel).collect::<Vec<_>>())
        }
        Figure::Against { x, x_scale, y, y_scale, columns } => {
            let panel = |(title, rows): (String, &[&Summary])| {
                let curves = curves(rows, columns);
                let (xs, ys) = (points(&curves).map(|point| point.0), points(&curves).map(|point| point.1));
                let x = Axis::of_values(x, x_scale, xs);
                let y = y_scale.map_or_else(Axis::recall, |scale| Axis::around(y, scale, ys));
                Panel { title, x, y, curves }
            };
            panels(&groups.map(panel).collect::<Vec<_>>())
        }
        Figure::Across { heading, column } => {
            let grid = |(title, rows)| across(title, heading, column, rows, plan.digits);
            grids(&groups.map(grid).collect::<Vec<_>>())
        }
        Figure::Table => {
            let grid = |(title, rows): (String, &[&Summary])| Grid {
                title,
                heading: String::new(),
                columns: plan.columns.clone(),
                rows: rows.iter().map(|row| (row.row.label.clone(), means(row, &plan.columns))).collect(),
                digits: plan.digits,
            };
            grids(&groups.map(grid).collect::<Vec<_>>())
        }
    }
}

fn by_distance(title: String, rows: &[&Summary], quoted: &[(Row, Numbers)]) -> Panel {
    let mut curves = Vec::new();
    let points = |value: &dyn Fn(&str) -> Option<f64>| -> Vec<(f64, f64)> {
        let at = |distance: usize| value(&distance.to_string()).map(|recall| (distance as f64, recall));
        (0..SHOWN).filter_map(at).collect()
    };
    for (colour, row) in rows.iter().enumerate() {
        let name = row.row.label.clone();
        let own = points(&|distance| row.numbers.get(distance).map(|spread| spread.mean));
        let others = quoted.iter().find(|(known, _)| *known == row.row);
        let others = others.map(|(_, numbers)| points(&|distance| numbers.get(distance).copied()));
        curves.push(Curve { name: name.clone(), points: own, colour, quoted: false });
        if let Some(points) = others.filter(|points| points.len() > 1) {
            curves.push(Curve { name: format!("{name}, the paper"), points, colour, quoted: true });
        }
    }
    let last = curves.iter().map(|curve| curve.points.len()).max().unwrap_or(1).saturating_sub(1);
    Panel { title, x: Axis::distance(last), y: Axis::recall(), curves }
}

fn points(curves: &[Curve]) -> impl Iterator<Item = (f64, f64)> {
    curves.iter().flat_map(|curve| curve.points.iter().copied())
}

/// A curve for each label and column that there is.
fn curves(rows: &[&Summary], columns: &[&str]) -> Vec<Curve> {
    let mut curves = Vec::new();
    let labels = distinct(rows, |row| row.row.label.clone());
    for label in &labels {
        for column in columns {
            let value = |row: &&&Summary| Some((row.row.at?, row.numbers.get(*column)?.mean));
            let points: Vec<(f64, f64)> =
                rows.iter().filter(|row| row.row.label == *label).filter_map(|row| value(&row)).collect();
            let column = match *column {
                ALL => String::from("all pairs"),
                number if number.parse::<u32>().is_ok() => format!("distance {number}"),
                word => word.to_owned(),
            };
            let name = match (labels.len(), columns.len()) {
                (1, _) => column,
                (_, 1) => label.clone(),
                (_, _) => format!("{label}, {column}"),
            };
            if !points.is_empty() {
                curves.push(Curve { name, points, colour: curves.len(), quoted: false });
            }
        }
    }
    curves
}

fn across(title: String, heading: &str, column: &str, rows: &[&Summary], digits: usize) -> Grid {
    let places = distinct(rows, |row| row.row.at);
    let value = |label: &str, at: Option<f64>| {
        let row = rows.iter().find(|row| row.row.label == label && row.row.at == at);
        row.and_then(|row| row.numbers.get(column)).map(|spread| spread.mean)
    };
    let labels = distinct(rows, |row| row.row.label.clone());
    let row = |label: String| {
        let values = places.iter().map(|at| value(&label, *at)).collect();
        (label, values)
    };
    Grid {
        title,
        heading: heading.to_owned(),
        columns: places.iter().map(|at| at.map_or(String::new(), |at| at.to_string())).collect(),
        rows: labels.into_iter().map(row).collect(),
        digits,
    }
}

fn means(row: &Summary, columns: &[String]) -> Vec<Option<f64>> {
    columns.iter().map(|column| row.numbers.get(column).map(|spread| spread.mean)).collect()
}

/// What the rows have, each once, in their order.
fn distinct<T: PartialEq>(rows: &[&Summary], of: impl Fn(&Summary) -> T) -> Vec<T> {
    let mut found = Vec::new();
    for row in rows {
        let one = of(row);
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}
