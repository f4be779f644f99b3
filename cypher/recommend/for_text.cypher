// purpose: The best items of a domain for a text whose writer is not in the graph, with their paths: items with
//   an embedding similar to what the text asks for, items that its interests lead to, and domain popularity. A clause
//   that rejects something lowers the items that are similar to it; items about a rejected interest are left out.
//   score = sum over the clauses of content(clause, j) + interest * sum w(k) v(k->j) + popularity * popularity(j)
//         + domain popularity(j)
//   with content = weight * z for a clause that asks for something and weight * max(z, 0) for one that rejects, z the
//   similarity in standard deviations above the mean of the domain. Without a generation, interests lead to their
//   items. The places `AND filter` are for a condition on the item j, before the cut: see docs/filters.md.
//   Vectors of clauses come from the encoder; interests alone can be written by hand.
// cost: scan
// parameters:
//   domain STRING domain of the items; example "films"
//   n INTEGER number of items; default 10
//   clauses LIST of {text, vector, weight, mean, deviation}, what the text asks for or rejects; default []
//   similar LIST of the keys of the items that are nearest to the clauses; default []
//   interests LIST of {interest, weight}, ids of interests and how much they are wanted; default [];
//     example [{"interest": "category:jazz", "weight": 1.0}]
//   rejected LIST of ids of interests; default []
//   items LIST of the keys of the items to score, rejected or not, or null for the best of the domain; default null
//   candidates INTEGER number of popular items that are scored; default 200
//   version INTEGER number of the encoder version (admin/encoders); default 1
// columns:
//   item_id id of the item
//   title its title
//   score sum of the shares of its paths
//   paths LIST of {kind, from, title, via, share}: what leads to it and how much that adds to the score
//   generation number of the active generation, or null
//   scores LIST of scores for which the probability of a like is known, or null
//   probabilities LIST of these probabilities, or null
//   calibration_error mean difference of the probability of a like and its frequency, or null
//   calibration_pairs number of pairs of texts and items behind it, or null
OPTIONAL MATCH (g:Generation {state: 'active'})-[m:MERGES]->(d:Domain {name: $domain})
WITH g.number AS generation, d, m AS calibration,
     coalesce(m {interest: coalesce(m.interest_alone, m.interest),
                 popularity: coalesce(m.popularity_alone, m.popularity)}, {interest: 1.0, popularity: 0.1}) AS merge
CALL (generation, d, merge) {
  UNWIND $similar AS key
  MATCH (j:Item {key: key})
  RETURN j, null AS kind, null AS source, null AS via, 0.0 AS share
UNION ALL
  UNWIND $items AS key
  MATCH (j:Item {key: key, domain: $domain})
  RETURN j, null AS kind, null AS source, null AS via, 0.0 AS share
UNION ALL
  UNWIND $interests AS s
  MATCH (source:Interest {id: s.interest, version: $version})-[e:TRANSFERS_TO {generation: generation}]->(j:Item {domain: $domain})
  RETURN j, 'interest' AS kind, source, 'TRANSFERS_TO' AS via, merge.interest * s.weight * e.weight AS share
UNION ALL
  WITH generation, merge WHERE generation IS NULL
  UNWIND $interests AS s
  MATCH (source:Interest {id: s.interest, version: $version})<-[e:ABOUT]-(j:Item {domain: $domain})
  RETURN j, 'interest' AS kind, source, 'ABOUT' AS via, merge.interest * s.weight * e.weight AS share
UNION ALL
  MATCH (d)-[e:TRANSFERS_TO {generation: generation}]->(j:Item)
  RETURN j, 'popularity' AS kind, d AS source, 'TRANSFERS_TO' AS via, e.weight AS share
UNION ALL
  MATCH (j:Item {domain: $domain}) /* USING INDEX */ WHERE j.popularity >= 0 /* AND filter */
  WITH j ORDER BY j.domain DESC, j.popularity DESC LIMIT $candidates
  RETURN j, null AS kind, null AS source, null AS via, 0.0 AS share
}
WITH generation, calibration, merge, j, sum(share) AS led,
     // An edge that another transaction deletes meanwhile has no weight any more, and is no path.
     collect(CASE WHEN kind IS NOT NULL AND share IS NOT NULL THEN {kind: kind, source: source, via: via, share: share} END) AS paths
WHERE CASE WHEN $items IS NULL
  THEN NOT EXISTS { (j)-[:ABOUT]->(k:Interest {version: $version}) WHERE k.id IN $rejected }
  ELSE j.key IN $items END /* AND filter */
OPTIONAL MATCH (j)-[:ENCODED_AS]->(v:ItemVector {version: $version})
WITH generation, calibration, merge, j, led, paths, [c IN CASE WHEN v IS NULL THEN [] ELSE $clauses END |
  {clause: c.text, weight: c.weight, z: (vector.similarity.cosine(v.vector, c.vector) - c.mean) / c.deviation}] AS near
WITH generation, calibration, merge, j, led, paths, [c IN near |
  {clause: c.clause, share: CASE WHEN c.weight < 0 AND c.z < 0 THEN 0.0 ELSE c.weight * c.z END}] AS content
WITH generation, calibration, merge, j, paths, content,
  led + reduce(total = 0.0, c IN content | total + c.share) + merge.popularity * j.popularity AS score
ORDER BY score DESC, j.key LIMIT $n
RETURN j.item_id AS item_id, j.title AS title, score,
  [p IN paths | {kind: p.kind, from: coalesce(p.source.id, p.source.name), title: p.source.name, via: p.via, share: p.share}]
  + [c IN content | {kind: 'content', from: null, title: c.clause, via: 'embedding', share: c.share}]
  + [{kind: 'popularity', from: $domain, title: null, via: 'popularity',
      share: merge.popularity * j.popularity}] AS paths,
  generation, calibration.calibration_scores AS scores, calibration.calibration_probabilities AS probabilities,
  calibration.calibration_error AS calibration_error, calibration.calibration_pairs AS calibration_pairs
