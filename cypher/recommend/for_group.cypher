// purpose: Items for several people together, best first, with the place that each gives an item in a list of their own.
//   The lists are those of recommend/for_user; what one of the people has met is left out.
// cost: scan
// parameters:
//   users LIST of ids of users; example ["ana", "ben"]
//   domain STRING domain of the items; example "films"
//   least_misery BOOLEAN whether the worst of an item's ranks counts before their mean; default false
//   most INTEGER maximum number of rows; default 10
//   popular INTEGER number of popular items that are ranked besides those that edges lead to; default 200
//   history INTEGER maximum number of interactions of a user that are read, as the setting history_limit; default 200
//   half_life_days FLOAT half-life of interactions where nothing is trained, as the setting; default 365.0
// columns:
//   item_id id of the item
//   title its title
//   mean_rank mean of its ranks in the lists of the people
//   worst_rank the worst of these ranks
//   ranks who likes it how much: each user with the rank, who likes it most first
//   scores the scores that make these ranks, in the same order
//   likes titles of at most three liked items of these people that lead to it, the strongest first
MATCH (d:Domain {name: $domain})
OPTIONAL MATCH (g:Generation {state: 'active'})-[m:MERGES]->(d)
CALL (d) {
  MATCH (j:Item {domain: d.name}) WHERE j.popularity >= 0
  WITH j ORDER BY j.domain DESC, j.popularity DESC LIMIT $popular
  RETURN collect(j) AS popular
}
UNWIND $users AS id
WITH DISTINCT d, g, m, popular, id
MATCH (u:User {id: id})

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

WITH d, g, collect({user: u.id, met: met, popularity: merge.popularity, sources: sources, own: ranked}) AS people
CALL (people) {
  UNWIND people AS p
  UNWIND p.own AS row
  RETURN collect(DISTINCT row.item) AS items
}
CALL (people) {
  UNWIND people AS p
  UNWIND p.met AS j
  RETURN collect(DISTINCT j) AS met
}
CALL (people, items, met) {
  UNWIND people AS p
  CALL (p, items, met) {
    CALL (p, items) {
      UNWIND p.own AS row
      RETURN row.item AS j, row.score AS score
    UNION ALL
      UNWIND items AS j
      RETURN j, null AS score
    }
    WITH j, max(score) AS score WHERE NOT j IN met
    WITH j, coalesce(score, p.popularity * j.popularity) AS score ORDER BY score DESC, j.key
    WITH collect({item: j, score: score}) AS ranked
    UNWIND range(0, size(ranked) - 1) AS k
    RETURN ranked[k].item AS j, k + 1 AS rank, ranked[k].score AS score
  }
  WITH j, p.user AS user, rank, score ORDER BY rank, user
  RETURN j, collect(user + ' ' + rank) AS ranks, collect(score) AS scores,
    toFloat(sum(rank)) / count(*) AS mean_rank, max(rank) AS worst_rank
}
WITH *, CASE WHEN $least_misery THEN [worst_rank, mean_rank] ELSE [mean_rank, worst_rank] END AS place
ORDER BY place, j.key LIMIT $most
RETURN j.item_id AS item_id, j.title AS title, mean_rank, worst_rank, ranks, scores, COLLECT {
  UNWIND people AS p
  UNWIND p.sources AS s
  WITH s.node AS i, s.strength AS strength WHERE i:Item AND strength > 0
  MATCH (i)-[e:TRANSFERS_TO|CO_LIKED]->(j) WHERE e.generation = g.number AND e.weight > 0
  WITH i, sum(strength * e.weight) AS led ORDER BY led DESC, i.key LIMIT 3
  RETURN coalesce(nullIf(i.title, ''), i.key)
} AS likes
ORDER BY place, j.key
