// purpose: Number of nodes by label of isthmus that lack its key or have another type of key, which are somebody
//   else's. The nodes of a large label are only read if the count store has more of them than the index of the key.
// columns: label, nodes
WITH COUNT { (:User) } - COUNT { MATCH (n:User) WHERE n.id STARTS WITH '' } AS more
WHERE more > 0
MATCH (n:User)
WHERE NOT n.id IS :: STRING NOT NULL
RETURN 'User' AS label, count(n) AS nodes
UNION ALL
WITH COUNT { (:Account) } - COUNT { MATCH (n:Account) WHERE n.key STARTS WITH '' } AS more
WHERE more > 0
MATCH (n:Account)
WHERE NOT n.key IS :: STRING NOT NULL
RETURN 'Account' AS label, count(n) AS nodes
UNION ALL
WITH COUNT { (:Item) } - COUNT { MATCH (n:Item) WHERE n.key STARTS WITH '' } AS more
WHERE more > 0
MATCH (n:Item)
WHERE NOT n.key IS :: STRING NOT NULL
RETURN 'Item' AS label, count(n) AS nodes
UNION ALL
WITH COUNT { (:Text) } - COUNT { MATCH (n:Text) WHERE n.id STARTS WITH '' } AS more
WHERE more > 0
MATCH (n:Text)
WHERE NOT n.id IS :: STRING NOT NULL
RETURN 'Text' AS label, count(n) AS nodes
UNION ALL
WITH COUNT { (:Event) } - COUNT { MATCH (n:Event) WHERE n.id STARTS WITH '' } AS more
WHERE more > 0
MATCH (n:Event)
WHERE NOT n.id IS :: STRING NOT NULL
RETURN 'Event' AS label, count(n) AS nodes
UNION ALL
MATCH (n:Domain)
WHERE NOT n.name IS :: STRING NOT NULL
RETURN 'Domain' AS label, count(n) AS nodes
UNION ALL
MATCH (n:Interest)
WHERE NOT n.id IS :: STRING NOT NULL
RETURN 'Interest' AS label, count(n) AS nodes
UNION ALL
MATCH (n:Generation)
WHERE NOT n.number IS :: INTEGER NOT NULL
RETURN 'Generation' AS label, count(n) AS nodes
UNION ALL
MATCH (n:Encoder)
WHERE NOT n.version IS :: INTEGER NOT NULL
RETURN 'Encoder' AS label, count(n) AS nodes
UNION ALL
MATCH (n:Attribute)
WHERE NOT n.key IS :: STRING NOT NULL
RETURN 'Attribute' AS label, count(n) AS nodes
UNION ALL
MATCH (n:Dataset)
WHERE NOT n.path IS :: STRING NOT NULL
RETURN 'Dataset' AS label, count(n) AS nodes
UNION ALL
MATCH (n:Migration)
WHERE NOT n.checksum IS :: STRING NOT NULL
RETURN 'Migration' AS label, count(n) AS nodes
