// purpose: Take the retraining lock if nobody holds it or the lease of its holder has expired by the server's
//   clock. asked_at is set first, so that the node is locked before its owner is read.
// parameters: owner STRING of this run; holder STRING description of the run for people; seconds FLOAT of the lease
// columns: taken, holder, since, expires_at
MERGE (l:Lock {name: 'retrain'})
SET l.asked_at = datetime.realtime()
WITH l, l.owner IS NULL OR l.owner = $owner OR l.expires_at <= datetime.realtime() AS taken
FOREACH (_ IN CASE WHEN taken THEN [1] ELSE [] END |
  SET l.owner = $owner, l.holder = $holder, l.since = datetime.realtime(),
      l.expires_at = datetime.realtime() + duration({seconds: $seconds}))
RETURN taken, l.holder AS holder, toString(l.since) AS since, toString(l.expires_at) AS expires_at
