// purpose: Mean and standard deviation of the similarity of a vector to a sample of a domain's items.
// parameters: domain STRING; vector LIST of floats; sample INTEGER maximum number of items;
//   version INTEGER of the encoder
// columns: mean, deviation
MATCH (:Item {domain: $domain})-[:ENCODED_AS]->(v:ItemVector {version: $version})
WITH v LIMIT $sample
WITH vector.similarity.cosine(v.vector, $vector) AS similarity
RETURN avg(similarity) AS mean, stDevP(similarity) AS deviation
