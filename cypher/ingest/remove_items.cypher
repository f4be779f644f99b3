// purpose: Remove items with their vectors and all their relationships, learned edges included.
// parameters: rows LIST of {key}
// columns: removed
UNWIND $rows AS row
MATCH (i:Item {key: row.key})
CALL (i) {
  MATCH (i)-[:ENCODED_AS]->(v:ItemVector)
  DETACH DELETE v
}
DETACH DELETE i
RETURN count(*) AS removed
