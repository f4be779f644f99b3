// purpose: The items of a domain by the date on which they were published, for filters.
CREATE INDEX item_published_at IF NOT EXISTS FOR (i:Item) ON (i.domain, i.published_at)
