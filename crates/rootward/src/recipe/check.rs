//! Which values of a recipe make sense, alone and together.
//!
//! A recipe that passes can be run on any data that has the pairs it draws; a refusal names the key, what stands there
//! and what would make sense.

use super::{
    BodyConfig, By, Centroids, Distance, Documents, EncoderConfig, HeadConfig, LearnFrom, Loss, Mined,
    Period, Rate, Recipe, RecipeError, Renew, Runs, Sampling, Source, Stage, TEMPERATURES, TextConfig,
    TreeContrast,
};
use crate::doc_tree::TreeShape;
use crate::optimiser::Optimiser;
use crate::table::{Score, TableConfig};

impl Recipe {
    pub(super) fn check(&self) -> Result<(), RecipeError> {
        let validation = self.validation;
        demand("seed", self.seed, i64::try_from(self.seed).is_ok(), "0 to 2^63 - 1, as TOML holds it")?;
        match &self.encoder {
            EncoderConfig::Table(config) => {
                let TableConfig { dim, init, .. } = *config;
                demand("encoder.dim", dim, WIDTHS.contains(&dim), "1 to 65536")?;
                demand("encoder.init", init, positive(init), "a number above 0")?;
            }
            EncoderConfig::Text(config) => config.check()?,
        }
        self.check_learn_from()?;
        demand("validation.queries", validation.queries, validation.queries > 0, "1 or more")?;
        demand("validation.every", validation.every, validation.every > 0, "1 or more")?;
        let far_from = validation.far_from;
        demand("validation.far_from", far_from, far_from > 0, "1 or more: at 0 every pair would be far")?;
        demand("stages", "empty", !self.stages.is_empty(), "at least one stage")?;
        for (place, stage) in self.stages.iter().enumerate() {
            stage.check(&format!("stages.{place}"))?;
            stage.check_geometry(&format!("stages.{place}"), self.encoder.score())?;
        }
        Ok(())
    }

    fn check_learn_from(&self) -> Result<(), RecipeError> {
        let reads = matches!(self.encoder, EncoderConfig::Text(_));
        let others = self.learn_from.iter().any(|from| *from != LearnFrom::Judgements);
        demand("learn_from", "empty", !self.learn_from.is_empty(), "judgements, titles, synonyms or texts")?;
        demand(
            "learn_from",
            "more than judgements",
            reads || !others,
            "judgements where `encoder` is a table",
        )?;
        for (place, from) in self.learn_from.iter().enumerate() {
            from.check(&format!("learn_from.{place}"))?;
            let again = self.learn_from[..place].iter().any(|earlier| earlier.is_as(from));
            demand(&format!("learn_from.{place}"), "given before", !again, "each source once")?;
        }
        Ok(())
    }
}

impl LearnFrom {
    fn check(&self, at: &str) -> Result<(), RecipeError> {
        let key = |name: &str| format!("{at}.{name}");
        match self {
            LearnFrom::Judgements | LearnFrom::Titles | LearnFrom::Synonyms | LearnFrom::Texts => Ok(()),
            LearnFrom::RepeatedJudgements { times } => {
                let fits = (1..=MOST).contains(times);
                demand(&key("repeated_judgements.times"), times, fits, "1 to 16777216")
            }
            LearnFrom::Spans(runs) => runs.check(&key("spans")),
            LearnFrom::Crops(runs) => runs.check(&key("crops")),
            LearnFrom::Generated { name } => {
                let fits = !name.is_empty() && !name.contains(['/', '\\']);
                demand(&key("generated.name"), name, fits, "the beginning of the name of a file")
            }
        }
    }

