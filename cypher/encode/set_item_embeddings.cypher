// purpose: Store the vectors of items under an encoder version.
// parameters: rows LIST of {id, embedding}; version INTEGER
UNWIND $rows AS row
MATCH (i:Item {key: row.id})
MERGE (v:ItemVector {item: row.id, version: $version})
SET v.domain = i.domain, v.vector = row.embedding
MERGE (i)-[:ENCODED_AS]->(v)
