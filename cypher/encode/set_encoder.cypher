// purpose: Remember which encoder makes the embeddings in the graph.
// parameters: name STRING; dimensions INTEGER
MERGE (e:Encoder)
SET e.created_at = CASE WHEN e.name = $name THEN e.created_at ELSE datetime() END
SET e.name = $name, e.dimensions = $dimensions
