// purpose: Create or update the interests of an encoder version.
// parameters: rows LIST of {id, languages, names, embedding, direction, offsets}, names in the order of languages, the
//   language of most items first, where the probability that a text with the embedding v is about the interest is
//   proportional to exp(v direction + the offset of its language); version INTEGER
UNWIND $rows AS row
MERGE (n:Interest {id: row.id, version: $version})
SET n.name = row.names[0], n.languages = row.languages, n.names = row.names,
  n.embedding = row.embedding, n.direction = row.direction, n.offsets = row.offsets
REMOVE n.bias
