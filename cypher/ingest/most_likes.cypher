// purpose: The most likes that an item of each domain has, by which popularity is put between 0 and 1.
MATCH (d:Domain)
OPTIONAL MATCH (d)<-[:IN_DOMAIN]-(i:Item)
WITH d, max(i.likes) AS most
SET d.most_likes = most
