// purpose: Release the retraining lock, unless another run took it over.
// parameters: owner STRING of this run
MATCH (l:Lock {name: 'retrain'})
SET l.asked_at = datetime.realtime()
WITH l WHERE l.owner = $owner
REMOVE l.owner, l.holder, l.host, l.pid, l.started, l.since, l.seconds, l.expires_at
