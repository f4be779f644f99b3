// purpose: The best items of a domain that a user has no interaction with, each with the paths of its score.
//   score = transfer * n_out^-power * sum a(u,i) w(i->j)     over the history outside the domain
//         + collaborative * n_in^-power * sum a(u,i) c(i->j) over the history inside the domain
//         + interest * sum s(u,k) v(k->j)                    over the user's interests
//         + popularity * popularity(j)
//         + written * sum t(u,k) v(k->j)                     over what the user wrote
//   with the merge weights of the generation. For users without history the edge from the domain itself to j (domain
//   popularity) is added, interest_alone and popularity_alone replace interest and popularity, and written is 0.
//   Without a generation, interests lead to their items. s(u,k) and t(u,k) are weight and written of INTERESTED_IN;
//   a(u,i) is the weight of INTERACTED, halved for each half-life before the newest, and multiplied by the dislike
//   weight if it is negative; both are the generation's.
//   With as_if_cold, the user's interactions in the domain are hidden: they are neither read nor excluded from
//   the answer, and s(u,k) is derived from the history that is read, as the mean of weight times ABOUT;
//   t(u,k) stays, because it comes from texts about no item. The interactions with hidden items are hidden likewise,
//   and these items may be in the answer.
//   The places `AND filter` are for a condition on the item j, before the cut: see docs/filters.md.
// cost: point
// parameters:
//   user STRING id of the user; example "ana"
//   domain STRING domain of the items; example "films"
//   n INTEGER number of items; default 10
//   history_limit INTEGER maximum interactions, the newest and strongest, half of them inside and half outside the
//     domain (of an odd number one more outside), and if one side has fewer, the rest from the other; default 200
//   half_life_days FLOAT half-life used without a generation and for s(u,k) with as_if_cold; default 365.0
//   candidates INTEGER number of popular items that are scored besides those that edges lead to; default 200
//   paths BOOLEAN whether to return the paths; default true
//   generation INTEGER number of a generation, or null for the active one; default null
//   as_if_cold BOOLEAN whether to answer as for a user without history in the domain; default false
//   hidden LIST of keys of items whose interactions are hidden; default []
//   most_edges INTEGER maximum edges of one kind that are read of an item, and half of the maximum of an interest; if
//     the generation has more, run the statement again with its number; default 50
// columns:
//   item_id id of the item
//   title its title
//   score sum of the shares of its paths
//   paths LIST of {kind, from, title, via, share}: what leads to it and how much that adds to the score
//   generation number of the generation, or null
//   most_edges maximum edges of one kind that leave an item in the generation
//   history number of interactions of the user
//   rest upper bound of the scores of the items that were not scored, or null if all were
MATCH (u:User {id: $user})
OPTIONAL MATCH (g:Generation)-[m:MERGES]->(d:Domain {name: $domain})
WHERE CASE WHEN $generation IS NULL THEN g.state = 'active' ELSE g.number = $generation END
WITH u, g.number AS generation, CASE WHEN g IS NULL THEN 0 ELSE coalesce(g.most_edges, 1000000) END AS most_edges,
     m, d, EXISTS { (u)-[:INTERACTED]->() } AS acted
WITH u, generation, most_edges, CASE WHEN acted THEN null ELSE d END AS popularity_source,
     coalesce(m {.transfer, .collaborative, .power, written: CASE WHEN acted THEN coalesce(m.written, 0.0) ELSE 0.0 END,
                 interest: CASE WHEN acted THEN m.interest ELSE coalesce(m.interest_alone, m.interest) END,
                 popularity: CASE WHEN acted THEN m.popularity ELSE coalesce(m.popularity_alone, m.popularity) END,
                 half_life_days: coalesce(m.half_life_days, $half_life_days), dislike: coalesce(m.dislike, 1.0)},
              {transfer: 0.0, collaborative: 0.0, interest: 1.0, popularity: 0.1, written: 0.0, power: 0.5,
               half_life_days: $half_life_days, dislike: 1.0}) AS merge
