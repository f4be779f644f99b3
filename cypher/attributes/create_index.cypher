// purpose: An index of an attribute of items, for filters that leave few items. isthmus puts the attribute in the place
//   of the property `attribute`.
// parameters: index STRING, its name
CREATE INDEX $index IF NOT EXISTS FOR (i:Item) ON (i.domain, i.attribute /* attribute */)
