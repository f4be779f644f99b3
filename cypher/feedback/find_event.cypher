// purpose: Find an event that may be taken back, with the events of the same user and item that were recorded after it,
//   and lock its item and its user until the end of the transaction, in the order of all writers.
// parameters: event STRING hash of its idempotency key
// columns: undone whether it was taken back before, user, item KEY or null, text ID or null, event MAP, later LIST of
//   MAP in the order in which they were recorded, now MAP of INTERACTED; the maps have weight, kind, platform,
//   account, count and times in milliseconds, and those of events also found, what the event found
OPTIONAL MATCH (e:Event {id: $event})
WITH e WHERE e IS NOT NULL
OPTIONAL MATCH (u:User)-[:SENT]->(e)
OPTIONAL MATCH (i:Item {key: e.item})
CALL (i) {
  WITH i WHERE i IS NOT NULL
  SET i.held = true
  REMOVE i.held
}
CALL (u) {
  WITH u WHERE u IS NOT NULL
  SET u.held = true
  REMOVE u.held
}
OPTIONAL MATCH (u)-[r:INTERACTED]->(i)
CALL (u, e) {
  OPTIONAL MATCH (u)-[:SENT]->(o:Event)
  WHERE o = e OR (o.item = e.item AND o.found_count > e.found_count)
  WITH o, e ORDER BY o.found_count
  WITH collect({
    id: o.id, weight: o.weight, kind: o.kind, platform: o.platform, account: o.account,
    at: o.happened_at.epochMillis,
    found: CASE WHEN o.found_count > 0 THEN {
      weight: o.found_weight, kind: o.found_kind, platform: o.found_platform, account: o.found_account,
      count: o.found_count, first_at: o.found_first_at.epochMillis, last_at: o.found_last_at.epochMillis} END
  }) AS events
  RETURN events
}
RETURN e.undone IS NOT NULL AS undone, u.id AS user, e.item AS item, e.text AS text,
  head(events) AS event, tail(events) AS later,
  CASE WHEN r IS NOT NULL THEN r {.weight, .kind, .platform, .account, .count, first_at: r.first_at.epochMillis,
    last_at: r.last_at.epochMillis} END AS now
