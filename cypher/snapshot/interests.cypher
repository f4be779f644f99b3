// purpose: All interests, for training.
// columns: id, name, embedding
MATCH (n:Interest)
RETURN n.id AS id, n.name AS name, n.embedding AS embedding
ORDER BY id
