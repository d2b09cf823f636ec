//! What the system tells of this process: the time and the memory that it took.

/// Processor seconds of this process so far, all threads together; NaN where the system does not tell.
pub(crate) fn cpu_seconds() -> f64 {
    // Fields 14 and 15 of the line, counted after the name in parentheses, in hundredths of a second.
    let ticks = || {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
    };
    ticks().map_or(f64::NAN, |ticks| ticks / 100.0)
}

/// The most memory that this process ever held; NaN where the system does not tell.
pub(crate) fn peak_bytes() -> f64 {
    let kilobytes = || {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    kilobytes().map_or(f64::NAN, |kilobytes| kilobytes * 1024.0)
}
