// purpose: Items by their embedding, on servers older than the SEARCH clause.
// requires: no search
CREATE VECTOR INDEX item_vectors_cypher_5 IF NOT EXISTS FOR (i:Item) ON (i.embedding)
OPTIONS {indexConfig: {`vector.similarity_function`: 'cosine', `vector.quantization.enabled`: false}}
