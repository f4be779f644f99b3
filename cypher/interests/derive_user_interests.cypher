// purpose: Derive INTERESTED_IN from interactions and texts: the mean over both of their weight times the weight of
//   ABOUT, older ones halved for each half-life before the user's newest. A text about an item counts 1 or -1 as
//   its writer likes or dislikes the item; any other text counts by its polarity, from 1 for praise to -1 for a
//   complaint. Stored as evidence: the numbers of interactions and texts, of likes, dislikes and texts, and dates.
// parameters: half_life_days FLOAT; neutral FLOAT weight of a text of polarity 0; polarity FLOAT weight that
//   the polarity adds; most INTEGER maximum interests of a user; decimals INTEGER to which weights are rounded, so
//   that weights and the selection of interests do not depend on the order of summation;
//   version INTEGER of the encoder whose interests these are
MATCH (u:User)
USING INDEX u:User(id)
WHERE u.id IS NOT NULL
WITH u ORDER BY u.id
CALL (u) {
  // Locks the user, in the same order as all writers, so that the result includes every event written before.
  SET u.held = true
  REMOVE u.held
  WITH u
  CALL (u) {
    MATCH (u)-[r:INTERACTED]->(i:Item)
    RETURN i AS thing, r.weight AS weight, coalesce(r.first_at, r.last_at) AS first, r.last_at AS last,
           sign(r.weight) AS liked
  UNION ALL
    MATCH (u)-[:WROTE]->(t:Text)
    OPTIONAL MATCH (u)-[r:INTERACTED]->(:Item {key: t.item})
    OPTIONAL MATCH (t)-[:ENCODED_AS]->(v:TextVector {version: $version})
    WITH t, r, $neutral + $polarity * coalesce(v.polarity, 0.0) AS polarity_weight
    RETURN t AS thing, CASE WHEN r.weight < 0 OR r IS NULL AND polarity_weight < -1 THEN -1.0
                            WHEN r IS NULL AND polarity_weight < 1 THEN polarity_weight ELSE 1.0 END AS weight,
           t.written_at AS first, t.written_at AS last, null AS liked
  }
  WITH u, collect({thing: thing, weight: weight, first: first, last: last, liked: liked}) AS things,
       max(last.epochSeconds) AS newest
  UNWIND things AS h
  WITH u, newest, size(things) AS evidence, h, h.thing AS thing, h.last.epochSeconds AS at
  MATCH (thing)-[b:ABOUT]->(n:Interest {version: $version})
  WITH u, n, evidence, count(*) AS about, count(CASE h.liked WHEN 1 THEN 1 END) AS likes,
    count(CASE h.liked WHEN -1 THEN 1 END) AS dislikes, count(CASE WHEN thing:Text THEN 1 END) AS texts,
    min(h.first) AS first, max(h.last) AS last, sum(h.weight * b.weight *
    CASE WHEN at IS NULL THEN 1.0 ELSE 0.5 ^ ((newest - at) / 86400.0 / $half_life_days) END) AS total
  WITH u, n, round(total / evidence, $decimals) AS weight,
    {evidence: about, likes: likes, dislikes: dislikes, texts: texts, first_at: first, last_at: last} AS seen
  ORDER BY abs(weight) DESC, n.id
  WITH u, collect({interest: n, weight: weight, seen: seen})[..$most] AS strongest
  CALL (u, strongest) {
    MATCH (u)-[old:INTERESTED_IN]->(n:Interest {version: $version})
    WHERE NOT n IN [k IN strongest | k.interest]
    DELETE old
  }
  UNWIND strongest AS k
  WITH u, k.interest AS n, k.weight AS weight, k.seen AS seen
  MERGE (u)-[s:INTERESTED_IN]->(n)
  SET s = seen, s.weight = weight, s.updated_at = datetime()
} IN TRANSACTIONS OF 500 ROWS
