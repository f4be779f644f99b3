// purpose: Create or update the interests of an encoder version.
// parameters: rows LIST of {id, name, embedding, direction, bias}: a text with the embedding v is about the
//   interest as likely as the exponential of v direction + bias says, against all interests; version INTEGER
UNWIND $rows AS row
MERGE (n:Interest {id: row.id, version: $version})
SET n.name = row.name, n.embedding = row.embedding, n.direction = row.direction, n.bias = row.bias