    /// Whether both make the same queries, or would have queries with the same judgements.
    fn is_as(&self, other: &LearnFrom) -> bool {
        use LearnFrom::{Generated, Judgements, RepeatedJudgements};
        match (self, other) {
            (Generated { name }, Generated { name: other }) => name == other,
            (Judgements | RepeatedJudgements { .. }, Judgements | RepeatedJudgements { .. }) => true,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl Runs {
    fn check(self, at: &str) -> Result<(), RecipeError> {
        let Runs { each, least, most, within } = self;
        demand(&format!("{at}.within"), within.unwrap_or(0), within != Some(0), "1 or more")?;
        demand(&format!("{at}.each"), each, (1..=1000).contains(&each), "1 to 1000")?;
        demand(&format!("{at}.least"), least, least > 0, "1 or more")?;
        demand(
            &format!("{at}.most"),
            most,
            (least..=MOST).contains(&most),
            "at least `least`, at most 16777216",
        )
    }
}

impl TextConfig {
    fn check(&self) -> Result<(), RecipeError> {
        let read = |most: usize| {
            demand("encoder.body.max_tokens", most, (1..=1 << 20).contains(&most), "1 to 1048576")
        };
        match &self.body {
            BodyConfig::Static { from, dim, max_tokens, pairs } => {
                read(*max_tokens)?;
                demand("encoder.body.pairs", pairs, *pairs <= MOST, "at most 16777216")?;
                let random = from == "random";
                demand(
                    "encoder.body.dim",
                    "missing",
                    dim.is_some() || !random,
                    "1 to 65536 for random vectors",
                )?;
                let dim = dim.unwrap_or(1);
                demand("encoder.body.dim", dim, WIDTHS.contains(&dim), "1 to 65536")?;
            }
            BodyConfig::Transformer { max_tokens, dropout, clip, .. } => {
                read(*max_tokens)?;
                let share = dropout.unwrap_or(0.0);
                demand("encoder.body.dropout", share, (0.0..1.0).contains(&share), "0 or more and below 1")?;
                demand("encoder.body.clip", clip, positive(*clip), "a number above 0")?;
            }
        }
        let speed = |key: &str, speed: f32| demand(key, speed, positive(speed), "a number above 0");
        if let Some(HeadConfig { dim, speed: head }) = self.head {
            demand("encoder.head.dim", dim, WIDTHS.contains(&dim), "1 to 65536")?;
            speed("encoder.head.speed", head)?;
        }
        match self.documents {
            Documents::Encoded {} => {}
            Documents::Table { init, speed: table } => {
                demand("encoder.documents.init", init, positive(init), "a number above 0")?;
                speed("encoder.documents.speed", table)?;
            }
            Documents::Both { speed: table } => speed("encoder.documents.speed", table)?,
        }
        demand("encoder.score", "hyperbolic", self.score != Score::Hyperbolic, "dot or cosine for texts")
    }
}

impl Stage {
    fn check(&self, at: &str) -> Result<(), RecipeError> {
        let key = |name: &str| format!("{at}.{name}");
        let share = |x: f64| (0.0..=1.0).contains(&x);
        let exponent = |x: f64| (-10.0..=10.0).contains(&x);
        demand(&key("batch"), self.batch, (1..=MOST).contains(&self.batch), "1 to 16777216")?;
        let (name, length) = match (self.epochs, self.steps) {
            (Some(epochs), None) => ("epochs", epochs),
            (None, Some(steps)) => ("steps", steps),
            (Some(steps), Some(_)) => return demand(&key("steps"), steps, false, "either epochs or steps"),
            (None, None) => return demand(&key("epochs"), "missing", false, "either epochs or steps"),
        };
        demand(&key(name), length, length > 0, "1 or more")?;
        let by = match self.sampling {
            Sampling::Regular { by, neighbours } => {
                let fits = neighbours == 0 || by == By::Query;
                demand(&key("sampling.neighbours"), neighbours, fits, "0 where batches count pairs")?;
                by
            }
            Sampling::Rebalanced { p, .. } => {
                demand(&key("sampling.p"), p, share(p), "0 to 1")?;
                By::Pair
            }
            Sampling::Topics { by, topics } => {
                demand(&key("sampling.topics"), topics, (2..=65_536).contains(&topics), "2 to 65536")?;
                by
            }
            Sampling::LongOnly { by, .. } => by,
            Sampling::Curriculum { until, .. } => {
                demand(&key("sampling.until"), until, share(until) && until > 0.0, "above 0 and at most 1")?;
                By::Pair
            }
            Sampling::DistanceWeighted { power } => {
                demand(&key("sampling.power"), power, exponent(power), "-10 to 10")?;
                By::Pair
            }
            Sampling::EvenDistances {} => By::Pair,
        };
        let negatives = self.negatives;
        let once = negatives.deduplicate || negatives.from == Source::Corpus;
        let fits = once || by == By::Pair;
        demand(
            &key("negatives.deduplicate"),
            negatives.deduplicate,
            fits,
            "true where batches count queries",
        )?;
        let added = negatives.uniform > 0
            || negatives.siblings > 0
            || negatives.ancestor_siblings > 0.0
            || negatives.mined.is_some();
        let fits = !added || negatives.from == Source::Batch;
        demand(
            &key("negatives.from"),
            "corpus",
            fits,
            "batch where uniform, sibling or mined negatives are added",
        )?;
        let drawn = negatives.ancestor_siblings;
        demand(&key("negatives.ancestor_siblings"), drawn, share(drawn), "0 to 1")?;
        demand(&key("negatives.uniform"), negatives.uniform, negatives.uniform <= MOST, "at most 16777216")?;
        demand(&key("negatives.siblings"), negatives.siblings, negatives.siblings <= 1000, "at most 1000")?;
        if let Some(Mined { each, every, among, margin, .. }) = negatives.mined {
            demand(&key("negatives.mined.each"), each, (1..=1000).contains(&each), "1 to 1000")?;
            demand(&key("negatives.mined.every"), every, every > 0, "1 or more")?;
            let fits = (each..=MOST).contains(&among);
            demand(&key("negatives.mined.among"), among, fits, "at least `each`, at most 16777216")?;
            demand(&key("negatives.mined.margin"), margin, margin.is_finite(), "a finite number")?;
            let fits = negatives.alpha.is_none();
            let expected = "no mined negatives beside alpha: how often they come is not known";
            demand(&key("negatives.mined"), "given", fits, expected)?;
        }
        let alpha = negatives.alpha.unwrap_or(1.0);
        demand(&key("negatives.alpha"), alpha, (0.0..=1.0).contains(&alpha), "0 to 1")?;
        let fits = negatives.alpha.is_none() || negatives.from == Source::Batch;
        demand(&key("negatives.alpha"), alpha, fits, "no alpha where all documents are negatives")?;
        let fits = negatives.alpha.is_none() || !matches!(self.sampling, Sampling::Curriculum { .. });
        demand(
            &key("negatives.alpha"),
            alpha,
            fits,
            "no alpha beside a curriculum, whose frequencies change",
        )?;
        let Loss::Softmax { temperature, temperature_end, temperature_rate, distance_power, .. } = self.loss;
        let expected = "a number above 0; scores are divided by it";
        demand(&key("loss.temperature"), temperature, positive(temperature), expected)?;
        if let Some(end) = temperature_end {
            demand(&key("loss.temperature_end"), end, positive(end), expected)?;
        }
        if let Some(rate) = temperature_rate {
            let (least, greatest) = TEMPERATURES;
            let fits = (least..=greatest).contains(&temperature);
            demand(&key("loss.temperature_rate"), rate, positive(rate), "a number above 0")?;
            demand(&key("loss.temperature"), temperature, fits, "0.001 to 10000 where it is learned")?;
            let fits = temperature_end.is_none();
            demand(
                &key("loss.temperature_rate"),
                rate,
                fits,
                "either a temperature_end or a temperature_rate",
            )?;
        }
        if let Some(tree) = self.tree {
            tree.check(&key("tree"))?;
            let learned = temperature_rate.unwrap_or(0.0);
            let fits = temperature_rate.is_none();
            demand(&key("loss.temperature_rate"), learned, fits, "none beside a tree")?;
        }
        let power = distance_power.unwrap_or(0.0);
        demand(&key("loss.distance_power"), power, exponent(power), "-10 to 10")?;
        if let Optimiser::Adam { beta1, beta2, epsilon, decay, .. } = self.optimiser {
            let expected = "0 or more and below 1";
            demand(&key("optimiser.decay"), decay, (0.0..1.0).contains(&decay), expected)?;
            let decay = |x: f32| (0.0..1.0).contains(&x);
            demand(&key("optimiser.beta1"), beta1, decay(beta1), "0 or more and below 1")?;
            demand(&key("optimiser.beta2"), beta2, decay(beta2), "0 or more and below 1")?;
            demand(&key("optimiser.epsilon"), epsilon, positive(epsilon), "a number above 0")?;
        }
        if let Optimiser::Adagrad { epsilon } = self.optimiser {
            demand(&key("optimiser.epsilon"), epsilon, positive(epsilon), "a number above 0")?;
        }
        if let Optimiser::RiemannianSgd { clip } = self.optimiser {
            demand(&key("optimiser.clip"), clip, positive(clip), "a number above 0")?;
        }
        let Rate { start, end, warm_up } = self.rate;
        demand(&key("rate.warm_up"), warm_up, share(warm_up), "0 to 1")?;
        demand(&key("rate.start"), start, positive(start), "a number above 0")?;
        demand(&key("rate.end"), end, end >= 0.0 && end.is_finite(), "0 or more")?;
        if let Some(stop) = self.early_stop {
            demand(&key("early_stop.tolerance"), stop.tolerance, share(stop.tolerance), "0 to 1")?;
            demand(&key("early_stop.patience"), stop.patience, stop.patience > 0, "1 or more")?;
        }
        Ok(())
    }

    /// Makes sure that loss and optimiser take the encoder's vectors for what they are.
    fn check_geometry(&self, at: &str, score: Score) -> Result<(), RecipeError> {
        let hyperbolic = score == Score::Hyperbolic;
        let Loss::Softmax { distance, temperature_rate, .. } = self.loss;
        let key = format!("{at}.loss.distance");
        match distance {
            None => demand(&key, "missing", !hyperbolic, "hyperbolic, as `encoder.score` is")?,
            Some(Distance::Hyperbolic) => {
                demand(&key, "hyperbolic", hyperbolic, "none unless `encoder.score` is hyperbolic")?;
                let learned = temperature_rate.unwrap_or(0.0);
                let key = format!("{at}.loss.temperature_rate");
                demand(&key, learned, temperature_rate.is_none(), "none beside a hyperbolic distance")?;
            }
        }
        demand(
            &format!("{at}.tree"),
            "given",
            !hyperbolic || self.tree.is_none(),
            "no tree in hyperbolic space",
        )?;
        let fits = hyperbolic || !self.optimiser.is_riemannian();
        demand(
            &format!("{at}.optimiser.kind"),
            "riemannian",
            fits,
            "adam, adagrad or sgd unless `encoder.score` is hyperbolic",
        )
    }
}

impl TreeContrast {
    fn check(&self, at: &str) -> Result<(), RecipeError> {
        let key = |name: &str| format!("{at}.{name}");
        let TreeShape { branching, leaf_size, balance, iterations, sample } = self.shape;
        demand(&key("shape.branching"), branching, (2..=MOST).contains(&branching), "2 to 16777216")?;
        demand(&key("shape.leaf_size"), leaf_size, (1..=MOST).contains(&leaf_size), "1 to 16777216")?;
        let fits = balance >= 1.0 && balance < branching as f32;
        demand(&key("shape.balance"), balance, fits, "at least 1 and below `branching`")?;
        demand(&key("shape.iterations"), iterations, (1..=1000).contains(&iterations), "1 to 1000")?;
        demand(&key("shape.sample"), sample, (1..=MOST).contains(&sample), "1 to 16777216")?;
        let zero_or_more = |x: f32| x >= 0.0 && x.is_finite();
        demand(&key("weight"), self.weight, positive(self.weight), "a number above 0")?;
        demand(&key("beside"), self.beside, zero_or_more(self.beside), "0 or more")?;
        let expected = "a number above 0; scores are divided by it";
        demand(&key("temperature"), self.temperature, positive(self.temperature), expected)?;
        demand(&key("level_factor"), self.level_factor, zero_or_more(self.level_factor), "0 or more")?;
        demand(&key("documents"), self.documents, self.documents <= MOST, "at most 16777216")?;
        let least = usize::from(self.documents == 0);
        let expected = "at most 16777216, and where `documents` is 0, at least 1";
        demand(&key("nodes"), self.nodes, (least..=MOST).contains(&self.nodes), expected)?;
        let most = self.near_duplicates.unwrap_or(1.0);
        demand(&key("near_duplicates"), most, (0.0..=1.0).contains(&most), "0 to 1, a cosine")?;
        demand(&key("size_power"), self.size_power, (0.0..=1.0).contains(&self.size_power), "0 to 1")?;
        if let Centroids::Learned { speed } = self.centroids {
            demand(&key("centroids.speed"), speed, positive(speed), "a number above 0")?;
        }
        if let Some(every) = self.renew.every() {
            let (Period::Steps(n) | Period::Epochs(n)) = every;
            demand(&key("renew.every"), n, n > 0, "1 or more")?;
        }
        if let Renew::Move { momentum, .. } = self.renew {
            demand(
                &key("renew.momentum"),
                momentum,
                (0.0..1.0).contains(&momentum),
                "0 or more and below 1",
            )?;
        }
        Ok(())
    }
}

/// Numbers in a vector.
const WIDTHS: std::ops::RangeInclusive<usize> = 1..=65_536;

fn positive(x: f32) -> bool {
    x > 0.0 && x.is_finite()
}

/// Rows or documents of a step beyond which a number is a slip of the hand.
const MOST: usize = 1 << 24;

fn demand(
    key: &str,
    found: impl std::fmt::Display,
    fits: bool,
    expected: &'static str,
) -> Result<(), RecipeError> {
    if fits {
        Ok(())
    } else {
        Err(RecipeError::Value { key: key.to_owned(), found: format!("{found}"), expected })
    }
}
