// purpose: What a user would be recommended with other merge weights, beside what he is recommended: the ranks of both.
//   A weight that is left out stays as it is (admin/merge_weights); nothing is stored.
// cost: scan
// parameters:
//   user STRING id of the user; example "ana"
//   domain STRING domain of the items; example "films"
//   transfer FLOAT weight of the history outside the domain, or null as it is; default null
//   collaborative FLOAT weight of the history inside the domain, or null as it is; default null
//   interest FLOAT weight of interests, or null as it is; default null
//   popularity FLOAT weight of popularity, or null as it is; default null; example 0.0
//   written FLOAT weight of what the user wrote, or null as it is; default null
//   most INTEGER number of first items of either list that are shown; default 10
//   popular INTEGER number of popular items that are ranked besides those that edges lead to; default 200
//   history INTEGER maximum number of interactions of a user that are read, as the setting history_limit; default 200
//   half_life_days FLOAT half-life of interactions where nothing is trained, as the setting; default 365.0
// columns:
//   item_id id of the item
//   title its title
//   rank its rank now
//   rank_if its rank with the other weights
//   moved by how many ranks it would rise, or fall if below 0
//   score its score now
//   score_if its score with the other weights
MATCH (d:Domain {name: $domain})
MATCH (u:User {id: $user})
OPTIONAL MATCH (g:Generation {state: 'active'})-[m:MERGES]->(d)
CALL (d) {
  MATCH (j:Item {domain: d.name}) WHERE j.popularity >= 0
  WITH j ORDER BY j.domain DESC, j.popularity DESC LIMIT $popular
  RETURN collect(j) AS popular
}

// As in recommend/for_user: the history, newest first, half of it inside the domain, and the interests.
CALL (u, d) {
  MATCH (u)-[r:INTERACTED]->(i:Item)
  WITH i, r ORDER BY coalesce(r.last_at.epochMillis, 0) DESC, abs(r.weight) DESC, i.key
  WITH collect(i) AS met, max(r.last_at.epochSeconds) AS newest,
    collect({node: i, weight: r.weight, at: r.last_at.epochSeconds}) AS history
  WITH met, newest, $history / 2 AS half, [h IN history WHERE h.node.domain <> d.name] AS outside,
    [h IN history WHERE h.node.domain = d.name] AS inside
  RETURN met, newest,
    outside[..$history - CASE WHEN size(inside) < half THEN size(inside) ELSE half END] AS outside,
    inside[..$history - CASE WHEN size(outside) < $history - half THEN size(outside) ELSE $history - half END] AS inside
}
CALL (u) {
  MATCH (u)-[s:INTERESTED_IN]->(k:Interest)
  RETURN collect({node: k, weight: s.weight, written: s.written}) AS interests
}

// As in recommend/for_user: the merge weights, and all that edges leave, with its strength.
WITH *, size(outside) + size(inside) > 0 AS acted
WITH *, coalesce(
  m {.transfer, .collaborative, .power, domain: 1.0, written: coalesce(m.written, 0.0),
     interest: CASE WHEN acted THEN m.interest ELSE coalesce(m.interest_alone, m.interest) END,
     popularity: CASE WHEN acted THEN m.popularity ELSE coalesce(m.popularity_alone, m.popularity) END,
     half_life_days: coalesce(m.half_life_days, $half_life_days), dislike: coalesce(m.dislike, 1.0)},
  {transfer: 0.0, collaborative: 0.0, interest: 1.0, popularity: 0.1, written: 0.0, domain: 1.0, power: 0.5,
   half_life_days: $half_life_days, dislike: 1.0}) AS merge
WITH *, [h IN outside + inside | {node: h.node,
    kind: CASE h.node.domain WHEN d.name THEN 'collaborative' ELSE 'transfer' END,
    strength: CASE WHEN h.weight < 0 THEN merge.dislike ELSE 1.0 END * h.weight
      * CASE WHEN h.at IS NULL THEN 1.0 ELSE 0.5 ^ ((newest - h.at) / 86400.0 / merge.half_life_days) END
      / CASE h.node.domain WHEN d.name THEN size(inside) ELSE size(outside) END ^ merge.power}]
  + [k IN interests | {node: k.node, kind: 'interest', strength: k.weight}]
  + [k IN interests WHERE acted AND k.written <> 0 | {node: k.node, kind: 'written', strength: k.written}]
  + CASE WHEN acted THEN [] ELSE [{node: d, kind: 'domain', strength: 1.0}] END AS sources

WITH d, g, met, popular, sources, [merge, merge {.*, transfer: coalesce($transfer, merge.transfer),
  collaborative: coalesce($collaborative, merge.collaborative), interest: coalesce($interest, merge.interest),
  popularity: coalesce($popularity, merge.popularity), written: coalesce($written, merge.written)}] AS merges
UNWIND [0, 1] AS place
WITH d, g, met, popular, sources, place, merges[place] AS merge

// As in recommend/for_user: the scores of the items that edges lead to and of the popular ones, best first.
CALL (d, g, met, popular, merge, sources) {
  CALL (g, popular, sources) {
    UNWIND popular AS j
    RETURN j, 'popularity' AS kind, 0.0 AS led
  UNION ALL
    UNWIND [s IN sources WHERE s.kind = 'collaborative'] AS s
    WITH g, s.node AS source, s.strength AS strength
    MATCH (source)-[e:CO_LIKED]->(j) WHERE e.generation = g.number
    RETURN j, 'collaborative' AS kind, strength * e.weight AS led
  UNION ALL
    UNWIND [s IN sources WHERE s.kind <> 'collaborative'] AS s
    WITH g, s.node AS source, s.kind AS kind, s.strength AS strength
    MATCH (source)-[e:TRANSFERS_TO]->(j) WHERE e.generation = g.number
    RETURN j, kind, strength * e.weight AS led
  UNION ALL
    WITH sources WHERE g IS NULL
    UNWIND sources AS s
    WITH s.node AS source, s.kind AS kind, s.strength AS strength
    MATCH (source)<-[e:ABOUT]-(j) WHERE EXISTS { (:Encoder {state: 'active', version: source.version}) }
    RETURN j, kind, strength * e.weight AS led
  }
  WITH j, sum(merge[kind] * led) AS led WHERE j.domain = d.name AND NOT j IN met
  WITH j, led + merge.popularity * j.popularity AS score ORDER BY score DESC, j.key
  RETURN collect({item: j, score: score}) AS ranked
}

UNWIND range(0, size(ranked) - 1) AS k
WITH ranked[k].item AS j, place, k + 1 AS rank, ranked[k].score AS score ORDER BY place
WITH j, collect(rank) AS ranks, collect(score) AS scores
WHERE ranks[0] <= $most OR ranks[1] <= $most
RETURN j.item_id AS item_id, j.title AS title, ranks[0] AS rank, ranks[1] AS rank_if, ranks[0] - ranks[1] AS moved,
  scores[0] AS score, scores[1] AS score_if
ORDER BY rank_if, item_id
