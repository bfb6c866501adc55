-- Inspects the log of an item, which names the users who ever held units. A log that misses buyers begins again.
--
-- KEYS  1 item    2 buyers   3 log   4 keys
-- Returns nothing when the item is not warm, or waits for its rebuild, else
--       { when the log began (unix ms; 0: with the first order), users in the log, users who hold units or keys, whichever are more }
-- Uses: log, time

local item = redis.call('HMGET', KEYS[1], 'available', 'state', 'held', 'released', 'logged', 'log')
if not item[1] or item[2] == 'lost' then return {} end
local ever_held, is_whole = check_log(item[3], item[4], item[5])
local size, now = redis.call('LLEN', KEYS[3]), now_ms()
local buyers = math.max(redis.call('HLEN', KEYS[2]), redis.call('HLEN', KEYS[4]))
if is_whole then return { tonumber(item[6] or 0), size, buyers } end
redis.call('HSET', KEYS[1], 'logged', ever_held, 'log', now)
redis.call('UNLINK', KEYS[3])
return { now, 0, buyers }
