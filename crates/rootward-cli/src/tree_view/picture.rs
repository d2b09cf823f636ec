//! A tree as a picture: an icicle that grows from left to right, in SVG without scripts.
//!
//! Every node is a box beside its parent, as high as its share of the documents, so that areas of a level are
//! documents. A colour belongs to a branch at the top; every level below it is paler. Words stand where they fit, and all
//! that is known of a node in its tooltip.

use std::fmt::{self, Write};

use rootward::digits::grouped;

use super::{Branch, View, count, cut};

/// Width of a picture, where its columns have room.
const WIDTH: f64 = 1200.0;
/// Least and greatest width of a column.
const COLUMN: (f64, f64) = (130.0, 420.0);
/// Least width of a picture: that of its header.
const LEAST: f64 = 720.0;
/// Width of the root.
const ROOT: f64 = 30.0;
const MARGIN: f64 = 16.0;
/// Height of what stands above the boxes.
const HEADER: f64 = 58.0;
/// Height of a line of text, and of a box that has room for one.
const LINE: f64 = 15.0;
const ONE_LINE: f64 = 12.5;
/// Space between the side of a box and its text.
const PAD: f64 = 6.0;

/// A box on the picture.
#[derive(Clone, Copy)]
struct Area {
    x: f64,
    y: f64,
    height: f64,
}

/// Where a box stands in the tree.
#[derive(Clone, Copy)]
struct Place {
    level: usize,
    /// The branch at the top that it is in, from 0; none of the root.
    top: Option<usize>,
    /// Its number among its siblings.
    sibling: usize,
}

/// The picture while it is drawn.
struct Canvas {
    svg: String,
    column: f64,
}

/// The picture of a tree as the text of an SVG file.
pub(crate) fn picture(view: &View) -> String {
    let root = &view.tree;
    let (levels, ends) = (root.depth(), root.n_ends() as f64);
    let columns = (levels as f64).max(1.0);
    let column = ((WIDTH - 2.0 * MARGIN - ROOT) / columns).clamp(COLUMN.0, COLUMN.1);
    // Leaves of a small tree have room for some titles, those of a large one for a line.
    let height = if ends <= 20.0 { (ends * 62.0).max(240.0) } else { (ends * 17.0).clamp(1240.0, 4000.0) };
    let width = (2.0 * MARGIN + ROOT + column * columns).max(LEAST);
    let mut canvas = Canvas { svg: String::new(), column };
    let drawn = canvas.draw(view, (width, HEADER + height + MARGIN), height);
    drawn.expect("a string takes all text");
    canvas.svg
}

impl Canvas {
    fn draw(&mut self, view: &View, (width, total): (f64, f64), height: f64) -> fmt::Result {
        let root = &view.tree;
        let at = if root.path.0.is_empty() { String::new() } else { format!(", node {}", root.path) };
        // The header is a third larger than what `fit` reckons with.
        let header = fit(&format!("{}{at}: {}", view.data, view.origin), (width - 2.0 * MARGIN) * 0.75);
        write!(
            self.svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {total:.0}\" width=\"{width:.0}\" \
             height=\"{total:.0}\" role=\"img\" aria-label=\"{}\">\n<style>{STYLE}</style>\n\
             <rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n",
            plain(&header)
        )?;
        let figures = &view.figures;
        writeln!(
            self.svg,
            "<text class=\"ink head\" x=\"{MARGIN}\" y=\"26\">{}</text>\n\
             <text class=\"faint\" x=\"{MARGIN}\" y=\"45\">{}, {}, {}, depth {}. Area: \
             documents. Colour: branches. Point at a box for more.</text>",
            plain(&header),
            count(figures.documents, "document", "documents"),
            count(figures.nodes, "node", "nodes"),
            count(figures.leaves, "leaf", "leaves"),
            figures.depth
        )?;
        let area = Area { x: MARGIN, y: HEADER, height };
        if root.children.is_empty() {
            self.boxed(root, area, Place { level: 1, top: Some(0), sibling: 0 })?;
            return self.end();
        }
        writeln!(
            self.svg,
            "<g><title>{}</title><rect class=\"root\" x=\"{MARGIN}\" y=\"{HEADER}\" width=\"{ROOT}\" \
             height=\"{height:.1}\"/>\
             <text class=\"ink\" text-anchor=\"middle\" transform=\"translate({:.1} {:.1}) rotate(-90)\">{}</text></g>",
            plain(&tooltip(root)),
            MARGIN + ROOT / 2.0 + 4.0,
            HEADER + height / 2.0,
            count(root.documents, "document", "documents")
        )?;
        self.below(root, Area { x: MARGIN + ROOT, ..area }, Place { level: 0, top: None, sibling: 0 })?;
        self.end()
    }

