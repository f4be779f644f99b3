// purpose: Write collaborative edges between items of one domain.
// parameters: generation INTEGER; rows LIST of {source, targets, weights}
UNWIND $rows AS row
MATCH (i:Item {key: row.source})
UNWIND range(0, size(row.targets) - 1) AS k
MATCH (j:Item {key: row.targets[k]})
CREATE (i)-[:CO_LIKED {weight: row.weights[k], generation: $generation}]->(j)
