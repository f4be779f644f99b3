// purpose: What the reader of texts of an encoder version needs besides the interests: the mean embedding of texts in
//   each language, the evidence below which a text is about nothing, and how the reader was chosen, as JSON.
// parameters: version INTEGER of the encoder
// columns: text_means, min_evidence, choice
MATCH (e:Encoder {version: $version})
RETURN e.text_means AS text_means, e.min_evidence AS min_evidence, e.reader AS choice
