-- Gives an item the terms of its sale's row, and the state of the sale, after an operator has edited it. Repeatable. An item that waits
-- for its rebuild gets that state when the rebuild ends, and the terms now.
--
-- KEYS  1 item
-- ARGV  1 version of the sale's state   2 state of the sale, open or closed   then field, value ... of the terms
-- Returns 1 when done; when nothing is changed: 0 when the item is not warm, -1 when Redis has a newer state
-- Uses: integer

local item = redis.call('HMGET', KEYS[1], 'available', 'state', 'state_version')
if integer(item[3]) > tonumber(ARGV[1]) then return -1 end
if not item[1] then return 0 end
redis.call('HSET', KEYS[1], item[2] == 'lost' and 'after' or 'state', ARGV[2], 'state_version', ARGV[1], unpack(ARGV, 3))
return 1
