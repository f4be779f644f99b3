// purpose: Remove those of some domains that have no items any more.
// parameters: names LIST of domain names
MATCH (d:Domain)
WHERE d.name IN $names AND NOT EXISTS { (d)<-[:IN_DOMAIN]-() }
DETACH DELETE d
