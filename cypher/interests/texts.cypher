// purpose: Texts with a vector of an encoder version, in pages by id: the item of the text, the weight that its
//   writer gave the item, the words if the graph stores them, and the writer.
// parameters: after STRING last id of the previous page, or ''; limit INTEGER; version INTEGER
// columns: id, embedding, text, item, item_weight, writer, language, read whether it has
//   interests of that version already
MATCH (t:Text)
WHERE t.id > $after AND EXISTS { (t)-[:ENCODED_AS]->(:TextVector {version: $version}) }
WITH t ORDER BY t.id LIMIT $limit
MATCH (t)-[:ENCODED_AS]->(v:TextVector {version: $version})
RETURN t.id AS id, v.vector AS embedding, t.text AS text, t.item AS item,
  head([(t)<-[:WROTE]-()-[r:INTERACTED]->(:Item {key: t.item}) | r.weight]) AS item_weight,
  head([(t)<-[:WROTE]-(u:User) | u.id]) AS writer, t.language AS language,
  EXISTS { (t)-[:ABOUT]->(:Interest {version: $version}) } AS read
ORDER BY id
