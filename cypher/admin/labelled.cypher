// purpose: Number of nodes by label of isthmus, from the count store, and of the loads that it recorded, for a database
//   in which no migration is recorded yet.
// columns: User, Account, Item, Domain, Interest, Text, Generation, Encoder, Dataset, Event, ItemVector, TextVector,
//   CategoryName, Attribute, Migration, loads
RETURN COUNT { (:User) } AS User, COUNT { (:Account) } AS Account, COUNT { (:Item) } AS Item,
  COUNT { (:Domain) } AS Domain, COUNT { (:Interest) } AS Interest, COUNT { (:Text) } AS Text,
  COUNT { (:Generation) } AS Generation, COUNT { (:Encoder) } AS Encoder, COUNT { (:Dataset) } AS Dataset,
  COUNT { (:Event) } AS Event, COUNT { (:ItemVector) } AS ItemVector, COUNT { (:TextVector) } AS TextVector,
  COUNT { (:CategoryName) } AS CategoryName, COUNT { (:Attribute) } AS Attribute, COUNT { (:Migration) } AS Migration,
  COUNT { MATCH (d:Dataset) WHERE d.path IS :: STRING NOT NULL AND d.fingerprint IS :: STRING NOT NULL } AS loads
