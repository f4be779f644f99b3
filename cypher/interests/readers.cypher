// purpose: The reader of topics, which derives the interests of a text from its embedding: one direction for each
//   interest, and one offset for each language of the text (Chinese, English, other).
// parameters: version INTEGER of the encoder
// columns: id, direction, offsets
MATCH (n:Interest {version: $version})
WHERE size(n.direction) > 0
RETURN n.id AS id, n.direction AS direction, coalesce(n.offsets, [n.bias, n.bias, n.bias]) AS offsets
ORDER BY id
