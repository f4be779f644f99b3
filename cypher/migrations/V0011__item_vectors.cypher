// purpose: Items by their embedding, within a domain.
// requires: search
CYPHER 25 CREATE VECTOR INDEX item_vectors IF NOT EXISTS FOR (i:Item) ON i.embedding WITH [i.domain]
OPTIONS {indexConfig: {`vector.similarity_function`: 'cosine', `vector.quantization.type`: 'NONE'}}
