//! `report.html`: one file that opens anywhere, with the picture, the numbers and every setting.

use std::fmt::Write;

use rootward::diagnosis::Finding;

use crate::plot::{Line, recall_by_distance};

/// A model in the report.
pub(crate) struct Entry {
    /// Name of its recipe.
    pub(crate) name: String,
    /// The recipe as it was run.
    pub(crate) recipe: String,
    /// Recall in percent at distance 0, 1, 2, ...
    pub(crate) recall: Vec<f64>,
    /// Recall in percent over all pairs.
    pub(crate) overall: f64,
    /// What its numbers mean.
    pub(crate) findings: Vec<Finding>,
    /// What the paper reports for the same recipe, where it does.
    pub(crate) paper: Option<&'static [f64]>,
    /// Seconds of training; none where the model was there already.
    pub(crate) seconds: Option<f64>,
}

/// What the report says besides the models.
pub(crate) struct Heading {
    /// One sentence: what was trained on what.
    pub(crate) summary: String,
    /// The command that makes the report.
    pub(crate) command: String,
    /// Answers as plain text.
    pub(crate) answers: String,
}

/// The whole page.
pub(crate) fn page(heading: &Heading, entries: &[Entry]) -> anyhow::Result<String> {
    let mut html = String::from(HEAD);
    write!(html, "<h1>Recall by distance</h1>\n<p>{}</p>\n", escape(&heading.summary))?;
    writeln!(html, "<figure>{}</figure>", recall_by_distance(&lines(entries))?)?;
    table(&mut html, entries)?;
    writeln!(
        html,
        "<p>Made by <code>{}</code>. Rows in grey are the paper's, \
        whose exact criterion of recall is not known; our pretrain-finetune adds uniform negatives \
        (You et al., <i>Hierarchical Retrieval</i>, NeurIPS 2025, arXiv 2509.16411).</p>",
        escape(&heading.command)
    )?;
    html.push_str("<h2>What the numbers mean</h2>\n");
    for entry in entries {
        let findings =
            entry.findings.iter().map(|finding| format!("<li>{}</li>", escape(&finding.to_string())));
        writeln!(html, "<p>{}</p><ul>{}</ul>", escape(&entry.name), findings.collect::<String>())?;
    }
    write!(html, "<h2>Answers</h2>\n<pre>{}</pre>\n", escape(&heading.answers))?;
    html.push_str("<h2>Settings</h2>\n");
    for entry in entries {
        let (name, recipe) = (escape(&entry.name), escape(&entry.recipe));
        writeln!(html, "<details><summary>{name}</summary><pre>{recipe}</pre></details>")?;
    }
    html.push_str("</body></html>\n");
    Ok(html)
}

/// The picture alone, as SVG.
pub(crate) fn picture(entries: &[Entry]) -> anyhow::Result<String> {
    recall_by_distance(&lines(entries))
}

fn lines(entries: &[Entry]) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for (colour, entry) in entries.iter().enumerate() {
        lines.push(Line { name: entry.name.clone(), recall: &entry.recall, colour, quoted: false });
        if let Some(paper) = entry.paper {
            lines.push(Line {
                name: format!("{}, the paper", entry.name),
                recall: paper,
                colour,
                quoted: true,
            });
        }
    }
    lines
}

fn table(html: &mut String, entries: &[Entry]) -> std::fmt::Result {
    let distances = entries.iter().map(|entry| entry.recall.len()).max().unwrap_or(0);
    html.push_str("<table><tr><th>recall %, at distance</th>");
    (0..distances).try_for_each(|distance| write!(html, "<th>{distance}</th>"))?;
    html.push_str("<th>all pairs</th><th>training</th></tr>\n");
    for entry in entries {
        write!(html, "<tr><td>{}</td>", escape(&entry.name))?;
        entry.recall.iter().try_for_each(|recall| write!(html, "<td>{recall:.1}</td>"))?;
        let seconds = entry.seconds.map_or(String::from("earlier"), |s| format!("{s:.0} s"));
        writeln!(html, "<td>{:.1}</td><td>{seconds}</td></tr>", entry.overall)?;
        if let Some(paper) = entry.paper {
            write!(html, "<tr class=paper><td>the paper</td>")?;
            paper.iter().try_for_each(|recall| write!(html, "<td>{recall:.1}</td>"))?;
            html.push_str("<td></td><td></td></tr>\n");
        }
    }
    html.push_str("</table>\n");
    Ok(())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rootward: recall by distance</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
figure { margin: 1rem 0; overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: .2rem .6rem; text-align: right; } td:first-child, th:first-child { text-align: left; }
tr { border-bottom: 1px solid #ddd; } .paper { color: #777; }
pre { background: #f6f6f6; padding: .8rem; overflow-x: auto; font-size: 14px; } summary { cursor: pointer; }
</style></head><body>
"#;
