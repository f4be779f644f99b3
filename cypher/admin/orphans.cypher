// purpose: Nodes whose owner was deleted by hand: vectors without an item or text, texts and accounts without a
//   user, items without a domain.
// cost: scan
// columns:
//   vectors number of vectors
//   texts number of texts
//   accounts number of accounts
//   items number of items
RETURN COUNT { MATCH (v:ItemVector|TextVector) WHERE NOT EXISTS { (v)<-[:ENCODED_AS]-() } } AS vectors,
  COUNT { MATCH (t:Text) WHERE NOT EXISTS { (t)<-[:WROTE]-() } } AS texts,
  COUNT { MATCH (a:Account) WHERE NOT EXISTS { (a)-[:OF]->() } } AS accounts,
  COUNT { MATCH (i:Item) WHERE NOT EXISTS { (i)-[:IN_DOMAIN]->() } } AS items
