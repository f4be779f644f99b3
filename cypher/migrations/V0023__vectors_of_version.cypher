// purpose: Items by their vector, within a domain and an encoder version.
// requires: search
CYPHER 25 CREATE VECTOR INDEX vectors_of_version IF NOT EXISTS FOR (v:ItemVector) ON v.vector WITH [v.domain, v.version]
OPTIONS {indexConfig: {`vector.similarity_function`: 'cosine', `vector.quantization.type`: 'NONE'}}
