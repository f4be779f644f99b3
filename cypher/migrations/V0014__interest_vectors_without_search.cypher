// purpose: Interests by their embedding, on servers older than the SEARCH clause.
// requires: no search
CREATE VECTOR INDEX interest_vectors_cypher_5 IF NOT EXISTS FOR (n:Interest) ON (n.embedding)
OPTIONS {indexConfig: {`vector.similarity_function`: 'cosine', `vector.quantization.enabled`: false}}
