// purpose: Take the retraining lock if nobody holds it or the lease of its holder has expired by the server's
//   clock. asked_at is set first, so that the node is locked before its owner is read. A time is ahead if the
//   server's clock was set back after it was written.
// parameters: owner STRING of this run; holder STRING description of the run for people; host STRING machine of the
//   run; pid INTEGER process of the run; started STRING start of the process; seconds FLOAT of the lease
// columns: taken, holder, since, expires_at, is_ahead, host, pid, started
MERGE (l:Lock {name: 'retrain'})
SET l.asked_at = datetime.realtime()
WITH l, datetime.realtime() AS now
WITH l, now, l.owner IS NULL OR l.owner = $owner OR l.expires_at <= now AS taken
FOREACH (_ IN CASE WHEN taken THEN [1] ELSE [] END |
  SET l.owner = $owner, l.holder = $holder, l.host = $host, l.pid = $pid, l.started = $started, l.since = now,
      l.seconds = $seconds, l.expires_at = now + duration({seconds: $seconds}))
RETURN taken, l.holder AS holder, toString(l.since) AS since, toString(l.expires_at) AS expires_at,
       l.since > now OR coalesce(l.expires_at > now + duration({seconds: l.seconds + 1}), false) AS is_ahead,
       l.host AS host, l.pid AS pid, l.started AS started
