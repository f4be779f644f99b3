// purpose: The topic classifier, which derives the interests of a text from its embedding: one direction and one
//   bias for each interest.
// parameters: version INTEGER of the encoder
// columns: id, direction, bias
MATCH (n:Interest {version: $version})
WHERE size(n.direction) > 0
RETURN n.id AS id, n.direction AS direction, n.bias AS bias
ORDER BY id
