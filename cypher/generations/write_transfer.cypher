// purpose: Write learned edges from items to items of other domains.
// parameters: generation INTEGER; rows LIST of {source, targets, weights}
UNWIND $rows AS row
MATCH (i:Item {key: row.source})
UNWIND range(0, size(row.targets) - 1) AS k
MATCH (j:Item {key: row.targets[k]})
CREATE (i)-[:TRANSFERS_TO {weight: row.weights[k], generation: $generation}]->(j)