    fn end(&mut self) -> fmt::Result {
        writeln!(self.svg, "</svg>")
    }

    /// The children of a node, from the top down, in the column at `area`.
    fn below(&mut self, branch: &Branch, area: Area, place: Place) -> fmt::Result {
        let n_children = branch.children.len();
        if n_children > 0 && area.height / (n_children as f64) < 1.0 {
            return self.crowd(branch, area, place);
        }
        let unit = area.height / (branch.documents as f64).max(1.0);
        let mut y = area.y;
        for (sibling, child) in branch.children.iter().enumerate() {
            let height = child.documents as f64 * unit;
            let top = place.top.or(Some(sibling));
            let (area, place) = (Area { y, height, ..area }, Place { level: place.level + 1, top, sibling });
            self.boxed(child, area, place)?;
            self.below(child, Area { x: area.x + self.column, ..area }, place)?;
            y += height;
        }
        Ok(())
    }

    /// One box for children that would be thinner than lines.
    fn crowd(&mut self, branch: &Branch, area: Area, place: Place) -> fmt::Result {
        let Area { x, y, height } = area;
        writeln!(
            self.svg,
            "<g><title>{} below {}: too many to draw</title><rect x=\"{x:.1}\" y=\"{y:.2}\" width=\"{:.1}\" \
             height=\"{height:.2}\" fill=\"{}\" fill-opacity=\"0.6\"/></g>",
            count(branch.n_below(), "node", "nodes"),
            if branch.path.0.is_empty() { String::from("the root") } else { branch.path.to_string() },
            self.column,
            colour(Place { level: place.level + 1, ..place })
        )
    }

    fn boxed(&mut self, branch: &Branch, area: Area, place: Place) -> fmt::Result {
        let Area { x, y, height } = area;
        write!(
            self.svg,
            "<g><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.2}\" width=\"{:.1}\" height=\"{height:.2}\" fill=\"{}\"/>",
            plain(&tooltip(branch)),
            self.column,
            colour(place)
        )?;
        self.label(branch, area)?;
        writeln!(self.svg, "</g>")
    }

    /// The path and terms of a node, then documents, as many lines of them as fit.
    fn label(&mut self, branch: &Branch, area: Area) -> fmt::Result {
        if area.height < ONE_LINE {
            return Ok(());
        }
        let lines = ((area.height - 3.0) / LINE).floor().max(1.0);
        let path = branch.path.to_string();
        let room = self.column - 2.0 * PAD;
        // A blank at the end of a span would be lost, so that the gap is given as one.
        let gap = if path.is_empty() { 0.0 } else { 5.0 };
        let beside = room - width(&path) - gap;
        // A single line stands in the middle.
        let mut y = area.y + if lines < 2.0 { area.height.min(LINE + 8.0) / 2.0 + 4.0 } else { LINE - 1.0 };
        let words: Vec<&str> = branch.terms.iter().map(|term| &*term.word).collect();
        let words = fitting(&words, beside);
        let x = area.x + PAD;
        let mut titles = branch.representatives.iter().map(|document| &*document.title);
        // A node without words of its own is known by its first document.
        let (class, first) = match words.is_empty() {
            true => ("doc", fit(titles.next().unwrap_or_default(), beside)),
            false => ("terms", words),
        };
        write!(
            self.svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\"><tspan class=\"path\">{path}</tspan><tspan class=\"{class}\" \
             dx=\"{gap}\">{}</tspan></text>",
            plain(&first)
        )?;
        let counted = count(branch.documents, "document", "documents");
        let counted = (!branch.children.is_empty() || branch.nodes_left_out > 0).then_some(&*counted);
        for line in counted.into_iter().chain(titles).take(lines as usize - 1) {
            y += LINE;
            write!(
                self.svg,
                "<text class=\"doc\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
                plain(&fit(line, room))
            )?;
        }
        Ok(())
    }
}

