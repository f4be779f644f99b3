// purpose: Write the domain popularity: edges from domains to their popular items, for users without history.
//   Writes only while the generation is a candidate, which is checked after its node is locked.
// parameters: generation INTEGER; rows LIST of {source, targets, weights}
MATCH (g:Generation {number: $generation})
SET g.written_at = datetime.realtime()
WITH g WHERE g.state = 'candidate'
UNWIND $rows AS row
MATCH (d:Domain {name: row.source})
UNWIND range(0, size(row.targets) - 1) AS k
MATCH (j:Item {key: row.targets[k]})
CREATE (d)-[:TRANSFERS_TO {weight: row.weights[k], generation: $generation}]->(j)
