CREATE OPERATOR FAMILY boxes USING gist;
ALTER OPERATOR FAMILY boxes USING gist ADD OPERATOR 1 << (box, box), OPERATOR 3 && (box, box),
    FUNCTION 1 (box, box) gist_box_consistent(internal, box, smallint, oid, internal);
CREATE OPERATOR CLASS boxes FOR TYPE box USING gist FAMILY boxes AS FUNCTION 2 gist_box_union(internal, internal),
    FUNCTION 5 gist_box_penalty(internal, internal, internal), FUNCTION 6 gist_box_picksplit(internal, internal),
    FUNCTION 7 gist_box_same(box, box, internal);
CREATE TABLE areas (b box, EXCLUDE USING gist (b boxes WITH &&));
