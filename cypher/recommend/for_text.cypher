// purpose: The best items of a domain for a text whose writer is not in the graph, with their paths: items with
//   an embedding similar to the text's, items that its interests lead to, and domain popularity.
// parameters: domain STRING; n INTEGER number of items; similar LIST of {key, share}; interests LIST of
//   {interest, weight}; candidates INTEGER number of popular items that are scored;
//   version INTEGER of the encoder
// columns: item_id, title, score, paths, generation
OPTIONAL MATCH (g:Generation {state: 'active'})-[m:MERGES]->(d:Domain {name: $domain})
WITH g.number AS generation, d,
     coalesce(m {interest: coalesce(m.interest_alone, m.interest),
                 popularity: coalesce(m.popularity_alone, m.popularity)}, {interest: 1.0, popularity: 0.1}) AS merge
CALL (generation, d, merge) {
  UNWIND $similar AS s
  MATCH (j:Item {key: s.key})
  RETURN j, 'content' AS kind, null AS source, 'embedding' AS via, s.share AS share
UNION ALL
  UNWIND $interests AS s
  MATCH (source:Interest {id: s.interest, version: $version})-[e:TRANSFERS_TO {generation: generation}]->(j:Item {domain: $domain})
  RETURN j, 'interest' AS kind, source, 'TRANSFERS_TO' AS via, merge.interest * s.weight * e.weight AS share
UNION ALL
  MATCH (d)-[e:TRANSFERS_TO {generation: generation}]->(j:Item)
  RETURN j, 'popularity' AS kind, d AS source, 'TRANSFERS_TO' AS via, e.weight AS share
UNION ALL
  MATCH (j:Item {domain: $domain}) WHERE j.popularity >= 0
  WITH j ORDER BY j.domain DESC, j.popularity DESC LIMIT $candidates
  RETURN j, null AS kind, null AS source, null AS via, 0.0 AS share
}
WITH generation, merge, j, sum(share) + merge.popularity * j.popularity AS score,
     // An edge that another transaction deletes meanwhile has no weight any more, and is no path.
     collect(CASE WHEN kind IS NOT NULL AND share IS NOT NULL THEN {kind: kind, source: source, via: via, share: share} END) AS paths
ORDER BY score DESC, j.key LIMIT $n
RETURN j.item_id AS item_id, j.title AS title, score,
  [p IN paths | {kind: p.kind, from: coalesce(p.source.id, p.source.name), title: p.source.name, via: p.via, share: p.share}]
  + [{kind: 'popularity', from: $domain, title: null, via: 'popularity',
      share: merge.popularity * j.popularity}] AS paths,
  generation
