// purpose: Read who holds the retraining lock, and who last ended a hold by hand. A time is ahead if the server's
//   clock was set back after it was written.
// columns: owner, holder, since, expires_at, is_ahead, host, pid, started, unlocks
MATCH (l:Lock {name: 'retrain'})
WITH l, datetime.realtime() AS now
WITH l, now, l.owner IS NOT NULL AND l.expires_at > now AS is_held
RETURN CASE WHEN is_held THEN l.owner END AS owner, l.holder AS holder, toString(l.since) AS since,
       toString(l.expires_at) AS expires_at,
       is_held AND (l.since > now OR coalesce(l.expires_at > now + duration({seconds: l.seconds + 1}), false))
         AS is_ahead,
       l.host AS host, l.pid AS pid, l.started AS started, coalesce(l.unlocks, []) AS unlocks
