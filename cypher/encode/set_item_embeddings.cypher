// purpose: Store the embeddings of items.
// parameters: rows LIST of {id, embedding}
UNWIND $rows AS row
MATCH (i:Item {key: row.id})
SET i.embedding = row.embedding
