-- The table interactions: a weight above 0 is a like, below 0 a dislike. All weights are on one scale
-- from -1 to 1, with dislikes below 0, so that they are taken as they are.
WITH events AS (
  SELECT customer_id, sku, ordered_at AS moment, 'purchase' AS kind, 1.0 AS weight
  FROM shop.orders
  UNION ALL
  SELECT customer_id, sku, returned_at, 'return', -0.5
  FROM shop.orders
  WHERE returned_at IS NOT NULL
  UNION ALL
  SELECT customer_id, sku, rated_at, 'rating', (stars - 3) / 2.0
  FROM shop.ratings
)
SELECT
  CAST(customer_id AS VARCHAR) AS user_id,
  sku AS item_id,
  department AS domain,
  CAST(weight AS DOUBLE) AS weight,
  moment AS timestamp,
  kind
FROM events
JOIN shop.products USING (sku)
WHERE withdrawn_on IS NULL
ORDER BY user_id, timestamp, item_id, kind
