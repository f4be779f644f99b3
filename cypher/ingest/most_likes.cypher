// purpose: Store the maximum likes of an item of each domain, which scales popularity between 0 and 1.
MATCH (d:Domain)
OPTIONAL MATCH (d)<-[:IN_DOMAIN]-(i:Item)
WITH d, max(i.likes) AS most
SET d.most_likes = most
