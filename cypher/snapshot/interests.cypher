// purpose: All interests, for training and for texts.
// columns: id, name, embedding, mean_similarity
MATCH (n:Interest)
RETURN n.id AS id, n.name AS name, n.embedding AS embedding, n.mean_similarity AS mean_similarity
ORDER BY id
