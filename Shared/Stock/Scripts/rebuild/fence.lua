-- (12) Stops an item whose data Redis has lost: nothing is reserved until its rebuild. Repeatable, until a rebuild ends: a call that
-- arrives afterwards must not stop what was rebuilt.
--
-- KEYS  1 item
-- ARGV  1 token of the rebuild that begins, '' for none   2 epoch of the item that the caller has read, '' for none
--       then field, value, field, value ... for an item that is gone
-- Returns 1 when the item was not stopped before, 0 when it was, -1 when it was rebuilt since the caller read its epoch
-- Uses: fence

local item = redis.call('HMGET', KEYS[1], 'available', 'state', 'epoch')
if (item[3] or '') ~= ARGV[2] then return -1 end
if not item[1] then redis.call('HSET', KEYS[1], 'available', 0, 'held', 0, unpack(ARGV, 3)) end
fence(KEYS[1], item[2])
if ARGV[1] ~= '' then redis.call('HSET', KEYS[1], 'rebuild', ARGV[1]) end
return item[2] == 'lost' and 0 or 1
