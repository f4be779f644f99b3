// purpose: What reads from the embedding of a text which interests it is about.
// parameters: version INTEGER of the encoder
// columns: id, direction, bias
MATCH (n:Interest {version: $version})
RETURN n.id AS id, n.direction AS direction, n.bias AS bias
ORDER BY id
