// purpose: The domains with their numbers of items, the largest first.
// parameters:
// columns: domain, items
MATCH (d:Domain)
RETURN d.name AS domain, COUNT { (d)<-[:IN_DOMAIN]-() } AS items
ORDER BY items DESC, domain
