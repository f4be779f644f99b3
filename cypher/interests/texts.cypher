// purpose: Texts with a vector of an encoder version, in pages by id: what they are about, what their writers
//   gave it, and their words where the graph keeps them.
// parameters: after STRING last id of the page before, or ''; limit INTEGER; version INTEGER
// columns: id, embedding, text, item, said
MATCH (t:Text)
WHERE t.id > $after AND EXISTS { (t)-[:ENCODED_AS]->(:TextVector {version: $version}) }
WITH t ORDER BY t.id LIMIT $limit
MATCH (t)-[:ENCODED_AS]->(v:TextVector {version: $version})
RETURN t.id AS id, v.vector AS embedding, t.text AS text, t.item AS item,
  head([(t)<-[:WROTE]-()-[r:INTERACTED]->(:Item {key: t.item}) | r.weight]) AS said
ORDER BY id
