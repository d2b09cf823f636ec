//! Writing a model as a folder that sentence-transformers opens, with the same vectors.

use std::io::Write;
use std::path::Path;

use rootward::files::{WriteError, write_aside};
use serde_json::{Value, json};

use super::{CONFIG, LENGTH_CONFIGS, MODULES, SENTENCE_CONFIG, WEIGHTS};
use crate::head::HeadActivation;
use crate::model::{Length, TextModel};
use crate::pooling::Pooling;
use crate::tokens::Case;
use crate::weights;

impl TextModel {
    /// Writes the model into a folder; `config.json` comes last and makes the folder a model.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), WriteError> {
        let encoder = self.layout.tensors().iter().filter(weights::in_encoder);
        weights::write(&folder.join(WEIGHTS), encoder, &self.parameters, &self.beside)?;
        let module = |idx: usize, path: &str, kind: &str| json!({"idx": idx, "name": idx.to_string(), "path": path, "type": format!("sentence_transformers.models.{kind}")});
        let mut modules = vec![module(0, "", "Transformer"), module(1, "1_Pooling", "Pooling")];
        write_json(&folder.join("1_Pooling/config.json"), &self.pooling_config())?;
        for (at, layer) in self.head.iter().enumerate() {
            let name = format!("{}_Dense", modules.len());
            let activation = match layer.activation {
                HeadActivation::Identity => "torch.nn.modules.linear.Identity",
                HeadActivation::Tanh => "torch.nn.modules.activation.Tanh",
            };
            let config = json!({
                "in_features": layer.shape.inputs, "out_features": layer.shape.outputs,
                "bias": layer.shape.has_bias, "activation_function": activation,
            });
            write_json(&folder.join(&name).join("config.json"), &config)?;
            let path = folder.join(&name).join(WEIGHTS);
            weights::write(&path, weights::of_head(&self.layout, at), &self.parameters, &Default::default())?;
            modules.push(module(modules.len(), &name, "Dense"));
        }
        if self.length == Length::Unit {
            let name = format!("{}_Normalize", modules.len());
            write_json(&folder.join(&name).join("config.json"), &json!({}))?;
            modules.push(module(modules.len(), &name, "Normalize"));
        }
        let length = json!({"max_seq_length": self.longest, "do_lower_case": self.case == Case::Lower});
        write_json(&folder.join(LENGTH_CONFIGS[0]), &length)?;
        let prompts = json!({"query": self.prompts.query, "document": self.prompts.document});
        let sentence = json!({
            "model_type": "SentenceTransformer", "prompts": prompts, "default_prompt_name": Value::Null,
            "similarity_fn_name": "cosine",
        });
        write_json(&folder.join(SENTENCE_CONFIG), &sentence)?;
        write_json(&folder.join(MODULES), &Value::Array(modules))?;
        let (last, others): (Vec<_>, Vec<_>) = self.files.iter().partition(|(name, _)| *name == CONFIG);
        for (name, bytes) in others.into_iter().chain(last) {
            write_aside(&folder.join(name), |file| file.write_all(bytes))?;
        }
        Ok(())
    }

    /// The configuration of the pooling, in the words that old and new versions read.
    fn pooling_config(&self) -> Value {
        json!({
            "word_embedding_dimension": self.config.hidden,
            "pooling_mode_cls_token": self.pooling == Pooling::Cls,
            "pooling_mode_mean_tokens": self.pooling == Pooling::Mean,
            "pooling_mode_max_tokens": self.pooling == Pooling::Max,
            "pooling_mode_mean_sqrt_len_tokens": false,
            "include_prompt": true,
        })
    }
}

fn write_json(path: &Path, value: &Value) -> Result<(), WriteError> {
    write_aside(path, |file| {
        serde_json::to_writer_pretty(&mut *file, value)?;
        file.write_all(b"\n")
    })
}
