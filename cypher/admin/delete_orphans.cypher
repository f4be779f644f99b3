// purpose: Delete vectors of nothing, texts of nobody with their vectors, and accounts of nobody, in small
//   transactions. Each is written in one transaction with what it belongs to, so none is on its way in.
MATCH (n:ItemVector|TextVector|Text|Account)
WHERE CASE
  WHEN n:Text THEN NOT EXISTS { (n)<-[:WROTE]-() }
  WHEN n:Account THEN NOT EXISTS { (n)-[:OF]->() }
  ELSE NOT EXISTS { (n)<-[:ENCODED_AS]-() }
END
CALL (n) {
  OPTIONAL MATCH (n)-[:ENCODED_AS]->(v:TextVector)
  DETACH DELETE v, n
} IN TRANSACTIONS OF 500 ROWS
