// purpose: Store the vectors of texts under an encoder version.
// parameters: rows LIST of {id, embedding}; version INTEGER
UNWIND $rows AS row
MATCH (t:Text {id: row.id})
MERGE (v:TextVector {text: row.id, version: $version})
SET v.vector = row.embedding
MERGE (t)-[:ENCODED_AS]->(v)
