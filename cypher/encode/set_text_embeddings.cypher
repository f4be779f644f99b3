// purpose: Store the embeddings of texts.
// parameters: rows LIST of {id, embedding}
UNWIND $rows AS row
MATCH (t:Text {id: row.id})
SET t.embedding = row.embedding
