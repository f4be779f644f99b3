// purpose: The popular items of a domain, in order.
CREATE INDEX item_popularity IF NOT EXISTS FOR (i:Item) ON (i.domain, i.popularity)
