// purpose: Items by the id alone, where no domain is given.
CREATE INDEX item_id IF NOT EXISTS FOR (i:Item) ON (i.item_id)
