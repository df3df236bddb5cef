CREATE TABLE t (a int, b int); CREATE INDEX "日本日本日本日本日本日本日本日本日本日本語" ON t (b);
