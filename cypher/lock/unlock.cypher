// purpose: End the hold of the retraining lock by hand, and keep who did so, when and why; of the last 20 times.
// parameters: owner STRING of the run that holds it; by STRING description of whoever ends it; reason STRING
// columns: owner
MATCH (l:Lock {name: 'retrain'})
SET l.asked_at = datetime.realtime()
WITH l WHERE l.owner = $owner
SET l.unlocks = coalesce(l.unlocks, [])[-19..] +
      [toString(datetime.realtime()) + ', ' + $by + ' ended the hold of ' + l.holder + ': ' + $reason]
REMOVE l.owner, l.holder, l.host, l.pid, l.started, l.since, l.seconds, l.expires_at
RETURN $owner AS owner
