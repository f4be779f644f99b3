// purpose: Create or update interests.
// parameters: rows LIST of {id, name, embedding, mean_similarity}
UNWIND $rows AS row
MERGE (n:Interest {id: row.id})
SET n.name = row.name, n.embedding = row.embedding, n.mean_similarity = row.mean_similarity
