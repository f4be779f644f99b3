// purpose: INTERESTED_IN from what users did and wrote: the mean over their interactions and texts of
//   weight times ABOUT, older ones halved for each half-life before the newest. A text about an item
//   counts as its writer likes or dislikes that; another by its polarity, from 1 for praise to -1 for a
//   complaint.
// parameters: half_life_days FLOAT; neutral FLOAT what a text counts that neither praises nor complains;
//   polarity FLOAT what its polarity adds to that; most INTEGER interests kept a user; decimals INTEGER to
//   which weights are rounded, so that neither they nor which are kept depends on the order in which they
//   are summed; version INTEGER of the encoder whose interests these are
MATCH (u:User)
CALL (u) {
  CALL (u) {
    MATCH (u)-[r:INTERACTED]->(i:Item)
    RETURN i AS thing, r.weight AS weight, r.last_at.epochSeconds AS at
  UNION ALL
    MATCH (u)-[:WROTE]->(t:Text)
    OPTIONAL MATCH (u)-[r:INTERACTED]->(:Item {key: t.item})
    OPTIONAL MATCH (t)-[:ENCODED_AS]->(v:TextVector {version: $version})
    WITH t, r, $neutral + $polarity * coalesce(v.polarity, 0.0) AS said
    RETURN t AS thing, CASE WHEN r.weight < 0 OR r IS NULL AND said < -1 THEN -1.0
                            WHEN r IS NULL AND said < 1 THEN said ELSE 1.0 END AS weight,
           t.written_at.epochSeconds AS at
  }
  WITH u, collect({thing: thing, weight: weight, at: at}) AS things, max(at) AS newest
  UNWIND things AS h
  WITH u, newest, size(things) AS evidence, h, h.thing AS thing
  MATCH (thing)-[b:ABOUT]->(n:Interest {version: $version})
  WITH u, n, evidence, count(*) AS times, sum(h.weight * b.weight *
    CASE WHEN h.at IS NULL THEN 1.0 ELSE 0.5 ^ ((newest - h.at) / 86400.0 / $half_life_days) END) AS total
  WITH u, n, times, round(total / evidence, $decimals) AS weight
  ORDER BY abs(weight) DESC, n.id
  WITH u, collect({interest: n, weight: weight, times: times})[..$most] AS kept
  CALL (u, kept) {
    MATCH (u)-[old:INTERESTED_IN]->(n:Interest {version: $version})
    WHERE NOT n IN [k IN kept | k.interest]
    DELETE old
  }
  UNWIND kept AS k
  WITH u, k.interest AS n, k.weight AS weight, k.times AS times
  MERGE (u)-[s:INTERESTED_IN]->(n)
  SET s.weight = weight, s.evidence = times, s.updated_at = datetime()
} IN TRANSACTIONS OF 500 ROWS
