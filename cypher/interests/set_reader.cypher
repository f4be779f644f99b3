// purpose: Store the reader of texts of an encoder version.
// parameters: version INTEGER of the encoder; text_means LIST of floats, one vector after the other; min_logit FLOAT;
//   choice STRING, JSON
MATCH (e:Encoder {version: $version})
SET e.text_means = $text_means, e.min_logit = $min_logit, e.reader = $choice
