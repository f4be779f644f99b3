// purpose: Record interactions one after the other. INTERACTED becomes what loading the same rows would make of it:
//   a dated event that is not newer than the last known one is a repetition, unless an id of its own shows that it
//   is not; the newest event gives the weight; live is the number of those that no table has. The likes and the
//   popularity of the item and the interests of the user are updated by the change that the event makes,
//     weight(u,k) = (weight(u,k) * evidence before * fading + change * about(i,k)) / evidence now
//   which is what interests/derive_user_interests computes, except for undated evidence that is now old, texts
//   about the item, and interests that were too weak to be stored. An item has outgrown its domain when it
//   has more than twice the likes by which popularity was scaled between 0 and 1. Until it is scaled again its
//   popularity may exceed 1, which keeps the order of the domain; scaling at every event would write every item of
//   the domain.
// parameters: rows LIST of {event, user_id, key, weight, kind, platform, account, at, now}, event being the idempotency
//   key or null, account the id on the platform where another one names the user,
//   at the time of the event in milliseconds since 1970 or null for now, and now the time when it was received;
//   half_life_days FLOAT; most INTEGER maximum interests of a user; decimals INTEGER of their weights
// columns: recorded, outgrown, items LIST of the keys that exist

// Locks the items and then the users, including new ones, until the end of the transaction, in the same order as
// all writers: so no two writers count from the same numbers, which would lose a count, and no two wait for each
// other, which would be a deadlock. A known event and one of an unknown item create no user.
CALL () {
  UNWIND $rows AS row
  WITH DISTINCT row.key AS key ORDER BY key
  MATCH (i:Item {key: key})
  SET i.held = true
  REMOVE i.held
  RETURN collect(key) AS items
}
CALL () {
  UNWIND $rows AS row
  WITH row WHERE (row.event IS NULL OR NOT EXISTS { (:Event {id: row.event}) }) AND EXISTS { (:Item {key: row.key}) }
  WITH DISTINCT row.user_id AS id ORDER BY id
  MERGE (u:User {id: id})
  SET u.held = true
  REMOVE u.held
  RETURN count(*) AS users
}
CALL () {
  UNWIND $rows AS row
  CALL (row) {
    MATCH (i:Item {key: row.key})
    CALL (row) {
      WITH row WHERE row.event IS NULL
      RETURN true AS fresh
    UNION ALL
      WITH row WHERE row.event IS NOT NULL
      MERGE (e:Event {id: row.event})
      ON CREATE SET e.at = datetime({epochMillis: row.now}), e.fresh = true
      WITH e, e.fresh IS NOT NULL AS fresh
      REMOVE e.fresh
      RETURN fresh
    }
    WITH row, i WHERE fresh
    MERGE (u:User {id: row.user_id})
    WITH row, i, u
    OPTIONAL MATCH (d:Domain {name: i.domain})
    MERGE (u)-[r:INTERACTED]->(i)
    WITH row, i, u, d, r, r.weight AS before, r.last_at AS known, datetime({epochMillis: coalesce(row.at,
      CASE WHEN r.last_at.epochMillis >= row.now THEN r.last_at.epochMillis + 1 ELSE row.now END)}) AS at
    WHERE before IS NULL OR known IS NULL OR at > known OR row.event IS NOT NULL
    CALL (u) {
      MATCH (u)-[h:INTERACTED]->()
      RETURN count(h) AS did, max(h.last_at) AS last_did
    }
    CALL (u) {
      MATCH (u)-[:WROTE]->(t:Text)
      RETURN count(t) AS wrote, max(t.written_at) AS last_wrote
    }
    WITH *, did + wrote AS evidence, CASE WHEN before IS NULL THEN 1 ELSE 0 END AS new,
      CASE WHEN last_wrote IS NULL OR last_did >= last_wrote THEN last_did ELSE last_wrote END AS newest,
      CASE WHEN before IS NULL OR known IS NULL OR at >= known
        THEN row {.weight, .kind, .platform, .account, at: at}
        ELSE r {.weight, .kind, .platform, .account, at: known} END AS now
    // What the event found and what it is, from which feedback/undo takes it back.
    CALL (row, u, i, r, before, known, at) {
      MATCH (e:Event {id: row.event})
      SET e.item = i.key, e.weight = row.weight, e.kind = row.kind, e.platform = row.platform, e.account = row.account,
          e.happened_at = at, e.found_weight = before, e.found_kind = r.kind, e.found_platform = r.platform,
          e.found_account = r.account, e.found_first_at = r.first_at, e.found_last_at = known,
          e.found_count = coalesce(r.count, 0)
      MERGE (u)-[:SENT]->(e)
    }
    SET r.count = coalesce(r.count, 0) + 1, r.live = coalesce(r.live, 0) + 1,
        r.first_at = CASE WHEN r.first_at < at THEN r.first_at ELSE at END,
        r.weight = now.weight, r.kind = now.kind, r.platform = now.platform, r.account = now.account,
        r.last_at = now.at

    WITH *, now.at.epochSeconds AS now_at, known.epochSeconds AS known_at, d.newest_at.epochSeconds AS domain_at,
      newest.epochSeconds AS newest_at
    WITH *, CASE WHEN now.weight > 0 THEN 1.0 ELSE 0.0 END *
        CASE WHEN now_at < domain_at THEN 0.5 ^ ((domain_at - now_at) / 86400.0 / $half_life_days) ELSE 1.0 END
      - CASE WHEN before > 0 THEN 1.0 ELSE 0.0 END *
        CASE WHEN known_at < domain_at THEN 0.5 ^ ((domain_at - known_at) / 86400.0 / $half_life_days) ELSE 1.0 END
      + coalesce(i.likes, 0.0) AS likes
    SET i.likes = CASE WHEN likes > 0 THEN likes ELSE 0.0 END
    SET i.popularity = CASE WHEN d.most_likes > 1e-6 THEN log(1 + i.likes) / log(1 + d.most_likes)
                            WHEN d.most_likes > 0 THEN i.likes / d.most_likes
                            WHEN likes > 0 THEN 1.0 ELSE 0.0 END

    WITH *, CASE WHEN newest_at < now_at THEN 0.5 ^ ((now_at - newest_at) / 86400.0 / $half_life_days) ELSE 1.0 END AS fading
    WITH *, now.weight *
        CASE WHEN now_at < newest_at THEN 0.5 ^ ((newest_at - now_at) / 86400.0 / $half_life_days) ELSE 1.0 END AS new_value,
      before * fading *
        CASE WHEN known_at < newest_at THEN 0.5 ^ ((newest_at - known_at) / 86400.0 / $half_life_days) ELSE 1.0 END AS old_value
    CALL (u, evidence, new, fading) {
      MATCH (u)-[s:INTERESTED_IN]->(:Interest)
      SET s.weight = s.weight * fading * (evidence - new) / evidence
    }
    CALL (u, i, r, evidence, before, new_value, old_value) {
      MATCH (i)-[b:ABOUT]->(k:Interest)
      MERGE (u)-[s:INTERESTED_IN]->(k)
      ON CREATE SET s.weight = 0.0, s.evidence = 0, s.likes = 0, s.dislikes = 0, s.texts = 0
      WITH *, CASE WHEN s.evidence > 0 THEN before END AS counted
      SET s.weight = s.weight + b.weight * (new_value - CASE WHEN counted IS NULL THEN 0 ELSE old_value END) / evidence,
          s.evidence = s.evidence + CASE WHEN counted IS NULL THEN 1 ELSE 0 END,
          s.likes = s.likes + CASE WHEN r.weight > 0 THEN 1 ELSE 0 END - CASE WHEN counted > 0 THEN 1 ELSE 0 END,
          s.dislikes = s.dislikes + CASE WHEN r.weight < 0 THEN 1 ELSE 0 END - CASE WHEN counted < 0 THEN 1 ELSE 0 END,
          s.first_at = CASE WHEN s.first_at < r.first_at THEN s.first_at ELSE r.first_at END,
          s.last_at = CASE WHEN s.last_at > r.last_at THEN s.last_at ELSE r.last_at END
    }
    CALL (u) {
      MATCH (u)-[s:INTERESTED_IN]->(k:Interest)
      SET s.weight = round(s.weight, $decimals), s.updated_at = datetime()
      WITH k.version AS version, s, k.id AS id
      ORDER BY CASE WHEN abs(s.written) > abs(s.weight) THEN abs(s.written) ELSE abs(s.weight) END DESC, id
      WITH version, collect(s)[$most..] AS weak
      UNWIND weak AS s
      DELETE s
    }
    RETURN likes > 2 * coalesce(d.most_likes, 0.0) + 1 AS outgrown
  }
  RETURN count(*) AS recorded, count(CASE WHEN outgrown THEN 1 END) > 0 AS outgrown
}
RETURN recorded, outgrown, items
