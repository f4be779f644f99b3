// purpose: Store the date of the newest interaction of each domain, from which likes decay; a date in the future, which
//   an earlier version accepted, does not count.
MATCH (d:Domain)
OPTIONAL MATCH (d)<-[:IN_DOMAIN]-(:Item)<-[r:INTERACTED]-()
WHERE r.last_at <= datetime() + duration('P1D')
WITH d, max(r.last_at) AS newest
SET d.newest_at = newest
