
CREATE TABLE t (a int, b int, c text);
CREATE STATISTICS s1 (dependencies) ON a, b FROM t;
CREATE STATISTICS s3 ON (a + b) FROM t;
