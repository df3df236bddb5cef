CREATE TABLE orders (customer_id bigint, status text);
CREATE STATISTICS customer_status (dependencies) ON customer_id, status FROM orders;
ALTER STATISTICS customer_status SET STATISTICS 200;
COMMENT ON STATISTICS customer_status IS 'known by few';
