// purpose: Make a generation the one that answers and its encoder version the one that is read; those
//   before retire in the same instant. Switches wait for each other at the lock of retraining; its owner
//   and the generation's state are read only once their nodes are locked, which a first SET does.
// parameters: number INTEGER; edges INTEGER how many edges it has; metrics STRING a JSON document, or null to
//   keep what it has; owner STRING who must hold the lock, or null where nobody need
// columns: number, or no row where the lock is another's or the generation is gone
MERGE (l:Lock {name: 'retrain'})
SET l.asked_at = datetime.realtime()
WITH l WHERE $owner IS NULL OR l.owner = $owner
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
RETURN g.number AS number
