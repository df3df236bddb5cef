CREATE TABLE unrelated (a int);
