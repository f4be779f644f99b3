// purpose: Texts without an embedding, in pages by id; their words where the graph keeps them.
// parameters: after STRING last id of the page before, or ''; limit INTEGER; again BOOLEAN also those with one
// columns: id, text
MATCH (t:Text)
WHERE t.id > $after AND ($again OR t.embedding IS NULL)
WITH t ORDER BY t.id LIMIT $limit
RETURN t.id AS id, t.text AS text
