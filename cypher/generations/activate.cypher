// purpose: Activate a generation and its encoder version; the active ones before them retire in the same transaction.
//   Switches wait for each other at the retraining lock: the lock's owner, the active generation and the state of
//   the new one are read only after a first SET has locked the nodes of the lock and of the new generation. A
//   retraining switches nothing if it no longer holds the lock or if another generation than its champion is
//   active by now; the columns report both.
// parameters: number INTEGER; edges INTEGER number of its edges; owner STRING of the retraining that must hold the
//   lock, or null for a switch by hand; champion INTEGER the generation that must still be active if there is an
//   owner, or null for none
// columns: switched, held, champion
MERGE (l:Lock {name: 'retrain'})
SET l.asked_at = datetime.realtime()
WITH $owner IS NULL OR coalesce(l.owner = $owner, false) AS held
OPTIONAL MATCH (old:Generation {state: 'active'})
WITH held, max(old.number) AS champion
CALL (held, champion) {
  // The new generation is active already if this transaction is retried because the reply to its commit was lost.
  WITH * WHERE held
    AND ($owner IS NULL OR coalesce(champion IN [$champion, $number], champion IS NULL AND $champion IS NULL))
  MATCH (g:Generation {number: $number})
  SET g.activated_at = datetime.realtime()
  WITH g WHERE NOT g.state IN ['deleting', 'refused']
  CALL () {
    MATCH (old:Generation {state: 'active'})
    SET old.state = 'retired'
  }
  CALL (g) {
    MATCH (e:Encoder)
    WHERE e.version = g.encoder_version OR e.state = 'active' AND g.encoder_version IS NOT NULL
    SET e.state = CASE WHEN e.version = g.encoder_version THEN 'active' ELSE 'retired' END
  }
  SET g.state = 'active', g.edges = $edges
  RETURN count(g) > 0 AS switched
}
RETURN switched, held, champion
