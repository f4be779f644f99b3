// purpose: Interests by their embedding.
// requires: search
CYPHER 25 CREATE VECTOR INDEX interest_vectors IF NOT EXISTS FOR (n:Interest) ON n.embedding
OPTIONS {indexConfig: {`vector.similarity_function`: 'cosine', `vector.quantization.type`: 'NONE'}}
