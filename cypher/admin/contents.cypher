// purpose: How much of everything the graph holds.
// columns: users, items, interactions, texts, interests
RETURN COUNT { (:User) } AS users, COUNT { (:Item) } AS items, COUNT { ()-[:INTERACTED]->() } AS interactions,
  COUNT { (:Text) } AS texts, COUNT { (:Interest) } AS interests
