// purpose: What reads from the embedding of a text which interests it is about.
// columns: id, direction, bias
MATCH (n:Interest)
WHERE n.direction IS NOT NULL
RETURN n.id AS id, n.direction AS direction, n.bias AS bias
ORDER BY id
