// purpose: Texts with a vector of an encoder version, in pages by id: the item of the text, the weight that its
//   writer gave the item, and the words if the graph stores them.
// parameters: after STRING last id of the previous page, or ''; limit INTEGER; version INTEGER
// columns: id, embedding, text, item, item_weight
MATCH (t:Text)
WHERE t.id > $after AND EXISTS { (t)-[:ENCODED_AS]->(:TextVector {version: $version}) }
WITH t ORDER BY t.id LIMIT $limit
MATCH (t)-[:ENCODED_AS]->(v:TextVector {version: $version})
RETURN t.id AS id, v.vector AS embedding, t.text AS text, t.item AS item,
  head([(t)<-[:WROTE]-()-[r:INTERACTED]->(:Item {key: t.item}) | r.weight]) AS item_weight
ORDER BY id
