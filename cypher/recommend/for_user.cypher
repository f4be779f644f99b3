// purpose: The best items of a domain that a user has not met, each with the paths that make its score.
//   score = transfer * n_out^-power * sum a(u,i) w(i->j)     over the history outside the domain
//         + collaborative * n_in^-power * sum a(u,i) c(i->j) over the history inside the domain
//         + interest * sum s(u,k) v(k->j)                    over the user's interests
//         + popularity * popularity(j)
//   with the merge weights of the generation that answers; for users who did nothing yet and only wrote,
//   interest_alone stands for interest. Without a generation, interests lead to the items that are about
//   them. a(u,i) is the weight of INTERACTED, halved for each half-life before the newest, and times what a
//   dislike counts where it is one; both are the generation's. Asked as if cold, what the user did in the
//   domain counts as not done: it is neither read nor left out, and s(u,k) is what the history outside the
//   domain alone speaks for, the mean of weight times ABOUT.
// parameters: user STRING id; domain STRING; n INTEGER how many; history_limit INTEGER interactions read
//   a side, newest and strongest first; half_life_days FLOAT without a generation, and of
//   s(u,k) as if cold; candidates INTEGER best items looked at before those that the user met are left out;
//   paths BOOLEAN also return the paths; generation INTEGER which one answers, or null for the active one;
//   as_if_cold BOOLEAN
// columns: item_id, title, score, paths, generation, history, rest the best score that an item can have
//   which was not looked at, or null where all were
MATCH (u:User {id: $user})
OPTIONAL MATCH (g:Generation)-[m:MERGES]->(:Domain {name: $domain})
WHERE CASE WHEN $generation IS NULL THEN g.state = 'active' ELSE g.number = $generation END
WITH u, g.number AS generation,
     coalesce(m {.transfer, .collaborative, .popularity, .power,
                 interest: CASE WHEN EXISTS { (u)-[:INTERACTED]->() } THEN m.interest
                                ELSE coalesce(m.interest_alone, m.interest) END,
                 half_life_days: coalesce(m.half_life_days, $half_life_days), dislike: coalesce(m.dislike, 1.0)},
              {transfer: 0.0, collaborative: 0.0, interest: 1.0, popularity: 0.1, power: 0.5,
               half_life_days: $half_life_days, dislike: 1.0}) AS merge
