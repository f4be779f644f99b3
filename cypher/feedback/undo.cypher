// purpose: Take back an interaction: write what would be known of its user and item without it, count the likes of the
//   item as ingest/likes does, and mark its event, whose id stays known so that it is not recorded again. What the
//   later events found is corrected. interests/derive_user_interests follows in the same transaction.
// parameters: event STRING hash of its idempotency key; state MAP {weight, kind, platform, account, count,
//   first_at, last_at} of INTERACTED, or null to remove it; found LIST of {id, found} for the later events;
//   half_life_days FLOAT
// columns: shrunk whether the item had the most likes of its domain, by which popularity is scaled
MATCH (u:User)-[sent:SENT]->(e:Event {id: $event})
MATCH (u)-[r:INTERACTED]->(i:Item {key: e.item})-[:IN_DOMAIN]->(d:Domain)
CALL (r) {
  WITH r WHERE $state IS NULL
  DELETE r
}
CALL (r) {
  WITH r WHERE $state IS NOT NULL
  SET r.weight = $state.weight, r.kind = $state.kind, r.platform = $state.platform, r.account = $state.account,
      r.count = $state.count,
      r.live = CASE WHEN r.live > 1 THEN r.live - 1 END,
      r.first_at = CASE WHEN $state.first_at IS NOT NULL THEN datetime({epochMillis: $state.first_at}) END,
      r.last_at = CASE WHEN $state.last_at IS NOT NULL THEN datetime({epochMillis: $state.last_at}) END
}
CALL () {
  UNWIND $found AS row
  MATCH (o:Event {id: row.id})
  SET o.found_weight = row.found.weight, o.found_kind = row.found.kind, o.found_platform = row.found.platform,
      o.found_account = row.found.account, o.found_count = coalesce(row.found.count, 0),
      o.found_first_at = CASE WHEN row.found.first_at IS NOT NULL THEN datetime({epochMillis: row.found.first_at}) END,
      o.found_last_at = CASE WHEN row.found.last_at IS NOT NULL THEN datetime({epochMillis: row.found.last_at}) END
}
SET e = {id: e.id, at: e.at, undone: datetime()}
DELETE sent
WITH i, d, i.likes AS before
CALL (i, d) {
  OPTIONAL MATCH (i)<-[o:INTERACTED]-() WHERE o.weight > 0
  RETURN sum(CASE
    WHEN o IS NULL THEN 0.0
    WHEN o.last_at IS NULL OR d.newest_at IS NULL OR o.last_at > d.newest_at THEN 1.0
    ELSE 0.5 ^ ((d.newest_at.epochSeconds - o.last_at.epochSeconds) / 86400.0 / $half_life_days)
  END) AS likes
}
SET i.likes = likes
SET i.popularity = CASE
  WHEN d.most_likes > 1e-6 THEN log(1 + likes) / log(1 + d.most_likes)
  WHEN d.most_likes > 0 THEN likes / d.most_likes
  WHEN likes > 0 THEN 1.0
  ELSE 0.0 END
RETURN before >= d.most_likes AND likes < before AS shrunk
