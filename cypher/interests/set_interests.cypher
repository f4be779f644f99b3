// purpose: Create or update interests.
// parameters: rows LIST of {id, name, embedding, direction, bias}: a text with the embedding v is about the
//   interest as likely as the exponential of v direction + bias says, against all interests
UNWIND $rows AS row
MERGE (n:Interest {id: row.id})
SET n.name = row.name, n.embedding = row.embedding, n.direction = row.direction, n.bias = row.bias
