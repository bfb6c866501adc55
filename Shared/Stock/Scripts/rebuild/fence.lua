-- (12) Stops an item whose data Redis has lost: nothing is reserved until its rebuild. Repeatable.
--
-- KEYS  1 item
-- ARGV  1 token of the rebuild that begins, '' for none   then field, value, field, value ... for an item that is gone
-- Returns 1 when the item was not stopped before, else 0

if redis.call('HEXISTS', KEYS[1], 'available') == 0 then
  redis.call('HSET', KEYS[1], 'available', 0, 'held', 0, unpack(ARGV, 2))
end
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'closed' then redis.call('HSET', KEYS[1], 'after', 'closed') end
redis.call('HSET', KEYS[1], 'state', 'lost')
if ARGV[1] ~= '' then redis.call('HSET', KEYS[1], 'rebuild', ARGV[1]) end
return state == 'lost' and 0 or 1
