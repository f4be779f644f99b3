// purpose: All interests with items or texts, for training; parents of clusters have none of their own.
// parameters: version INTEGER of the encoder
// columns: id, name, embedding
MATCH (n:Interest {version: $version})
WHERE EXISTS { (n)<-[:ABOUT]-() }
RETURN n.id AS id, n.name AS name, n.embedding AS embedding
ORDER BY id
