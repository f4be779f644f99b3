// purpose: The embeddings of texts, in pages by id.
// parameters: after STRING last id of the page before, or ''; limit INTEGER
// columns: id, embedding
MATCH (t:Text)
WHERE t.id > $after AND t.embedding IS NOT NULL
WITH t ORDER BY t.id LIMIT $limit
RETURN t.id AS id, t.embedding AS embedding
