//! A model that reads texts, whoever made it: trained here, or a static model or a Transformer as it is.

use std::path::Path;

use anyhow::{anyhow, bail};
use rootward::body::Start;
use rootward::dataset::Dataset;
use rootward::encoder::{Keep, PARAMETERS, Trainable};
use rootward::model::{self, Model, ModelError};
use rootward::recipe::{BodyConfig, EncoderConfig};
use rootward_text::network::Precision;

use crate::bodies::{open_body_in, untrained, zero_shot};

/// A model that reads texts.
pub(crate) struct TextModel {
    opened: Opened,
    network: Network,
}

enum Opened {
    Trained(Box<Model>),
    Untrained(Box<dyn Trainable>),
}

/// What a network is, as far as its speed is concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    Static,
    Transformer,
}

impl TextModel {
    /// The model of a folder, or `builtin`.
    ///
    /// # Errors
    /// When there is no model that reads texts.
    pub(crate) fn open(folder: &Path, precision: Precision) -> anyhow::Result<Self> {
        let open_body = |config: &BodyConfig, start: Start<'_>| open_body_in(precision, config, start);
        let name = folder.display();
        let (opened, body) = if model::is_own(folder) {
            let model = Model::open(folder, &open_body)?;
            let EncoderConfig::Text(config) = &model.config.encoder else {
                bail!(
                    "{name} is a model of tables, which reads no texts; its vectors are the tensors `query` and \
                     `document` of {}, or train a recipe such as text-climb",
                    folder.join(PARAMETERS).display()
                );
            };
            let body = config.body.clone();
            (Opened::Trained(Box::new(model)), body)
        } else {
            if folder != Path::new("builtin") && !folder.is_dir() {
                bail!("{name} is no folder: expected `builtin`, or the folder of a model that reads texts");
            }
            let opened = zero_shot(folder, 0, &open_body).map_err(|cause| anyhow!(cause))?;
            (Opened::Untrained(Box::new(opened)), untrained(folder).body)
        };
        let network = match body {
            BodyConfig::Static { .. } => Network::Static,
            BodyConfig::Transformer { .. } => Network::Transformer,
        };
        Ok(TextModel { opened, network })
    }

    /// What encodes.
    pub(crate) fn encoder(&self) -> &dyn Trainable {
        match &self.opened {
            Opened::Trained(model) => &*model.encoder,
            Opened::Untrained(encoder) => &**encoder,
        }
    }

    /// The model, where it was trained here.
    pub(crate) fn trained(&self) -> Option<&Model> {
        match &self.opened {
            Opened::Trained(model) => Some(model),
            Opened::Untrained(_) => None,
        }
    }

    /// What its network is.
    pub(crate) fn network(&self) -> Network {
        self.network
    }

    /// Makes sure that it has vectors of a data set.
    ///
    /// # Errors
    /// When it was trained on another, and has vectors of documents of its own.
    pub(crate) fn belongs_to(&self, data: &Dataset) -> Result<(), ModelError> {
        self.trained().map_or(Ok(()), |model| model.belongs_to(data))
    }

    /// The same of all copies of a model, wherever they lie, and another after training: a checksum of its parameters.
    pub(crate) fn fingerprint(&self) -> String {
        self.encoder().tensors(Keep::Model).checksum()
    }
}

impl Network {
    /// Texts that are encoded together: enough for all threads, and a second or two at the most.
    pub(crate) fn together(self) -> usize {
        match self {
            Network::Static => 4096,
            Network::Transformer => 512,
        }
    }
}