const STYLE: &str = "text{font:12px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1c2024}\
    rect{stroke:#fff;stroke-width:1}.ground{fill:#fff;stroke:none}.root{fill:#d9dde2}.head{font-size:16px;font-weight:600}\
    .terms{font-weight:600}.path{fill:#59616b}.doc{fill:#3b424a}.ink{fill:#1c2024}.faint{fill:#59616b}\
    @media(prefers-color-scheme:dark){rect{stroke:#0d1117}.ground{fill:#0d1117}.root{fill:#333b45}.ink{fill:#e6edf3}\
    .faint{fill:#9aa5b1}}";

/// All that is known of a node.
fn tooltip(branch: &Branch) -> String {
    let path = if branch.path.0.is_empty() { String::new() } else { format!("{}: ", branch.path) };
    let mut text = format!("{path}{}", count(branch.documents, "document", "documents"));
    let term = |term: &super::Word| format!("{} {}", term.word, grouped(term.documents));
    let terms: Vec<String> = branch.terms.iter().map(term).collect();
    if !terms.is_empty() {
        text += &format!("\n{}", terms.join(", "));
    }
    for document in &branch.representatives {
        text += &format!("\n- {}", document.title);
    }
    text
}

/// The colour of a box: its hue is its branch's, and levels and siblings differ in lightness.
fn colour(place: Place) -> String {
    // Turning by the golden angle keeps any two branches that are near each other apart.
    let hue = (55.0 + 137.508 * place.top.unwrap_or(0) as f64).to_radians();
    let down = (place.level.saturating_sub(1) as f64).min(4.0);
    let aside = if place.level > 1 && place.sibling % 2 == 1 { 0.018 } else { 0.0 };
    let lightness = 0.80 + 0.033 * down - aside;
    let chroma = 0.105 - 0.016 * down;
    oklch(lightness, chroma, hue)
}

/// A colour of the OKLCH space as sRGB  [Ottosson 2020].
fn oklch(lightness: f64, chroma: f64, hue: f64) -> String {
    let (a, b) = (chroma * hue.cos(), chroma * hue.sin());
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
    let byte = |linear: f64| {
        let linear = linear.clamp(0.0, 1.0);
        let value =
            if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
        (value * 255.0).round() as u8
    };
    let red = byte(4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s);
    let green = byte(-1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s);
    let blue = byte(-0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// About how wide a text is in the font of the boxes.
fn width(text: &str) -> f64 {
    let of = |c: char| match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | '.' | ',' | ';' | ':' | '\'' | ' ' | '|' | '(' | ')'
        | '-' => 4.2,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 10.6,
        'A'..='Z' => 8.4,
        c if c.is_ascii() => 7.0,
        // Scripts of wide characters begin about here.
        c if u32::from(c) >= 0x1100 => 12.5,
        _ => 7.4,
    };
    text.chars().map(of).sum()
}

/// The words that fit in a line, whole, with commas; the first one cut where there is room for no other.
fn fitting(words: &[&str], room: f64) -> String {
    let mut line = String::new();
    for word in words {
        let longer = if line.is_empty() { (*word).to_owned() } else { format!("{line}, {word}") };
        if width(&longer) * 1.05 > room {
            break;
        }
        line = longer;
    }
    match words.first() {
        Some(first) if line.is_empty() => fit(first, room),
        _ => line,
    }
}

/// A text, cut where it does not fit; nothing where hardly anything would be left.
fn fit(text: &str, room: f64) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let n_chars = text.chars().count();
    let fits = (4..n_chars).rev().map(|most| cut(text, most)).find(|cut| width(cut) <= room);
    fits.unwrap_or_default()
}

/// A text as XML takes it.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' => out.push(c),
            // XML 1.0 has no other control characters, and no non-characters.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_the_space() {
        let hue = |degrees: f64| degrees.to_radians();
        assert_eq!(oklch(1.0, 0.0, 0.0), "#ffffff");
        assert_eq!(oklch(0.627_955, 0.257_683, hue(29.234)), "#ff0000");
    }

    #[test]
    fn what_xml_cannot_hold_is_written_otherwise() {
        assert_eq!(plain("a<b> & \"c\"\u{8}\u{ffff}\n"), "a&lt;b&gt; &amp; &quot;c&quot;  \n");
    }

    #[test]
    fn words_that_do_not_fit_are_left_out_and_the_first_is_cut() {
        assert_eq!(fitting(&["dough", "oven", "yeast"], 80.0), "dough, oven");
        assert_eq!(fitting(&["fermentation", "oven"], 50.0), "ferme…");
        assert_eq!(fitting(&["fermentation"], 8.0), "");
    }
}
