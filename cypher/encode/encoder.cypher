// purpose: The encoder that made the embeddings in the graph.
// columns: name, dimensions
MATCH (e:Encoder)
RETURN e.name AS name, e.dimensions AS dimensions
