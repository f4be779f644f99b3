// purpose: Texts with an embedding, in pages by id: what they are about, what their writers gave it, and
//   their words where the graph keeps them.
// parameters: after STRING last id of the page before, or ''; limit INTEGER
// columns: id, embedding, text, item, said
MATCH (t:Text)
WHERE t.id > $after AND t.embedding IS NOT NULL
WITH t ORDER BY t.id LIMIT $limit
RETURN t.id AS id, t.embedding AS embedding, t.text AS text, t.item AS item,
  head([(t)<-[:WROTE]-()-[r:INTERACTED]->(:Item {key: t.item}) | r.weight]) AS said
