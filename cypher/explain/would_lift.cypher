// purpose: What would bring an item up in the list of a user: the items that the user has not met and which, if liked at
//   the time of the newest interaction, would lift it most. Each of them is tried: all is ranked with one like more.
// cost: scan
// parameters:
//   user STRING id of the user; example "ana"
//   item STRING key of the item, its domain and id with a colon between them; example "films:f0012"
//   most INTEGER maximum number of rows; default 5
//   tried INTEGER number of items that are tried, those whose edges would add most to its score; default 10
//   popular INTEGER number of popular items that are ranked besides those that edges lead to; default 200
//   history INTEGER maximum number of interactions of a user that are read, as the setting history_limit; default 200
//   half_life_days FLOAT half-life of interactions where nothing is trained, as the setting; default 365.0
// columns:
//   domain domain of the item that would be liked
//   item_id its id
//   title its title
//   rank rank of the item that is asked about, now
//   rank_if its rank with one like more
//   score its score now
//   score_if its score with one like more
MATCH (wanted:Item {key: $item})
MATCH (d:Domain {name: wanted.domain})
MATCH (u:User {id: $user}) WHERE NOT EXISTS { (u)-[:INTERACTED]->(wanted) }
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

// The interests of a user are means over as many interactions and texts.
WITH *, COUNT { (u)-[:INTERACTED]->() } + COUNT { (u)-[:WROTE]->() } AS evidence
CALL (d, g, m, met, outside, inside, wanted) {
  MATCH (i:Item)-[e:TRANSFERS_TO|CO_LIKED]->(wanted) WHERE e.generation = g.number AND e.weight > 0 AND NOT i IN met
  WITH i, e.weight * CASE WHEN i.domain = d.name THEN m.collaborative / (size(inside) + 1) ^ m.power
                          ELSE m.transfer / (size(outside) + 1) ^ m.power END AS gain
  ORDER BY gain DESC, i.key LIMIT $tried
  RETURN collect(i) AS tried
}
UNWIND [null] + tried AS liked
WITH u, d, g, m, newest, wanted, liked, popular + [wanted] AS popular,
  met + CASE WHEN liked IS NULL THEN [] ELSE [liked] END AS met,
  [h IN [{node: liked, weight: 1.0, at: newest}] WHERE liked.domain <> d.name] + outside AS outside,
  [h IN [{node: liked, weight: 1.0, at: newest}] WHERE liked.domain = d.name] + inside AS inside,
  CASE WHEN liked IS NULL THEN interests ELSE
    [k IN interests | {node: k.node, weight: k.weight * evidence / (evidence + 1), written: k.written}]
    + COLLECT { MATCH (liked)-[b:ABOUT]->(k:Interest) RETURN {node: k, weight: b.weight / (evidence + 1)} }
  END AS interests
WITH u, d, g, m, met, popular, newest, wanted, liked, interests, $history / 2 AS half,
  outside AS outsides, inside AS insides
WITH u, d, g, m, met, popular, newest, wanted, liked, interests,
  outsides[..$history - CASE WHEN size(insides) < half THEN size(insides) ELSE half END] AS outside,
  insides[..$history - CASE WHEN size(outsides) < $history - half THEN size(outsides) ELSE $history - half END] AS inside

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

WITH liked, ranked, [k IN range(0, size(ranked) - 1) WHERE ranked[k].item = wanted][0] AS place
WITH collect({item: liked, rank: place + 1, score: ranked[place].score}) AS cases
WITH cases, [c IN cases WHERE c.item IS NULL][0] AS now
UNWIND [c IN cases WHERE c.item IS NOT NULL] AS other
WITH now, other.item AS i, other.rank AS rank, other.score AS score
RETURN i.domain AS domain, i.item_id AS item_id, i.title AS title, now.rank AS rank, rank AS rank_if, now.score AS score,
  score AS score_if
ORDER BY rank_if, score_if DESC, i.key LIMIT $most
