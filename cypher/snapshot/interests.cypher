// purpose: All interests, for training.
// parameters: version INTEGER of the encoder
// columns: id, name, embedding
MATCH (n:Interest {version: $version})
RETURN n.id AS id, n.name AS name, n.embedding AS embedding
ORDER BY id
