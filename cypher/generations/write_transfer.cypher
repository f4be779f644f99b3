// purpose: Write learned edges from items to items of other domains.
//   Writes only while the generation is a candidate, which is checked after its node is locked.
// parameters: generation INTEGER; rows LIST of {source, targets, weights}
MATCH (g:Generation {number: $generation})
SET g.written_at = datetime.realtime()
WITH g WHERE g.state = 'candidate'
UNWIND $rows AS row
MATCH (i:Item {key: row.source})
UNWIND range(0, size(row.targets) - 1) AS k
MATCH (j:Item {key: row.targets[k]})
CREATE (i)-[:TRANSFERS_TO {weight: row.weights[k], generation: $generation}]->(j)
