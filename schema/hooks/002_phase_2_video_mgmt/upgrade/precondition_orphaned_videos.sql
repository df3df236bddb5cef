-- precondition: every video has its camera pin
-- hint: Delete the orphaned videos: DELETE FROM videos WHERE id IN (...);
-- hint: or point them to a pin that exists: UPDATE videos SET camera_pin_id = '...' WHERE id IN (...);
SELECT v.id, v.camera_pin_id
FROM videos AS v
WHERE NOT EXISTS (SELECT FROM camera_pins AS cp WHERE cp.id = v.camera_pin_id)
