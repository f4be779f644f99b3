-- The table users: attributes of people, without names and addresses, which isthmus does not need.
SELECT
  CAST(customer_id AS VARCHAR) AS user_id,
  country,
  registered_at,
  newsletter
FROM shop.customers
WHERE NOT deleted
ORDER BY user_id