CALL (merge) {
  MATCH (j:Item {domain: $domain}) WHERE j.popularity >= 0
  WITH merge, j.popularity AS popularity ORDER BY j.domain DESC, j.popularity DESC SKIP $candidates LIMIT 1
  RETURN max(CASE WHEN merge.popularity > 0 THEN merge.popularity * popularity ELSE 0.0 END) AS rest
}
CALL (u, merge) {
  MATCH (u)-[r:INTERACTED]->(i:Item)
  WHERE NOT ($as_if_cold AND i.domain = $domain)
  WITH r, i ORDER BY coalesce(r.last_at.epochMillis, 0) DESC, abs(r.weight) DESC, i.key
  WITH collect({item: i, weight: CASE WHEN r.weight < 0 THEN merge.dislike ELSE 1.0 END * r.weight,
                at: r.last_at.epochSeconds, inside: i.domain = $domain}) AS met,
       max(r.last_at.epochSeconds) AS newest
  WITH size(met) AS history, [h IN met WHERE h.inside][..$history_limit] AS inside,
       [h IN met WHERE NOT h.inside][..$history_limit] AS outside, newest
  RETURN history,
    [h IN inside | {item: h.item, weight: h.weight *
      CASE WHEN h.at IS NULL THEN 1.0 ELSE 0.5 ^ ((newest - h.at) / 86400.0 / merge.half_life_days) END}] AS inside,
    [h IN outside | {item: h.item, weight: h.weight *
      CASE WHEN h.at IS NULL THEN 1.0 ELSE 0.5 ^ ((newest - h.at) / 86400.0 / merge.half_life_days) END}] AS outside
}
CALL (u, generation, merge, inside, outside) {
  UNWIND outside AS h
  WITH h.item AS source, merge.transfer * h.weight / size(outside) ^ merge.power AS strength, generation
  MATCH (source)-[e:TRANSFERS_TO {generation: generation}]->(j:Item {domain: $domain})
  RETURN j, 'transfer' AS kind, source, 'TRANSFERS_TO' AS via, strength * e.weight AS share
UNION ALL
  UNWIND inside AS h
  WITH h.item AS source, merge.collaborative * h.weight / size(inside) ^ merge.power AS strength, generation
  MATCH (source)-[e:CO_LIKED {generation: generation}]->(j:Item)
  RETURN j, 'collaborative' AS kind, source, 'CO_LIKED' AS via, strength * e.weight AS share
UNION ALL
  MATCH (u)-[s:INTERESTED_IN]->(source:Interest)-[e:TRANSFERS_TO {generation: generation}]->(j:Item {domain: $domain})
  WHERE NOT $as_if_cold
  RETURN j, 'interest' AS kind, source, 'TRANSFERS_TO' AS via, merge.interest * s.weight * e.weight AS share
UNION ALL
  WITH u, generation, merge WHERE $as_if_cold
  MATCH (u)-[r:INTERACTED]->(i:Item) WHERE i.domain <> $domain
  WITH generation, merge.interest AS counts, max(r.last_at.epochSeconds) AS newest,
       collect({item: i, weight: r.weight, at: r.last_at.epochSeconds}) AS met
  UNWIND met AS h
  WITH generation, counts, size(met) AS evidence, h.item AS item, h.weight *
    CASE WHEN h.at IS NULL THEN 1.0 ELSE 0.5 ^ ((newest - h.at) / 86400.0 / $half_life_days) END AS weight
  MATCH (item)-[b:ABOUT]->(source:Interest)
  WITH generation, counts, evidence, source, sum(weight * b.weight) AS total
  MATCH (source)-[e:TRANSFERS_TO {generation: generation}]->(j:Item {domain: $domain})
  RETURN j, 'interest' AS kind, source, 'TRANSFERS_TO' AS via, counts * total / evidence * e.weight AS share
UNION ALL
  WITH u, merge WHERE generation IS NULL AND NOT $as_if_cold
  MATCH (encoder:Encoder {state: 'active'})
  MATCH (u)-[s:INTERESTED_IN]->(source:Interest {version: encoder.version})<-[e:ABOUT]-(j:Item {domain: $domain})
  RETURN j, 'content' AS kind, source, 'ABOUT' AS via, merge.interest * s.weight * e.weight AS share
UNION ALL
  MATCH (j:Item {domain: $domain}) WHERE j.popularity >= 0
  WITH j ORDER BY j.domain DESC, j.popularity DESC LIMIT $candidates
  RETURN j, null AS kind, null AS source, null AS via, 0.0 AS share
}
WITH u, generation, merge, history, rest, j, sum(share) + merge.popularity * j.popularity AS score,
     // What an event or a recount deletes in this instant has no weight any more, and is no path.
     collect(CASE WHEN $paths AND kind IS NOT NULL AND share IS NOT NULL THEN {kind: kind, source: source, via: via, share: share} END) AS paths
ORDER BY score DESC, j.key LIMIT $candidates
WITH * WHERE $as_if_cold OR NOT EXISTS { (u)-[:INTERACTED]->(j) }
LIMIT $n
RETURN j.item_id AS item_id, j.title AS title, score,
  [p IN paths | {kind: p.kind, from: coalesce(p.source.key, p.source.id),
                 title: coalesce(p.source.title, p.source.name), via: p.via, share: p.share}]
  + CASE WHEN $paths THEN [{kind: 'popularity', from: $domain, title: null, via: 'popularity',
                            share: merge.popularity * j.popularity}] ELSE [] END AS paths,
  generation, history, rest
