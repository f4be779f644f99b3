// purpose: Renew the lease of the retraining lock, unless another run took it over.
// parameters: owner STRING of this run; seconds FLOAT of the lease
// columns: owner
MATCH (l:Lock {name: 'retrain'})
SET l.asked_at = datetime.realtime()
WITH l WHERE l.owner = $owner
SET l.expires_at = datetime.realtime() + duration({seconds: $seconds})
RETURN l.owner AS owner
