// purpose: How similar a vector is to items of a domain on the whole: mean and deviation over a sample.
// parameters: domain STRING; vector LIST of floats; sample INTEGER items at most
// columns: mean, deviation
MATCH (i:Item {domain: $domain})
WHERE i.embedding IS NOT NULL
WITH i LIMIT $sample
WITH vector.similarity.cosine(i.embedding, $vector) AS similarity
RETURN avg(similarity) AS mean, stDevP(similarity) AS deviation
