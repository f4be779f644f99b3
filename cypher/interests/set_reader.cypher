// purpose: Store the reader of texts of an encoder version.
// parameters: version INTEGER of the encoder; text_means LIST of floats, one vector after the other; min_evidence FLOAT;
//   choice STRING, JSON
MATCH (e:Encoder {version: $version})
SET e.text_means = $text_means, e.min_evidence = $min_evidence, e.reader = $choice
