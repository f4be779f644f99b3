// purpose: Delete vectors without an item or text, texts without a user (with their vectors), and accounts without
//   a user, in small transactions. Each of these is written in the same transaction as the node that it belongs
//   to, so none of them is still being loaded.
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
