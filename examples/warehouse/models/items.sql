-- The table items: a row for each product that is on sale. Columns that isthmus does not know, here
-- price and in_stock, become attributes to filter by.
SELECT
  sku AS item_id,
  department AS domain,
  name AS title,
  description AS text,
  genres AS categories,
  released_on AS published_at,
  price,
  stock > 0 AS in_stock
FROM shop.products
WHERE withdrawn_on IS NULL
ORDER BY item_id