CALL (merge) {
  MATCH (j:Item {domain: $domain}) /* USING INDEX */ WHERE j.popularity >= 0 /* AND filter */
  WITH j, j.popularity AS popularity ORDER BY j.domain DESC, j.popularity DESC LIMIT $candidates + 1
  WITH collect(j)[..$candidates] AS popular, collect(popularity)[$candidates] AS next
  RETURN popular, CASE WHEN merge.popularity > 0 THEN merge.popularity * next ELSE next * 0.0 END AS rest
}
CALL (u) {
  MATCH (u)-[:INTERACTED]->(i:Item)
  WHERE NOT ($as_if_cold AND i.domain = $domain OR i.key IN $hidden)
  RETURN collect(i) AS met
}
CALL (u) {
  UNWIND CASE WHEN $as_if_cold THEN [false] ELSE [false, true] END AS inside
  CALL (u, inside) {
    MATCH (u)-[r:INTERACTED]->(i:Item)
    WHERE (i.domain = $domain) = inside AND NOT i.key IN $hidden
    WITH r, i ORDER BY coalesce(r.last_at.epochMillis, 0) DESC, abs(r.weight) DESC, i.key LIMIT $history_limit
    RETURN collect({item: i, weight: r.weight, at: r.last_at.epochSeconds}) AS read, max(r.last_at.epochSeconds) AS last
  }
  WITH collect(read) AS sides, max(last) AS newest, $history_limit / 2 AS half
  WITH sides[0] AS outside, coalesce(sides[1], []) AS inside, newest, half
  RETURN newest,
    outside[..$history_limit - CASE WHEN size(inside) < half THEN size(inside) ELSE half END] AS outside,
    inside[..$history_limit - CASE WHEN size(outside) < $history_limit - half THEN size(outside)
                                   ELSE $history_limit - half END] AS inside
}
CALL (u, merge, outside, inside) {
  WITH u, merge, outside, inside WHERE merge.interest <> 0
  CALL (u, merge, outside, inside) {
    MATCH (u)-[s:INTERESTED_IN]->(source:Interest)
    WHERE NOT $as_if_cold AND size($hidden) = 0
    RETURN source, merge.interest * s.weight AS strength
  UNION ALL
    WITH merge, outside + inside AS read WHERE $as_if_cold OR size($hidden) > 0
    UNWIND read AS h
    WITH merge.interest AS counts, read, max(h.at) AS newest
    UNWIND read AS h
    WITH counts, size(read) AS evidence, h.item AS item, h.weight *
      CASE WHEN h.at IS NULL THEN 1.0 ELSE 0.5 ^ ((newest - h.at) / 86400.0 / $half_life_days) END AS weight
    MATCH (item)-[b:ABOUT]->(source:Interest)
    WITH counts, evidence, source, sum(weight * b.weight) AS total
    RETURN source, counts * total / evidence AS strength
  }
  RETURN collect({source: source, kind: 'interest', via: 'TRANSFERS_TO', strength: strength}) AS interests
}
CALL (u, merge) {
  WITH u, merge WHERE merge.written <> 0
  MATCH (u)-[s:INTERESTED_IN]->(source:Interest)
  WHERE s.written <> 0
  RETURN collect({source: source, kind: 'text', via: 'TRANSFERS_TO', strength: merge.written * s.written}) AS texts
}
WITH u, generation, most_edges, popularity_source, merge, popular, rest, met, interests + texts AS interests,
  [h IN outside | {source: h.item, kind: 'transfer', via: 'TRANSFERS_TO', strength: merge.transfer *
    (CASE WHEN h.weight < 0 THEN merge.dislike ELSE 1.0 END * h.weight *
     CASE WHEN h.at IS NULL THEN 1.0 ELSE 0.5 ^ ((newest - h.at) / 86400.0 / merge.half_life_days) END)
    / size(outside) ^ merge.power}] AS outside,
  [h IN inside | {source: h.item, kind: 'collaborative', via: 'CO_LIKED', strength: merge.collaborative *
    (CASE WHEN h.weight < 0 THEN merge.dislike ELSE 1.0 END * h.weight *
     CASE WHEN h.at IS NULL THEN 1.0 ELSE 0.5 ^ ((newest - h.at) / 86400.0 / merge.half_life_days) END)
    / size(inside) ^ merge.power}] AS inside
// The branches that give most rows stand last, so that these rows pass one UNION only. The edges of a node are read
// newest generation first: LIMIT $most_edges spares reading those of older generations.
CALL (u, generation, popularity_source, merge, popular, met, outside, inside, interests) {
  CALL (u, generation, popularity_source, merge, popular, outside, inside, interests) {
    UNWIND popular AS j
    RETURN j, null AS h, null AS share
  UNION ALL
    MATCH (popularity_source)-[e:TRANSFERS_TO]->(j) WHERE e.generation = generation
    RETURN j, {source: popularity_source, kind: 'popularity', via: 'TRANSFERS_TO'} AS h, e.weight AS share
  UNION ALL
    WITH interests WHERE generation IS NULL
    MATCH (encoder:Encoder {state: 'active'})
    UNWIND interests AS h
    WITH h.source AS source, h.strength AS strength WHERE h.source.version = encoder.version
    MATCH (source)<-[e:ABOUT]-(j:Item)
    RETURN j, {source: source, kind: 'content', via: 'ABOUT'} AS h, strength * e.weight AS share
  UNION ALL
    UNWIND inside AS h
    WITH h, h.source AS source, h.strength AS strength
    CALL (source, generation) {
      MATCH (source)-[e:CO_LIKED]->(j) WHERE e.generation = generation RETURN j, e LIMIT $most_edges
    }
    RETURN j, h, strength * e.weight AS share
  UNION ALL
    UNWIND interests AS h
    WITH h, h.source AS source, h.strength AS strength
    CALL (source, generation) {
      MATCH (source)-[e:TRANSFERS_TO]->(j) WHERE e.generation = generation RETURN j, e LIMIT 2 * $most_edges
    }
    RETURN j, h, strength * e.weight AS share
  UNION ALL
    UNWIND outside AS h
    WITH h, h.source AS source, h.strength AS strength
    CALL (source, generation) {
      MATCH (source)-[e:TRANSFERS_TO]->(j) WHERE e.generation = generation RETURN j, e LIMIT $most_edges
    }
    RETURN j, h, strength * e.weight AS share
  }
  // An edge that another transaction deletes meanwhile has no weight any more, and is no path.
  WITH j, sum(share) AS total, collect(CASE WHEN $paths AND share IS NOT NULL THEN h END) AS by,
       collect(CASE WHEN $paths THEN share END) AS shares
  WHERE j.domain = $domain AND ($as_if_cold OR NOT j IN met) /* AND filter */
  WITH j, total + merge.popularity * j.popularity AS score, by, shares
  ORDER BY score DESC, j.key LIMIT $n
  RETURN j, score, by, shares
}
RETURN j.item_id AS item_id, j.title AS title, score,
  [k IN range(0, size(by) - 1) | {kind: by[k].kind, from: coalesce(by[k].source.key, by[k].source.id, by[k].source.name),
                                  title: coalesce(by[k].source.title, by[k].source.name),
                                  via: by[k].via, share: shares[k]}]
  + CASE WHEN $paths THEN [{kind: 'popularity', from: $domain, title: null, via: 'popularity',
                            share: merge.popularity * j.popularity}] ELSE [] END AS paths,
  generation, most_edges, size(met) AS history, rest
