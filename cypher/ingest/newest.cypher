// purpose: Store the date of the newest interaction of each domain, from which likes decay.
MATCH (d:Domain)
OPTIONAL MATCH (d)<-[:IN_DOMAIN]-(:Item)<-[r:INTERACTED]-()
WITH d, max(r.last_at) AS newest
SET d.newest_at = newest
