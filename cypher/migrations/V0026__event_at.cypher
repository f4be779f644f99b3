// purpose: Events by age, to forget the old ones.
CREATE INDEX event_at IF NOT EXISTS FOR (e:Event) ON (e.at)
