// purpose: Remove from users what the tables lack. Of interactions the live events remain; those with an item that is
//   removed go with it. interests/derive_user_interests follows for these users in the same transaction.
// parameters: rows LIST of {user_id, interactions, of_removed, texts, follows}: the keys of items, the keys of items that
//   are removed, ids of texts, ids of users
// columns: interactions, texts, follows, the numbers of what was removed

// Locks the users, so that this transaction and one that records an event run one after the other.
CALL () {
  UNWIND $rows AS row
  WITH DISTINCT row.user_id AS id ORDER BY id
  MATCH (u:User {id: id})
  SET u.held = true
  REMOVE u.held
  RETURN count(*) AS users
}
UNWIND $rows AS row
MATCH (u:User {id: row.user_id})
CALL (u, row) {
  UNWIND row.interactions AS key
  MATCH (u)-[r:INTERACTED]->(:Item {key: key})
  WITH r, coalesce(r.live, 0) AS live
  FOREACH (_ IN CASE WHEN live > 0 THEN [1] ELSE [] END | SET r.count = live)
  FOREACH (_ IN CASE WHEN live = 0 THEN [1] ELSE [] END | DELETE r)
  RETURN count(CASE WHEN live = 0 THEN 1 END) AS lost
}
CALL (u, row) {
  UNWIND row.of_removed AS key
  MATCH (u)-[r:INTERACTED]->(:Item {key: key})
  DELETE r
  RETURN count(*) AS gone
}
CALL (u, row) {
  UNWIND row.texts AS id
  MATCH (u)-[:WROTE]->(t:Text {id: id})
  CALL (t) {
    MATCH (t)-[:ENCODED_AS]->(v:TextVector)
    DETACH DELETE v
  }
  DETACH DELETE t
  RETURN count(*) AS texts
}
CALL (u, row) {
  UNWIND row.follows AS id
  MATCH (u)-[f:FOLLOWS]->(:User {id: id})
  DELETE f
  RETURN count(*) AS follows
}
RETURN sum(lost + gone) AS interactions, sum(texts) AS texts, sum(follows) AS follows
