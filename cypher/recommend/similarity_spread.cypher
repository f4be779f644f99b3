// purpose: How similar a vector is to items of a domain on the whole: mean and deviation over a sample.
// parameters: domain STRING; vector LIST of floats; sample INTEGER items at most;
//   version INTEGER of the encoder
// columns: mean, deviation
MATCH (:Item {domain: $domain})-[:ENCODED_AS]->(v:ItemVector {version: $version})
WITH v LIMIT $sample
WITH vector.similarity.cosine(v.vector, $vector) AS similarity
RETURN avg(similarity) AS mean, stDevP(similarity) AS deviation
