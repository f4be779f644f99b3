// purpose: Titles by their words, Chinese and Japanese ones by pairs of characters.
CREATE FULLTEXT INDEX item_title IF NOT EXISTS FOR (i:Item) ON EACH [i.title] OPTIONS {indexConfig: {`fulltext.analyzer`: 'cjk'}}
