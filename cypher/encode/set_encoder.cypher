// purpose: Remember which encoder makes the embeddings in the graph.
// parameters: name STRING; dimensions INTEGER
MERGE (e:Encoder)
SET e.name = $name, e.dimensions = $dimensions
