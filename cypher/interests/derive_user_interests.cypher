// purpose: Derive INTERESTED_IN of some users from interactions and texts: the mean over both of their weight times the
//   weight of ABOUT, older ones halved for each half-life before the user's newest. A text about an item counts 1 or
//   -1 as its writer likes or dislikes the item; any other text counts for each of its interests by the polarity of
//   ABOUT, or of the text where that is not known, from 1 for praise to -1 for a complaint. The property written is
//   the same mean over the texts about no item alone, older ones halved before the newest of them. Stored as
//   evidence: the numbers of interactions and texts, of likes, dislikes and texts, and dates.
// parameters: users LIST of ids; half_life_days FLOAT; neutral FLOAT weight of a text of polarity 0; polarity FLOAT
//   weight that the polarity adds; most INTEGER maximum interests of a user, those of the largest weight or written;
//   decimals INTEGER to which both are rounded, so that they and the selection of interests do not depend on the
//   order of summation; version INTEGER of the encoder whose interests these are
UNWIND $users AS id
MATCH (u:User {id: id})
WITH u ORDER BY u.id
CALL (u) {
  // Locks the user, in the same order as all writers, so that the result includes every event written before.
  SET u.held = true
  REMOVE u.held
  WITH u
  CALL (u) {
    MATCH (u)-[r:INTERACTED]->(i:Item)
    RETURN i AS thing, r.weight AS weight, null AS polarity, coalesce(r.first_at, r.last_at) AS first,
           r.last_at AS last, sign(r.weight) AS liked, false AS general
  UNION ALL
    MATCH (u)-[:WROTE]->(t:Text)
    OPTIONAL MATCH (u)-[r:INTERACTED]->(:Item {key: t.item})
    OPTIONAL MATCH (t)-[:ENCODED_AS]->(v:TextVector {version: $version})
    RETURN t AS thing, CASE WHEN r.weight < 0 THEN -1.0 WHEN r IS NOT NULL THEN 1.0 END AS weight,
           v.polarity AS polarity, t.written_at AS first, t.written_at AS last, null AS liked, t.item IS NULL AS general
  }
  WITH u, collect({thing: thing, weight: weight, polarity: polarity, first: first, last: last, liked: liked,
                   general: general}) AS things,
       max(last.epochSeconds) AS newest, max(CASE WHEN general THEN last.epochSeconds END) AS newest_general,
       count(CASE WHEN general THEN 1 END) AS general_texts
  UNWIND things AS h
  WITH u, newest, newest_general, size(things) AS evidence, general_texts, h, h.thing AS thing,
       h.last.epochSeconds AS at
  MATCH (thing)-[b:ABOUT]->(n:Interest {version: $version})
  WITH *, $neutral + $polarity * coalesce(b.polarity, h.polarity, 0.0) AS by_polarity
  WITH *, b.weight * CASE WHEN h.weight IS NOT NULL THEN h.weight WHEN by_polarity > 1 THEN 1.0
                          WHEN by_polarity < -1 THEN -1.0 ELSE by_polarity END AS value
  WITH u, n, evidence, general_texts, count(*) AS about, count(CASE h.liked WHEN 1 THEN 1 END) AS likes,
    count(CASE h.liked WHEN -1 THEN 1 END) AS dislikes, count(CASE WHEN thing:Text THEN 1 END) AS texts,
    count(CASE WHEN h.general THEN 1 END) AS general_about, min(h.first) AS first, max(h.last) AS last,
    sum(value * CASE WHEN at IS NULL THEN 1.0 ELSE 0.5 ^ ((newest - at) / 86400.0 / $half_life_days) END) AS total,
    sum(CASE WHEN NOT h.general THEN 0.0 WHEN at IS NULL THEN value
             ELSE value * 0.5 ^ ((newest_general - at) / 86400.0 / $half_life_days) END) AS general_total
  WITH u, n, round(total / evidence, $decimals) AS weight,
    CASE WHEN general_about > 0 THEN round(general_total / general_texts, $decimals) END AS written,
    {evidence: about, likes: likes, dislikes: dislikes, texts: texts, first_at: first, last_at: last} AS seen
  ORDER BY CASE WHEN abs(written) > abs(weight) THEN abs(written) ELSE abs(weight) END DESC, n.id
  WITH u, collect({interest: n, weight: weight, written: written, seen: seen})[..$most] AS strongest
  CALL (u, strongest) {
    MATCH (u)-[old:INTERESTED_IN]->(n:Interest {version: $version})
    WHERE NOT n IN [k IN strongest | k.interest]
    DELETE old
  }
  UNWIND strongest AS k
  WITH u, k.interest AS n, k.weight AS weight, k.written AS written, k.seen AS seen
  MERGE (u)-[s:INTERESTED_IN]->(n)
  SET s = seen, s.weight = weight, s.written = written, s.updated_at = datetime()
}
