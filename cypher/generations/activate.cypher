// purpose: Make a generation the one that answers and its encoder version the one that is read; those
//   before retire in the same instant. Switches wait for each other at the lock of retraining; its owner,
//   the generation that answers and the new one's state are read only once the nodes of the lock and of the
//   new one are locked, which a first SET does. A retraining switches nothing where the lock is not
//   held any more, or where another generation than its champion answers by now; both are said.
// parameters: number INTEGER; edges INTEGER how many edges it has; metrics STRING a JSON document, or null to
//   keep what it has; owner STRING of the retraining, who must hold the lock, or null where somebody switches by
//   hand; champion INTEGER the generation that must answer until now where there is an owner, or null for none
// columns: switched, held, champion
MERGE (l:Lock {name: 'retrain'})
SET l.asked_at = datetime.realtime()
WITH $owner IS NULL OR coalesce(l.owner = $owner, false) AS held
OPTIONAL MATCH (old:Generation {state: 'active'})
WITH held, max(old.number) AS champion
CALL (held, champion) {
  // The new one answers already where this is tried again because its own commit was not heard of.
  WITH * WHERE held
    AND ($owner IS NULL OR coalesce(champion IN [$champion, $number], champion IS NULL AND $champion IS NULL))
  MATCH (g:Generation {number: $number})
  SET g.activated_at = datetime.realtime()
  WITH g WHERE g.state <> 'deleting'
  CALL () {
    MATCH (old:Generation {state: 'active'})
    SET old.state = 'retired'
  }
  CALL (g) {
    MATCH (e:Encoder)
    WHERE e.version = g.encoder_version OR e.state = 'active' AND g.encoder_version IS NOT NULL
    SET e.state = CASE WHEN e.version = g.encoder_version THEN 'active' ELSE 'retired' END
  }
  SET g.state = 'active', g.edges = $edges, g.metrics = coalesce($metrics, g.metrics)
  RETURN count(g) > 0 AS switched
}
RETURN switched, held, champion
