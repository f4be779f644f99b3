// purpose: Transfer between categories of different domains: the mean weight of the active generation's edges
//   over all pairs of their items, a pair without an edge counting 0.
// columns: source_domain, source, target_domain, target, weight
MATCH (g:Generation {state: 'active'})
MATCH (i:Item)-[:ABOUT]->(a:Interest {version: g.encoder_version})
WITH g, a, i.domain AS source_domain, collect(i) AS sources
UNWIND sources AS i
MATCH (i)-[e:TRANSFERS_TO {generation: g.number}]->(j:Item)-[:ABOUT]->(b:Interest {version: g.encoder_version})
WITH a, source_domain, size(sources) AS from, b, j.domain AS target_domain, sum(e.weight) AS total
RETURN source_domain, a.name AS source, target_domain, b.name AS target,
  total / (from * COUNT { (b)<-[:ABOUT]-(:Item {domain: target_domain}) }) AS weight
ORDER BY weight DESC
