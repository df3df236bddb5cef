-- backfill: videos AS v
-- fills: mall_id, pin_id, filename, original_path, upload_status, uploaded_at, updated_at
-- remaining: v.mall_id IS NULL
UPDATE videos AS v
SET mall_id = cp.mall_id,
    pin_id = v.camera_pin_id,
    filename = v.original_filename,
    original_path = NULLIF(v.file_path, ''),  -- as the bridge does: '' stands for no path
    upload_status = 'uploaded',               -- whatever was there before was uploaded
    uploaded_at = v.upload_timestamp AT TIME ZONE 'UTC',
    updated_at = v.created_at AT TIME ZONE 'UTC'
FROM camera_pins AS cp
WHERE cp.id = v.camera_pin_id AND {batch}
