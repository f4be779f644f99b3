// purpose: What the users of a segment are recommended most often. A segment is the users with a value of an attribute,
//   those with an interest, or both; their lists are those of recommend/for_user.
// cost: scan
// parameters:
//   domain STRING domain of the items; example "films"
//   attribute STRING name of an attribute of users (isthmus schema), or null for any; default null
//   value STRING the value that it has, or that its list holds, such as CN, 30 or true; null for any; default null
//   interest STRING name of an interest in any language, or its id, or null for any; default null
//   n INTEGER number of items in the list of a user; default 10
//   people INTEGER maximum number of users whose lists are made, the first by id; default 20
//   most INTEGER maximum number of rows; default 10
//   k INTEGER minimum number of people of a row; default 1
//   popular INTEGER number of popular items that are ranked besides those that edges lead to; default 200
//   history INTEGER maximum number of interactions of a user that are read, as the setting history_limit; default 200
//   half_life_days FLOAT half-life of interactions where nothing is trained, as the setting; default 365.0
// columns:
//   item_id id of the item
//   title its title
//   people number of users in whose lists it stands
//   share their part of the users whose lists were made
//   mean_rank its mean rank in these lists
//   mean_score its mean score in these lists
MATCH (d:Domain {name: $domain})
OPTIONAL MATCH (g:Generation {state: 'active'})-[m:MERGES]->(d)
CALL (d) {
  MATCH (j:Item {domain: d.name}) WHERE j.popularity >= 0
  WITH j ORDER BY j.domain DESC, j.popularity DESC LIMIT $popular
  RETURN collect(j) AS popular
}
CALL () {
  WITH 1 AS one WHERE $interest IS NULL
  MATCH (u:User)
  WHERE $attribute IS NULL OR CASE WHEN u[$attribute] IS :: LIST<ANY> THEN $value IN u[$attribute]
    ELSE toStringOrNull(u[$attribute]) = $value OR u[$attribute] = toFloatOrNull($value) END
    OR $value IS NULL AND u[$attribute] IS NOT NULL
  RETURN u ORDER BY u.id LIMIT $people
UNION ALL
  MATCH (e:Encoder {state: 'active'})
  MATCH (n:Interest {version: e.version})
  WHERE n.id = $interest OR toLower(n.name) = toLower($interest)
    OR any(name IN coalesce(n.names, []) WHERE toLower(name) = toLower($interest))
  MATCH (u:User)-[s:INTERESTED_IN]->(n)
  WHERE s.weight > 0 AND ($attribute IS NULL OR CASE WHEN u[$attribute] IS :: LIST<ANY> THEN $value IN u[$attribute]
    ELSE toStringOrNull(u[$attribute]) = $value OR u[$attribute] = toFloatOrNull($value) END
    OR $value IS NULL AND u[$attribute] IS NOT NULL)
  RETURN DISTINCT u ORDER BY u.id LIMIT $people
}
WITH d, g, m, popular, collect(u) AS users
UNWIND users AS u

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

WITH size(users) AS users, ranked[..$n] AS own
UNWIND range(0, size(own) - 1) AS place
WITH users, own[place].item AS j, own[place].score AS score, place + 1 AS rank
WITH users, j, count(*) AS people, toFloat(sum(rank)) / count(*) AS mean_rank, avg(score) AS mean_score
WHERE people >= $k
RETURN j.item_id AS item_id, j.title AS title, people, toFloat(people) / users AS share, mean_rank, mean_score
ORDER BY people DESC, mean_rank, j.key LIMIT $most
